"""What a person does in HubSpot's own pages: no limits, no scopes, stamps move as always."""

from typing import Any

from sandbox.hubspot import rows
from sandbox.hubspot.errors import HubSpotError
from sandbox.hubspot.inline import associate_on_create
from sandbox.hubspot.kinds import Kind, resolve
from sandbox.hubspot.merging import merge
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.rows import Projection, Source
from sandbox.hubspot.values import check

ACTIONS = ("read", "create", "update", "delete", "undelete", "merge")


def act(
    portal: Portal, action: str, kind_name: str, record_id: str | None, fields: dict[str, Any]
) -> dict[str, Any]:
    """Do one action and return the record with all its properties.

    create takes "associations" among the fields, as in an API body; merge takes {"loser": id}.
    LookupError for a record that is not there, ValueError for anything else that cannot be done.
    """
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is no action; use one of {', '.join(ACTIONS)}")
    try:
        kind = resolve(kind_name)
        with portal.world.transaction():
            found = _do(portal, action, kind, record_id, fields)
    except HubSpotError as error:
        raise ValueError(str(error)) from error
    portal.deliveries.start()
    every = Projection(portal, kind, list(portal.schema.properties(kind)))
    for archived in (False, True):
        record = rows.by_ids(portal, every, [found], archived=archived).get(found)
        if record is not None:
            return record
    raise LookupError(f"{kind.singular} {found} was merged into another")


def _do(
    portal: Portal, action: str, kind: Kind, record_id: str | None, fields: dict[str, Any]
) -> int:
    source = Source("CRM_UI", f"userId:{portal.world.hubspot.user_id}")
    if action == "create":
        wanted = dict(fields)
        associations = wanted.pop("associations", [])
        made = rows.insert(portal, kind, _values(portal, kind, wanted), source)
        associate_on_create(portal, kind, made, associations)
        return made
    found = _existing(portal, kind, record_id, archived=action in ("undelete", "read"))
    if action == "update":
        rows.update(portal, kind, found, _values(portal, kind, fields), source)
    if action == "delete":
        rows.archive(portal, kind, found, source)
    if action == "undelete":
        rows.restore(portal, kind, found, source)
    if action == "merge":
        loser = _existing(portal, kind, str(fields.get("loser")), archived=False)
        return merge(portal, kind, found, loser, source)
    return found


def _existing(portal: Portal, kind: Kind, record_id: str | None, *, archived: bool) -> int:
    number = record_id or ""
    row = None
    if number.isdigit():
        row = (
            portal.world.db()
            .execute(f"SELECT _archived FROM {kind.table} WHERE _id = ?", (int(number),))
            .fetchone()
        )
    if row is None or (row[0] is not None and not archived):
        raise LookupError(f"there is no {kind.singular} {record_id} in this HubSpot sandbox")
    return int(number)


def _values(portal: Portal, kind: Kind, fields: dict[str, Any]) -> dict[str, str | None]:
    values, problems = check(portal, kind, fields, person=True)
    if problems:
        raise ValueError("; ".join(f"{p['name']}: {p['message']}" for p in problems))
    return values
