"""What ran: one row a run, from request to end."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from store.models import Run


def request_run(
    session: Session, connection_id: int | None, kind: str, trigger: str, *, now: datetime
) -> Run:
    """Ask for a run; one that already waits for the same thing is returned instead."""
    waiting = _waiting(session, connection_id, kind)
    if waiting is not None:
        return waiting
    run = Run(
        connection_id=connection_id,
        kind=kind,
        trigger=trigger,
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
    if _waiting(session, run.connection_id, run.kind) is not None:
        session.delete(run)
        return
    run.state, run.started_at, run.finished_at, run.problem = "requested", None, None, None


def _waiting(session: Session, connection_id: int | None, kind: str) -> Run | None:
    query = select(Run).where(
        Run.connection_id == connection_id, Run.kind == kind, Run.state == "requested"
    )
    return session.scalar(query.order_by(Run.id).limit(1))


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


def last_success(session: Session, connection_id: int, kind: str) -> datetime | None:
    """When a run of `kind` last ended well, refusals included."""
    return session.scalar(
        select(func.max(Run.finished_at)).where(
            Run.connection_id == connection_id,
            Run.kind == kind,
            Run.state.in_(("done", "refusals")),
        )
    )
