"""What ran: one row a run, from request to end."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from store.models import Run


def request_run(
    session: Session,
    connection_id: int | None,
    kind: str,
    trigger: str,
    *,
    now: datetime,
    order: Mapping[str, Any] | None = None,
    by: str | None = None,
) -> Run:
    """Ask for a run; one that already waits for the same thing is returned instead.

    order  what exactly to do, as its job reads it
    by     the person who asks
    """
    waiting = _waiting(session, connection_id, kind, order or {})
    if waiting is not None:
        return waiting
    run = Run(
        connection_id=connection_id,
        kind=kind,
        trigger=trigger,
        order=dict(order or {}),
        requested_by=by,
        state="requested",
        requested_at=now,
        counts={},
        seconds={},
    )
    session.add(run)
    session.flush()
    return run


def claim_run(session: Session, *, after: int = 0, now: datetime) -> Run | None:
    """The oldest requested run of a connection, now running and ours; None when none waits.

    after  only runs with a larger id. Commits at once. Of several who ask, each gets another run
    """
    while True:
        waiting = session.scalar(
            select(Run.id)
            .where(Run.state == "requested", Run.connection_id.is_not(None), Run.id > after)
            .order_by(Run.id)
            .limit(1)
        )
        if waiting is None:
            return None
        taken = session.execute(
            update(Run)
            .where(Run.id == waiting, Run.state == "requested")
            .values(state="running", started_at=now)
        )
        session.commit()
        if taken.rowcount:  # type: ignore[attr-defined]
            return session.get(Run, waiting)


def ask_again(session: Session, run_id: int) -> None:
    """A claimed run could not start: it waits on, unless another like it waits already."""
    run = session.get_one(Run, run_id)
    if _waiting(session, run.connection_id, run.kind, run.order) is not None:
        session.delete(run)
        return
    run.state, run.started_at, run.finished_at, run.problem = "requested", None, None, None


def _waiting(
    session: Session, connection_id: int | None, kind: str, order: Mapping[str, Any]
) -> Run | None:
    query = select(Run).where(
        Run.connection_id == connection_id, Run.kind == kind, Run.state == "requested"
    )
    alike = (run for run in session.scalars(query.order_by(Run.id)) if run.order == order)
    return next(alike, None)


def note_progress(session: Session, run_id: int, stage: str, done: int, total: int | None) -> bool:
    """Tell the pages how far a run is; returns whether somebody asked to cancel it.

    stage  what it is at, in words; done and total count the stage's items, total None = unknown
    """
    run = session.get_one(Run, run_id)
    run.progress = {"stage": stage, "done": done, "total": total}
    return run.cancel_asked


def ask_cancel(session: Session, run_id: int) -> None:
    """Ask a run to stop at its next safe point; one that has not begun is cancelled at once."""
    run = session.get_one(Run, run_id)
    if run.state == "requested":
        run.state = "cancelled"
    run.cancel_asked = True


def start_run(
    session: Session, connection_id: int | None, kind: str, trigger: str, *, now: datetime
) -> Run:
    """A run that starts at once."""
    run = request_run(session, connection_id, kind, trigger, now=now)
    run.state = "running"
    run.started_at = now
    session.flush()
    return run


def finish_run(
    session: Session,
    run_id: int,
    *,
    state: str,
    now: datetime,
    problem: str | None = None,
    **facts: Any,
) -> None:
    """Close the run with its state (done, refusals, stopped, failed) and what it did."""
    run = session.get_one(Run, run_id)
    run.state, run.finished_at, run.problem = state, now, problem
    for name, value in facts.items():
        setattr(run, name, value)


def fail_abandoned(session: Session, connection_id: int, *, but: int | None, now: datetime) -> int:
    """Runs that a dead process left; for the holder of the lock, whose own run is `but`."""
    result = session.execute(
        update(Run)
        .where(Run.connection_id == connection_id, Run.state == "running", Run.id != (but or 0))
        .values(
            state="failed",
            finished_at=now,
            problem="the process stopped before the run ended; what it had stored stays, "
            "and the next run goes on from there",
        )
    )
    return int(result.rowcount)  # type: ignore[attr-defined]
