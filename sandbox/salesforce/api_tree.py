"""sObject Tree: records and their children, inserted all or not at all."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.model import Field, SObject
from sandbox.salesforce.routes import router, sobject_of, writer
from sandbox.salesforce.writer import Writer

MOST_RECORDS, MOST_DEPTH, MOST_TYPES = 200, 5, 5


class _Undo(Exception):
    """Leaves a transaction that must not be kept."""


@dataclass
class _Planting:
    """What has grown so far."""

    call: Call
    writing: Writer
    planted: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    types: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)


@router.add("POST", "/composite/tree/<name>")
def tree(call: Call, name: str) -> Answer:
    """Insert trees of up to 200 records in all; one API call."""
    one = sobject_of(call, name)
    records = call.json_object().get("records")
    if not isinstance(records, list) or not records:
        raise ApiError("MISSING_ARGUMENT", "records not specified")
    planting = _Planting(call, writer(call))
    try:
        with call.org.savepoint():
            _plant(planting, one, records, None, None, 1)
            if planting.refused:
                raise _Undo
    except _Undo:
        return Answer(400, {"hasErrors": True, "results": planting.refused})
    return Answer(201, {"hasErrors": False, "results": planting.planted})


def _plant(
    planting: _Planting,
    one: SObject,
    records: list[dict[str, Any]],
    link: Field | None,
    parent_id: str | None,
    depth: int,
) -> None:
    planting.types.add(one.name)
    if depth > MOST_DEPTH or len(planting.types) > MOST_TYPES:
        raise ApiError("INVALID_INPUT", f"a tree has at most {MOST_DEPTH} levels and types")
    for record in records:
        reference = str(record.get("attributes", {}).get("referenceId", ""))
        if not reference or reference in planting.names:
            raise ApiError("INVALID_INPUT", "each record needs a referenceId of its own")
        planting.names.add(reference)
        if len(planting.names) > MOST_RECORDS:
            raise ApiError("INVALID_INPUT", f"a tree has at most {MOST_RECORDS} records")
        below = {
            key: value["records"]
            for key, value in record.items()
            if isinstance(value, dict) and "records" in value
        }
        own = {key: value for key, value in record.items() if key not in below}
        if link is not None:
            own[link.name] = parent_id
        try:
            record_id = planting.writing.create(one, own)
        except ApiError as problem:
            planting.refused.append({"referenceId": reference, "errors": [problem.result()]})
            continue
        planting.planted.append({"referenceId": reference, "id": record_id})
        for key, children in below.items():
            child, field_up = _child(planting.call, one, key)
            _plant(planting, child, children, field_up, record_id, depth + 1)


def _child(call: Call, one: SObject, name: str) -> tuple[SObject, Field]:
    for other in call.view:
        for own in other.fields.values():
            here = one.name in own.reference_to
            if own.children and here and own.children.lower() == name.lower():
                return other, own
    raise ApiError("INVALID_FIELD", f"No such relation '{name}' on sobject of type {one.name}")
