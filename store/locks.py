"""One worker per name, on any number of processes; a dead owner's lock expires."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from store.models import Lock


def take_lock(
    session: Session, name: str, owner: str, *, now: datetime, expires_after: timedelta
) -> bool:
    """Take or renew the lock; False while a living other owner holds it. Commits at once."""
    taken = session.execute(
        update(Lock)
        .where(Lock.name == name, or_(Lock.owner == owner, Lock.expires_at <= now))
        .values(owner=owner, expires_at=now + expires_after)
    )
    if taken.rowcount:  # type: ignore[attr-defined]
        session.commit()
        return True
    try:
        session.add(Lock(name=name, owner=owner, expires_at=now + expires_after))
        session.commit()
    except IntegrityError:
        session.rollback()
        return False
    return True


def lock_holder(session: Session, name: str) -> Lock | None:
    """The lock as it is held now, by whomever; None when nobody holds it."""
    return session.get(Lock, name, populate_existing=True)


def drop_lock(session: Session, name: str, owner: str) -> None:
    """Give the lock back, if it is still ours. Commits at once."""
    session.execute(delete(Lock).where(Lock.name == name, Lock.owner == owner))
    session.commit()
