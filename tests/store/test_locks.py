"""Locks: one holder, and a dead one's expires."""

from datetime import timedelta

from sqlalchemy.orm import Session

from store.locks import drop_lock, take_lock
from tests.store.conftest import NOON

MINUTE = timedelta(minutes=1)


def test_only_one_owner_holds_a_lock(session: Session) -> None:
    assert take_lock(session, "sync:1", "a", now=NOON, expires_after=MINUTE)
    assert not take_lock(session, "sync:1", "b", now=NOON, expires_after=MINUTE)
    assert take_lock(session, "sync:2", "b", now=NOON, expires_after=MINUTE)


def test_the_owner_renews_and_a_dead_owners_lock_expires(session: Session) -> None:
    take_lock(session, "sync:1", "a", now=NOON, expires_after=MINUTE)
    renewed = NOON + timedelta(seconds=50)
    assert take_lock(session, "sync:1", "a", now=renewed, expires_after=MINUTE)
    assert not take_lock(session, "sync:1", "b", now=NOON + MINUTE, expires_after=MINUTE)
    assert take_lock(session, "sync:1", "b", now=renewed + MINUTE, expires_after=MINUTE)


def test_only_the_owner_gives_a_lock_back(session: Session) -> None:
    take_lock(session, "sync:1", "a", now=NOON, expires_after=MINUTE)
    drop_lock(session, "sync:1", "b")
    assert not take_lock(session, "sync:1", "b", now=NOON, expires_after=MINUTE)
    drop_lock(session, "sync:1", "a")
    assert take_lock(session, "sync:1", "b", now=NOON, expires_after=MINUTE)
