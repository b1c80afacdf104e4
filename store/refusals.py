"""Values that could not be read or written: one row each, until they go through."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.bulk import among
from store.models import RefusedValue


@dataclass(frozen=True)
class Refused:
    """One refused value: where it stands, what it was, why, and what to do."""

    object: str
    record_id: str
    field: str
    value: str | None
    code: str
    reason: str
    remedy: str


def note_refusals(
    session: Session,
    connection_id: int,
    direction: str,
    refused: Iterable[Refused],
    *,
    run_id: int | None,
    now: datetime,
) -> int:
    """Keep each refusal once, with when it was first and last seen; returns how many came."""
    count = 0
    for one in refused:
        count += 1
        row = session.scalar(
            select(RefusedValue).where(
                RefusedValue.connection_id == connection_id,
                RefusedValue.direction == direction,
                RefusedValue.object == one.object,
                RefusedValue.record_id == one.record_id,
                RefusedValue.field == one.field,
            )
        )
        if row is None:
            row = RefusedValue(
                connection_id=connection_id,
                direction=direction,
                object=one.object,
                record_id=one.record_id,
                field=one.field,
                first_seen=now,
                times=0,
            )
            session.add(row)
        row.run_id, row.value, row.code = run_id, one.value, one.code
        row.reason, row.remedy = one.reason, one.remedy
        row.last_seen, row.resolved_at = now, None
        row.times += 1
    return count


def resolve_refusals(
    session: Session,
    connection_id: int,
    direction: str,
    object_name: str,
    through: Mapping[str, Container[str] | None],
    *,
    now: datetime,
) -> None:
    """Settle what was refused and now went through.

    through  by record id, the fields that did ("" for the record as a whole), None = all of them
    """
    query = select(RefusedValue).where(
        RefusedValue.connection_id == connection_id,
        RefusedValue.direction == direction,
        RefusedValue.object == object_name,
        RefusedValue.resolved_at.is_(None),
        among(session, RefusedValue.record_id, list(through)),
    )
    for row in session.scalars(query):
        fields = through[row.record_id]
        if fields is None or row.field in fields:
            row.resolved_at = now


def open_refusals(session: Session, connection_id: int) -> list[RefusedValue]:
    """Refusals that are not settled, newest first."""
    return list(
        session.scalars(
            select(RefusedValue)
            .where(RefusedValue.connection_id == connection_id, RefusedValue.resolved_at.is_(None))
            .order_by(RefusedValue.last_seen.desc(), RefusedValue.id)
        )
    )
