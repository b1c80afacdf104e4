"""What a write-back would send, exactly: listed, and compared with what was listed before.

Source: docs/preview.md.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from jobs import calls
from jobs.foreseen import foreseen
from jobs.schema import Schema
from mappings import WriteMap
from store import outbox
from store.alerts import tasks_by_key
from store.models import OutboxRow
from store.people import accounts_by_id, users_by_id
from store.refusals import open_refusals
from store.results import current

Content = dict[str, Any]


def changes_planned(session: Session, connection_id: int) -> list[dict[str, Any]]:
    """Every field change and task that a write-back would send now, one line each."""
    lines: list[dict[str, Any]] = []
    for row in outbox.all_unsettled(session, connection_id):
        line = {"action": row.action, "record_id": row.record_id}
        if row.action != "update":
            lines.append({**line, "field": "", "now": None, "after": row.key})
            continue
        for name, value in row.fields.items():
            lines.append({**line, "field": name, "now": row.before.get(name), "after": value})
    return lines


def list_planned(
    session: Session,
    connection_id: int,
    schema: Schema,
    *,
    vendor: str,
    as_of: datetime,
    run_id: int,
    model_hash: str | None,
) -> Content:
    """The content of a preview: what a write-back would send now, why, and what it costs.

    Called inside the transaction of a plan as of `as_of` by run `run_id`.
    """
    rows = outbox.all_unsettled(session, connection_id)
    gone = _withdrawn(session, connection_id, as_of, rows)
    updates = [row for row in rows if row.action == "update"]
    writing = schema.map.account
    refusals = _refusals(session, connection_id, run_id)
    refusals += foreseen(session, connection_id, writing.kind, updates)
    ids = {row.record_id for row in (*rows, *gone)} | {one["record_id"] for one in refusals}
    accounts = accounts_by_id(session, connection_id, sorted(ids))
    names = {account_id: account.name for account_id, account in accounts.items()}
    fields = {name for row in updates for name in row.fields}
    return {
        "version": 1,
        "crm": vendor,
        "kind": writing.kind,
        "as_of": as_of,
        "mapping": schema.version,
        "model": model_hash,
        "fields": _figures(writing, fields | {one["field"] for one in refusals}),
        "updates": _updates(session, connection_id, updates, names),
        "tasks": _tasks(session, connection_id, rows, names),
        "withdrawn": [
            {
                "action": row.action,
                "record_id": row.record_id,
                "name": names.get(row.record_id),
                "what": row.key or ", ".join(sorted(row.fields)),
            }
            for row in gone
        ],
        "refusals": [{**one, "name": names.get(one["record_id"])} for one in refusals],
        "calls": calls.to_send(vendor, _by_action(rows)),
    }


def _by_action(rows: Sequence[OutboxRow]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row.action] = found.get(row.action, 0) + 1
    return found


def _figures(writing: WriteMap, fields: set[str]) -> dict[str, dict[str, str]]:
    """Which figure of ours each CRM field holds."""
    return {
        target.name: {"figure": target.field.name, "label": target.field.label}
        for target in writing.targets
        if target.name in fields
    }


def _updates(
    session: Session, connection_id: int, rows: Sequence[OutboxRow], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    assessed = current(session, connection_id, [row.record_id for row in rows])
    return [
        {
            "record_id": row.record_id,
            "name": names.get(row.record_id),
            "why": list(assessed[row.record_id].result["reasons"])
            if row.record_id in assessed
            else [],
            "changes": {name: [row.before.get(name), row.fields[name]] for name in row.fields},
        }
        for row in sorted(rows, key=lambda row: (names.get(row.record_id, ""), row.record_id))
    ]


def _tasks(
    session: Session, connection_id: int, rows: Sequence[OutboxRow], names: Mapping[str, str]
) -> list[dict[str, Any]]:
    rows = [row for row in rows if row.action != "update"]
    users = users_by_id(session, connection_id) if rows else {}
    known = tasks_by_key(session, connection_id, [str(row.key) for row in rows])
    tasks = []
    for row in rows:
        owner = users.get(str(row.fields.get("owner_id")))
        task = known.get(str(row.key))
        tasks.append(
            {
                "action": row.action,
                "record_id": row.record_id,
                "name": names.get(row.record_id),
                "key": row.key,
                "task_id": task.task_id if task is not None else None,
                "owner": owner.name if owner is not None else None,
                "fields": dict(row.fields),
            }
        )
    return sorted(tasks, key=lambda task: (task["action"], str(task["key"])))


def _withdrawn(
    session: Session, connection_id: int, as_of: datetime, rows: Sequence[OutboxRow]
) -> list[OutboxRow]:
    """What waited and is no longer wanted; what was only planned anew does not count."""
    again = {(row.action, row.record_id, row.key) for row in rows}
    return [
        row
        for row in outbox.withdrawn_at(session, connection_id, as_of)
        if (row.action, row.record_id, row.key) not in again
    ]


def _refusals(session: Session, connection_id: int, run_id: int) -> list[dict[str, Any]]:
    """What the plan itself left out: values that cannot be converted, people's own edits."""
    columns = ("object", "record_id", "field", "value", "code", "reason", "remedy")
    found = [
        {name: getattr(row, name) for name in columns}
        for row in open_refusals(session, connection_id)
        if row.run_id == run_id and row.direction == "write"
    ]
    return sorted(found, key=lambda one: (one["record_id"], one["field"]))


def counted(content: Content) -> dict[str, int]:
    """The totals of a preview."""
    tasks = _of_actions(content)
    return {
        "records": len(content["updates"]),
        "fields": sum(len(one["changes"]) for one in content["updates"]),
        "new_tasks": tasks.get("create_task", 0),
        "changed_tasks": tasks.get("update_task", 0),
        "ended_tasks": tasks.get("complete_task", 0),
        "withdrawn": len(content["withdrawn"]),
        "refusals": len(content["refusals"]),
        "calls": content["calls"],
    }


def _of_actions(content: Content) -> dict[str, int]:
    found: dict[str, int] = {}
    for task in content["tasks"]:
        found[task["action"]] = found.get(task["action"], 0) + 1
    return found


Item = tuple[str, str, str]  # action, record, field or key


def sent_by(content: Content) -> dict[Item, tuple[Any, Any]]:
    """Everything that would be sent, as (what the CRM holds, what it gets). Plain JSON."""
    items: dict[Item, tuple[Any, Any]] = {}
    for one in content["updates"]:
        for name, (now, after) in one["changes"].items():
            items["update", one["record_id"], name] = (now, after)
    for task in content["tasks"]:
        items[task["action"], task["record_id"], str(task["key"])] = (None, task["fields"])
    return items


def differences(approved: Content, found: Content) -> list[dict[str, Any]]:
    """Where what would be sent now is not what was approved; empty when it is exactly that.

    Both are contents as they come out of JSON. Each line: action, record_id, name, field, and
    `approved` and `found` as [what the CRM holds, what it gets], None when it is not sent.
    """
    names = {
        one["record_id"]: one["name"]
        for content in (approved, found)
        for one in (*content["updates"], *content["tasks"])
    }
    before, after = sent_by(approved), sent_by(found)
    return [
        {
            "action": item[0],
            "record_id": item[1],
            "name": names[item[1]],
            "field": item[2],
            "approved": _pair(before.get(item)),
            "found": _pair(after.get(item)),
        }
        for item in sorted(before.keys() | after.keys())
        if before.get(item) != after.get(item)
    ]


def _pair(values: tuple[Any, Any] | None) -> list[Any] | None:
    return None if values is None else list(values)
