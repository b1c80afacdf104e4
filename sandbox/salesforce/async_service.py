"""Bulk API 1.0 below /services/async: jobs, their batches and results, in JSON, CSV or XML."""

import re
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.datastructures import Headers

from sandbox.salesforce import jobs
from sandbox.salesforce.access import View
from sandbox.salesforce.api_bulk_ingest import OPERATIONS
from sandbox.salesforce.api_bulk_query import NOT_IN_BULK
from sandbox.salesforce.async_batches import QUERIES, ingest, query, result_of
from sandbox.salesforce.async_jobs import (
    NAMESPACE,
    batch_shape,
    batches_of,
    document,
    find_batch,
    find_job,
    job_shape,
    speaks_json,
)
from sandbox.salesforce.call import Answer, Call, Router
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Org
from sandbox.salesforce.routes import writer
from sandbox.salesforce.service import authenticate, body_of, check_allowance, check_version
from sandbox.salesforce.xmlbits import data_of, tags
from sandbox.salesforce.xmlbits import parse as parse_xml

router = Router()
_TYPES = {"CSV": "text/csv", "JSON": "application/json", "XML": "application/xml"}
_MODES = {"0": "Parallel", "1": "Serial", "parallel": "Parallel", "serial": "Serial"}
_CODES = {
    "INVALID_SESSION_ID": "InvalidSessionId",
    "INVALID_AUTH_HEADER": "InvalidSessionId",
    "REQUEST_LIMIT_EXCEEDED": "ExceededQuota",
    "UNSUPPORTED_API_VERSION": "InvalidVersion",
    "NOT_FOUND": "InvalidUrl",
    "METHOD_NOT_ALLOWED": "InvalidUrl",
    "JSON_PARSER_ERROR": "InvalidJob",
    "INVALID_XML": "InvalidJob",
}
_CHUNK_SIZE, _LARGEST_CHUNK = 100_000, 250_000


def install(app: Flask, org: Org) -> None:
    """Route /services/async."""

    def serve(version: str, path: str) -> Response:
        answer = _answer(org, version, "/" + path)
        org.count_call()
        g.api_calls = 1
        response = Response(answer.payload(), status=answer.status)
        response.headers["Content-Type"] = answer.content_type
        return response

    app.add_url_rule(
        "/services/async/<version>/<path:path>", "sf_async", serve, methods=["GET", "POST"]
    )


def _answer(org: Org, version: str, path: str) -> Answer:
    try:
        check_version(version)
        session = authenticate(org, request.headers, request.headers.get("X-SFDC-Session", ""))
        check_allowance(org)
        if not org.switch("async_api"):
            raise ApiError("FeatureNotEnabled", "Async API not enabled")
        call = Call(
            org, request.method, path, version, request.args.to_dict(), Headers(request.headers),
            body_of(), session.user_id, session.token, View(org, session.user_id),
            request.host_url.rstrip("/"),
        )  # fmt: skip
        answer = router.answer(call)
    except ApiError as problem:
        return _refusal(problem.code, problem.message)
    if answer.status >= 400:
        return _refusal(answer.body[0]["errorCode"], answer.body[0]["message"])
    return answer


def _refusal(code: str, message: str) -> Answer:
    told = {"exceptionCode": _CODES.get(code, code), "exceptionMessage": message}
    return document("error", told, _asks_json(request.headers), 400)


@router.add("POST", "/job")
def create(call: Call) -> Answer:
    """Open a job."""
    asked = _asked(call)
    operation, kind = str(asked.get("operation")), str(asked.get("contentType") or "XML")
    if operation not in (*OPERATIONS, *QUERIES):
        raise ApiError("InvalidJob", f"Unknown operation {operation}")
    if kind not in _TYPES:
        raise ApiError("InvalidJob", f"Unsupported content type {kind}")
    one = call.view.find(str(asked.get("object", "")))
    if one is None or (operation in QUERIES and one.name in NOT_IN_BULK):
        name = asked.get("object")
        raise ApiError("InvalidEntity", f"Entity '{name}' is not supported by the Bulk API.")
    key = asked.get("externalIdFieldName")
    if operation == "upsert":
        if not key:
            raise ApiError("InvalidJob", "External ID was blank for an upsert")
        if key.lower() != "id":
            writer(call).external(one, key)
    mode = _MODES.get(str(asked.get("concurrencyMode", "Parallel")).lower())
    if mode is None:
        raise ApiError("InvalidJob", f"Unknown concurrencyMode {asked['concurrencyMode']}")
    facts: dict[str, Any] = {
        "operation": operation, "object": one.name, "state": "Open", "concurrencyMode": mode,
        "contentType": kind, "apiVersion": call.number, "fastPathEnabled": False,
        "_chunk": _chunk(call.headers.get("Sforce-Enable-PKChunking", "")),
    }  # fmt: skip
    if key:
        facts["externalIdFieldName"] = key
    job = jobs.create(call.org, "async", call.user_id, facts)
    return document("jobInfo", job_shape(call.org, job), _asks_json(call.headers), 201)


@router.add("GET", "/job/<job_id>")
def status(call: Call, job_id: str) -> Answer:
    """How far a job is."""
    job = find_job(call, job_id)
    return document("jobInfo", job_shape(call.org, job), _asks_json(call.headers))


@router.add("POST", "/job/<job_id>")
def close(call: Call, job_id: str) -> Answer:
    """Close a job, or abort it."""
    job = find_job(call, job_id)
    state = _asked(call).get("state")
    if state not in ("Closed", "Aborted"):
        raise ApiError("InvalidJob", f"a job cannot be made {state}")
    if job["state"] != "Open":
        raise ApiError("InvalidJobState", f"Job state is {job['state']}")
    job["state"] = state
    jobs.keep(call.org, job)
    return document("jobInfo", job_shape(call.org, job), _asks_json(call.headers))


@router.add("POST", "/job/<job_id>/batch")
def add(call: Call, job_id: str) -> Answer:
    """Add a batch: rows, or a statement."""
    job = find_job(call, job_id)
    if job["state"] != "Open":
        raise ApiError("InvalidJobState", f"Job is not open: {job['state']}")
    kind = call.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind != _TYPES[job["contentType"]]:
        raise ApiError("ClientInputError", f"a batch of this job is {_TYPES[job['contentType']]}")
    asks = job["operation"] in QUERIES
    if asks:
        g.api_kind = "read"
    batch = (query if asks else ingest)(call, job, call.body)
    shown = batch_shape(call.org, batch) | {"numberRecordsProcessed": 0, "numberRecordsFailed": 0}
    shown.pop("stateMessage", None)
    return document("batchInfo", shown | {"state": "Queued"}, speaks_json(job), 201)


@router.add("GET", "/job/<job_id>/batch")
def batches(call: Call, job_id: str) -> Answer:
    """All batches of a job."""
    job = find_job(call, job_id)
    found = [batch_shape(call.org, batch) for batch in batches_of(call.org, job["id"])]
    return document("batchInfoList", {"batchInfo": found}, speaks_json(job))


@router.add("GET", "/job/<job_id>/batch/<batch_id>")
def batch_status(call: Call, job_id: str, batch_id: str) -> Answer:
    """How far a batch is."""
    job = find_job(call, job_id)
    batch = find_batch(call, job, batch_id)
    return document("batchInfo", batch_shape(call.org, batch), speaks_json(job))


@router.add("GET", "/job/<job_id>/batch/<batch_id>/request")
def sent(call: Call, job_id: str, batch_id: str) -> Answer:
    """What was sent as the batch."""
    return _file(call, job_id, batch_id, "request")


@router.add("GET", "/job/<job_id>/batch/<batch_id>/result")
def result(call: Call, job_id: str, batch_id: str) -> Answer:
    """The result of every row, or the ids of a query's result files."""
    job = find_job(call, job_id)
    if job["operation"] not in QUERIES:
        return _file(call, job_id, batch_id, "result")
    batch = find_batch(call, job, batch_id)
    if jobs.busy(call.org, batch) or batch["state"] != "Completed":
        raise ApiError("InvalidBatch", "Batch not completed")
    names = [result_of(batch)]
    if speaks_json(job):
        return Answer(200, names, content_type="application/json")
    text = f'<result-list xmlns="{NAMESPACE}">{tags({"result": names})}</result-list>'
    return Answer(200, text.encode(), content_type="application/xml")


@router.add("GET", "/job/<job_id>/batch/<batch_id>/result/<result_id>")
def result_file(call: Call, job_id: str, batch_id: str, result_id: str) -> Answer:
    """One result file of a query."""
    return _file(call, job_id, batch_id, result_id)


def _file(call: Call, job_id: str, batch_id: str, name: str) -> Answer:
    job = find_job(call, job_id)
    batch = find_batch(call, job, batch_id)
    data = jobs.data_of(call.org, batch["id"], name)
    if data is None or (jobs.busy(call.org, batch) and name != "request"):
        raise ApiError("InvalidBatch", "Batch not completed")
    return Answer(200, data, content_type=_TYPES[job["contentType"]])


def _asked(call: Call) -> dict[str, Any]:
    """The body of a job request, in either format."""
    return call.json_object() if _asks_json(call.headers) else data_of(parse_xml(call.body))


def _asks_json(headers: Any) -> bool:
    return any("json" in headers.get(name, "").lower() for name in ("Content-Type", "Accept"))


def _chunk(header: str) -> int | None:
    """The chunk size of PK chunking; None when it is off."""
    if not header.strip() or header.strip().lower() == "false":
        return None
    size = re.search(r"chunkSize\s*=\s*(\d+)", header)
    return min(int(size[1]) if size else _CHUNK_SIZE, _LARGEST_CHUNK) or _CHUNK_SIZE
