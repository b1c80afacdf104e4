"""Single records: list, get, create, update, archive, merge, gdpr-delete.

Source: HubSpot API reference, objects (operations, record shape, list and paging, required fields).
"""

from typing import Any
from urllib.parse import urlencode

from flask import request

from sandbox.hubspot import links, record_rules, rows
from sandbox.hubspot.errors import invalid, not_found, refusal
from sandbox.hubspot.history import add_history
from sandbox.hubspot.http import Answer, flag, json_object, route, whole, words
from sandbox.hubspot.inline import add_links, associate_on_create
from sandbox.hubspot.kinds import KINDS, Kind
from sandbox.hubspot.merging import merge
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.rows import Projection, Record, Source
from sandbox.hubspot.values import Values, check, rejected

PAGE = 100
PAGE_WITH_HISTORY = 50


def api_source(portal: Portal) -> Source:
    """Changes through the API come from the installed app."""
    return Source("INTEGRATION", str(portal.world.hubspot.app_id))


@route("GET", "objects", "/<kind>", "records.read")
def list_records(portal: Portal, kind: Kind) -> Answer:
    """A page of records by ascending id."""
    history = words("propertiesWithHistory")
    most = PAGE_WITH_HISTORY if history else PAGE
    limit = whole("limit", 10, most)
    archived = flag("archived")
    after = request.args.get("after") or "0"
    if not after.isdigit():
        raise invalid(f"Invalid value for query parameter after: {after}")
    state = "_archived IS NOT NULL AND _merged_into IS NULL" if archived else "_archived IS NULL"
    projection = Projection(portal, kind, words("properties"))
    records = rows.select(
        portal,
        projection,
        f"{state} AND _id >= ? ORDER BY _id LIMIT ?",
        (int(after), limit + 1),
    )
    page = records[:limit]
    _enrich(portal, kind, page, history)
    body: dict[str, Any] = {"results": page}
    if len(records) > limit:
        body["paging"] = {"next": next_page(records[limit]["id"])}
    return 200, body


def next_page(after: str) -> dict[str, str]:
    """The absolute link to this request's next page."""
    query = [(k, v) for k, v in request.args.items(multi=True) if k != "after"]
    link = f"{request.base_url}?{urlencode([*query, ('after', after)])}"
    return {"after": after, "link": link}


@route("GET", "objects", "/<kind>/<record_id>", "records.read")
def get_record(portal: Portal, kind: Kind, record_id: str) -> Answer:
    """One record by id or unique property."""
    history = words("propertiesWithHistory")
    archived = flag("archived")
    projection = Projection(portal, kind, words("properties"))
    found = (
        int(record_id)
        if archived and record_id.isdigit()
        else rows.find_id(portal, kind, request.args.get("idProperty"), record_id)
    )
    records = rows.by_ids(portal, projection, [] if found is None else [found], archived=archived)
    if not records:
        raise not_found(record_id)
    _enrich(portal, kind, list(records.values()), history)
    return 200, next(iter(records.values()))


def _enrich(portal: Portal, kind: Kind, page: list[Record], history: list[str] | None) -> None:
    if history:
        add_history(portal, kind, page, history)
    associations = words("associations")
    if associations:
        add_links(portal, kind, page, associations)


@route("POST", "objects", "/<kind>", "records.write")
def create_record(portal: Portal, kind: Kind) -> Answer:
    """A new record, linked as asked."""
    body = json_object()
    with portal.world.transaction():
        record_id = create(portal, kind, body)
    return 201, written(portal, kind, record_id, body)


def create(portal: Portal, kind: Kind, body: dict[str, Any]) -> int:
    """Insert one record of a create body; inside a transaction."""
    given = body.get("properties") or {}
    values, problems = check(portal, kind, given)
    if problems:
        raise rejected(problems)
    require(kind, values)
    record_rules.enforce(portal, kind, values)
    record_id = rows.insert(portal, kind, values, api_source(portal))
    associate_on_create(portal, kind, record_id, body.get("associations") or [])
    if values.get("associatedcompanyid"):
        _follow_company(portal, kind, record_id, values)
    return record_id


def require(kind: Kind, values: Values) -> None:
    """400 when a create lacks what its type needs."""
    for alternatives in kind.required:
        if not any(values.get(name) for name in alternatives):
            raise invalid(
                f"Error creating {kind.word}. Some required properties were not set.",
                errors=[
                    {
                        "message": f"one of {', '.join(alternatives)} is required",
                        "code": "REQUIRED_FIELD_MISSING",
                        "context": {"properties": list(alternatives)},
                    }
                ],
            )


def written(portal: Portal, kind: Kind, record_id: int, body: dict[str, Any]) -> Record:
    """The answer to a write: the record with the properties that were sent and the defaults."""
    return all_written(portal, kind, {record_id: body})[0]


def all_written(portal: Portal, kind: Kind, bodies: dict[int, dict[str, Any]]) -> list[Record]:
    """The same for several records, by id."""
    names = dict.fromkeys(kind.defaults)
    for body in bodies.values():
        names |= dict.fromkeys(body.get("properties") or {})
    records = rows.by_ids(portal, Projection(portal, kind, list(names)), list(bodies))
    shown = {*kind.defaults, *kind.system}
    answers = []
    for record_id, body in bodies.items():
        answer = records[record_id]
        sent = body.get("properties") or {}
        answer["properties"] = {
            name: value
            for name, value in answer["properties"].items()
            if name in sent or (value is not None and name in shown)
        }
        if body.get("objectWriteTraceId"):
            answer["objectWriteTraceId"] = body["objectWriteTraceId"]
        answers.append(answer)
    return answers


@route("PATCH", "objects", "/<kind>/<record_id>", "records.write")
def update_record(portal: Portal, kind: Kind, record_id: str) -> Answer:
    """Change a record by id or unique property."""
    body = json_object()
    with portal.world.transaction():
        found = rows.find_id(portal, kind, request.args.get("idProperty"), record_id)
        if found is None:
            raise not_found(record_id)
        change(portal, kind, found, body)
    return 200, written(portal, kind, found, body)


def change(portal: Portal, kind: Kind, record_id: int, body: dict[str, Any]) -> None:
    """Apply an update body to a live record; inside a transaction."""
    refuse_locked(portal, kind, record_id)
    values, problems = check(portal, kind, body.get("properties") or {})
    if problems:
        raise rejected(problems)
    record_rules.enforce(portal, kind, values, record_id)
    rows.update(portal, kind, record_id, values, api_source(portal))
    if "associatedcompanyid" in values:
        _follow_company(portal, kind, record_id, values)


def refuse_locked(portal: Portal, kind: Kind, record_id: int) -> None:
    """423 when the armed fault locks this record."""
    facts = {"object": kind.name, "record_id": str(record_id)}
    if portal.world.faults.take("record_locked", "hubspot", **facts) is not None:
        raise refusal(423, "LOCKED", f"The {kind.word} {record_id} is locked, try again later.")


def _follow_company(portal: Portal, kind: Kind, record_id: int, values: Values) -> None:
    """Writing a contact's company id makes that company its primary one."""
    company = rows.find_id(portal, KINDS["companies"], None, values["associatedcompanyid"] or "")
    primary = portal.labels.primary(kind, KINDS["companies"])
    if company is not None and primary is not None:
        links.add(portal, kind, record_id, KINDS["companies"], company, [primary])


@route("DELETE", "objects", "/<kind>/<record_id>", "records.write")
def archive_record(portal: Portal, kind: Kind, record_id: str) -> Answer:
    """To the recycle bin; the same answer when it is there already."""
    found = rows.find_id(portal, kind, request.args.get("idProperty"), record_id)
    if found is not None:
        with portal.world.transaction():
            refuse_locked(portal, kind, found)
            rows.archive(portal, kind, found, api_source(portal))
    return 204, None


@route("POST", "objects", "/<kind>/merge", "records.write")
def merge_records(portal: Portal, kind: Kind) -> Answer:
    """Two records into one."""
    if not kind.mergeable:
        raise invalid(f"Merge is not supported for {kind.word}")
    body = json_object()
    with portal.world.transaction():
        ids = []
        for name in ("primaryObjectId", "objectIdToMerge"):
            found = rows.find_id(portal, kind, None, str(body.get(name, "")))
            if found is None:
                raise not_found(str(body.get(name)))
            ids.append(found)
        if ids[0] == ids[1]:
            raise invalid("Cannot merge a record with itself")
        survivor = merge(portal, kind, ids[0], ids[1], api_source(portal))
    return 200, written(portal, kind, survivor, {})


@route("POST", "objects", "/<kind>/gdpr-delete", "records.write")
def erase_record(portal: Portal, kind: Kind) -> Answer:
    """Delete a contact for good, its links and history included."""
    if kind.name != "contacts":
        raise invalid(f"GDPR delete is not supported for {kind.word}")
    body = json_object()
    found = rows.find_id(portal, kind, body.get("idProperty"), str(body.get("objectId", "")))
    if found is not None:
        with portal.world.transaction() as db:
            links.remove_all(portal, kind, found)
            db.execute(f"DELETE FROM {kind.table} WHERE _id = ?", (found,))
            db.execute("DELETE FROM hs_history WHERE kind = ? AND id = ?", (kind.name, found))
            portal.changes.erased(kind, found, api_source(portal), portal.now())
    return 204, None
