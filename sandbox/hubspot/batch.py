"""Batches of up to 100 records: read, create, update, upsert, archive.

Source: HubSpot API reference, batch endpoints (limits, when 207 and when 400, object write trace
ids) and multi-status answers.
"""

from collections.abc import Callable
from typing import Any

from sandbox.hubspot import rows
from sandbox.hubspot.errors import HubSpotError, entry, invalid, not_found
from sandbox.hubspot.history import add_history
from sandbox.hubspot.http import Answer, flag, json_object, route
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.records import all_written, api_source, change, create, refuse_locked
from sandbox.hubspot.rows import Projection, Record
from sandbox.hubspot.values import check, rejected

MOST = 100
MOST_WITH_HISTORY = 50

Input = dict[str, Any]
Errors = list[dict[str, Any]]
Done = tuple[int, Input]  # the record written, and the body that says what to answer


def inputs_of(body: dict[str, Any], most: int = MOST) -> list[Input]:
    """The inputs of a batch; 400 when there are none, too many, or they are no objects."""
    given = body.get("inputs")
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise invalid("Invalid input JSON: inputs must be a list of objects")
    if not given:
        raise invalid("Some required fields were not set: [inputs]")
    if len(given) > most:
        raise invalid(
            f"The maximum number of inputs supported in a batch request is {most}. "
            "Please reduce the number of items and try again"
        )
    return given


def refuse_duplicates(inputs: list[Input]) -> None:
    """400 when one id stands in two inputs."""
    seen: set[tuple[Any, Any]] = set()
    for each in inputs:
        key = (each.get("idProperty"), str(each.get("id")))
        if key in seen:
            raise invalid(f"Duplicate IDs found in batch input: [{key[1]}]. IDs must be unique")
        seen.add(key)


def complete(
    started: str, portal: Portal, results: list[Any], errors: Errors, success: int = 200
) -> Answer:
    """A batch's answer; 207 as soon as one input failed."""
    body: dict[str, Any] = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": started,
        "completedAt": portal.now_text(),
    }
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    return (207 if errors else success), body


@route("POST", "objects", "/<kind>/batch/read", "records.read")
def batch_read(portal: Portal, kind: Kind) -> Answer:
    """Records by id or by a unique property."""
    started = portal.now_text()
    body = json_object()
    history = body.get("propertiesWithHistory") or []
    inputs = inputs_of(body)
    if history and len(inputs) > MOST_WITH_HISTORY:
        raise invalid(
            "The maximum number of inputs supported in a batch request for property histories is "
            f"{MOST_WITH_HISTORY}. Please reduce the number of items and try again"
        )
    id_property = body.get("idProperty")
    archived = flag("archived")
    names = body.get("properties") or None
    if id_property and id_property != "hs_object_id":
        rows.require_unique(portal, kind, id_property, "read")
        names = [*(names or kind.defaults), id_property]
    ids = {}
    for each in inputs:
        asked = str(each.get("id", ""))
        if archived and asked.isdigit():
            ids[asked] = int(asked)
        else:
            ids[asked] = rows.find_id(portal, kind, id_property, asked) or 0
    records = rows.by_ids(
        portal, Projection(portal, kind, names), list(set(ids.values())), archived=archived
    )
    results = list(records.values())
    if history:
        add_history(portal, kind, results, history)
    missing = [asked for asked, found in ids.items() if found not in records]
    errors = []
    if missing and portal.switch("batch_read_unknown") == "207":
        errors.append(unknown(kind, missing))
    return complete(started, portal, results, errors)


def unknown(kind: Kind, ids: list[str]) -> dict[str, Any]:
    """The 207 entry for ids that are no live records."""
    return entry(
        "OBJECT_NOT_FOUND",
        f"Could not get some {kind.word} objects, they may be deleted or not exist. "
        "Check that ids are valid.",
        context={"ids": ids},
        errors=[],
        links={},
    )


@route("POST", "objects", "/<kind>/batch/create", "records.write")
def batch_create(portal: Portal, kind: Kind) -> Answer:
    """All or nothing, unless every input carries its own trace id."""
    started = portal.now_text()
    inputs = inputs_of(json_object())

    def one(given: Input) -> Done:
        return create(portal, kind, given), given

    results, errors = _each(portal, kind, inputs, one)
    return complete(started, portal, results, errors, 201)


@route("POST", "objects", "/<kind>/batch/update", "records.write")
def batch_update(portal: Portal, kind: Kind) -> Answer:
    """Changes by id; unknown ids never stop the others."""
    started = portal.now_text()
    inputs = inputs_of(json_object())
    refuse_duplicates(inputs)
    behaviour = portal.switch("batch_update_unknown")
    missing: list[str] = []

    def one(given: Input) -> Done | None:
        asked = str(given.get("id", ""))
        found = rows.find_id(portal, kind, given.get("idProperty"), asked)
        if found is None and behaviour == "404":
            raise not_found(asked)
        if found is None:
            missing.append(asked)
            return None
        change(portal, kind, found, given)
        return found, given

    results, errors = _each(portal, kind, inputs, one)
    if missing and behaviour == "207":
        errors.append(unknown(kind, missing))
    return complete(started, portal, results, errors)


@route("POST", "objects", "/<kind>/batch/upsert", "records.write")
def batch_upsert(portal: Portal, kind: Kind) -> Answer:
    """Update or create by a unique property, named in each input."""
    started = portal.now_text()
    inputs = inputs_of(json_object())
    refuse_duplicates(inputs)

    new: set[str] = set()

    def one(given: Input) -> Done:
        name, key = given.get("idProperty"), str(given.get("id", ""))
        rows.require_unique(portal, kind, name or "hs_object_id", "update/upsert")
        assert name is not None
        found = rows.find_id(portal, kind, name, key)
        body = {**given, "properties": {name: key, **(given.get("properties") or {})}}
        if found is None:
            found = create(portal, kind, body)
            new.add(str(found))
        else:
            change(portal, kind, found, body)
        return found, body

    results, errors = _each(portal, kind, inputs, one)
    results = [{**record, "new": record["id"] in new} for record in results]
    return complete(started, portal, results, errors)


@route("POST", "objects", "/<kind>/batch/archive", "records.write")
def batch_archive(portal: Portal, kind: Kind) -> Answer:
    """To the recycle bin, whatever their state."""
    inputs = inputs_of(json_object())
    with portal.world.transaction():
        for each in inputs:
            found = rows.find_id(portal, kind, None, str(each.get("id", "")))
            if found is not None:
                refuse_locked(portal, kind, found)
                rows.archive(portal, kind, found, api_source(portal))
    return 204, None


def _each(
    portal: Portal, kind: Kind, inputs: list[Input], one: Callable[[Input], Done | None]
) -> tuple[list[Record], Errors]:
    """Run `one` on each input in one transaction.

    A refused input is an error entry when all inputs carry distinct trace ids; otherwise it
    refuses the whole batch and nothing is written.
    """
    traces = [each.get("objectWriteTraceId") for each in inputs]
    traced = all(traces) and len(set(traces)) == len(traces)
    if not traced:
        _refuse_bad_values(portal, kind, inputs)
    partial = portal.world.faults.take("partial_batch", "hubspot", object=kind.name)
    share = 0.0 if partial is None else float(partial.get("share", 0.5))
    done: dict[int, Input] = {}
    errors: Errors = []
    with portal.world.transaction() as db:
        for number, given in enumerate(inputs):
            if int((number + 1) * share) > int(number * share):
                errors.append(_hit(given))
                continue
            db.execute("SAVEPOINT input")
            try:
                changed = one(given)
            except HubSpotError as error:
                if not traced:
                    raise
                db.execute("ROLLBACK TO input")
                errors.append(_traced(error, given["objectWriteTraceId"]))
            else:
                if changed is not None:
                    done[changed[0]] = changed[1]
            db.execute("RELEASE input")
        results = all_written(portal, kind, done)
    return results, errors


def _refuse_bad_values(portal: Portal, kind: Kind, inputs: list[Input]) -> None:
    problems = [
        problem
        for given in inputs
        for problem in check(portal, kind, given.get("properties") or {})[1]
    ]
    if problems:
        raise rejected(problems)


def _hit(given: Input) -> dict[str, Any]:
    asked = [str(given["id"])] if "id" in given else []
    context = {"ids": asked, "objectWriteTraceId": [given.get("objectWriteTraceId")]}
    return entry("INTERNAL_ERROR", "The record could not be written.", context=context)


def _traced(error: HubSpotError, trace: str) -> dict[str, Any]:
    body = error.body
    more = {name: body[name] for name in ("subCategory", "errors") if name in body}
    context = {**body.get("context", {}), "objectWriteTraceId": [trace]}
    return entry(body["category"], body["message"], context=context, **more)
