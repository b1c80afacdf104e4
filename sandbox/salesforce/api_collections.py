"""sObject Collections: up to 200 records in one call, each with its own result."""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.checks import locked
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.model import SObject
from sandbox.salesforce.routes import querying, router, sobject_of, writer

MOST_RECORDS, MOST_READ, MOST_CHUNKS = 200, 2000, 10
ROLLED_BACK = ApiError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone "
    "header",
)
Result = dict[str, Any]


class _Undo(Exception):
    """Leaves a transaction that must not be kept."""


@router.add("POST", "/composite/sobjects")
def create_many(call: Call) -> Answer:
    """Insert records of one or several objects."""
    records, all_or_none = _request(call)
    writing = writer(call)

    def create(record: dict[str, Any]) -> Result:
        one = _type_of(call, record)
        _refuse_id(record)
        return {"id": writing.create(one, record), "success": True, "errors": []}

    return Answer(body=save(call, records, create, all_or_none))


@router.add("PATCH", "/composite/sobjects")
def update_many(call: Call) -> Answer:
    """Change records of one or several objects; each names its id."""
    records, all_or_none = _request(call)
    writing = writer(call)

    def update(record: dict[str, Any]) -> Result:
        one = _type_of(call, record)
        record_id = _id_of(record)
        if not record_id:
            raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call")
        full = ids.normalise(record_id)
        writing.update(one, record_id, record)
        return {"id": full, "success": True, "errors": []}

    return Answer(body=save(call, records, update, all_or_none))


@router.add("PATCH", "/composite/sobjects/<name>/<key>")
def upsert_many(call: Call, name: str, key: str) -> Answer:
    """Update or create records of one object by external id."""
    one = sobject_of(call, name)
    records, all_or_none = _request(call)
    writing = writer(call)
    if key.lower() != "id":
        writing.external(one, key)
    times = Counter(str(_value_of(r, key)).lower() for r in records if _value_of(r, key))

    def upsert(record: dict[str, Any]) -> Result:
        if _type_of(call, record).name != one.name:
            raise ApiError("INVALID_TYPE", f"every record must be of type {one.name}")
        value = _value_of(record, key)
        if value is not None and times[str(value).lower()] > 1:
            raise ApiError(
                "DUPLICATE_VALUE", f"duplicate external id specified: {value}", fields=(key,)
            )
        if value is None and key.lower() != "id":
            raise ApiError("MISSING_ARGUMENT", f"{key} not specified", fields=(key,))
        data = {k: v for k, v in record.items() if k.lower() != key.lower()}
        record_id, created = writing.upsert(one, key, value, data)
        return {"id": record_id, "success": True, "errors": [], "created": created}

    return Answer(body=save(call, records, upsert, all_or_none))


@router.add("DELETE", "/composite/sobjects")
def delete_many(call: Call) -> Answer:
    """Delete records by id, of any objects."""
    listed = [i.strip() for i in call.args.get("ids", "").split(",") if i.strip()]
    if not listed:
        raise ApiError("MISSING_ARGUMENT", "ids not specified")
    _check_size(listed, MOST_RECORDS)
    all_or_none = call.args.get("allOrNone", "").lower() == "true"
    writing = writer(call)

    def delete(record_id: str) -> Result:
        full = ids.normalise(record_id)
        one = call.org.schema.by_prefix(full) if full else None
        seen = call.view.find(one.name) if one else None
        if seen is None or full is None:
            raise ApiError("MALFORMED_ID", f"malformed id {record_id}")
        writing.delete(seen, full)
        return {"id": full, "success": True, "errors": []}

    return Answer(body=save(call, listed, delete, all_or_none))


@router.add("GET POST", "/composite/sobjects/<name>")
def read_many(call: Call, name: str) -> Answer:
    """Records of one object by id, in the order asked for; null where there is none."""
    one = sobject_of(call, name)
    if call.method == "POST":
        asked = call.json_object()
        listed, names = asked.get("ids") or [], asked.get("fields") or []
    else:
        listed = [i for i in call.args.get("ids", "").split(",") if i]
        names = [n for n in call.args.get("fields", "").split(",") if n]
    if not listed or not names:
        raise ApiError("MISSING_ARGUMENT", "ids and fields must be specified")
    _check_size(listed, MOST_READ)
    wanted = [ids.normalise(i.strip()) or "" for i in listed]
    if any(not full or full[:3] != one.prefix for full in wanted):
        raise ApiError("MALFORMED_ID", f"malformed id for {one.name}")
    alive = [*names, "IsDeleted"] if "IsDeleted" in one.fields else list(names)
    asked_deleted = "isdeleted" in {n.lower() for n in names}
    found = querying(call).retrieve(one, wanted, names if asked_deleted else alive)
    answer: list[dict[str, Any] | None] = []
    for full in wanted:
        record = found.get(full)
        if record is not None and record.get("IsDeleted"):
            record = None
        answer.append(record)
    if not asked_deleted:
        for record in found.values():
            record.pop("IsDeleted", None)
    return Answer(body=answer)


def save(
    call: Call,
    items: Iterable[Any],
    one_by_one: Callable[[Any], Result],
    all_or_none: bool,
) -> list[Result]:
    """Results in the order of the items; with `all_or_none` one failure undoes all."""
    results: list[Result] = []
    spoilt = _spoilt(call, list(items))
    try:
        with call.org.savepoint():
            for index, item in enumerate(items):
                try:
                    if index in spoilt:
                        raise locked(call.org, _id_of(item) if isinstance(item, dict) else item)
                    results.append(one_by_one(item))
                except ApiError as problem:
                    _fail_whole_request(call, problem)
                    results.append({"success": False, "errors": [problem.result()]})
            if all_or_none and not all(r["success"] for r in results):
                raise _Undo
    except _Undo:
        return [
            r if not r["success"] else {"success": False, "errors": [ROLLED_BACK.result()]}
            for r in results
        ]
    return results


def _fail_whole_request(call: Call, problem: ApiError) -> None:
    strict = call.org.switch("wrong_json_type_fails_the_request")
    if strict and problem.code == "JSON_PARSER_ERROR":
        raise problem


def _spoilt(call: Call, items: list[Any]) -> set[int]:
    """The fault `partial_batch`: which items of this call fail, a share spread evenly."""
    fault = call.org.world.faults.take("partial_batch", "salesforce")
    if fault is None or not items:
        return set()
    failing = max(1, round(float(fault.get("share", 0.5)) * len(items)))
    return {index * len(items) // failing for index in range(failing)}


def _request(call: Call) -> tuple[list[dict[str, Any]], bool]:
    data = call.json_object()
    records = data.get("records")
    if not isinstance(records, list) or not records:
        raise ApiError("MISSING_ARGUMENT", "records not specified")
    _check_size(records, MOST_RECORDS)
    for record in records:
        kind = record.get("attributes", {}) if isinstance(record, dict) else {}
        if not isinstance(kind, dict) or not kind.get("type"):
            raise ApiError("INVALID_FIELD", "each record needs attributes with its type")
    chunks = sum(1 for _ in groupby(r["attributes"]["type"] for r in records))
    if chunks > MOST_CHUNKS:
        raise ApiError(
            "LIMIT_EXCEEDED", f"records form {chunks} chunks of one type each; sort them by type, "
            f"{MOST_CHUNKS} are allowed",
        )  # fmt: skip
    return records, bool(data.get("allOrNone", False))


def _check_size(items: list[Any], most: int) -> None:
    if len(items) > most:
        raise ApiError(
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {most} records into this call",
        )


def _type_of(call: Call, record: dict[str, Any]) -> SObject:
    name = str(record["attributes"]["type"])
    one = call.view.find(name)
    if one is None:
        raise ApiError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return one


def _id_of(record: dict[str, Any]) -> str | None:
    value = _value_of(record, "id")
    return str(value) if value else None


def _value_of(record: dict[str, Any], key: str) -> Any:
    return next((v for k, v in record.items() if k.lower() == key.lower()), None)


def _refuse_id(record: dict[str, Any]) -> None:
    if _id_of(record):
        raise ApiError("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call",
                       fields=("Id",))  # fmt: skip
