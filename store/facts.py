"""What the CRM said of itself: field descriptions and exchange rates, kept for a while."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from store.models import CrmFact

_BASELINE = "baseline:"


def recall_fact(
    session: Session, connection_id: int, name: str, *, now: datetime, max_age: timedelta
) -> Any | None:
    """The stored JSON value, None when absent or older than `max_age`."""
    fact = session.get(CrmFact, (connection_id, name))
    return fact.content if fact is not None and now - fact.read_at < max_age else None


def latest_fact(session: Session, connection_id: int, name: str) -> Any | None:
    """The stored JSON value, however old; None when absent."""
    fact = session.get(CrmFact, (connection_id, name))
    return fact.content if fact is not None else None


def keep_fact(
    session: Session, connection_id: int, name: str, content: Any, *, now: datetime
) -> None:
    """Store `content` (JSON) under `name`, replacing what was there."""
    session.merge(CrmFact(connection_id=connection_id, name=name, content=content, read_at=now))


def forget_facts(session: Session, connection_id: int) -> None:
    """Drop what the CRM said of itself, so that it is asked again; baselines stay."""
    session.execute(
        delete(CrmFact).where(
            CrmFact.connection_id == connection_id, CrmFact.name.not_like(f"{_BASELINE}%")
        )
    )


def keep_baseline(
    session: Session, connection_id: int, kind: str, content: Any, *, now: datetime
) -> None:
    """How CRM object `kind` was when it last suited the map: what drift is measured against."""
    keep_fact(session, connection_id, f"{_BASELINE}{kind}", content, now=now)


def baselines(session: Session, connection_id: int) -> dict[str, Any]:
    """The kept baseline of each CRM object."""
    found = session.scalars(
        select(CrmFact).where(
            CrmFact.connection_id == connection_id, CrmFact.name.like(f"{_BASELINE}%")
        )
    )
    return {fact.name.removeprefix(_BASELINE): fact.content for fact in found}
