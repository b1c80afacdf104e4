"""What a person does in the CRM's own pages: no API, no limits, but the same consequences."""

from typing import Any

from sandbox.salesforce import effects, ids, users
from sandbox.salesforce.access import View
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.founding import org_of
from sandbox.salesforce.model import SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.values import to_wire
from sandbox.salesforce.writer import Writer
from sandbox.world import World

Record = dict[str, Any]


def person(
    world: World, action: str, kind: str, record_id: str | None, fields: dict[str, Any]
) -> Record:
    """read, create, update, delete, undelete or merge (`fields={"loser": id}`) one record.

    Returns the record as it is afterwards. `kind` is an object's API name; "Certificate" with
    `fields={"pem": ...}` registers a key for JWT sign-in. Read-only fields may be set too, to
    arrange a past. LookupError when there is no such record, ValueError for anything refused.
    """
    org = org_of(world)
    if kind == "Certificate":
        users.register_certificate(org, fields["pem"], fields.get("client_id"))
        return {"registered": True}
    one = org.schema.find(kind)
    if one is None:
        raise LookupError(f"there is no object {kind!r}")
    full = ids.normalise(record_id) if record_id else None
    if full is None and action != "create":
        raise LookupError(f"{record_id!r} is no {kind} id")
    try:
        return _act(org, action, one, full or "", fields)
    except ApiError as problem:
        if problem.status == 404:
            raise LookupError(problem.message) from None
        raise ValueError(str(problem)) from None


def record(org: Org, one: SObject, record_id: str) -> Record:
    """All stored fields of a record, deleted or not; LookupError when it is gone."""
    found = org.world.db().execute(f'SELECT * FROM "{one.table}" WHERE Id = ?', (record_id,))
    row = found.fetchone()
    if row is None:
        raise LookupError(f"there is no {one.name} {record_id}")
    return {
        name: to_wire(own, row[name]) for name, own in one.fields.items() if own.stored
    }  # fmt: skip


def _act(org: Org, action: str, one: SObject, record_id: str, fields: Record) -> Record:
    if action == "read":
        return record(org, one, record_id)
    user_id = org.world.salesforce.user_id
    with org.world.transaction() as db:
        stamp = org.stamp()
        writing = Writer(org, View(org, user_id), stamp, free=True)
        if action == "create":
            record_id = writing.create(one, fields)
        elif action == "update":
            writing.update(one, record_id, fields)
        elif action == "delete":
            before = record(org, one, record_id)
            writing.delete(one, record_id)
            if not one.trace:
                return before
        elif action == "undelete":
            record(org, one, record_id)
            effects.restore(org, db, one, record_id, stamp)
        elif action == "merge":
            _merge(org, writing, one, record_id, str(fields["loser"]))
        else:
            raise ValueError(f"a person cannot {action!r}")
    return record(org, one, record_id)


def _merge(org: Org, writing: Writer, one: SObject, winner: str, loser: str) -> None:
    """What points at the loser moves to the winner; the loser goes to the bin and says where."""
    if not one.mergeable:
        raise ValueError(f"{one.name} records cannot be merged")
    kept, gone = writing.live(one, winner)["Id"], writing.live(one, loser)["Id"]
    if kept == gone:
        raise ValueError("a record cannot be merged with itself")
    db, stamp = org.world.db(), writing.stamp
    _drop_doubles(org, one, kept, gone, stamp)
    for other in org.schema:
        for own in other.fields.values():
            if own.stored and one.name in own.reference_to and own.name != "MasterRecordId":
                stamps = ", SystemModstamp = :at" if "SystemModstamp" in other.fields else ""
                db.execute(
                    f'UPDATE "{other.table}" SET "{own.name}" = :kept{stamps}'
                    f' WHERE "{own.name}" = :gone',
                    {"kept": kept, "gone": gone, "at": stamp},
                )
    if "ParentId" in one.fields:
        db.execute(
            f'UPDATE "{one.table}" SET ParentId = NULL WHERE Id = :kept AND ParentId = :kept',
            {"kept": kept},
        )
    db.execute(
        f'UPDATE "{one.table}" SET IsDeleted = 1, MasterRecordId = :kept, SystemModstamp = :at,'
        " LastModifiedDate = :at WHERE Id = :gone",
        {"kept": kept, "gone": gone, "at": stamp},
    )
    db.execute(
        f'UPDATE "{one.table}" SET SystemModstamp = :at, LastModifiedDate = :at WHERE Id = :kept',
        {"kept": kept, "at": stamp},
    )


def _drop_doubles(org: Org, one: SObject, kept: str, gone: str, stamp: str) -> None:
    """Where both stood in a relation of two, one is enough after a merge."""
    db = org.world.db()
    pairs = {
        ("AccountContactRelation", "ContactId"): "AccountId",
        ("AccountContactRelation", "AccountId"): "ContactId",
        ("AccountTeamMember", "AccountId"): "UserId",
        ("OpportunityContactRole", "ContactId"): "OpportunityId",
    }
    for (name, side), other in pairs.items():
        table = org.schema[name]
        if one.name not in table.fields[side].reference_to:
            continue
        twins = db.execute(
            f'SELECT l.Id FROM "{table.table}" l JOIN "{table.table}" w ON w."{other}" ='
            f' l."{other}" AND w."{side}" = ? AND w.IsDeleted = 0'
            f' WHERE l."{side}" = ? AND l.IsDeleted = 0',
            (kept, gone),
        ).fetchall()
        for (twin,) in twins:
            if table.trace:
                effects.bin_record(org, db, table, twin, twin, stamp)
            else:
                db.execute(f'DELETE FROM "{table.table}" WHERE Id = ?', (twin,))
