"""How the CRM's fields drifted from what the map needs."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.models import SchemaChange


def note_changes(
    session: Session, connection_id: int, found: Iterable[Mapping[str, Any]], *, now: datetime
) -> int:
    """Open what is new, keep what still holds, resolve the rest; returns how many are new.

    found  object, field, change, before, after, affects, breaks; see models.SchemaChange
    """
    open_ones = {
        (row.object, row.field, row.change): row for row in open_changes(session, connection_id)
    }
    new = 0
    for one in found:
        row = open_ones.pop((one["object"], one["field"], one["change"]), None)
        if row is None:
            row = SchemaChange(connection_id=connection_id, found_at=now)
            session.add(row)
            new += 1
        for name, value in one.items():
            setattr(row, name, value)
    for row in open_ones.values():
        row.resolved_at = now
    session.flush()
    return new


def open_changes(session: Session, connection_id: int) -> Sequence[SchemaChange]:
    """Changes not resolved yet, those that break something first, then the oldest."""
    query = (
        select(SchemaChange)
        .where(SchemaChange.connection_id == connection_id, SchemaChange.resolved_at.is_(None))
        .order_by(SchemaChange.breaks.desc(), SchemaChange.found_at, SchemaChange.id)
    )
    return session.scalars(query).all()


def resolved_changes(
    session: Session, connection_id: int, limit: int = 50
) -> Sequence[SchemaChange]:
    """Changes that are past, the newest first."""
    query = (
        select(SchemaChange)
        .where(SchemaChange.connection_id == connection_id, SchemaChange.resolved_at.is_not(None))
        .order_by(SchemaChange.resolved_at.desc(), SchemaChange.id.desc())
        .limit(limit)
    )
    return session.scalars(query).all()


def count_breaking(session: Session) -> dict[int, int]:
    """How many open changes break something, by connection."""
    query = (
        select(SchemaChange.connection_id, func.count())
        .where(SchemaChange.resolved_at.is_(None), SchemaChange.breaks)
        .group_by(SchemaChange.connection_id)
    )
    return {connection_id: number for connection_id, number in session.execute(query)}
