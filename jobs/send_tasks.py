"""Sending tasks: made by their key, changed, completed when over, each settled by itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session, sessionmaker

from connector.base import Crm, Refusal, TaskChange, TaskDraft, TaskResult
from jobs.clock import utc_now
from jobs.refused import from_crm, reason
from jobs.schema import Schema
from store import outbox, refusals
from store.alerts import tasks_by_key
from store.models import OutboxRow
from store.records import mark_accounts


@dataclass
class TasksDone:
    """What became of tasks in one run."""

    looked_at: int = 0  # tasks of loops, for what people did with them
    created: int = 0
    changed: int = 0
    completed: int = 0
    refused: int = 0


@dataclass(frozen=True)
class _Sending:
    """One sending under way."""

    crm: Crm
    sessions: sessionmaker[Session]
    connection_id: int
    run_id: int | None
    done: TasksDone


def send_tasks(
    crm: Crm,
    sessions: sessionmaker[Session],
    connection_id: int,
    schema: Schema,
    *,
    run_id: int | None,
    done: TasksDone,
) -> None:
    """Make queued tasks, change those that differ, complete those that are over.

    The key goes into the CRM, so a task whose answer was lost is found, not made again.
    Raises connector.errors; what was settled stays.
    """
    this = _Sending(crm, sessions, connection_id, run_id, done)
    for batch in _batches(this, "create_task"):
        results = crm.put_tasks([_draft(row) for row in batch], schema.map.task_key_field)
        with sessions.begin() as session:
            _settle_created(this, session, batch, results)
    for batch in _batches(this, "update_task"):
        made = _made(this, batch)
        changes = {made[row.key]: _change(row) for row in batch if row.key in made}
        refused = crm.update_tasks(changes) if changes else {}
        with sessions.begin() as session:
            _settle_changed(this, session, batch, refused)
    for batch in _batches(this, "complete_task"):
        made = _made(this, batch)
        notes = {made[r.key]: r.fields["note"] for r in batch if r.key in made and r.fields}
        refused = crm.complete_tasks(list(made.values()), notes) if made else {}
        with sessions.begin() as session:
            _settle_completed(this, session, batch, refused)


def _batches(this: _Sending, action: str) -> Iterator[list[OutboxRow]]:
    """Rows to send, marked as being sent before they are handed out."""
    last = 0
    while True:
        with this.sessions.begin() as session:
            batch = outbox.next_batch(
                session, this.connection_id, action, this.crm.batch_size, after=last
            )
        if not batch:
            return
        last = batch[-1].id
        yield batch


def _made(this: _Sending, batch: Sequence[OutboxRow]) -> dict[str | None, str]:
    """The CRM's ids of the tasks that are there, by key."""
    with this.sessions() as session:
        known = tasks_by_key(session, this.connection_id, [str(row.key) for row in batch])
    return {key: task.task_id for key, task in known.items() if task.task_id is not None}


def _change(row: OutboxRow) -> TaskChange:
    due = row.fields.get("due")
    return TaskChange(
        owner_id=row.fields.get("owner_id"),
        due=date.fromisoformat(due) if due else None,
        reopen=bool(row.fields.get("reopen")),
    )


def _draft(row: OutboxRow) -> TaskDraft:
    return TaskDraft(
        key=str(row.key),
        account_id=row.record_id,
        subject=row.fields["subject"],
        body=row.fields["body"],
        due=date.fromisoformat(row.fields["due"]),
        priority=row.fields["priority"],
        owner_id=row.fields["owner_id"],
        contact_id=row.fields["contact_id"],
    )


def _settle_created(
    this: _Sending,
    session: Session,
    batch: Sequence[OutboxRow],
    results: Mapping[str, TaskResult],
) -> None:
    now = utc_now()
    tasks = tasks_by_key(session, this.connection_id, [str(row.key) for row in batch])
    through: dict[str, None] = {}
    for row in outbox.reread(session, batch):
        result, task = results[str(row.key)], tasks[str(row.key)]
        if result.refusal is not None:
            task.state = "refused"
            _refuse(this, session, row, result.refusal, now)
            continue
        outbox.settle_done(row, now=now)
        through[str(row.key)] = None
        this.done.created += result.created
        task.task_id = result.task_id
        task.state = "open" if task.state == "queued" else task.state
    refusals.resolve_refusals(session, this.connection_id, "write", "tasks", through, now=now)


def _settle_changed(
    this: _Sending, session: Session, batch: Sequence[OutboxRow], refused: Mapping[str, Refusal]
) -> None:
    now = utc_now()
    tasks = tasks_by_key(session, this.connection_id, [str(row.key) for row in batch])
    through: dict[str, None] = {}
    for row in outbox.reread(session, batch):
        task = tasks[str(row.key)]
        refusal = refused.get(task.task_id or "")
        if refusal is not None and not refusal.gone:
            _refuse(this, session, row, refusal, now)
            continue
        outbox.settle_done(row, now=now)
        through[str(row.key)] = None
        if refusal is not None:
            task.state = "deleted"
            continue
        this.done.changed += task.task_id is not None
        change = _change(row)
        task.owner_id = change.owner_id or task.owner_id
        task.due_on = change.due or task.due_on
        task.state = "open" if change.reopen and task.state == "completed" else task.state
    refusals.resolve_refusals(session, this.connection_id, "write", "tasks", through, now=now)


def _settle_completed(
    this: _Sending, session: Session, batch: Sequence[OutboxRow], refused: Mapping[str, Refusal]
) -> None:
    now = utc_now()
    tasks = tasks_by_key(session, this.connection_id, [str(row.key) for row in batch])
    through: dict[str, None] = {}
    for row in outbox.reread(session, batch):
        task = tasks[str(row.key)]
        refusal = refused.get(task.task_id or "")
        if refusal is not None and not refusal.gone:
            _refuse(this, session, row, refusal, now)
            continue
        outbox.settle_done(row, now=now)
        through[str(row.key)] = None
        this.done.completed += task.task_id is not None and refusal is None
        task.state = "completed"
    refusals.resolve_refusals(session, this.connection_id, "write", "tasks", through, now=now)


def _refuse(
    this: _Sending, session: Session, row: OutboxRow, refusal: Refusal, now: datetime
) -> None:
    """One refusal row; the account is looked at again, so that the task is tried again."""
    outbox.settle_refused(row, code=refusal.code, reason=reason(refusal), now=now)
    mark_accounts(session, this.connection_id, [row.record_id], now)
    this.done.refused += refusals.note_refusals(
        session,
        this.connection_id,
        "write",
        from_crm("tasks", str(row.key), refusal, row.fields),
        run_id=this.run_id,
        now=now,
    )
