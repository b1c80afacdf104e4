"""Bulk jobs: their rows in the world, their states, their shape on the wire."""

import json
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.call import Call
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.org import Org
from sandbox.salesforce.values import instant_text

Job = dict[str, Any]
_TABLES = """
CREATE TABLE IF NOT EXISTS sf_job (number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, facts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sf_job_data (id TEXT NOT NULL, name TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (id, name));
"""
_PAGE = 1000


def create(org: Org, kind: str, user_id: str, facts: Job) -> Job:
    """Keep a new job (kind ingest, query or async); returns it with id and stamps."""
    _prepare(org)
    with org.world.transaction() as db:
        last = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'sf_job'").fetchone()
        stamp = instant_text(org.now())
        job = {
            "id": ids.make_id("750", last[0] + 1 if last else 1), "createdById": user_id,
            "createdDate": stamp, "systemModstamp": stamp, **facts,
        }  # fmt: skip
        db.execute(
            "INSERT INTO sf_job (id, kind, facts) VALUES (?, ?, ?)",
            (job["id"], kind, json.dumps(job)),
        )
    return job


def find(call: Call, kind: str, job_id: str) -> Job:
    """A job of that kind; 404 when there is none, 409 when it is of another API version."""
    _prepare(call.org)
    full = ids.normalise(job_id)
    row = call.org.world.db().execute(
        "SELECT facts FROM sf_job WHERE id = ? AND kind = ?", (full, kind)
    )
    found = row.fetchone()
    if found is None:
        raise not_found("The requested resource does not exist")
    job: Job = json.loads(found[0])
    if job["apiVersion"] != call.number:
        raise ApiError(
            "INVALID_VERSION",
            f"The job was created in version {job['apiVersion']}, not in {call.number}",
            409,
        )
    return job


def keep(org: Org, job: Job) -> None:
    """Store a changed job."""
    job["systemModstamp"] = instant_text(org.now())
    with org.world.transaction() as db:
        db.execute("UPDATE sf_job SET facts = ? WHERE id = ?", (json.dumps(job), job["id"]))


def forget(org: Org, job_id: str) -> None:
    """Remove a job and its data."""
    with org.world.transaction() as db:
        db.execute("DELETE FROM sf_job WHERE id = ?", (job_id,))
        db.execute("DELETE FROM sf_job_data WHERE id = ?", (job_id,))


def listing(call: Call, kind: str) -> Job:
    """All jobs of a kind, newest first, 1,000 a page."""
    _prepare(call.org)
    start = int(call.args.get("queryLocator") or 0)
    rows = call.org.world.db().execute(
        "SELECT facts FROM sf_job WHERE kind = ? ORDER BY id DESC LIMIT ? OFFSET ?",
        (kind, _PAGE + 1, start),
    )
    jobs = [json.loads(row[0]) for row in rows.fetchall()]
    more = len(jobs) > _PAGE
    following = f"{call.base}/jobs/{kind}?queryLocator={start + _PAGE}" if more else None
    return {"done": not more, "records": jobs[:_PAGE], "nextRecordsUrl": following}


def put_data(org: Org, job_id: str, name: str, data: bytes) -> None:
    """Keep a file of a job: the upload, or one of its results."""
    with org.world.transaction() as db:
        db.execute("INSERT OR REPLACE INTO sf_job_data VALUES (?, ?, ?)", (job_id, name, data))


def data_of(org: Org, job_id: str, name: str) -> bytes | None:
    """A file of a job."""
    row = org.world.db().execute(
        "SELECT data FROM sf_job_data WHERE id = ? AND name = ?", (job_id, name)
    )
    found = row.fetchone()
    return found[0] if found else None


def busy(org: Org, job: Job) -> bool:
    """Whether a job started so recently that it is still being worked on (switch bulk_seconds)."""
    begun = job.get("_begun")
    return begun is not None and org.now().timestamp() - begun < float(org.switch("bulk_seconds"))


def shown(job: Job) -> Job:
    """A job without what is ours."""
    return {key: value for key, value in job.items() if not key.startswith("_")}


def _prepare(org: Org) -> None:
    if "jobs" not in org.caches:
        org.world.db().executescript(_TABLES)
        org.caches["jobs"] = True
