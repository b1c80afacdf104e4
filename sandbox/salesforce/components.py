"""Metadata components behind createMetadata, readMetadata and deploy: what each type can do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce import customfields, kinds
from sandbox.salesforce.access import View
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Org
from sandbox.salesforce.writer import Writer

Component = dict[str, Any]
_OBJECT_RIGHTS = {
    "allowCreate": "PermissionsCreate", "allowRead": "PermissionsRead",
    "allowEdit": "PermissionsEdit", "allowDelete": "PermissionsDelete",
    "viewAllRecords": "PermissionsViewAllRecords",
    "modifyAllRecords": "PermissionsModifyAllRecords",
}  # fmt: skip
_USER_RIGHTS = {"ApiEnabled", "ViewAllData", "ModifyAllData"}


@dataclass(frozen=True)
class Kind:
    """One metadata type: directory and suffix in a package, and its operations by full name."""

    name: str
    directory: str
    suffix: str
    exists: Callable[[Org, str], bool]
    create: Callable[[Org, Component], None]
    update: Callable[[Org, Component], None]
    delete: Callable[[Org, str], None]
    read: Callable[[Org, str], Component | None]
    names: Callable[[Org], list[str]]


def kind_of(name: str) -> Kind:
    """The metadata type of that name; INVALID_TYPE when it is not offered."""
    if name not in KINDS:
        raise ApiError("INVALID_TYPE", f"This type of metadata is not available: {name}")
    return KINDS[name]


def as_list(value: Any) -> list[Any]:
    """Repeated elements, whether there was none, one or several."""
    if value in (None, ""):
        return []
    return value if isinstance(value, list) else [value]


def _create_field(org: Org, component: Component) -> None:
    customfields.create(org, component["fullName"], _without_name(component))


def _update_field(org: Org, component: Component) -> None:
    customfields.update(org, component["fullName"], _without_name(component))


def _field_exists(org: Org, full_name: str) -> bool:
    return customfields.metadata_of(org, full_name) is not None


def _without_name(component: Component) -> Component:
    return {key: value for key, value in component.items() if key != "fullName"}


def _create_object(org: Org, component: Component) -> None:
    name, label = component["fullName"], component.get("label")
    name_field = component.get("nameField") or {}
    if not name.endswith("__c") or not label or not component.get("pluralLabel"):
        raise ApiError("REQUIRED_FIELD_MISSING", "A custom object needs __c, label, pluralLabel")
    if org.schema.find(name):
        raise ApiError("DUPLICATE_DEVELOPER_NAME", f"There is already an object named {name}")
    auto = name_field.get("type") == "AutoNumber"
    naming = kinds.text(
        "Name", 80, label=name_field.get("label") or "Name", name_field=True, id_lookup=True,
        auto_number=auto, **(kinds.SYSTEM if auto else {"permissionable": False}),
    )  # fmt: skip
    own = [*kinds.identity(), kinds.owner(("Group", "User")), naming, kinds.iso_code()]
    org.schema.add_object(name, label, component["pluralLabel"], [*own, *kinds.stamps()])


def _object_names(org: Org) -> list[str]:
    return [one.name for one in org.schema if not one.tooling]


def _read_object(org: Org, full_name: str) -> Component | None:
    one = org.schema.find(full_name)
    if one is None:
        return None
    fields = [
        {"fullName": known.partition(".")[2]} | _without_name(described)
        for known in customfields.full_names(org)
        if known.startswith(f"{one.name}.")
        and (described := customfields.metadata_of(org, known)) is not None
    ]
    return {"fullName": one.name, "fields": fields, "label": one.label, "pluralLabel": one.plural}


def _save_permission_set(org: Org, component: Component) -> None:
    """Create or change a permission set; permissions not named stay as they are."""
    writing = Writer(org, View(org, org.world.salesforce.user_id), org.stamp(), free=True)
    known = {"Name": component["fullName"], "Label": component.get("label")}
    known["Description"] = component.get("description") or None
    for right in as_list(component.get("userPermissions")):
        if right.get("name") in _USER_RIGHTS:
            known[f"Permissions{right['name']}"] = right.get("enabled") == "true"
    with org.savepoint():
        set_id = _permission_set_id(org, component["fullName"])
        one = org.schema["PermissionSet"]
        if set_id is None:
            set_id = writing.create(one, known)
        else:
            writing.update(one, set_id, {k: v for k, v in known.items() if v is not None})
        for granted in as_list(component.get("fieldPermissions")):
            _grant_field(org, writing, set_id, granted)
        for granted in as_list(component.get("objectPermissions")):
            rights = {
                column: granted.get(name) == "true" for name, column in _OBJECT_RIGHTS.items()
            }
            facts = {"ParentId": set_id, "SobjectType": granted["object"], **rights}
            _put(writing, "ObjectPermissions", facts, ("ParentId", "SobjectType"))


def _grant_field(org: Org, writing: Writer, set_id: str, granted: Component) -> None:
    target, _, name = str(granted.get("field", "")).partition(".")
    target = "Task" if target == "Activity" else target
    one = org.schema.find(target)
    if one is None or one.find(name) is None:
        raise ApiError(
            "INVALID_CROSS_REFERENCE_KEY",
            f"In field: field - no CustomField named {granted.get('field')} found",
        )
    edit = granted.get("editable") == "true"
    facts = {
        "ParentId": set_id, "SobjectType": one.name, "Field": f"{one.name}.{name}",
        "PermissionsRead": edit or granted.get("readable") == "true", "PermissionsEdit": edit,
    }  # fmt: skip
    _put(writing, "FieldPermissions", facts, ("ParentId", "Field"))


def _put(writing: Writer, target: str, facts: Component, key: tuple[str, str]) -> None:
    one = writing.org.schema[target]
    row = writing.db.execute(
        f'SELECT Id FROM "{one.table}" WHERE "{key[0]}" = ? AND "{key[1]}" = ?',
        (facts[key[0]], facts[key[1]]),
    ).fetchone()
    if row is None:
        writing.create(one, facts)
    else:
        rights = {k: v for k, v in facts.items() if k.startswith("Permissions")}
        writing.update(one, row[0], rights)


def _permission_set_id(org: Org, name: str) -> str | None:
    row = org.world.db().execute(
        "SELECT Id FROM sf_PermissionSet WHERE Name = ? AND IsOwnedByProfile = 0", (name,)
    )
    found = row.fetchone()
    return found[0] if found else None


def _delete_permission_set(org: Org, name: str) -> None:
    set_id = _permission_set_id(org, name)
    if set_id is None:
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", f"no PermissionSet named {name} found")
    writing = Writer(org, View(org, org.world.salesforce.user_id), org.stamp(), free=True)
    with org.savepoint():
        writing.delete(org.schema["PermissionSet"], set_id)


def _read_permission_set(org: Org, name: str) -> Component | None:
    set_id = _permission_set_id(org, name)
    if set_id is None:
        return None
    db = org.world.db()
    row = db.execute("SELECT * FROM sf_PermissionSet WHERE Id = ?", (set_id,)).fetchone()
    fields = [
        {"editable": bool(r["PermissionsEdit"]), "field": r["Field"],
         "readable": bool(r["PermissionsRead"])}
        for r in db.execute(
            "SELECT * FROM sf_FieldPermissions WHERE ParentId = ? ORDER BY Field", (set_id,))
    ]  # fmt: skip
    objects = [
        {"allowCreate": bool(r["PermissionsCreate"]), "allowDelete": bool(r["PermissionsDelete"]),
         "allowEdit": bool(r["PermissionsEdit"]), "allowRead": bool(r["PermissionsRead"]),
         "modifyAllRecords": bool(r["PermissionsModifyAllRecords"]), "object": r["SobjectType"],
         "viewAllRecords": bool(r["PermissionsViewAllRecords"])}
        for r in db.execute("SELECT * FROM sf_ObjectPermissions WHERE ParentId = ?", (set_id,))
    ]  # fmt: skip
    return {
        "fullName": row["Name"], "description": row["Description"], "fieldPermissions": fields,
        "label": row["Label"], "objectPermissions": objects,
    }  # fmt: skip


def _permission_set_names(org: Org) -> list[str]:
    rows = org.world.db().execute(
        "SELECT Name FROM sf_PermissionSet WHERE IsOwnedByProfile = 0 ORDER BY Name"
    )
    return [row[0] for row in rows]


def _create_permission_set(org: Org, component: Component) -> None:
    if _permission_set_id(org, component["fullName"]):
        raise ApiError("DUPLICATE_DEVELOPER_NAME", f"There is already a {component['fullName']}")
    _save_permission_set(org, component)


def _no_update(org: Org, component: Component) -> None:
    raise ApiError(
        "INVALID_OPERATION", f"{component['fullName']} cannot be changed in this sandbox"
    )


def _no_delete(org: Org, full_name: str) -> None:
    raise ApiError("INVALID_OPERATION", f"{full_name} cannot be deleted in this sandbox")


KINDS = {
    "CustomField": Kind(
        "CustomField", "objects", "object", _field_exists, _create_field, _update_field,
        customfields.delete, customfields.metadata_of, customfields.full_names,
    ),
    "CustomObject": Kind(
        "CustomObject", "objects", "object", lambda org, name: org.schema.find(name) is not None,
        _create_object, _no_update, _no_delete, _read_object, _object_names,
    ),
    "PermissionSet": Kind(
        "PermissionSet", "permissionsets", "permissionset",
        lambda org, name: _permission_set_id(org, name) is not None, _create_permission_set,
        _save_permission_set, _delete_permission_set, _read_permission_set,
        _permission_set_names,
    ),
}  # fmt: skip
