"""Tasks for people: made once per key, completed when their reason is gone."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from connector.base import Record, Refusal, TaskChange, TaskDraft, TaskResult, TaskState
from connector.errors import CrmRejected
from connector.salesforce.reads import Reader
from connector.salesforce.refusals import refusal
from connector.salesforce.rest import Rest
from connector.salesforce.writes import BATCH, Writer

_PRIORITIES = {"low": "Low", "normal": "Normal", "high": "High"}
_COMPLETED, _NOT_STARTED = "Completed", "Not Started"  # where the org has kept them
_STATUSES = "SELECT ApiName, MasterLabel, SortOrder FROM TaskStatus WHERE IsClosed = "
_CLOSED_STATUSES = f"{_STATUSES}true ORDER BY SortOrder"
_OPEN_STATUSES = f"{_STATUSES}false ORDER BY SortOrder"
_STATE = ("Id", "IsClosed", "IsDeleted", "OwnerId", "ActivityDate", "LastModifiedById")


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

    def complete(
        self, task_ids: Sequence[str], notes: Mapping[str, str] | None = None
    ) -> Mapping[str, Refusal]:
        """See Crm.complete_tasks. Tasks that are closed, deleted or unknown are left alone."""
        said = notes or {}
        columns = ("Id", "IsClosed", "IsDeleted", *(["Description"] if said else []))
        refused: dict[str, Refusal] = {}
        status: str | None = None
        for rows in self._reader.related("Task", columns, "Id", task_ids, purpose="task"):
            still_open = [row for row in rows if not (row["IsClosed"] or row["IsDeleted"])]
            if not still_open:
                continue
            status = status or self._status(_CLOSED_STATUSES, _COMPLETED)
            for start in range(0, len(still_open), BATCH):
                changes = {
                    row["Id"]: {"Status": status, **_with_note(row, said.get(row["Id"]))}
                    for row in still_open[start : start + BATCH]
                }
                refused.update(self._writer.update("Task", changes, purpose="task"))
        return refused

    def read(self, task_ids: Sequence[str]) -> Mapping[str, TaskState]:
        """See Crm.read_tasks."""
        found = dict.fromkeys(task_ids, TaskState(False, None, None, gone=True))
        for rows in self._reader.related("Task", _STATE, "Id", task_ids, purpose="task"):
            found |= {
                row["Id"]: TaskState(
                    is_closed=bool(row["IsClosed"]),
                    owner_id=row["OwnerId"],
                    due=date.fromisoformat(row["ActivityDate"]) if row["ActivityDate"] else None,
                    changed_by=row["LastModifiedById"],
                )
                for row in rows
                if not row["IsDeleted"]
            }
        return found

    def update(self, changes: Mapping[str, TaskChange]) -> Mapping[str, Refusal]:
        """See Crm.update_tasks."""
        reopening = any(change.reopen for change in changes.values())
        status = self._status(_OPEN_STATUSES, _NOT_STARTED) if reopening else None
        records = {task_id: _changed(change, status) for task_id, change in changes.items()}
        return self._writer.update("Task", records, purpose="task")

    def _existing(self, keys: Sequence[str], key_field: str) -> dict[str, TaskResult]:
        found: dict[str, TaskResult] = {}
        columns = ("Id", key_field, "IsDeleted")
        for rows in self._reader.related("Task", columns, key_field, keys, purpose="task"):
            for row in sorted(rows, key=lambda row: not row["IsDeleted"]):  # a live one wins
                found[row[key_field]] = TaskResult(row["Id"], created=False)
        return found

    def _status(self, soql: str, usual: str) -> str:
        """The usual status where the org has kept it, else its first."""
        page = self._rest.queries([soql], purpose="task")[0]
        if isinstance(page, CrmRejected):
            return usual  # the list of statuses is hidden from our user
        names = [row["ApiName"] or row["MasterLabel"] for row in page["records"]]
        return usual if usual in names or not names else str(names[0])


def _with_note(row: Mapping[str, Any], note: str | None) -> Record:
    if note is None:
        return {}
    text = row["Description"]
    return {"Description": f"{text}\n\n{note}" if text else note}


def _changed(change: TaskChange, open_status: str | None) -> Record:
    record: dict[str, Any] = {}
    if change.owner_id is not None:
        record["OwnerId"] = change.owner_id
    if change.due is not None:
        record["ActivityDate"] = change.due.isoformat()
    if change.reopen:
        record["Status"] = open_status
    return record


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
