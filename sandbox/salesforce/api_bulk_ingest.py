"""Bulk API 2.0 ingest: upload CSV, process it in chunks of 200, fetch the results."""

import json
from email import message_from_bytes
from typing import Any

from sandbox.salesforce import ids, jobs
from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.csvtext import delimiter_of, ending_of, rows_of, text_of
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.jobs import Job
from sandbox.salesforce.model import SObject
from sandbox.salesforce.routes import router, writer
from sandbox.salesforce.values import from_text
from sandbox.salesforce.writer import Writer, no_such_column

OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
_CHUNK = 200
_LARGEST = 150 * 1024 * 1024
_CSV = "text/csv"


@router.add("POST", "/jobs/ingest")
def create(call: Call) -> Answer:
    """Open a job; a multipart request brings its data along."""
    kind = call.headers.get("Content-Type", "")
    if not kind.startswith("multipart/"):
        return Answer(body=jobs.shown(_open(call, call.json_object())))
    asked, content = _multipart(kind, call.body)
    job = _open(call, asked)
    jobs.put_data(call.org, job["id"], "upload", content)
    job["state"] = "UploadComplete"
    return Answer(body=jobs.shown(_process(call, job)) | {"state": "UploadComplete"})


@router.add("GET", "/jobs/ingest")
def listing(call: Call) -> Answer:
    """All ingest jobs."""
    page = jobs.listing(call, "ingest")
    return Answer(body=page | {"records": [jobs.shown(job) for job in page["records"]]})


@router.add("PUT", "/jobs/ingest/<job_id>/batches")
def upload(call: Call, job_id: str) -> Answer:
    """The data, once per job."""
    job = jobs.find(call, "ingest", job_id)
    if job["state"] != "Open" or jobs.data_of(call.org, job["id"], "upload") is not None:
        raise ApiError("INVALIDJOBSTATE", f"Upload is not allowed in state {job['state']}")
    if len(call.body) > _LARGEST:
        raise ApiError("CLIENTINPUTERROR", "the file is larger than 150 MB", 413)
    jobs.put_data(call.org, job["id"], "upload", call.body)
    return Answer(201)


@router.add("PATCH", "/jobs/ingest/<job_id>")
def close(call: Call, job_id: str) -> Answer:
    """UploadComplete starts the work, Aborted ends the job."""
    job = jobs.find(call, "ingest", job_id)
    state = call.json_object().get("state")
    if state == "Aborted" and job["state"] in ("Open", "UploadComplete", "InProgress"):
        job["state"] = "Aborted"
        jobs.keep(call.org, job)
        return Answer(body=jobs.shown(job))
    if state != "UploadComplete" or job["state"] != "Open":
        raise ApiError("INVALIDJOBSTATE", f"A job {job['state']} cannot become {state}")
    _process(call, job)
    return Answer(body=jobs.shown(job) | {"state": "UploadComplete"})


@router.add("GET", "/jobs/ingest/<job_id>")
def status(call: Call, job_id: str) -> Answer:
    """How far a job is."""
    job = jobs.find(call, "ingest", job_id)
    body = jobs.shown(job) | {"jobType": "V2Ingest"}
    if jobs.busy(call.org, job):
        body |= {"state": "InProgress", "numberRecordsProcessed": 0, "numberRecordsFailed": 0}
    return Answer(body=body)


@router.add("DELETE", "/jobs/ingest/<job_id>")
def delete(call: Call, job_id: str) -> Answer:
    """Forget a finished job."""
    job = jobs.find(call, "ingest", job_id)
    if job["state"] in ("UploadComplete", "InProgress"):
        raise ApiError("INVALIDJOBSTATE", "A job at work cannot be deleted")
    jobs.forget(call.org, job["id"])
    return Answer(204)


@router.add("GET", "/jobs/ingest/<job_id>/successfulResults")
def successful(call: Call, job_id: str) -> Answer:
    """The records that were written."""
    return _results(call, job_id, "successful")


@router.add("GET", "/jobs/ingest/<job_id>/failedResults")
def failed(call: Call, job_id: str) -> Answer:
    """The records that were refused, each with its error."""
    return _results(call, job_id, "failed")


@router.add("GET", "/jobs/ingest/<job_id>/unprocessedrecords")
@router.add("GET", "/jobs/ingest/<job_id>/unprocessedRecords")
def unprocessed(call: Call, job_id: str) -> Answer:
    """The records nobody looked at."""
    return _results(call, job_id, "unprocessed")


def _open(call: Call, asked: Job) -> Job:
    one = call.view.find(str(asked.get("object", "")))
    operation = asked.get("operation")
    if one is None:
        raise ApiError("INVALIDENTITY", f"Entity '{asked.get('object')}' is not supported")
    if operation not in OPERATIONS:
        raise ApiError("INVALIDJOB", f"Unknown operation {operation}")
    key = asked.get("externalIdFieldName")
    if operation == "upsert":
        if not key:
            raise ApiError("INVALIDJOB", "externalIdFieldName is needed for upsert")
        if key.lower() != "id":
            writer(call).external(one, key)
    delimiter_of(asked.get("columnDelimiter", "COMMA"))
    ending_of(asked.get("lineEnding", "LF"))
    if asked.get("contentType", "CSV") != "CSV":
        raise ApiError("INVALIDJOB", "contentType must be CSV")
    facts = {
        "operation": operation, "object": one.name, "state": "Open",
        "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": call.number,
        "lineEnding": asked.get("lineEnding", "LF"),
        "columnDelimiter": asked.get("columnDelimiter", "COMMA"),
        "numberRecordsProcessed": 0, "numberRecordsFailed": 0, "retries": 0,
        "totalProcessingTime": 0, "apiActiveProcessingTime": 0, "apexProcessingTime": 0,
    }  # fmt: skip
    if key:
        facts["externalIdFieldName"] = key
    job = jobs.create(call.org, "ingest", call.user_id, facts)
    job["contentUrl"] = f"{call.base[1:]}/jobs/ingest/{job['id']}/batches"
    jobs.keep(call.org, job)
    return job


def _process(call: Call, job: Job) -> Job:
    """Work through the upload; every 200 records are one transaction."""
    one = call.view.find(job["object"])
    assert one is not None
    delimiter = delimiter_of(job["columnDelimiter"])
    try:
        data = jobs.data_of(call.org, job["id"], "upload") or b""
        rows = list(rows_of(data, delimiter, job["lineEnding"]))
    except ApiError as problem:
        job |= {"state": "Failed", "errorMessage": f"{problem.code} : {problem.message}"}
        jobs.keep(call.org, job)
        return job
    head, records = (rows[0], rows[1:]) if rows else ([], [])
    good: list[list[str]] = [["sf__Id", "sf__Created", *head]]
    bad: list[list[str]] = [["sf__Id", "sf__Error", *head]]
    for start in range(0, len(records), _CHUNK):
        with call.org.world.transaction():
            writing = writer(call)
            for row in records[start : start + _CHUNK]:
                try:
                    record_id, created = write_row(writing, one, job, record_of(one, head, row))
                    good.append([record_id, str(created).lower(), *row])
                except ApiError as problem:
                    bad.append([_id_in(head, row), said_of(problem), *row])
    for name, lines in (("successful", good), ("failed", bad), ("unprocessed", [head])):
        text = text_of(lines, delimiter, job["lineEnding"])
        jobs.put_data(call.org, job["id"], name, text.encode())
    job |= {
        "state": "JobComplete", "numberRecordsProcessed": len(records),
        "numberRecordsFailed": len(bad) - 1, "totalProcessingTime": len(records),
        "apiActiveProcessingTime": len(records), "_begun": call.org.now().timestamp(),
    }  # fmt: skip
    jobs.keep(call.org, job)
    return job


def said_of(problem: ApiError) -> str:
    """A row's refusal as bulk results word it: `CODE:message:fields --`."""
    return f"{problem.code}:{problem.message}:{' '.join([*problem.fields, '--'])}"


def write_row(writing: Writer, one: SObject, job: Job, record: dict[str, Any]) -> tuple[str, bool]:
    """(id, whether it is new) of a record after the job's operation; ApiError when refused."""
    operation = job["operation"]
    if operation == "insert":
        return writing.create(one, record), True
    record_id = next((v for k, v in record.items() if k.lower() == "id"), None)
    if operation == "upsert":
        key = job["externalIdFieldName"]
        value = next((v for k, v in record.items() if k.lower() == key.lower()), None)
        data = {k: v for k, v in record.items() if k.lower() != key.lower()}
        return writing.upsert(one, key, value, data)
    if not record_id:
        raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call")
    if operation == "update":
        writing.update(one, record_id, record)
    else:
        writing.delete(one, record_id)
    return ids.normalise(record_id) or record_id, False


def record_of(one: SObject, head: list[str], row: list[str]) -> dict[str, Any]:
    """A CSV line as the data of a record; empty cells are left out, `#N/A` is null."""
    if len(row) != len(head):
        raise ApiError("CLIENTINPUTERROR", f"{len(row)} values for {len(head)} columns")
    record: dict[str, Any] = {}
    for name, cell in zip(head, row, strict=True):
        if cell == "":
            continue
        if "." in name:
            relation, _, key = name.rpartition(".")
            kind, _, relation = relation.rpartition(":")
            parent: dict[str, Any] = {key: None if cell == "#N/A" else cell}
            record[relation] = {"attributes": {"type": kind}, **parent} if kind else parent
            continue
        own = one.find(name)
        if own is None and name.lower() != "id":
            raise no_such_column(one, name)
        record[name] = from_text(own, cell) if own else cell
    return record


def _id_in(head: list[str], row: list[str]) -> str:
    found = [cell for name, cell in zip(head, row, strict=False) if name.lower() == "id"]
    return found[0] if found else ""


def _results(call: Call, job_id: str, name: str) -> Answer:
    job = jobs.find(call, "ingest", job_id)
    data = jobs.data_of(call.org, job["id"], name)
    if name == "unprocessed" and job["state"] in ("Failed", "Aborted"):
        data = jobs.data_of(call.org, job["id"], "upload")
    if data is None or jobs.busy(call.org, job):
        raise ApiError("INVALIDJOBSTATE", f"A job {job['state']} has no results yet")
    return Answer(200, data, content_type=_CSV)


def _multipart(kind: str, body: Any) -> tuple[Job, bytes]:
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    parts = {
        part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
        for part in message.walk()
        if not part.is_multipart()
    }
    job, content = parts.get("job"), parts.get("content")
    if not isinstance(job, bytes) or not isinstance(content, bytes):
        raise ApiError("INVALIDJOB", "a multipart job has the parts job and content")
    asked: Job = json.loads(job)
    return asked, content
