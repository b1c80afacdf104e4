"""Which tasks people get: one per alert episode, keyed, never doubled, ended when it is over."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from insights.workdays import working_day
from jobs.owners import Owners
from settings import Tasks as TaskPolicy
from store import outbox, refusals
from store.alerts import AlertChanges, tasks_by_key, tasks_of
from store.models import Alert, CrmTask

SUBJECTS = {
    "contacts_missing": "Add contacts",
    "level_missing": "Find a contact on the missing level",
    "respondents_missing": "Get more people to answer",
    "contact_left": "Replace a contact who left",
    "silent_account": "Speak with a silent account",
    "team_role_missing": "Complete the account team",
}
_URGENT = {"contact_left", "silent_account"}


def plan_tasks(
    session: Session,
    connection_id: int,
    changes: AlertChanges,
    account_ids: Sequence[str],
    *,
    page_url: str,
    policy: TaskPolicy,
    fallback_owner: str,
    now: datetime,
    run_id: int | None,
) -> None:
    """Queue a task for each opened alert that asks for one, and the end of each closed one's.

    account_ids     accounts looked at; what the CRM refused of theirs is tried again
    fallback_owner  as `jobs.owners.Owners` takes it
    """
    owners = Owners(session, connection_id, account_ids, fallback_owner)
    drafts = _Drafts(owners, page_url, policy, now)
    for alert in changes.opened:
        if alert.kind not in policy.alerts:
            continue
        key = f"ax:{alert.kind}:{alert.account_id}:{alert.episode}"[:80]
        fields = drafts.of(alert)
        session.add(
            CrmTask(
                connection_id=connection_id,
                alert_id=alert.id,
                account_id=alert.account_id,
                key=key,
                state="queued",
                owner_id=fields["owner_id"],
                due_on=drafts.due,
                queued_at=now,
            )
        )
        outbox.queue_row(
            session,
            connection_id,
            "create_task",
            "task",
            alert.account_id,
            key=key,
            fields=fields,
            run_id=run_id,
            now=now,
        )
    tasks = tasks_of(session, [alert.id for alert in changes.closed])
    for alert in changes.closed:
        task = tasks.get(alert.id)
        if task is None:
            continue
        for row in outbox.unsettled(session, connection_id, "create_task", [alert.account_id]):
            if row.key == task.key and row.tries == 0:
                outbox.withdraw(row, now=now)
                task.state = "completed"
        if task.state in ("queued", "open"):
            task.state = "closing"
            outbox.queue_row(
                session,
                connection_id,
                "complete_task",
                "task",
                alert.account_id,
                key=task.key,
                fields={},
                run_id=run_id,
                now=now,
            )
    _retry_refused(session, connection_id, account_ids, drafts, now=now, run_id=run_id)


def _retry_refused(
    session: Session,
    connection_id: int,
    account_ids: Sequence[str],
    drafts: "_Drafts",
    *,
    now: datetime,
    run_id: int | None,
) -> None:
    """What the CRM refused is queued anew, or dropped with its alert."""
    refused = outbox.REFUSED
    rows = outbox.unsettled(session, connection_id, "create_task", account_ids, refused)
    tasks = tasks_by_key(session, connection_id, [str(row.key) for row in rows])
    for row in rows:
        task = tasks[str(row.key)]
        if task.alert_id is None:
            continue  # a loop's: jobs.loop_tasks
        raised = session.get_one(Alert, task.alert_id)
        if raised.closed_at is not None:
            outbox.withdraw(row, now=now)
            refusals.resolve_refusals(
                session, connection_id, "write", "tasks", {str(row.key): None}, now=now
            )
            continue
        task.state = "queued"
        outbox.requeue(row, fields=drafts.of(raised), run_id=run_id, now=now)
    for row in outbox.unsettled(session, connection_id, "complete_task", account_ids, refused):
        outbox.requeue(row, fields=row.fields, run_id=run_id, now=now)


class _Drafts:
    """Writes the tasks of many alerts; accounts and colleagues are looked up once."""

    def __init__(self, owners: Owners, page_url: str, policy: TaskPolicy, now: datetime) -> None:
        self._owners = owners
        self._page_url = page_url
        self.due = working_day(now.date(), policy.due_working_days)

    def of(self, alert: Alert) -> dict[str, Any]:
        """What the alert's task says, as the outbox keeps it."""
        account = self._owners.accounts[alert.account_id]
        contact = alert.details.get("contact_id")
        return {
            "subject": f"{SUBJECTS.get(alert.kind, 'Look at the account')}: {account.name}"[:255],
            "body": f"{alert.message}\n\nWhy, and every record behind it: "
            f"{self._page_url}/{alert.account_id}",
            "due": self.due.isoformat(),
            "priority": "high" if alert.kind in _URGENT else "normal",
            "owner_id": self._owners.of(alert.account_id),
            "contact_id": contact if isinstance(contact, str) else None,
        }
