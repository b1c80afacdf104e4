"""What the CRM said of itself: field descriptions and exchange rates, kept for a while."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from store.models import CrmFact


def recall_fact(
    session: Session, connection_id: int, name: str, *, now: datetime, max_age: timedelta
) -> Any | None:
    """The stored JSON value, None when absent or older than `max_age`."""
    fact = session.get(CrmFact, (connection_id, name))
    return fact.content if fact is not None and now - fact.read_at < max_age else None


def keep_fact(
    session: Session, connection_id: int, name: str, content: Any, *, now: datetime
) -> None:
    """Store `content` (JSON) under `name`, replacing what was there."""
    session.merge(CrmFact(connection_id=connection_id, name=name, content=content, read_at=now))


def forget_facts(session: Session, connection_id: int) -> None:
    """Drop all facts of the connection, so that the CRM is asked again."""
    session.execute(delete(CrmFact).where(CrmFact.connection_id == connection_id))
