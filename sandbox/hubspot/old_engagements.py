"""The v1 engagement feeds: calls, e-mails, meetings, notes and tasks as one stream.

Source: HubSpot API reference, other clients; shapes as the open-source Singer tap reads them.
"""

from collections.abc import Sequence
from typing import Any

from flask import request

from sandbox.hubspot import links, rows
from sandbox.hubspot.errors import invalid
from sandbox.hubspot.http import Answer, route, whole
from sandbox.hubspot.instants import from_text, to_text
from sandbox.hubspot.kinds import KINDS, Kind
from sandbox.hubspot.old_api import PAGE, offset_of
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.rows import Projection

_NAMES = ("calls", "emails", "meetings", "notes", "tasks")


@route("GET", "old", "/engagements/v1/engagements/paged", "crm.objects.contacts.read")
def old_engagements(portal: Portal) -> Answer:
    """Calls, e-mails, meetings, notes and tasks in one feed by ascending id."""
    limit = whole("limit", 100, PAGE)
    offset = offset_of(request.args.get("offset") or "0")
    found: list[tuple[int, Kind]] = []
    for name in _NAMES:
        kind = KINDS[name]
        some = portal.world.db().execute(
            f"SELECT _id FROM {kind.table} WHERE _archived IS NULL AND _id > ? "
            "ORDER BY _id LIMIT ?",
            (offset, limit + 1),
        )
        found += [(row[0], kind) for row in some]
    found.sort(key=lambda pair: pair[0])
    page = found[:limit]
    return 200, {
        "results": [_engagement(portal, kind, record_id) for record_id, kind in page],
        "hasMore": len(found) > limit,
        "offset": page[-1][0] if page else offset,
    }


@route("GET", "old", "/engagements/v1/engagements/modified/after", "crm.objects.contacts.read")
def modified_engagements(portal: Portal) -> Answer:
    """What was modified after an instant (epoch ms) or a cursor of this feed, oldest first."""
    limit = whole("limit", 100, PAGE)
    after = request.args.get("after") or "0"
    stamp, _, last = after.partition("-")
    if not stamp.isdigit() or (last and not last.isdigit()):
        raise invalid(f"Invalid paging cursor: {after}")
    since = to_text(int(stamp))
    found: list[tuple[str, int, Kind]] = []
    for name in _NAMES:
        kind = KINDS[name]
        some = portal.world.db().execute(
            f"SELECT {kind.modified}, _id FROM {kind.table} WHERE _archived IS NULL "
            f"AND {kind.modified} >= ? AND ({kind.modified} > ? OR _id > ?) "
            f"ORDER BY {kind.modified}, _id LIMIT ?",
            (since, since, int(last or 2**62), limit + 1),
        )
        found += [(row[0], row[1], kind) for row in some]
    found.sort(key=lambda each: each[:2])
    page = found[:limit]
    return 200, {
        "results": [_engagement(portal, kind, record_id) for _, record_id, kind in page],
        "hasMore": len(found) > limit,
        "after": f"{from_text(page[-1][0])}-{page[-1][1]}" if page else after,
    }


def _engagement(portal: Portal, kind: Kind, record_id: int) -> dict[str, Any]:
    known = portal.schema.properties(kind)
    projection = Projection(portal, kind, list(known))
    record = rows.by_ids(portal, projection, [record_id])[record_id]
    values = record["properties"]
    when = values["hs_timestamp"] or record["createdAt"]
    near: dict[str, Sequence[int]] = {
        f"{KINDS[name].singular}Ids": [
            link.to_id
            for link in links.read(portal, kind, [record_id], KINDS[name]).get(record_id, [])
        ]
        for name in ("contacts", "companies", "deals", "tickets")
    }
    prefix = f"hs_{kind.singular}_"
    return {
        "engagement": {
            "id": record_id,
            "portalId": portal.id,
            "active": True,
            "createdAt": from_text(record["createdAt"]),
            "lastUpdated": from_text(record["updatedAt"]),
            "type": kind.word,
            "timestamp": from_text(when),
        },
        "associations": near,
        "metadata": {
            name.removeprefix(prefix): value
            for name, value in values.items()
            if name.startswith(prefix) and value is not None
        },
    }
