"""Tasks for people: made once per key, completed when their reason is gone."""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.base import Record, Refusal, TaskDraft, TaskResult
from connector.errors import CrmRejected
from connector.salesforce.reads import Reader
from connector.salesforce.refusals import refusal
from connector.salesforce.rest import Rest
from connector.salesforce.writes import BATCH, Writer

_PRIORITIES = {"low": "Low", "normal": "Normal", "high": "High"}
_COMPLETED = "Completed"  # the standard closed status, where the org has kept it
_CLOSED_STATUSES = (
    "SELECT ApiName, MasterLabel, SortOrder FROM TaskStatus WHERE IsClosed = true "
    "ORDER BY SortOrder"
)


class Tasks:
    """Makes and completes tasks as the contract of `connector.base.Crm` says."""

    def __init__(self, rest: Rest, reader: Reader, writer: Writer) -> None:
        self._rest = rest
        self._reader = reader
        self._writer = writer

    def put(self, drafts: Sequence[TaskDraft], key_field: str) -> Mapping[str, TaskResult]:
        """See Crm.put_tasks.

        A task that a person deleted is found too, so it does not come back. The rest is upserted
        by `key_field`, a unique external id: a repeated call finds what the first one made.
        """
        by_key = {draft.key: draft for draft in reversed(drafts)}  # the first of a key counts
        results = self._existing(list(by_key), key_field)
        missing = {
            key: _record(draft, key_field) for key, draft in by_key.items() if key not in results
        }
        path = f"composite/sobjects/Task/{key_field}"
        for key, result in self._writer.settle(missing, path, "PATCH", "task").items():
            results[key] = _result(result)
        return results

    def complete(self, task_ids: Sequence[str]) -> Mapping[str, Refusal]:
        """See Crm.complete_tasks. Tasks that are closed, deleted or unknown are left alone."""
        columns = ("Id", "IsClosed", "IsDeleted")
        refused: dict[str, Refusal] = {}
        status: str | None = None
        for rows in self._reader.related("Task", columns, "Id", task_ids, purpose="task"):
            still_open = [row["Id"] for row in rows if not (row["IsClosed"] or row["IsDeleted"])]
            if not still_open:
                continue
            status = status or self._closed_status()
            for start in range(0, len(still_open), BATCH):
                changes = {one: {"Status": status} for one in still_open[start : start + BATCH]}
                refused.update(self._writer.update("Task", changes, purpose="task"))
        return refused

    def _existing(self, keys: Sequence[str], key_field: str) -> dict[str, TaskResult]:
        found: dict[str, TaskResult] = {}
        columns = ("Id", key_field, "IsDeleted")
        for rows in self._reader.related("Task", columns, key_field, keys, purpose="task"):
            for row in sorted(rows, key=lambda row: not row["IsDeleted"]):  # a live one wins
                found[row[key_field]] = TaskResult(row["Id"], created=False)
        return found

    def _closed_status(self) -> str:
        page = self._rest.queries([_CLOSED_STATUSES], purpose="task")[0]
        if isinstance(page, CrmRejected):
            return _COMPLETED  # the list of statuses is hidden from our user
        names = [row["ApiName"] or row["MasterLabel"] for row in page["records"]]
        return _COMPLETED if _COMPLETED in names or not names else str(names[0])


def _record(draft: TaskDraft, key_field: str) -> Record:
    record: dict[str, Any] = {
        "attributes": {"type": "Task"},
        key_field: draft.key,
        "Subject": draft.subject,
        "Description": draft.body,
        "ActivityDate": draft.due.isoformat(),
        "Priority": _PRIORITIES[draft.priority],
        "WhatId": draft.account_id,
    }
    if draft.owner_id is not None:
        record["OwnerId"] = draft.owner_id
    if draft.contact_id is not None:
        record["WhoId"] = draft.contact_id
    return record


def _result(result: Mapping[str, Any]) -> TaskResult:
    if result.get("success"):
        return TaskResult(result["id"], created=bool(result.get("created", True)))
    return TaskResult(None, created=False, refusal=refusal(result.get("errors") or ()))
