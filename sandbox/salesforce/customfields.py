"""Custom fields made, changed and removed at run time. Activity stands for Task and Event."""

import json
from dataclasses import replace
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.fieldtypes import Metadata, make_field
from sandbox.salesforce.org import Org
from sandbox.salesforce.place import put
from sandbox.salesforce.schema import ACTIVITY

_WHOLE = frozenset({"length", "precision", "scale", "visibleLines", "startingNumber"})
_TRUTH = frozenset({"required", "externalId", "unique", "caseSensitive", "trackHistory"})


def create(org: Org, full_name: str, metadata: Metadata) -> str:
    """Make the field `Object.Name__c`; returns the id of its CustomField row."""
    table, name = _split(full_name)
    targets = _targets(org, table)
    metadata = typed(metadata)
    made = make_field(name, metadata)
    for target in targets:
        if org.schema[target].find(name) is not None:
            raise ApiError(
                "DUPLICATE_DEVELOPER_NAME",
                f"There is already a field named {name.removesuffix('__c')} on {table}.",
                fields=("DeveloperName",),
            )
    for target in made.reference_to:
        if org.schema.find(target) is None:
            raise ApiError(
                "FIELD_INTEGRITY_EXCEPTION", f"referenceTo value of '{target}' does not resolve to"
                " a valid sObject type",
            )  # fmt: skip
    with org.world.transaction():
        field_id = _insert_row(org, table, name, metadata)
        for target in targets:
            org.schema.add_field(target, replace(made, id=field_id))
    return field_id


def update(org: Org, full_name: str, metadata: Metadata) -> None:
    """Change a field's metadata; what is not named stays. The type cannot be changed."""
    table, name = _split(full_name)
    targets = _targets(org, table)
    known = org.schema[targets[0]].find(name)
    if known is None or not known.custom:
        raise _unknown(full_name)
    merged = {**_metadata_of(org, table, known.name), **typed(metadata)}
    made = make_field(known.name, merged)
    if made.type != known.type:
        raise ApiError(
            "FIELD_INTEGRITY_EXCEPTION",
            f"The type of {full_name} cannot be changed in this sandbox",
        )
    changed = replace(made, id=known.id, granted=known.granted)
    with org.world.transaction() as db:
        for target in targets:
            org.schema.change_field(target, changed)
        db.execute(
            "UPDATE sf_CustomField SET Metadata = ?, InlineHelpText = ?, Description = ?,"
            " LastModifiedDate = ?, SystemModstamp = ? WHERE FullName = ?",
            (
                json.dumps(merged), merged.get("inlineHelpText"), merged.get("description"),
                org.stamp(), org.stamp(), f"{table}.{known.name}",
            ),
        )  # fmt: skip


def delete(org: Org, full_name: str) -> None:
    """Remove a field with its values and its permissions."""
    table, name = _split(full_name)
    targets = _targets(org, table)
    known = org.schema[targets[0]].find(name)
    if known is None or not known.custom:
        raise _unknown(full_name)
    with org.world.transaction() as db:
        for target in targets:
            org.schema.drop_field(target, known.name)
            db.execute(
                "DELETE FROM sf_FieldPermissions WHERE Field = ?", (f"{target}.{known.name}",)
            )
        db.execute("DELETE FROM sf_CustomField WHERE FullName = ?", (f"{table}.{known.name}",))
    org.permissions_version += 1


def metadata_of(org: Org, full_name: str) -> dict[str, Any] | None:
    """A custom field's metadata with its full name, or None."""
    table, name = _split(full_name)
    try:
        known = org.schema[_targets(org, table)[0]].find(name)
    except ApiError:
        return None
    if known is None or not known.custom:
        return None
    return {"fullName": f"{table}.{known.name}"} | _metadata_of(org, table, known.name)


def note_standing_fields(org: Org) -> None:
    """Give the custom fields a new org has their CustomField rows."""
    with org.world.transaction():
        for one in list(org.schema):
            for own in one.fields.values():
                if own.custom and own.id is None and one.name not in ACTIVITY:
                    known = {"label": own.label, "type": _type_name(own.type)}
                    lengths = {"length": own.length} if own.type == "string" else {}
                    if own.precision:
                        lengths = {"precision": own.precision, "scale": own.scale}
                    _insert_row(org, one.name, own.name, known | lengths)


def full_names(org: Org) -> list[str]:
    """Every custom field, as `Object.Name__c`."""
    rows = org.world.db().execute("SELECT FullName FROM sf_CustomField ORDER BY FullName")
    return [row[0] for row in rows]


def typed(metadata: Metadata) -> dict[str, Any]:
    """Metadata as Tooling shows it: XML's texts for numbers and truth become such."""

    def value(key: str, given: Any) -> Any:
        if key in _WHOLE and isinstance(given, str) and given.isdigit():
            return int(given)
        return given == "true" if key in _TRUTH and isinstance(given, str) else given

    return {key: value(key, given) for key, given in metadata.items()}


def _insert_row(org: Org, table: str, name: str, metadata: Metadata) -> str:
    db = org.world.db()
    last = db.execute("SELECT max(_row) FROM sf_CustomField").fetchone()[0] or 0
    facts = {
        "DeveloperName": name.removesuffix("__c"), "TableEnumOrId": _table_id(org, table),
        "Length": str(metadata["length"]) if metadata.get("length") else None,
        "InlineHelpText": metadata.get("inlineHelpText"),
        "Description": metadata.get("description"), "ManageableState": "unmanaged",
        "FullName": f"{table}.{name}", "Metadata": json.dumps(dict(metadata)),
    }  # fmt: skip
    return put(org, db, "CustomField", "00N", last + 1, facts)


def _metadata_of(org: Org, table: str, name: str) -> dict[str, Any]:
    row = org.world.db().execute(
        "SELECT Metadata FROM sf_CustomField WHERE FullName = ?", (f"{table}.{name}",)
    )
    found = row.fetchone()
    known: dict[str, Any] = json.loads(found[0]) if found else {}
    return known


def _table_id(org: Org, table: str) -> str:
    """Standard objects go by name, custom ones by an id."""
    one = org.schema.find(table)
    if one is None or not one.custom:
        return table
    return ids.make_id("01I", int((one.prefix or "a00")[1:]) + 1)


def _split(full_name: str) -> tuple[str, str]:
    table, _, name = full_name.partition(".")
    if not table or not name:
        raise ApiError("INVALID_FULL_NAME", f"{full_name} is no name of the form Object.Field__c")
    return table, name


def _targets(org: Org, table: str) -> tuple[str, ...]:
    if table == "Activity":
        return ACTIVITY
    one = org.schema.find(table)
    if one is None or one.tooling or one.name in ACTIVITY:
        raise ApiError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"Entity Enumeration Or ID: bad value for restricted picklist field: {table}",
        )
    return (one.name,)


def _unknown(full_name: str) -> ApiError:
    problem = not_found(f"no CustomField named {full_name} found")
    problem.code = "INVALID_CROSS_REFERENCE_KEY"
    return problem


def _type_name(kind: str) -> str:
    names = {
        "string": "Text", "double": "Number", "currency": "Currency", "picklist": "Picklist",
        "date": "Date", "datetime": "DateTime", "boolean": "Checkbox", "textarea": "LongTextArea",
    }  # fmt: skip
    return names.get(kind, "Text")
