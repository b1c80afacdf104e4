"""Loops: one per answer and what it asks for; every step of one is an event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.bulk import among
from store.models import CrmTask, DirtyAccount, Loop, LoopEvent
from store.records import mark_accounts

OPEN = ("open", "in_progress", "waiting")
DONE = ("solved", "confirmed")
WITHDRAWN = "withdrawn"  # its cause is gone
BAROMETER = "Barometer"
REMEMBERED = timedelta(days=30)  # how long a finished loop's task may still be reopened in the CRM


def is_open(loop: Loop) -> bool:
    """Whether somebody still has to do something."""
    return loop.state in OPEN


def note_event(
    session: Session,
    loop: Loop,
    action: str,
    actor: str,
    *,
    now: datetime,
    before: str | None = None,
    after: str | None = None,
    note: str | None = None,
) -> None:
    """One line of the loop's history."""
    session.add(
        LoopEvent(
            connection_id=loop.connection_id,
            loop_id=loop.id,
            at=now,
            actor=actor[:255],
            action=action,
            before=before,
            after=after,
            note=note,
        )
    )


def move(
    session: Session,
    loop: Loop,
    state: str,
    action: str,
    actor: str,
    *,
    now: datetime,
    note: str | None = None,
) -> None:
    """Bring the loop into `state`; its account is assessed again where that opens or ends it."""
    before, was_open = loop.state, is_open(loop)
    loop.state = state
    if actor != BAROMETER and loop.first_touched_at is None:
        loop.first_touched_at = now
    if was_open and not is_open(loop):
        loop.closed_at, loop.snoozed_until = now, None
    if not was_open and is_open(loop):
        loop.closed_at, loop.overdue_at = None, None
        loop.reopened += 1
    if was_open != is_open(loop):
        mark_accounts(session, loop.connection_id, [loop.account_id], now)
    note_event(session, loop, action, actor, now=now, before=before, after=state, note=note)


def loops_about(
    session: Session, connection_id: int, account_ids: Sequence[str], keys: Sequence[str]
) -> dict[str, Loop]:
    """Loops of these accounts, and loops with these keys, by key."""
    query = select(Loop).where(
        Loop.connection_id == connection_id,
        among(session, Loop.account_id, account_ids) | among(session, Loop.key, keys),
    )
    return {loop.key: loop for loop in session.scalars(query)}


def working_list(session: Session, connection_id: int) -> list[Loop]:
    """Open loops, the most urgent first; those of unknown priority after all others."""
    query = (
        select(Loop)
        .where(Loop.connection_id == connection_id, Loop.state.in_(OPEN))
        .order_by(Loop.priority.desc().nulls_last(), Loop.opened_at, Loop.id)
    )
    return list(session.scalars(query))


def ended_with_tasks(session: Session, connection_id: int) -> list[Loop]:
    """Loops that are over while a task of theirs is not."""
    left = select(CrmTask.loop_id).where(
        CrmTask.connection_id == connection_id,
        CrmTask.loop_id.is_not(None),
        CrmTask.state.in_(("queued", "open", "refused")),
    )
    query = (
        select(Loop)
        .where(Loop.connection_id == connection_id, Loop.state.not_in(OPEN), Loop.id.in_(left))
        .order_by(Loop.id)
    )
    return list(session.scalars(query))


def tasks_of_loops(session: Session, loop_ids: Sequence[int]) -> dict[int, list[CrmTask]]:
    """The CRM tasks of these loops, by loop, in the order they were made."""
    found: dict[int, list[CrmTask]] = {}
    query = select(CrmTask).where(among(session, CrmTask.loop_id, loop_ids)).order_by(CrmTask.id)
    for task in session.scalars(query):
        found.setdefault(task.loop_id or 0, []).append(task)
    return found


def mirrored_tasks(
    session: Session, connection_id: int, *, now: datetime
) -> list[tuple[CrmTask, Loop]]:
    """Tasks whose state in the CRM matters: of open loops, and of those lately finished."""
    query = (
        select(CrmTask, Loop)
        .join(Loop, Loop.id == CrmTask.loop_id)
        .where(
            CrmTask.connection_id == connection_id,
            CrmTask.task_id.is_not(None),
            CrmTask.state.in_(("open", "completed")),
            Loop.state.in_(OPEN) | (Loop.state.in_(DONE) & (Loop.closed_at >= now - REMEMBERED)),
        )
        .order_by(CrmTask.id)
    )
    return [(task, loop) for task, loop in session.execute(query)]


def tasks_made(session: Session, connection_id: int, since: datetime) -> dict[str | None, int]:
    """How many tasks of loops each person was given since then."""
    query = (
        select(CrmTask.owner_id, func.count())
        .where(
            CrmTask.connection_id == connection_id,
            CrmTask.loop_id.is_not(None),
            CrmTask.queued_at >= since,
        )
        .group_by(CrmTask.owner_id)
    )
    return {owner: count for owner, count in session.execute(query)}


def loops_frame(
    session: Session, connection_id: int, kinds: Sequence[str], *, only_dirty: bool = True
) -> pd.DataFrame:
    """Loops of the accounts marked for assessment, or of all, as the calculations read them.

    kinds  which of them count
    """
    session.flush()
    query = (
        select(Loop.key, Loop.account_id, Loop.contact_id, Loop.opened_at, Loop.closed_at)
        .where(Loop.connection_id == connection_id, Loop.kind.in_(kinds))
        .order_by(Loop.key)
    )
    if only_dirty:
        query = query.join(
            DirtyAccount,
            (DirtyAccount.connection_id == Loop.connection_id)
            & (DirtyAccount.account_id == Loop.account_id),
        )
    names = ["loop_id", "account_id", "contact_id", "opened_at", "closed_at"]
    return pd.DataFrame(session.execute(query).all(), columns=names)


@dataclass(frozen=True)
class Fared:
    """What a loop's history comes down to, for the metrics."""

    level: str
    is_open: bool
    is_done: bool
    opened_at: datetime
    closed_at: datetime | None
    is_overdue: bool
    reopened_at: datetime | None


def history_frame(session: Session, connection_id: int, *, now: datetime) -> pd.DataFrame:
    """Every loop with what the metrics ask of it (insights.loops.loop_metrics)."""
    again = (
        select(LoopEvent.loop_id, func.max(LoopEvent.at).label("at"))
        .where(LoopEvent.connection_id == connection_id, LoopEvent.action == "reopened")
        .group_by(LoopEvent.loop_id)
        .subquery()
    )
    query = (
        select(Loop, again.c.at)
        .outerjoin(again, again.c.loop_id == Loop.id)
        .where(Loop.connection_id == connection_id)
    )
    today = now.date()
    rows: list[Any] = [
        Fared(
            loop.highest_level,
            is_open(loop),
            loop.state in DONE,
            loop.opened_at,
            loop.closed_at,
            is_open(loop) and loop.due_on < today and loop.snoozed_until is None,
            reopened,
        )
        for loop, reopened in session.execute(query)
    ]
    frame = pd.DataFrame(rows, columns=list(Fared.__dataclass_fields__))
    for name in ("opened_at", "closed_at", "reopened_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    for name in ("is_open", "is_done", "is_overdue"):
        frame[name] = frame[name].astype(bool)
    return frame
