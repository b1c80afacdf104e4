"""What a record must satisfy before it is written: references, uniqueness, rules of the org."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.model import Field, SObject
from sandbox.salesforce.org import Org

Row = dict[str, Any]
PAIRS = {
    "AccountContactRelation": ("AccountId", "ContactId"),
    "AccountTeamMember": ("AccountId", "UserId"),
    "PermissionSetAssignment": ("PermissionSetId", "AssigneeId"),
    "FieldPermissions": ("ParentId", "Field"),
    "ObjectPermissions": ("ParentId", "SobjectType"),
    "PermissionSet": ("Name",),
    "CurrencyType": ("IsoCode",),
}
_DUPLICATE_KEYS = {"Account": ("Name",), "Contact": ("Email", "LastName")}


def check_required(one: SObject, values: Mapping[str, Any], creating: bool) -> None:
    """REQUIRED_FIELD_MISSING names every mandatory field that is absent or emptied."""
    missing = [
        f.name
        for f in one.fields.values()
        if not f.nillable
        and f.type != "boolean"
        and (
            (creating and f.required and values.get(f.name) is None)
            or (f.name in values and values[f.name] is None and (f.createable or f.updateable))
        )
    ]
    if missing:
        raise ApiError(
            "REQUIRED_FIELD_MISSING",
            f"Required fields are missing: [{', '.join(missing)}]",
            fields=tuple(missing),
        )


def check_reference(org: Org, db: sqlite3.Connection, own: Field, value: str) -> None:
    """A reference points at a live record of an allowed object."""
    target = org.schema.by_prefix(value)
    if target is None or target.name not in own.reference_to:
        raise ApiError(
            "MALFORMED_ID",
            f"{own.label}: id value of incorrect type: {value}",
            fields=(own.name,),
        )
    deleted = "IsDeleted" if "IsDeleted" in target.fields else "0"
    found = db.execute(f'SELECT {deleted} FROM "{target.table}" WHERE Id = ?', (value,)).fetchone()
    if found is None:
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=())
    if found[0]:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", fields=(own.name,))
    if own.name == "OwnerId" and target.name == "User":
        _check_owner(db, value)


def _check_owner(db: sqlite3.Connection, user_id: str) -> None:
    active = db.execute("SELECT IsActive FROM sf_User WHERE Id = ?", (user_id,)).fetchone()
    if not active[0]:
        raise ApiError(
            "INACTIVE_OWNER_OR_USER",
            f"operation performed with inactive user [{user_id[:15]}] as owner",
            fields=("OwnerId",),
        )


def check_unique(db: sqlite3.Connection, one: SObject, row: Row, before: Row | None) -> None:
    """Unique fields and pairs that may stand only once."""
    for own in one.fields.values():
        value = row.get(own.name)
        if own.unique and value is not None and (not before or before[own.name] != value):
            _refuse_twin(db, one, (own.name,), row)
    pair = PAIRS.get(one.name)
    if pair and before is None:
        _refuse_twin(db, one, pair, row)


def _refuse_twin(db: sqlite3.Connection, one: SObject, names: tuple[str, ...], row: Row) -> None:
    alive = " AND IsDeleted = 0" if "IsDeleted" in one.fields else ""
    match = " AND ".join(f'"{name}" = ?' for name in names)
    twin = db.execute(
        f'SELECT Id FROM "{one.table}" WHERE {match} AND Id <> ?{alive}',
        (*(row[name] for name in names), row["Id"]),
    ).fetchone()
    if twin:
        raise ApiError(
            "DUPLICATE_VALUE",
            f"duplicate value found: {', '.join(names)} duplicates value on record with id: "
            f"{twin[0][:15]}",
            fields=(),
        )


def check_faults(org: Org, one: SObject, record_id: str | None, values: Mapping[str, Any]) -> None:
    """Row locks and validation rules armed on purpose."""
    faults = org.world.faults
    facts = {"object": one.name} | ({"record_id": record_id} if record_id else {})
    if faults.take("row_lock", "salesforce", **facts):
        raise locked(org, record_id)
    for name in values:
        rule = faults.take("validation_rule", "salesforce", object=one.name, field=name)
        if rule:
            raise ApiError(
                "FIELD_CUSTOM_VALIDATION_EXCEPTION",
                str(rule.get("message", "The value breaks a rule of this org.")),
                fields=(name,),
            )


def locked(org: Org, record_id: str | None) -> ApiError:
    """Somebody else is writing this record."""
    which = f"1 records: {record_id[:15]}" if record_id else "0 records"
    return ApiError(
        "UNABLE_TO_LOCK_ROW",
        f"unable to obtain exclusive access to this record or {which}",
        int(org.switch("row_lock_status")),
    )


def check_duplicates(
    org: Org, db: sqlite3.Connection, one: SObject, row: Row, allow_save: bool
) -> None:
    """The org's duplicate rule: switch `duplicate_rule` is off, alert or block."""
    rule, keys = org.switch("duplicate_rule"), _DUPLICATE_KEYS.get(one.name)
    if rule == "off" or keys is None or (rule == "alert" and allow_save):
        return
    if any(row.get(key) is None for key in keys):
        return
    match = " AND ".join(f'"{key}" = ?' for key in keys)
    twin = db.execute(
        f'SELECT 1 FROM "{one.table}" WHERE {match} AND IsDeleted = 0 AND Id <> ?',
        (*(row[key] for key in keys), row["Id"]),
    ).fetchone()
    if twin:
        raise ApiError(
            "DUPLICATES_DETECTED",
            "You're creating a duplicate record. We recommend you use an existing record instead.",
        )


def check_permission_row(org: Org, one: SObject, row: Row) -> None:
    """A FieldPermissions row names a field that can be granted; editing needs reading."""
    if one.name != "FieldPermissions":
        return
    target, _, name = row["Field"].partition(".")
    owner = org.schema.find(target)
    own = owner.find(name) if owner else None
    if own is None or not own.permissionable or target.lower() != row["SobjectType"].lower():
        raise ApiError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"Field Name: bad value for restricted picklist field: {row['Field']}",
            fields=("Field",),
        )
    if row["PermissionsEdit"] and not row["PermissionsRead"]:
        raise ApiError(
            "FIELD_INTEGRITY_EXCEPTION",
            f"Field {row['Field']}: Edit needs Read",
            fields=("PermissionsEdit",),
        )


def own_id(one: SObject, record_id: str) -> str:
    """The 18-character form of an id of this object; MALFORMED_ID for anything else."""
    full = ids.normalise(record_id)
    if full is None or (one.prefix and full[:3] != one.prefix):
        raise ApiError("MALFORMED_ID", f"{one.label} ID: id value of incorrect type: {record_id}")
    return full
