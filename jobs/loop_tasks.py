"""The CRM tasks of loops: one for the owner, one more for each time somebody above is asked.

A task follows its loop: owner and due date are sent when they differ from what the CRM is known
to hold, it ends with the loop and is reopened with it. Run as often as one likes: a second run
queues nothing more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.loops import Keeping
from jobs.owners import Owners
from store import loops as stored
from store import outbox, refusals
from store.bulk import among
from store.models import Contact, CrmTask, Loop, OutboxRow, Response

ACTIONS = ("create_task", "update_task", "complete_task")
SUBJECTS = {
    "detractor": "Call back an unhappy customer",
    "csat": "Call back a dissatisfied customer",
    "ces": "Make it easier for a customer",
    "passive": "Ask what would delight a customer",
    "promoter": "Thank a promoter and ask for a referral",
    "overdue": "Overdue: an unhappy customer waits",
    "management": "Management is asked about a customer",
    "executive": "An executive is asked about a customer",
}
_ABOVE = ("overdue", "management", "executive")


def plan_loop_tasks(keeping: Keeping) -> None:
    """Queue what brings the CRM's tasks in line with the loops, the most urgent loop first."""
    loops = stored.working_list(keeping.session, keeping.connection_id)
    over = stored.ended_with_tasks(keeping.session, keeping.connection_id)
    if not loops and not over:
        return
    desk = _Desk.of(keeping, [*loops, *over])
    for loop in over:
        for task in desk.tasks.get(loop.id, ()):
            desk.end(task, _ending(loop))
    for loop in loops:
        _plan_owners_task(desk, loop)
        _plan_above(desk, loop)


def task_key(loop: Loop) -> str:
    """The key of the task of the loop's owner."""
    return f"ax:loop:{loop.key}"


@dataclass
class _Desk:
    """Everything that planning looks at, read once."""

    keeping: Keeping
    owners: Owners
    tasks: dict[int, list[CrmTask]]
    rows: dict[tuple[str, str], list[OutboxRow]]  # by action and key, not arrived or refused
    answers: Mapping[str, Response]
    people: Mapping[str, Contact]
    made: dict[str | None, int]  # tasks of this week, by owner
    week_ends: date
    created: int = field(default=0)

    @classmethod
    def of(cls, keeping: Keeping, loops: Sequence[Loop]) -> "_Desk":
        session, connection_id = keeping.session, keeping.connection_id
        accounts = sorted({loop.account_id for loop in loops})
        rows: dict[tuple[str, str], list[OutboxRow]] = {}
        states = (*outbox.UNSETTLED, *outbox.REFUSED)
        for action in ACTIONS:
            for row in outbox.unsettled(session, connection_id, action, accounts, states):
                rows.setdefault((action, str(row.key)), []).append(row)
        said = select(Response).where(
            Response.connection_id == connection_id,
            among(session, Response.response_id, [loop.response_id for loop in loops]),
        )
        people = select(Contact).where(
            Contact.connection_id == connection_id,
            among(session, Contact.contact_id, [loop.contact_id or "" for loop in loops]),
        )
        midnight = keeping.now.replace(hour=0, minute=0, second=0, microsecond=0)
        monday = midnight - timedelta(days=midnight.weekday())
        return cls(
            keeping,
            keeping.owners(accounts),
            stored.tasks_of_loops(session, [loop.id for loop in loops]),
            rows,
            {row.response_id: row for row in session.scalars(said)},
            {row.contact_id: row for row in session.scalars(people)},
            stored.tasks_made(session, connection_id, monday),
            monday.date() + timedelta(days=7),
        )

    @property
    def session(self) -> Session:
        return self.keeping.session

    def unarrived(self, action: str, task: CrmTask) -> list[OutboxRow]:
        return self.rows.get((action, task.key), [])

    def create(self, loop: Loop, key: str, asks: str, owner_id: str | None) -> None:
        """A new task; `asks` is the loop's kind or who above its owner is asked."""
        due = (
            loop.due_on
            if asks == loop.kind
            else self.keeping.due("detractor", None, None, self.owners)
        )
        task = CrmTask(
            connection_id=loop.connection_id,
            loop_id=loop.id,
            account_id=loop.account_id,
            key=key,
            state="queued",
            owner_id=owner_id,
            due_on=due,
            queued_at=self.keeping.now,
        )
        self.session.add(task)
        self.tasks.setdefault(loop.id, []).append(task)
        self.queue("create_task", task, self.draft(loop, task, asks))

    def queue(self, action: str, task: CrmTask, fields: Mapping[str, Any]) -> None:
        outbox.queue_row(
            self.session,
            task.connection_id,
            action,
            "task",
            task.account_id,
            key=task.key,
            fields=fields,
            run_id=self.keeping.run_id,
            now=self.keeping.now,
        )

    def draft(self, loop: Loop, task: CrmTask, asks: str) -> dict[str, Any]:
        """What the task says, as the outbox keeps it."""
        account = self.owners.accounts.get(loop.account_id)
        name = account.name if account else loop.account_id
        urgent = asks in _ABOVE or (loop.kind not in ("passive", "promoter"))
        return {
            "subject": f"{SUBJECTS[asks]}: {name}"[:255],
            "body": "\n\n".join(self._sentences(loop, asks)),
            "due": (task.due_on or loop.due_on).isoformat(),
            "priority": "high" if urgent else "normal",
            "owner_id": task.owner_id,
            "contact_id": loop.contact_id,
        }

    def _sentences(self, loop: Loop, asks: str) -> Iterator[str]:
        answer, person = self.answers.get(loop.response_id), self.people.get(loop.contact_id or "")
        if answer is not None and answer.score is not None:
            who = (person.name if person else None) or "Somebody"
            metric = (answer.metric or "score").upper()
            yield f"{who} answered {metric} {answer.score:g}."
            if answer.comment:
                yield f"\u201c{answer.comment[:1000]}\u201d"
            if answer.drivers:
                yield f"Named: {answer.drivers}"
        if asks in _ABOVE:
            yield f"{self.owners.name(loop.owner_id)} has it, due {loop.due_on.isoformat()}."
        if asks in ("management", "executive") and loop.impact:
            yield str(loop.impact.get("question") or "")
            yield str(loop.impact.get("words") or "")
        page = f"{self.keeping.settings.web.url}/inbox/{loop.connection_id}/{loop.key}"
        yield f"Everything about it: {page}"

    def end(self, task: CrmTask, note: str) -> None:
        """The task is not needed any more."""
        for row in (*self.unarrived("create_task", task), *self.unarrived("update_task", task)):
            if row.tries == 0 or row.state in outbox.REFUSED:
                self.drop(row)
        if task.state == "refused" or (
            task.state == "queued"
            and all(row.state == "withdrawn" for row in self.unarrived("create_task", task))
        ):
            task.state = "completed"
        if task.state in ("queued", "open"):
            task.state = "closing"
            self.queue("complete_task", task, {"note": note})

    def drop(self, row: OutboxRow) -> None:
        """The row is not wanted, and what the CRM said against it is of no more concern."""
        if row.state in outbox.REFUSED:
            refusals.resolve_refusals(
                self.session,
                row.connection_id,
                "write",
                "tasks",
                {str(row.key): None},
                now=self.keeping.now,
            )
        outbox.withdraw(row, now=self.keeping.now)


def _ending(loop: Loop) -> str:
    why = "its cause is gone" if loop.state == stored.WITHDRAWN else f"it is {loop.state}"
    return f"Completed by Barometer: {why}."


def _plan_owners_task(desk: _Desk, loop: Loop) -> None:
    key = task_key(loop)
    task = next((one for one in desk.tasks.get(loop.id, ()) if one.key == key), None)
    if task is None:
        loop.suppressed = _over_budget(desk, loop.owner_id)
        if loop.suppressed is None:
            desk.made[loop.owner_id] = desk.made.get(loop.owner_id, 0) + 1
            desk.create(loop, key, loop.kind, loop.owner_id)
        return
    if task.state == "completed" and task.task_id is None:
        task.state = "queued"
        task.owner_id, task.due_on = loop.owner_id, loop.due_on
        desk.queue("create_task", task, desk.draft(loop, task, loop.kind))
    elif task.state in ("queued", "refused"):
        _redraft(desk, loop, task)
    elif task.state == "closing":
        _take_back(desk, task)
    if task.state in ("open", "completed"):
        _send_changes(desk, loop, task)


def _over_budget(desk: _Desk, owner_id: str | None) -> str | None:
    """Why no task is made, in words; None when one is."""
    budget = desk.keeping.settings.tasks.per_owner_week
    if desk.made.get(owner_id, 0) < budget:
        return None
    return (
        f"{desk.owners.name(owner_id)} has got {budget} tasks this week, which is the most; "
        f"the next can be made from {desk.week_ends.isoformat()} on"
    )


def _redraft(desk: _Desk, loop: Loop, task: CrmTask) -> None:
    """A task that is not in the CRM yet says what is so now; a refused one is tried again."""
    for row in desk.unarrived("create_task", task):
        if row.state in outbox.REFUSED:
            task.state = "queued"
        elif row.tries:
            continue
        task.owner_id, task.due_on = loop.owner_id, loop.due_on
        fields = desk.draft(loop, task, loop.kind)
        if row.state in outbox.REFUSED:
            outbox.requeue(row, fields=fields, run_id=desk.keeping.run_id, now=desk.keeping.now)
        elif row.fields != fields:
            row.fields = fields


def _take_back(desk: _Desk, task: CrmTask) -> None:
    """The loop is open again before its task was completed."""
    ending = desk.unarrived("complete_task", task)
    if ending and all(row.tries == 0 for row in ending):
        for row in ending:
            desk.drop(row)
        task.state = "open" if task.task_id else "queued"


def _send_changes(desk: _Desk, loop: Loop, task: CrmTask) -> None:
    """Owner, due date and reopening, as far as the CRM is not known to hold them."""
    fields: dict[str, Any] = {}
    if loop.owner_id is not None and loop.owner_id != task.owner_id:
        fields["owner_id"] = loop.owner_id
    if loop.due_on != task.due_on:
        fields["due"] = loop.due_on.isoformat()
    if task.state == "completed":
        fields["reopen"] = True
    standing = desk.unarrived("update_task", task)
    if any(row.fields == fields and row.state in outbox.UNSETTLED for row in standing):
        return
    for row in standing:
        if row.tries == 0 or row.state in outbox.REFUSED:
            desk.drop(row)
    if fields:
        desk.queue("update_task", task, fields)


def _plan_above(desk: _Desk, loop: Loop) -> None:
    """A task for the manager of an overdue loop, and for who was asked; once each time."""
    asked = (loop.impact or {}).get("asked_at")
    since = datetime.fromisoformat(asked) if asked else None
    wanted = (
        {"overdue": loop.overdue_at, loop.level: since} if asked else {"overdue": loop.overdue_at}
    )
    for asks in _ABOVE:
        mine = [t for t in desk.tasks.get(loop.id, ()) if t.key.startswith(_above_key(loop, asks))]
        began = wanted.get(asks)
        if began is None:
            for task in mine:
                desk.end(task, _answered(loop, asks))
            continue
        if any(task.queued_at is not None and task.queued_at >= began for task in mine):
            continue
        owner = _whom(desk, loop, asks)
        if owner is not None:
            desk.create(loop, f"{_above_key(loop, asks)}{len(mine) + 1}", asks, owner)


def _above_key(loop: Loop, asks: str) -> str:
    return f"{task_key(loop)}:{asks}:"


def _whom(desk: _Desk, loop: Loop, asks: str) -> str | None:
    if asks == "executive":
        return desk.owners.executive(loop.owner_id, desk.keeping.settings.loops.executive)
    return desk.owners.manager(loop.owner_id)


def _answered(loop: Loop, asks: str) -> str:
    if asks == "overdue":
        return "Completed by Barometer: it is not overdue any more."
    return f"Answer: {loop.answer or 'no longer asked'}"
