"""Bulk API 1.0 jobs and their batches: kept in the world, shaped as JSON or XML."""

import json
from typing import Any

from sandbox.salesforce import ids, jobs
from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.jobs import Job
from sandbox.salesforce.org import Org
from sandbox.salesforce.values import instant_text
from sandbox.salesforce.xmlbits import tags

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
_TABLE = """CREATE TABLE IF NOT EXISTS sf_batch (number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, job_id TEXT NOT NULL, facts TEXT NOT NULL)"""
_NO_TIMES = {"totalProcessingTime": 0, "apiActiveProcessingTime": 0, "apexProcessingTime": 0}
Batch = dict[str, Any]


def find_job(call: Call, job_id: str) -> Job:
    """A job; InvalidJob when there is none of that id in this API version."""
    try:
        return jobs.find(call, "async", job_id)
    except ApiError:
        raise ApiError("InvalidJob", f"Unable to find job with id: {job_id}") from None


def job_shape(org: Org, job: Job) -> Job:
    """A job with the counts of its batches."""
    batches = [batch_shape(org, batch) for batch in batches_of(org, job["id"])]
    counts: Job = {
        f"numberBatches{name}": sum(1 for batch in batches if batch["state"] == name)
        for name in ("Queued", "InProgress", "Completed", "Failed")
    }
    counts |= {
        "numberBatchesTotal": len(batches), "numberRetries": 0,
        "numberRecordsProcessed": sum(b["numberRecordsProcessed"] for b in batches),
        "numberRecordsFailed": sum(b["numberRecordsFailed"] for b in batches),
    }  # fmt: skip
    return jobs.shown(job) | counts | _NO_TIMES


def add_batch(org: Org, job: Job, facts: Batch) -> Batch:
    """Keep a new batch of a job; returns it with its id."""
    with org.world.transaction() as db:
        db.execute(_TABLE)
        last = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'sf_batch'").fetchone()
        stamp = instant_text(org.now())
        batch = {
            "id": ids.make_id("751", last[0] + 1 if last else 1), "jobId": job["id"],
            "createdDate": stamp, "systemModstamp": stamp, "numberRecordsProcessed": 0,
            "numberRecordsFailed": 0, **facts, "_begun": org.now().timestamp(),
        }  # fmt: skip
        db.execute(
            "INSERT INTO sf_batch (id, job_id, facts) VALUES (?, ?, ?)",
            (batch["id"], job["id"], json.dumps(batch)),
        )
    return batch


def batches_of(org: Org, job_id: str) -> list[Batch]:
    """The batches of a job in the order they came."""
    with org.world.transaction() as db:
        db.execute(_TABLE)
        rows = db.execute("SELECT facts FROM sf_batch WHERE job_id = ? ORDER BY number", (job_id,))
        return [json.loads(row[0]) for row in rows.fetchall()]


def find_batch(call: Call, job: Job, batch_id: str) -> Batch:
    """A batch of a job; InvalidBatch when there is none of that id."""
    full = ids.normalise(batch_id)
    for batch in batches_of(call.org, job["id"]):
        if batch["id"] == full:
            return batch
    raise ApiError("InvalidBatch", f"Unable to find batch with id: {batch_id}")


def batch_shape(org: Org, batch: Batch) -> Batch:
    """A batch as told; one added within the last `bulk_seconds` is still worked on."""
    shown = jobs.shown(batch) | _NO_TIMES
    if jobs.busy(org, batch) and batch["state"] != "NotProcessed":
        shown |= {"state": "InProgress", "numberRecordsProcessed": 0, "numberRecordsFailed": 0}
        shown.pop("stateMessage", None)
    return shown


def document(name: str, data: Any, as_json: bool, status: int = 200) -> Answer:
    """An answer in the format asked for: JSON data, or one XML element called `name`."""
    if as_json:
        return Answer(status, data, content_type="application/json")
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="{NAMESPACE}">{tags(data)}</{name}>'
    )
    return Answer(status, text.encode(), content_type="application/xml")


def speaks_json(job: Job) -> bool:
    """Whether a job's batches are told about in JSON: those of CSV jobs are in XML."""
    return bool(job["contentType"] == "JSON")
