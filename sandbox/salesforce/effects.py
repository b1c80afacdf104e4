"""What a write brings about in other records: cascades, direct relations, totals, permissions."""

import sqlite3
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.model import SObject
from sandbox.salesforce.org import Org

Row = dict[str, Any]
PERMISSION_OBJECTS = frozenset(
    {"PermissionSet", "FieldPermissions", "ObjectPermissions", "PermissionSetAssignment", "User"}
)
_BELONGS = {
    "Account": (("Contact", "AccountId"), ("Opportunity", "AccountId"), ("Case", "AccountId")),
}
_ACTIVITIES = {
    "Account": "AccountId", "Opportunity": "WhatId", "Case": "WhatId", "Contact": "WhoId",
}  # fmt: skip


def ignored(db: sqlite3.Connection, one: SObject, before: Row, values: Row) -> Row:
    """`values` without what the platform silently drops: an amount the line items decide."""
    if one.name == "Opportunity" and "Amount" in values and _has_items(db, before["Id"]):
        return {name: value for name, value in values.items() if name != "Amount"}
    return values


def after(
    org: Org, db: sqlite3.Connection, one: SObject, row: Row, before: Row | None, stamp: str
) -> None:
    """Follow up on a record that was just created or changed."""
    if one.name in PERMISSION_OBJECTS:
        org.permissions_version += 1
    if one.name == "Contact" and (before is None or before["AccountId"] != row["AccountId"]):
        _move_direct_relation(org, db, row, before, stamp)
    elif one.name == "OpportunityLineItem":
        _total(db, row["OpportunityId"], stamp)
    elif one.name == "OpportunityContactRole" and row["IsPrimary"]:
        db.execute(
            "UPDATE sf_OpportunityContactRole SET IsPrimary = 0, SystemModstamp = ?"
            " WHERE OpportunityId = ? AND IsPrimary = 1 AND Id <> ?",
            (stamp, row["OpportunityId"], row["Id"]),
        )
    elif one.name == "FieldPermissions":
        _mirror(org, db, row)


def remove(org: Org, db: sqlite3.Connection, one: SObject, row: Row, stamp: str) -> None:
    """Delete a record: into the bin with what belongs to it, or without a trace."""
    if one.name in PERMISSION_OBJECTS:
        org.permissions_version += 1
    if one.trace and "IsDeleted" in one.fields:
        bin_record(org, db, one, row["Id"], row["Id"], stamp)
    else:
        for child, name in _owned(org, one):
            db.execute(f'DELETE FROM "{child.table}" WHERE "{name}" = ?', (row["Id"],))
        db.execute(f'DELETE FROM "{one.table}" WHERE Id = ?', (row["Id"],))
    if one.name == "OpportunityLineItem":
        _total(db, row["OpportunityId"], stamp)


def bin_record(
    org: Org, db: sqlite3.Connection, one: SObject, record_id: str, root: str, stamp: str
) -> None:
    """Mark a record and all that belongs to it deleted; `root` is what the user deleted."""
    db.execute(
        f'UPDATE "{one.table}" SET IsDeleted = 1, SystemModstamp = ?, LastModifiedDate = ?,'
        " _cascade = ? WHERE Id = ? AND IsDeleted = 0",
        (stamp, stamp, None if root == record_id else root, record_id),
    )
    for child, name in _owned(org, one):
        below = db.execute(
            f'SELECT Id FROM "{child.table}" WHERE "{name}" = ? AND IsDeleted = 0', (record_id,)
        ).fetchall()
        for (child_id,) in below:
            bin_record(org, db, child, child_id, root, stamp)


def restore(org: Org, db: sqlite3.Connection, one: SObject, record_id: str, stamp: str) -> None:
    """Take a record and what went with it out of the bin."""
    for other in org.schema:
        if "IsDeleted" in other.fields:
            db.execute(
                f'UPDATE "{other.table}" SET IsDeleted = 0, SystemModstamp = ?,'
                " LastModifiedDate = ?, _cascade = NULL WHERE IsDeleted = 1 AND (_cascade = ?"
                " OR Id = ?)",
                (stamp, stamp, record_id, record_id),
            )


def _owned(org: Org, one: SObject) -> list[tuple[SObject, str]]:
    """Objects (and the field that points here) whose records go when this one goes."""
    found = [
        (other, own.name)
        for other in org.schema
        for own in other.fields.values()
        if own.cascade and one.name in own.reference_to
    ]
    found += [(org.schema[name], key) for name, key in _BELONGS.get(one.name, ())]
    if one.name in _ACTIVITIES and org.switch("delete_account_deletes_activities"):
        found += [(org.schema[name], _ACTIVITIES[one.name]) for name in ("Task", "Event")]
    return found


def _move_direct_relation(
    org: Org, db: sqlite3.Connection, contact: Row, before: Row | None, stamp: str
) -> None:
    """Keep the one AccountContactRelation that says a contact works for their account."""
    if before is not None and before["AccountId"] is not None:
        db.execute(
            "UPDATE sf_AccountContactRelation SET IsDeleted = 1, SystemModstamp = ?"
            " WHERE ContactId = ? AND AccountId = ? AND IsDirect = 1 AND IsDeleted = 0",
            (stamp, contact["Id"], before["AccountId"]),
        )
    if contact["AccountId"] is None:
        return
    known = db.execute(
        "UPDATE sf_AccountContactRelation SET IsDirect = 1, SystemModstamp = ?"
        " WHERE ContactId = ? AND AccountId = ? AND IsDeleted = 0",
        (stamp, contact["Id"], contact["AccountId"]),
    )
    if known.rowcount:
        return
    found = db.execute(
        "SELECT seq FROM sqlite_sequence WHERE name = 'sf_AccountContactRelation'"
    ).fetchone()
    number = found[0] + 1 if found else 1
    db.execute(
        "INSERT INTO sf_AccountContactRelation (_row, Id, AccountId, ContactId, IsDirect, IsActive,"
        " CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp)"
        " VALUES (?, ?, ?, ?, 1, 1, ?, ?, ?, ?, ?)",
        (
            number, ids.make_id("07k", number), contact["AccountId"], contact["Id"], stamp,
            contact["LastModifiedById"], stamp, contact["LastModifiedById"], stamp,
        ),
    )  # fmt: skip


def _has_items(db: sqlite3.Connection, opportunity_id: str) -> bool:
    found = db.execute(
        "SELECT 1 FROM sf_OpportunityLineItem WHERE OpportunityId = ? AND IsDeleted = 0",
        (opportunity_id,),
    )
    return found.fetchone() is not None


def _total(db: sqlite3.Connection, opportunity_id: str, stamp: str) -> None:
    """An opportunity with line items is worth their sum."""
    if _has_items(db, opportunity_id):
        db.execute(
            "UPDATE sf_Opportunity SET Amount = (SELECT sum(TotalPrice) FROM"
            " sf_OpportunityLineItem WHERE OpportunityId = :id AND IsDeleted = 0),"
            " SystemModstamp = :at, LastModifiedDate = :at WHERE Id = :id",
            {"id": opportunity_id, "at": stamp},
        )


def mirrored(org: Org, db: sqlite3.Connection, one: SObject, values: Row) -> str | None:
    """The row that an equal permission on the twin activity already brought about; its id.

    Whether the platform takes the second row as done or as a duplicate is not documented: the
    switch `activity_permission_twin` is accept or duplicate.
    """
    if one.name != "FieldPermissions" or org.switch("activity_permission_twin") != "accept":
        return None
    if values["SobjectType"] not in ("Task", "Event") or not values["Field"].endswith("__c"):
        return None
    found = db.execute(
        "SELECT Id FROM sf_FieldPermissions WHERE ParentId = ? AND Field = ?"
        " AND PermissionsRead = ? AND PermissionsEdit = ?",
        (
            values["ParentId"], values["Field"], values.get("PermissionsRead", 0),
            values.get("PermissionsEdit", 0),
        ),
    ).fetchone()  # fmt: skip
    return found[0] if found else None


def _mirror(org: Org, db: sqlite3.Connection, row: Row) -> None:
    """Permissions of a custom activity field are the same on Task and Event."""
    target, _, name = row["Field"].partition(".")
    twin = {"Task": "Event", "Event": "Task"}.get(target)
    if twin is None or not name.endswith("__c"):
        return
    facts = {
        "parent": row["ParentId"], "object": twin, "field": f"{twin}.{name}",
        "edit": row["PermissionsEdit"], "read": row["PermissionsRead"],
        "at": row["SystemModstamp"],
    }  # fmt: skip
    known = db.execute(
        "UPDATE sf_FieldPermissions SET PermissionsEdit = :edit, PermissionsRead = :read,"
        " SystemModstamp = :at WHERE ParentId = :parent AND Field = :field",
        facts,
    )
    if not known.rowcount:
        number = db.execute(
            "SELECT seq + 1 FROM sqlite_sequence WHERE name = 'sf_FieldPermissions'"
        ).fetchone()[0]
        db.execute(
            "INSERT INTO sf_FieldPermissions (_row, Id, ParentId, SobjectType, Field,"
            " PermissionsEdit, PermissionsRead, SystemModstamp)"
            " VALUES (:number, :id, :parent, :object, :field, :edit, :read, :at)",
            facts | {"number": number, "id": ids.make_id("01k", number)},
        )
