"""What a run found that people should hear of, once: not again while it stays the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.models import RefusedValue, Run, SchemaChange

MOST = 10  # lines of a notice


@dataclass(frozen=True)
class Finding:
    """A notice: its subject, its first lines, and of how many."""

    subject: str
    lines: Sequence[str]
    total: int


def new_findings(session: Session, run_id: int) -> Finding | None:
    """What is new with this ended run: that it failed, what was refused, what broke in the CRM."""
    run = session.get(Run, run_id)
    if run is None:  # it removed its connection, and its own row with it
        return None
    if run.state in ("failed", "stopped"):
        problem = run.problem or "the log of the worker says why"
        if _said_before(session, run):
            return None
        return Finding(f"{run.kind.replace('_', ' ')} {run.state}", [problem], 1)
    if run.started_at is None:
        return None
    broken = select(SchemaChange).where(
        SchemaChange.connection_id == run.connection_id,
        SchemaChange.breaks,
        SchemaChange.resolved_at.is_(None),
        SchemaChange.found_at >= run.started_at,
    )
    changes = session.scalars(broken.order_by(SchemaChange.id)).all()
    if changes:
        lines = [f"{one.object}.{one.field}: {one.change}" for one in changes]
        subject = "fields of the CRM changed that the mapping needs"
        return Finding(subject, lines[:MOST], len(lines))
    refused = (
        RefusedValue.connection_id == run.connection_id,
        RefusedValue.resolved_at.is_(None),
        RefusedValue.first_seen >= run.started_at,
    )
    causes = session.execute(
        select(
            RefusedValue.direction,
            RefusedValue.object,
            RefusedValue.field,
            RefusedValue.code,
            func.min(RefusedValue.reason),
            func.min(RefusedValue.remedy),
            func.count(),
        )
        .where(*refused)
        .group_by(
            RefusedValue.direction, RefusedValue.object, RefusedValue.field, RefusedValue.code
        )
        .order_by(func.count().desc(), RefusedValue.object, RefusedValue.field)
    ).all()
    if not causes:
        return None
    lines = [
        f"{number} x {kind} {field}".rstrip() + f" ({direction}, {code}): {reason} {remedy}"
        for direction, kind, field, code, reason, remedy, number in causes
    ]
    total = sum(cause[-1] for cause in causes)
    return Finding(f"{total} values newly refused", lines[:MOST], len(lines))


def _said_before(session: Session, run: Run) -> bool:
    """Whether the run of this kind before it ended in the same way."""
    before = session.scalar(
        select(Run)
        .where(
            Run.connection_id == run.connection_id,
            Run.kind == run.kind,
            Run.id < run.id,
            Run.finished_at.is_not(None),
        )
        .order_by(Run.id.desc())
        .limit(1)
    )
    return before is not None and (before.state, before.problem) == (run.state, run.problem)
