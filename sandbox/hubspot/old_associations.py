"""Associations v3 and the inline links of v3 objects: types by name, a hundred ids per record.

Source: HubSpot API reference, associations (v3 rows), list and paging (inline associations).
"""

from typing import Any

from flask import request

from sandbox.hubspot import links, rows
from sandbox.hubspot.associations import MOST_READ, MOST_WRITE, unlinked
from sandbox.hubspot.batch import Input, complete, inputs_of
from sandbox.hubspot.errors import invalid, not_found
from sandbox.hubspot.http import Answer, json_object, route, whole
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.labels import LinkType
from sandbox.hubspot.links import Link
from sandbox.hubspot.portal import Portal

MOST = 100  # linked ids per record; the batch ignores `after`


@route("GET", "old_associations", "/<kind>/<other>/types", "records.read")
def list_types(portal: Portal, kind: Kind, other: Kind) -> Answer:
    """Types from one object type to another; ids are text here."""
    types = portal.labels.between(kind, other)
    return 200, {"results": [{"id": str(each.type_id), "name": each.name} for each in types]}


@route("POST", "old_associations", "/<kind>/<other>/batch/read", "records.read")
def batch_read_old(portal: Portal, kind: Kind, other: Kind) -> Answer:
    """Links of up to 1,000 records, at most 100 ids each."""
    started = portal.now_text()
    asked = [str(each.get("id", "")) for each in inputs_of(json_object(), MOST_READ)]
    found = links.read(portal, kind, [int(i) for i in asked if i.isdigit()], other)
    results, errors = [], []
    for from_id in dict.fromkeys(asked):
        linked = found.get(int(from_id), []) if from_id.isdigit() else []
        if not linked:
            errors.append(unlinked(kind, other, from_id))
            continue
        result: dict[str, Any] = {"from": {"id": from_id}, "to": _named(linked[:MOST])}
        if len(linked) > MOST:
            result["paging"] = {"next": _next(kind, other, from_id, linked[MOST])}
        results.append(result)
    return complete(started, portal, results, errors)


@route("POST", "old_associations", "/<kind>/<other>/batch/create", "records.write")
def batch_create_old(portal: Portal, kind: Kind, other: Kind) -> Answer:
    """Link pairs by type name."""
    started = portal.now_text()
    inputs = inputs_of(json_object(), MOST_WRITE)
    with portal.world.transaction():
        for each in inputs:
            known = _type(portal, kind, other, str(each.get("type")))
            ends = [_live(portal, kind, each, "from"), _live(portal, other, each, "to")]
            labels = [known] if known.label is not None else []
            links.add(portal, kind, ends[0], other, ends[1], labels)
    return complete(started, portal, inputs, [], 201)


@route("POST", "old_associations", "/<kind>/<other>/batch/archive", "records.write")
def batch_archive_old(portal: Portal, kind: Kind, other: Kind) -> Answer:
    """Take a type off pairs; the unlabelled one unlinks them."""
    with portal.world.transaction():
        for each in inputs_of(json_object(), MOST_WRITE):
            known = _type(portal, kind, other, str(each.get("type")))
            ends = [_live(portal, kind, each, "from"), _live(portal, other, each, "to")]
            links.remove_type(portal, kind, ends[0], other, ends[1], known)
    return 204, None


@route("GET", "old_links", "/<kind>/<record_id>/associations/<other>", "records.read")
def list_old_links(portal: Portal, kind: Kind, record_id: str, other: Kind) -> Answer:
    """A page of one record's links; `after` is the id of the next linked record."""
    limit = whole("limit", MOST, 500)
    after = request.args.get("after") or "0"
    from_id = rows.find_id(portal, kind, None, record_id)
    if from_id is None:
        raise not_found(record_id)
    if not after.isdigit():
        raise invalid(f"Invalid paging cursor: {after}")
    linked = links.read(portal, kind, [from_id], other, after=int(after)).get(from_id, [])
    body: dict[str, Any] = {"results": _named(linked[:limit])}
    if len(linked) > limit:
        body["paging"] = {"next": _next(kind, other, record_id, linked[limit])}
    return 200, body


@route(
    "PUT",
    "old_links",
    "/<kind>/<record_id>/associations/<other>/<other_id>/<name>",
    "records.write",
)
def put_old_link(
    portal: Portal, kind: Kind, record_id: str, other: Kind, other_id: str, name: str
) -> Answer:
    """Link two records by type name or number."""
    known = _type(portal, kind, other, name)
    with portal.world.transaction():
        ends = {"from": {"id": record_id}, "to": {"id": other_id}}
        pair = [_live(portal, kind, ends, "from"), _live(portal, other, ends, "to")]
        labels = [known] if known.label is not None else []
        links.add(portal, kind, pair[0], other, pair[1], labels)
    record = rows.by_ids(portal, rows.Projection(portal, kind, None), [pair[0]])
    return 200, record[pair[0]]


def _named(linked: list[Link]) -> list[dict[str, str]]:
    return [
        {"id": str(link.to_id), "type": each.name}
        for link in linked
        for each in sorted(link.types, key=lambda t: t.label is None)
    ]


def _next(kind: Kind, other: Kind, from_id: str, link: Link) -> dict[str, str]:
    path = f"/crm/v3/objects/{kind.name}/{from_id}/associations/{other.name}"
    return {"after": str(link.to_id), "link": f"{rows.origin()}{path}?after={link.to_id}"}


def _type(portal: Portal, kind: Kind, other: Kind, name: str) -> LinkType:
    for each in portal.labels.between(kind, other):
        if name in (each.name, str(each.type_id)):
            return each
    raise invalid(f"{name} is not a valid association type from {kind.word} to {other.word}")


def _live(portal: Portal, kind: Kind, each: Input, end: str) -> int:
    text = str((each.get(end) or {}).get("id", ""))
    found = rows.find_id(portal, kind, None, text)
    if found is None:
        raise not_found(text)
    return found
