"""Associations v4 over the wire: batches, single links, cursors.

Source: HubSpot API reference, associations v4 (operations, limits, batch read and create answers).
"""

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Any

from flask import request

from sandbox.hubspot import links, rows
from sandbox.hubspot.batch import Errors, Input, complete, inputs_of
from sandbox.hubspot.errors import entry, invalid, not_found
from sandbox.hubspot.http import Answer, json_body, json_object, route, whole
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.labels import LinkType
from sandbox.hubspot.links import Link
from sandbox.hubspot.portal import Portal

MOST_READ = 1_000
MOST_WRITE = 2_000
MOST_ARCHIVE_FROM = 100
PAGE = 500


@route("POST", "associations", "/<kind>/<other>/batch/read", "records.read")
def batch_read_links(portal: Portal, kind: Kind, other: Kind) -> Answer:
    """Links of up to 1,000 records; an unlinked record makes it a 207."""
    started = portal.now_text()
    _require_pair(portal, kind, other)
    inputs = inputs_of(json_object(), MOST_READ)
    size = portal.switch("association_page")
    asked = {str(each.get("id", "")): each.get("after") for each in inputs}
    found = links.read(portal, kind, [int(i) for i in asked if i.isdigit()], other)
    results, errors = [], []
    for from_id, after in asked.items():
        linked = found.get(int(from_id), []) if from_id.isdigit() else []
        if not linked:
            errors.append(unlinked(kind, other, from_id))
            continue
        start = offset_of(after)
        result: dict[str, Any] = {
            "from": {"id": from_id},
            "to": [target(portal, link) for link in linked[start : start + size]],
        }
        if len(linked) > start + size:
            result["paging"] = {"next": _next(kind, other, from_id, start + size)}
        results.append(result)
    return complete(started, portal, results, errors)


def unlinked(kind: Kind, other: Kind, from_id: str) -> dict[str, Any]:
    """The 207 entry of a record without links."""
    return entry(
        "OBJECT_NOT_FOUND",
        f"No {other.singular} is associated with {kind.singular} {from_id}.",
        subCategory="crm.associations.NO_ASSOCIATIONS_FOUND",
        context={
            "fromObjectId": [from_id],
            "fromObjectType": [kind.singular],
            "toObjectType": [other.singular],
        },
    )


def target(portal: Portal, link: Link) -> dict[str, Any]:
    """One linked record with its types; the id is a number unless switched."""
    as_text = portal.switch("association_ids_as_text")
    return {
        "toObjectId": str(link.to_id) if as_text else link.to_id,
        "associationTypes": [
            {"category": each.category, "typeId": each.type_id, "label": each.label}
            for each in link.types
        ],
    }


def offset_of(after: Any) -> int:
    """The position a cursor stands for."""
    if not after:
        return 0
    try:
        return int(b64decode(str(after), validate=True))
    except (ValueError, binascii.Error):
        raise invalid(f"Invalid paging cursor: {after}") from None


def _next(kind: Kind, other: Kind, from_id: str, offset: int) -> dict[str, str]:
    after = b64encode(str(offset).encode()).decode()
    path = f"/crm/v4/objects/{kind.name}/{from_id}/associations/{other.name}"
    return {"after": after, "link": f"{rows.origin()}{path}?after={after}"}


@route("GET", "links", "/<kind>/<record_id>/associations/<other>", "records.read")
def list_links(portal: Portal, kind: Kind, record_id: str, other: Kind) -> Answer:
    """A page of one record's links."""
    _require_pair(portal, kind, other)
    limit = whole("limit", PAGE, PAGE)
    start = offset_of(request.args.get("after"))
    from_id = rows.find_id(portal, kind, None, record_id)
    if from_id is None:
        raise not_found(record_id)
    linked = links.read(portal, kind, [from_id], other).get(from_id, [])
    body: dict[str, Any] = {
        "results": [target(portal, link) for link in linked[start : start + limit]]
    }
    if len(linked) > start + limit:
        body["paging"] = {"next": _next(kind, other, record_id, start + limit)}
    return 200, body


@route("POST", "associations", "/<kind>/<other>/batch/create", "records.write")
def batch_create_links(portal: Portal, kind: Kind, other: Kind) -> Answer:
    """Link pairs with the given types, which replace each pair's labels."""
    started = portal.now_text()
    inputs = inputs_of(json_object(), MOST_WRITE)
    wanted = [_types(portal, kind, other, each.get("types")) for each in inputs]
    results: list[Any] = []
    errors: Errors = []
    with portal.world.transaction():
        live = _live(portal, kind, other, inputs)
        for each, types in zip(inputs, wanted, strict=True):
            pair = _pair(each, live, kind, other, errors)
            if pair is not None:
                links.add(portal, kind, pair[0], other, pair[1], types)
                results.append(_created(portal, kind, pair, other, types))
    return complete(started, portal, results, errors, 201)


@route("POST", "associations", "/<kind>/<other>/batch/associate/default", "records.write")
def batch_create_default(portal: Portal, kind: Kind, other: Kind) -> Answer:
    """Link pairs with the unlabelled type."""
    started = portal.now_text()
    default = _require_pair(portal, kind, other)
    inputs = inputs_of(json_object(), MOST_WRITE)
    results: list[Any] = []
    errors: Errors = []
    with portal.world.transaction():
        live = _live(portal, kind, other, inputs)
        for each in inputs:
            pair = _pair(each, live, kind, other, errors)
            if pair is not None:
                links.add(portal, kind, pair[0], other, pair[1])
                results.append(_linked(pair, default))
    return complete(started, portal, results, errors)


@route("POST", "associations", "/<kind>/<other>/batch/archive", "records.write")
def batch_archive_links(portal: Portal, kind: Kind, other: Kind) -> Answer:
    """Unlink pairs; up to 100 different records on the left."""
    _require_pair(portal, kind, other)
    inputs = inputs_of(json_object(), MOST_WRITE)
    pairs = [(_id(each.get("from")), _id(to)) for each in inputs for to in _several(each.get("to"))]
    if len({from_id for from_id, _ in pairs}) > MOST_ARCHIVE_FROM:
        raise invalid(f"At most {MOST_ARCHIVE_FROM} different from ids are supported")
    with portal.world.transaction():
        for from_id, to_id in pairs:
            links.remove(portal, kind, from_id, other, to_id)
    return 204, None


@route("POST", "associations", "/<kind>/<other>/batch/labels/archive", "records.write")
def batch_archive_labels(portal: Portal, kind: Kind, other: Kind) -> Answer:
    """Take labels off pairs; the pairs stay linked."""
    inputs = inputs_of(json_object(), MOST_WRITE)
    wanted = [_types(portal, kind, other, each.get("types")) for each in inputs]
    with portal.world.transaction():
        for each, types in zip(inputs, wanted, strict=True):
            for one in types:
                links.remove_type(
                    portal, kind, _id(each.get("from")), other, _id(each.get("to")), one
                )
    return 204, None


@route("PUT", "links", "/<kind>/<record_id>/associations/<other>/<other_id>", "records.write")
def put_link(portal: Portal, kind: Kind, record_id: str, other: Kind, other_id: str) -> Answer:
    """Link two records with the given types."""
    types = _types(portal, kind, other, json_body())
    with portal.world.transaction():
        pair = _existing(portal, kind, record_id, other, other_id)
        links.add(portal, kind, pair[0], other, pair[1], types)
    return 201, _created(portal, kind, pair, other, types)


@route(
    "PUT", "links", "/<kind>/<record_id>/associations/default/<other>/<other_id>", "records.write"
)
def put_default_link(
    portal: Portal, kind: Kind, record_id: str, other: Kind, other_id: str
) -> Answer:
    """Link two records with the unlabelled type."""
    started = portal.now_text()
    default = _require_pair(portal, kind, other)
    with portal.world.transaction():
        pair = _existing(portal, kind, record_id, other, other_id)
        links.add(portal, kind, pair[0], other, pair[1])
    return complete(started, portal, [_linked(pair, default)], [])


@route("DELETE", "links", "/<kind>/<record_id>/associations/<other>/<other_id>", "records.write")
def delete_link(portal: Portal, kind: Kind, record_id: str, other: Kind, other_id: str) -> Answer:
    """Unlink two records, all labels included."""
    _require_pair(portal, kind, other)
    with portal.world.transaction():
        links.remove(portal, kind, _id({"id": record_id}), other, _id({"id": other_id}))
    return 204, None


def _require_pair(portal: Portal, kind: Kind, other: Kind) -> LinkType:
    default = portal.labels.default(kind, other)
    if default is None:
        raise invalid(f"{kind.word} cannot be associated with {other.word}")
    return default


def _types(portal: Portal, kind: Kind, other: Kind, given: Any) -> list[LinkType]:
    if not isinstance(given, list) or not given:
        raise invalid("Some required fields were not set: [types]")
    found = []
    for each in given:
        category = str(each.get("associationCategory"))
        number = each.get("associationTypeId")
        known = portal.labels.find(kind, other, category, number)
        if known is None:
            raise invalid(
                f"Association type {category} {number} is not valid for "
                f"{kind.type_id} to {other.type_id}"
            )
        found.append(known)
    return found


def _several(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _id(given: Any) -> int:
    text = str(given.get("id", "")) if isinstance(given, dict) else ""
    if not text.isdigit():
        raise invalid(f"Invalid object id: {text}")
    return int(text)


def _existing(
    portal: Portal, kind: Kind, record_id: str, other: Kind, other_id: str
) -> tuple[int, int]:
    ends = []
    for each, text in ((kind, record_id), (other, other_id)):
        found = rows.find_id(portal, each, None, text)
        if found is None:
            raise not_found(text)
        ends.append(found)
    return ends[0], ends[1]


Live = tuple[set[int], set[int]]


def _live(portal: Portal, kind: Kind, other: Kind, inputs: Iterable[Input]) -> Live:
    """Which of the ids at both ends are live records."""
    inputs = list(inputs)
    return (
        _alive(portal, kind, {_id(each.get("from")) for each in inputs}),
        _alive(portal, other, {_id(each.get("to")) for each in inputs}),
    )


def _alive(portal: Portal, kind: Kind, ids: set[int]) -> set[int]:
    found: set[int] = set()
    wanted = sorted(ids)
    for start in range(0, len(wanted), 500):
        some = wanted[start : start + 500]
        marks = ",".join("?" * len(some))
        found |= {
            row[0]
            for row in portal.world.db().execute(
                f"SELECT _id FROM {kind.table} WHERE _id IN ({marks}) AND _archived IS NULL", some
            )
        }
    return found


def _pair(
    each: Input, live: Live, kind: Kind, other: Kind, errors: Errors
) -> tuple[int, int] | None:
    pair = (_id(each.get("from")), _id(each.get("to")))
    for which, record_id, alive in zip((kind, other), pair, live, strict=True):
        if record_id not in alive:
            text = f"{which.word} {record_id} does not exist or was deleted."
            errors.append(entry("OBJECT_NOT_FOUND", text, context={"id": [str(record_id)]}))
            return None
    return pair


def _created(
    portal: Portal, kind: Kind, pair: tuple[int, int], other: Kind, types: list[LinkType]
) -> dict[str, Any]:
    show = str if portal.switch("association_ids_as_text") else int
    return {
        "fromObjectTypeId": kind.type_id,
        "fromObjectId": show(pair[0]),
        "toObjectTypeId": other.type_id,
        "toObjectId": show(pair[1]),
        "labels": [each.label for each in types if each.label is not None],
    }


def _linked(pair: tuple[int, int], default: LinkType) -> dict[str, Any]:
    return {
        "from": {"id": str(pair[0])},
        "to": {"id": str(pair[1])},
        "associationSpec": {
            "associationCategory": default.category,
            "associationTypeId": default.type_id,
        },
    }
