"""The work of a Bulk API 1.0 batch: rows in CSV, JSON or XML written, or a query's result."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import orjson

from sandbox.salesforce import ids, jobs
from sandbox.salesforce.api_bulk_ingest import record_of, said_of, write_row
from sandbox.salesforce.api_bulk_query import check, csv_of
from sandbox.salesforce.async_jobs import NAMESPACE, Batch, add_batch
from sandbox.salesforce.call import Call
from sandbox.salesforce.csvtext import rows_of, text_of
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.jobs import Job
from sandbox.salesforce.model import COMPOUND_TYPES, SObject
from sandbox.salesforce.query import Querying
from sandbox.salesforce.routes import querying, writer
from sandbox.salesforce.soql.parser import parse
from sandbox.salesforce.soql.plan import Plan
from sandbox.salesforce.xmlbits import parse as parse_xml
from sandbox.salesforce.xmlbits import tags

QUERIES = ("query", "queryAll")
_MOST_ROWS, _CHUNK, _SLICE = 10_000, 200, 5_000
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_EMPTY = "Records not found for this query"
Record = dict[str, Any]
Row = tuple[list[str], list[str]] | Record  # columns and cells, or JSON data


def ingest(call: Call, job: Job, data: bytes) -> Batch:
    """Write a batch's rows, 200 a transaction, and keep the result of each, in order."""
    one = call.view.find(job["object"])
    assert one is not None
    try:
        rows = list(_rows(one, job["contentType"], data))
        if len(rows) > _MOST_ROWS:
            raise ApiError("InvalidBatch", f"a batch has at most {_MOST_ROWS} records")
    except ApiError as problem:
        return _failed(call, job, data, problem)
    results: list[tuple[str | None, bool, ApiError | None]] = []
    for start in range(0, len(rows), _CHUNK):
        with call.org.world.transaction():
            writing = writer(call)
            for row in rows[start : start + _CHUNK]:
                try:
                    record = row if isinstance(row, dict) else record_of(one, *row)
                    results.append((*write_row(writing, one, job, record), None))
                except ApiError as problem:
                    results.append((None, False, problem))
    failures = sum(1 for _, _, problem in results if problem)
    facts = {"state": "Completed", "numberRecordsProcessed": len(rows),
             "numberRecordsFailed": failures}  # fmt: skip
    batch = add_batch(call.org, job, facts)
    jobs.put_data(call.org, batch["id"], "request", data)
    jobs.put_data(call.org, batch["id"], "result", _results(job["contentType"], results))
    return batch


def query(call: Call, job: Job, data: bytes) -> Batch:
    """Run a batch's statement; with PK chunking the rows go to batches of their own."""
    text = data.decode("utf-8", "replace").strip()
    try:
        check(parse(text))
        asking = querying(call)
        plan = asking.plan(text, deleted_too=job["operation"] == "queryAll")
        if call.org.world.faults.take("query_timeout", "salesforce", object=plan.one.name):
            raise ApiError("QUERY_TIMEOUT", "Your query request was running for too long.")
        if plan.one.name.lower() != job["object"].lower():
            raise ApiError("MALFORMED_QUERY", f"the job is for {job['object']}")
        if any(cell.type in COMPOUND_TYPES for cell in plan.cells):
            raise ApiError("FeatureNotEnabled", "Selecting compound data not supported")
    except ApiError as problem:
        timed_out = problem.code == "QUERY_TIMEOUT"
        said = ApiError("InvalidBatch", f"Failed to process query: {problem}")
        return _failed(call, job, data, problem if timed_out else said)
    rows = asking.find_rows(plan)
    size = job.get("_chunk")
    if not size:
        return _answered(call, job, asking, plan, rows, data)
    first = add_batch(call.org, job, {"state": "NotProcessed"})
    jobs.put_data(call.org, first["id"], "request", data)
    for start in range(0, len(rows), size):
        _answered(call, job, asking, plan, rows[start : start + size], data)
    return first


def result_of(batch: Batch) -> str:
    """The id of the one result file of a query's batch."""
    return ids.id18(f"752{batch['id'][3:15]}")


def _answered(call: Call, job: Job, asking: Querying, plan: Plan, rows: Any, data: bytes) -> Batch:
    batch = add_batch(call.org, job, {"state": "Completed", "numberRecordsProcessed": len(rows)})
    body = {"CSV": _csv, "JSON": _json, "XML": _xml}[job["contentType"]](
        asking, plan, rows, call.base
    )
    jobs.put_data(call.org, batch["id"], "request", data)
    jobs.put_data(call.org, batch["id"], result_of(batch), body)
    return batch


def _failed(call: Call, job: Job, data: bytes, problem: ApiError) -> Batch:
    said = f"{problem.code} : {problem.message}"
    batch = add_batch(call.org, job, {"state": "Failed", "stateMessage": said})
    jobs.put_data(call.org, batch["id"], "request", data)
    return batch


def _rows(one: SObject, kind: str, data: bytes) -> Iterator[Row]:
    if kind == "CSV":
        rows = rows_of(data, ",", "CRLF" if data.partition(b"\n")[0].endswith(b"\r") else "LF")
        head = next(rows, [])
        for name in head:
            if "." not in name and name.lower() != "id" and one.find(name) is None:
                raise ApiError("InvalidBatch", f"Field name not found : {name}")
        yield from ((head, row) for row in rows)
    elif kind == "JSON":
        try:
            records = orjson.loads(data)
        except orjson.JSONDecodeError as problem:
            raise ApiError("InvalidBatch", f"Failed to parse JSON: {problem.msg}") from None
        if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
            raise ApiError("InvalidBatch", "a JSON batch is a list of records")
        yield from ({k: v for k, v in r.items() if k != "attributes"} for r in records)
    else:
        for element in parse_xml(data).iter("sObject"):
            cells = dict(_cells(element))
            yield list(cells), list(cells.values())


def _cells(element: ET.Element, before: str = "") -> Iterator[tuple[str, str]]:
    """The fields of an XML record as CSV columns have them: `Owner.Ext__c`, `#N/A` for nil."""
    for child in element:
        if len(child):
            inner = child.find("sObject")
            yield from _cells(child if inner is None else inner, f"{child.tag}.")
        elif child.tag != "type":
            nil = child.get(f"{{{_XSI}}}nil") == "true"
            yield f"{before}{child.tag}", "#N/A" if nil else child.text or ""


def _results(kind: str, results: list[tuple[str | None, bool, ApiError | None]]) -> bytes:
    if kind == "CSV":
        lines = [
            [i or "", str(p is None).lower(), str(made).lower(), said_of(p) if p else ""]
            for i, made, p in results
        ]
        return text_of([["Id", "Success", "Created", "Error"], *lines], ",", "LF").encode()
    told: list[Record] = [
        {
            "success": problem is None, "created": made, "id": record_id,
            "errors": [problem.result() | {"extendedErrorDetails": None}] if problem else [],
        }
        for record_id, made, problem in results
    ]  # fmt: skip
    if kind == "JSON":
        return orjson.dumps(told)
    body = "".join(f"<result>{tags(one)}</result>" for one in told)
    return f'<results xmlns="{NAMESPACE}">{body}</results>'.encode()


def _csv(asking: Querying, plan: Plan, rows: Any, base: str) -> bytes:
    return csv_of(asking, plan, rows, ",", "LF").encode() if len(rows) else _EMPTY.encode()


def _json(asking: Querying, plan: Plan, rows: Any, base: str) -> bytes:
    return orjson.dumps(list(_records(asking, plan, rows, base, epochs=True)))


def _xml(asking: Querying, plan: Plan, rows: Any, base: str) -> bytes:
    body = "".join(_element(record) for record in _records(asking, plan, rows, base, epochs=False))
    return f'<queryResult xmlns="{NAMESPACE}" xmlns:xsi="{_XSI}">{body}</queryResult>'.encode()


def _records(
    asking: Querying, plan: Plan, rows: Any, base: str, *, epochs: bool
) -> Iterator[Record]:
    """Records as REST shapes them, but with instants as epoch milliseconds when asked."""
    instants = [cell.name.split(".") for cell in plan.cells if cell.type == "datetime"]
    for start in range(0, len(rows), _SLICE):
        for row in asking.read(plan, rows[start : start + _SLICE]):
            record = plan.maker(row[1:], f"{base}/sobjects/")
            for path in instants if epochs else ():
                _to_epoch(record, path)
            yield record


def _to_epoch(record: Record, path: list[str]) -> None:
    *parents, last = path
    inner: Any = record
    for name in parents:
        inner = inner and inner.get(name)
    if inner and inner.get(last):
        inner[last] = int(datetime.fromisoformat(inner[last]).timestamp() * 1000)


def _element(record: Record, name: str = "records") -> str:
    kind = record["attributes"]["type"]
    parts = [f"<type>{kind}</type>"]
    for key, value in record.items():
        if key == "attributes":
            continue
        if value is None:
            parts.append(f'<{key} xsi:nil="true"/>')
        elif isinstance(value, dict):
            parts.append(_element(value, key))
        else:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            parts.append(f"<{key}>{escape(text)}</{key}>")
    return f'<{name} xsi:type="sObject">{"".join(parts)}</{name}>'
