"""Bulk API 2.0 query: a statement's whole result as CSV, page by page."""

import base64
from collections.abc import Callable
from typing import Any

from sandbox.salesforce import jobs
from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.csvtext import delimiter_of, ending_of, text_of
from sandbox.salesforce.cursors import Cursor, cursors_of
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.jobs import Job
from sandbox.salesforce.model import COMPOUND_TYPES
from sandbox.salesforce.query import Querying
from sandbox.salesforce.routes import querying, router
from sandbox.salesforce.soql.ast import Column, Function, Query
from sandbox.salesforce.soql.parser import parse
from sandbox.salesforce.soql.plan import Plan

_MOST_RECORDS = 50_000
_SLICE = 5_000
NOT_IN_BULK = {
    "TaskStatus", "TaskPriority", "CaseStatus", "OpportunityStage", "CurrencyType",
}  # fmt: skip


@router.add("POST", "/jobs/query")
def create(call: Call) -> Answer:
    """Start a query job; it is done at once, unless the switch bulk_seconds says otherwise."""
    asked = call.json_object()
    operation = asked.get("operation")
    if operation not in ("query", "queryAll"):
        raise ApiError("INVALIDJOB", f"Unknown operation {operation}")
    delimiter_of(asked.get("columnDelimiter", "COMMA"))
    ending_of(asked.get("lineEnding", "LF"))
    text = str(asked.get("query", ""))
    check(parse(text))
    asking = querying(call)
    plan = asking.plan(text, deleted_too=operation == "queryAll")
    if plan.one.name in NOT_IN_BULK:
        raise ApiError(
            "INVALIDENTITY", f"Entity '{plan.one.name}' is not supported by the Bulk API."
        )
    if any(cell.type in COMPOUND_TYPES for cell in plan.cells):
        raise ApiError("FEATURENOTENABLED", "Selecting compound data not supported in Bulk Query")
    rows = asking.find_rows(plan)
    cursor = Cursor(plan, rows, call.user_id, call.token, _MOST_RECORDS, call.org.now())
    facts = {
        "operation": operation, "object": plan.one.name, "state": "UploadComplete",
        "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": call.number,
        "lineEnding": asked.get("lineEnding", "LF"),
        "columnDelimiter": asked.get("columnDelimiter", "COMMA"),
        "_cursor": cursors_of(call.org).keep(cursor), "_count": len(rows), "_query": text,
        "_begun": call.org.now().timestamp(),
    }  # fmt: skip
    return Answer(body=jobs.shown(jobs.create(call.org, "query", call.user_id, facts)))


@router.add("GET", "/jobs/query")
def listing(call: Call) -> Answer:
    """All query jobs."""
    page = jobs.listing(call, "query")
    return Answer(body=page | {"records": [_status(call, job) for job in page["records"]]})


@router.add("GET", "/jobs/query/<job_id>")
def status(call: Call, job_id: str) -> Answer:
    """How far a job is."""
    return Answer(body=_status(call, jobs.find(call, "query", job_id)))


@router.add("PATCH", "/jobs/query/<job_id>")
def abort(call: Call, job_id: str) -> Answer:
    """Aborted is the only state a caller may set."""
    job = jobs.find(call, "query", job_id)
    if call.json_object().get("state") != "Aborted" or _status(call, job)["state"] == "JobComplete":
        raise ApiError("INVALIDJOBSTATE", "only a job at work can be aborted")
    job["state"] = "Aborted"
    jobs.keep(call.org, job)
    return Answer(body=jobs.shown(job))


@router.add("DELETE", "/jobs/query/<job_id>")
def delete(call: Call, job_id: str) -> Answer:
    """Forget a job and its result."""
    jobs.forget(call.org, jobs.find(call, "query", job_id)["id"])
    return Answer(204)


@router.add("GET", "/jobs/query/<job_id>/results")
def results(call: Call, job_id: str) -> Answer:
    """A page of the result; `Sforce-Locator` leads to the next and is `null` at the end."""
    job = _complete(call, job_id)
    most = int(call.args.get("maxRecords") or _MOST_RECORDS)
    start = _offset(call.args.get("locator"))
    cursor = _cursor(call, job)
    wanted = cursor.rows[start : start + max(1, most)]
    delimiter = delimiter_of(job["columnDelimiter"])
    body = csv_of(querying(call), cursor.plan, wanted, delimiter, job["lineEnding"])
    end = start + len(wanted)
    locator = "null" if end >= len(cursor.rows) else _locator(end)
    headers = {"Sforce-NumberOfRecords": str(len(wanted)), "Sforce-Locator": locator}
    return Answer(200, body.encode(), headers, content_type="text/csv")


@router.add("GET", "/jobs/query/<job_id>/resultPages")
def result_pages(call: Call, job_id: str) -> Answer:
    """The addresses of all pages, for parallel download."""
    job = _complete(call, job_id)
    base = f"{call.base}/jobs/query/{job['id']}/results"
    pages = [
        {"resultUrl": f"{base}?locator={_locator(start)}"}
        for start in range(0, max(1, job["_count"]), _MOST_RECORDS)
    ]
    return Answer(body={"resultPages": pages, "nextRecordsUrl": None, "done": True})


def check(query: Query) -> None:
    """What Bulk queries cannot do: ApiError for such a statement."""
    if query.offset is not None:
        raise ApiError("INVALIDJOB", "OFFSET is not supported in Bulk Query")
    if query.group:
        raise ApiError("API_ERROR", "Implementation restriction: GROUP BY in Bulk Query")
    for item in query.select:
        if isinstance(item, Query):
            raise ApiError("API_ERROR", "Nested queries are not supported in Bulk Query")
        if not isinstance(item, Column):
            raise ApiError("API_ERROR", "TYPEOF is not supported in Bulk Query")
        if isinstance(item.expression, Function) and item.expression.name in (
            "COUNT", "SUM", "AVG", "MIN", "MAX", "COUNT_DISTINCT",
        ):  # fmt: skip
            raise ApiError("API_ERROR", "Implementation restriction: aggregates in Bulk Query")


def _status(call: Call, job: Job) -> Job:
    body = jobs.shown(job) | {"jobType": "V2Query"}
    if job["state"] == "UploadComplete":
        done = not jobs.busy(call.org, job)
        body["state"] = "JobComplete" if done else "InProgress"
        count = job["_count"] if done else 0
        body |= {
            "numberRecordsProcessed": count, "retries": 0, "totalProcessingTime": count,
            "isPkChunkingSupported": True,
        }  # fmt: skip
    return body


def _complete(call: Call, job_id: str) -> Job:
    job = jobs.find(call, "query", job_id)
    if _status(call, job)["state"] != "JobComplete":
        raise ApiError("INVALIDJOBSTATE", f"Results are not ready for a job {job['state']}")
    return job


def _cursor(call: Call, job: Job) -> Cursor:
    """The found rows; after a restart they are looked for again."""
    cursors = cursors_of(call.org)
    cursor = cursors.peek(job["_cursor"])
    if cursor is None:
        asking = querying(call)
        plan = asking.plan(job["_query"], deleted_too=job["operation"] == "queryAll")
        rows = asking.find_rows(plan)
        cursor = Cursor(plan, rows, call.user_id, call.token, _MOST_RECORDS, call.org.now())
        job["_cursor"] = cursors.keep(cursor)
        jobs.keep(call.org, job)
    return cursor


def csv_of(asking: Querying, plan: Plan, wanted: Any, delimiter: str, ending: str) -> str:
    """Header and rows, in the order of the SELECT and the schema's spelling."""
    parts = [text_of([[cell.name for cell in plan.cells]], delimiter, ending)]
    shape = _shape(plan)
    for start in range(0, len(wanted), _SLICE):
        found = asking.read(plan, wanted[start : start + _SLICE])
        parts.append(text_of(map(shape, found), delimiter, ending))
    return "".join(parts)


def _shape(plan: Plan) -> Callable[[tuple[Any, ...]], list[Any]]:
    """A row as CSV values: instants in Z form, truth in words; the row number is left out."""
    columns = [(cell.index + 1, _PRINTED.get(cell.type)) for cell in plan.cells]

    def shape(row: tuple[Any, ...]) -> list[Any]:
        return [
            row[index] if show is None or row[index] is None else show(row[index])
            for index, show in columns
        ]

    return shape


_PRINTED: dict[str, Callable[[Any], str]] = {
    "boolean": lambda value: "true" if value else "false",
    "datetime": lambda value: f"{value[:-5]}Z",
}


def _locator(offset: int) -> str:
    return base64.urlsafe_b64encode(str(offset).encode()).decode().rstrip("=")


def _offset(locator: str | None) -> int:
    if not locator:
        return 0
    try:
        return int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except ValueError:
        raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator") from None
