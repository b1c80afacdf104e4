"""What people did with the tasks of loops in the CRM, brought back to the loops.

Owner and due date are compared with what both sides last agreed on (crm_tasks): what the CRM
changed the loop takes over, what the loop changed is sent (jobs.loop_tasks).
"""

from datetime import datetime

from sqlalchemy.orm import Session

from connector.base import Crm, TaskState
from jobs.loop_tasks import task_key
from jobs.loops import Keeping
from jobs.owners import Owners
from jobs.wiring import House
from store import loops as stored
from store.models import Connection, CrmTask, Loop

CRM_NAMES = {"salesforce": "Salesforce", "hubspot": "HubSpot"}


def read_back(
    crm: Crm, house: House, connection: Connection, *, now: datetime, run_id: int | None
) -> int:
    """Look at every task of a loop that is open or lately finished; returns how many.

    Raises connector.errors; nothing is changed then.
    """
    with house.sessions() as session:
        known = [t.task_id for t, _ in stored.mirrored_tasks(session, connection.id, now=now)]
    ids = [one for one in known if one is not None]
    if not ids:
        return 0
    states = crm.read_tasks(ids)
    with house.sessions.begin() as session:
        keeping = Keeping(session, connection.id, house.settings, connection.time_zone, now, run_id)
        pairs = stored.mirrored_tasks(session, connection.id, now=now)
        owners = keeping.owners([loop.account_id for _, loop in pairs])
        for task, loop in pairs:
            state = states.get(task.task_id or "")
            if state is not None:
                _Follower(keeping, owners, CRM_NAMES[crm.vendor], task, loop, state).follow()
    return len(ids)


class _Follower:
    """One task beside its loop."""

    def __init__(
        self,
        keeping: Keeping,
        owners: Owners,
        vendor: str,
        task: CrmTask,
        loop: Loop,
        state: TaskState,
    ) -> None:
        self._keeping = keeping
        self._owners = owners
        self._task = task
        self._loop = loop
        self._state = state
        self._is_owners = task.key == task_key(loop)
        who = owners.name(state.changed_by) if state.changed_by else None
        self._actor = f"{who} in {vendor}" if who else vendor

    def follow(self) -> None:
        """Take over what a person changed."""
        task, state = self._task, self._state
        if state.gone:
            task.state = "deleted"
            self._note("task_deleted")
            return
        self._follow_owner()
        self._follow_due()
        if state.is_closed and task.state == "open":
            task.state = "completed"
            self._completed()
        elif not state.is_closed and task.state == "completed":
            self._reopened()

    def _follow_owner(self) -> None:
        before, now = self._task.owner_id, self._state.owner_id
        if now is None or now == before:
            return
        self._task.owner_id = now
        if before is None or not self._is_owners or self._loop.owner_id == now:
            return
        self._note("assigned", self._owners.name(self._loop.owner_id), self._owners.name(now))
        self._loop.owner_id = now

    def _follow_due(self) -> None:
        before, due = self._task.due_on, self._state.due
        if due is None or due == before:
            return
        self._task.due_on = due
        if before is None or not self._is_owners or self._loop.due_on == due:
            return
        self._note("due", self._loop.due_on.isoformat(), due.isoformat())
        self._loop.due_on = due

    def _completed(self) -> None:
        if not stored.is_open(self._loop):
            return
        if self._is_owners:
            self._move("solved", "solved", "the task was completed in the CRM")
        elif f":{self._loop.level}:" in self._task.key:
            self._loop.answer = self._loop.answer or f"Completed in the CRM by {self._actor}"
            self._loop.level = "account"
            self._move("in_progress", "answered", self._loop.answer)

    def _reopened(self) -> None:
        if not self._is_owners:
            return
        self._task.state = "open"
        if stored.is_open(self._loop):
            return
        self._loop.due_on = self._keeping.due_again(self._loop, self._owners)
        self._move("open", "reopened", "the task was reopened in the CRM")

    def _move(self, state: str, action: str, note: str) -> None:
        session: Session = self._keeping.session
        stored.move(
            session, self._loop, state, action, self._actor, now=self._keeping.now, note=note
        )

    def _note(self, action: str, before: str | None = None, after: str | None = None) -> None:
        stored.note_event(
            self._keeping.session,
            self._loop,
            action,
            self._actor,
            now=self._keeping.now,
            before=before[:80] if before else None,
            after=after[:80] if after else None,
        )
