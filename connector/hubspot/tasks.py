"""Tasks: made once per key, with their links to company and contact, and completed.

Source: HubSpot API reference, tasks, batch create, association type ids.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from connector.base import Refusal, TaskChange, TaskDraft, TaskResult, TaskState
from connector.errors import CrmAnswerLost, CrmUnknownField
from connector.hubspot.door import Door
from connector.hubspot.kinds import KEY
from connector.hubspot.objects import Objects
from connector.hubspot.refusals import own_refusal
from connector.hubspot.schema import Schema
from connector.hubspot.writing import BATCH, Delivered, Writer, deliver

_TASK_TO = {"company": 192, "contact": 204}  # HubSpot's own association types
_PRIORITY = {"low": "LOW", "normal": "MEDIUM", "high": "HIGH"}
_STATUS, _BODY, _OWNER = "hs_task_status", "hs_task_body", "hubspot_owner_id"
_DUE = "hs_timestamp"
_NOT_STARTED, _COMPLETED = "NOT_STARTED", "COMPLETED"

Json = dict[str, Any]


class Tasks:
    """Makes and completes tasks of one account.

    index_lag  seconds after which HubSpot's search surely finds what was written
    """

    def __init__(
        self, door: Door, objects: Objects, writer: Writer, schema: Schema, *, index_lag: float
    ) -> None:
        self._door = door
        self._objects = objects
        self._writer = writer
        self._schema = schema
        self._index_lag = index_lag

    def put(
        self, drafts: Sequence[TaskDraft], key_field: str, owner_id: str | None
    ) -> dict[str, TaskResult]:
        """See `connector.base.Crm.put_tasks`; a task in the recycle bin counts as existing.

        A task and its links are made in one call, so that none is ever there without them.
        With a unique key property existing tasks are found in HubSpot's primary store. Without
        one (some accounts refuse it on tasks) they are found by search: after a lost answer we
        wait until the search must know of them.

        owner_id  owner of drafts that name none; None leaves those tasks unassigned
        """
        known = self._schema.describe("tasks").get(key_field)
        if known is None:
            raise CrmUnknownField(
                f"HubSpot's tasks have no property {key_field}: run provisioning, and give the "
                "app the scopes it names."
            )
        results: dict[str, TaskResult] = {}
        by_key = {draft.key: draft for draft in drafts}
        for start in range(0, len(by_key), BATCH):
            some = dict(list(by_key.items())[start : start + BATCH])
            results |= self._put(some, key_field, owner_id, unique=known.unique)
        return results

    def complete(
        self, task_ids: Sequence[str], notes: Mapping[str, str] | None = None
    ) -> dict[str, Refusal]:
        """See `connector.base.Crm.complete_tasks`."""
        said = notes or {}
        found = self._objects.read("tasks", task_ids, (_STATUS, *([_BODY] if said else [])))
        refused = {
            task_id: own_refusal("OBJECT_NOT_FOUND", f"task {task_id} is gone", gone=True)
            for task_id in task_ids
            if task_id not in found
        }
        changes = {
            task_id: {_STATUS: _COMPLETED, **_with_note(record, said.get(task_id))}
            for task_id, record in found.items()
            if record.get(_STATUS) != _COMPLETED
        }
        return refused | self._writer.update("tasks", changes, purpose="task")

    def read(self, task_ids: Sequence[str]) -> dict[str, TaskState]:
        """See `connector.base.Crm.read_tasks`; HubSpot does not tell who changed a task."""
        found = self._objects.read("tasks", task_ids, (_STATUS, _OWNER, _DUE))
        gone = TaskState(False, None, None, gone=True)
        return {
            task_id: _state(found[task_id]) if task_id in found else gone for task_id in task_ids
        }

    def update(self, changes: Mapping[str, TaskChange]) -> dict[str, Refusal]:
        """See `connector.base.Crm.update_tasks`."""
        records = {task_id: _changed(change) for task_id, change in changes.items()}
        return self._writer.update("tasks", records, purpose="task")

    def _put(
        self, drafts: Mapping[str, TaskDraft], key_field: str, owner_id: str | None, *, unique: bool
    ) -> dict[str, TaskResult]:
        known = self._existing(list(drafts), key_field, unique=unique)
        missing = {
            key: _input(draft, key_field, owner_id)
            for key, draft in drafts.items()
            if key not in known
        }
        done, ours = self._create(missing, key_field, unique=unique)
        unsettled = [
            key
            for key in missing
            if key not in done.results and key not in ours and _may_exist(done.refused.get(key))
        ]
        if unsettled:
            known |= self._existing(unsettled, key_field, unique=unique)
        results = {key: TaskResult(task_id, created=False) for key, task_id in known.items()}
        results |= {key: TaskResult(task_id, created=True) for key, task_id in ours.items()}
        results |= {key: TaskResult(i["id"], created=True) for key, i in done.results.items()}
        silent = own_refusal("NO_ANSWER", "the answer does not mention the task")
        return {
            key: results.get(key) or TaskResult(None, False, done.refused.get(key, silent))
            for key in drafts
        }

    def _existing(self, keys: Sequence[str], key_field: str, *, unique: bool) -> dict[str, str]:
        """Task ids by key."""
        if not unique:
            # the search wants the words of an IN in lower case, whatever is stored
            words = [key.lower() for key in keys]
            filters = [{"propertyName": key_field, "operator": "IN", "values": words}]
            found = self._objects.matching("tasks", filters, [key_field]) if keys else []
            return {r[key_field]: r[KEY] for r in found if r[key_field] in set(keys)}
        live = self._objects.read_by("tasks", key_field, keys, ())
        left = [key for key in keys if key not in live]
        binned = self._objects.read_by("tasks", key_field, left, (), archived=True)
        return {key: record[KEY] for key, record in (binned | live).items()}

    def _create(
        self, inputs: Mapping[str, Json], key_field: str, *, unique: bool
    ) -> tuple[Delivered, dict[str, str]]:
        """Create what is given; second, tasks whose answer was lost but that are there."""
        ours: dict[str, str] = {}
        for last in (False, False, True):
            missing = {key: entry for key, entry in inputs.items() if key not in ours}
            try:
                done = deliver(self._send, missing, key_field)
                break
            except CrmAnswerLost:
                if last:
                    raise
                if not unique:
                    time.sleep(self._index_lag)
                ours |= self._existing(list(missing), key_field, unique=unique)
        without = {
            key: _without_contact(missing[key])
            for key, why in done.refused.items()
            if why.gone and len(missing[key]["associations"]) > 1
        }
        if without:  # the contact is gone; the task is still worth making
            done.refused = {key: why for key, why in done.refused.items() if key not in without}
            done.add(deliver(self._send, without, key_field))
        return done, ours

    def _send(self, rows: list[Json], patient: bool) -> Json:
        operation = self._door.library.batches.create
        body = {"inputs": rows}
        return self._door.call(
            operation, "tasks", body, purpose="task", repeatable=False, patient=patient
        )


def _input(draft: TaskDraft, key_field: str, owner_id: str | None) -> Json:
    owner = draft.owner_id or owner_id
    properties = {
        key_field: draft.key,
        "hs_task_subject": draft.subject,
        _BODY: draft.body,
        _DUE: _noon(draft.due),
        "hs_task_priority": _PRIORITY[draft.priority],
        _STATUS: _NOT_STARTED,
        "hs_task_type": "TODO",
    }
    if owner:
        properties[_OWNER] = owner
    links = [_link("company", draft.account_id)]
    if draft.contact_id:
        links.append(_link("contact", draft.contact_id))
    return {"properties": properties, "associations": links}


def _noon(due: date) -> str:
    """Noon UTC, which is on the due date nearly everywhere."""
    return f"{due.isoformat()}T12:00:00Z"


def _with_note(record: Json, note: str | None) -> Json:
    if note is None:
        return {}
    text = record.get(_BODY)
    return {_BODY: f"{text}\n\n{note}" if text else note}


def _state(record: Json) -> TaskState:
    due = record.get(_DUE)
    return TaskState(
        is_closed=record.get(_STATUS) == _COMPLETED,
        owner_id=record.get(_OWNER) or None,
        due=datetime.fromisoformat(due).astimezone(UTC).date() if due else None,
    )


def _changed(change: TaskChange) -> Json:
    record: Json = {}
    if change.owner_id is not None:
        record[_OWNER] = change.owner_id
    if change.due is not None:
        record[_DUE] = _noon(change.due)
    if change.reopen:
        record[_STATUS] = _NOT_STARTED
    return record


def _link(to: str, record_id: str) -> Json:
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _TASK_TO[to]}
    return {"to": {"id": record_id}, "types": [kind]}


def _without_contact(entry: Json) -> Json:
    return entry | {"associations": entry["associations"][:1]}


def _may_exist(refusal: Refusal | None) -> bool:
    """Whether a task that was not made may have been there already."""
    return refusal is None or refusal.code == "CONFLICTING_UNIQUE_VALUE"
