"""Windows: nothing is left out between them, and a broken-off pull goes on."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from store import cursors
from store.models import Connection
from tests.store.conftest import NOON

OVERLAP = timedelta(minutes=5)


def opened(
    session: Session,
    connection: Connection,
    now: datetime,
    full: bool = False,
    version: str = "v1",
) -> cursors.Window:
    return cursors.open_window(
        session, connection.id, "Account", now=now, overlap=OVERLAP, full=full, version=version
    )


def test_the_first_window_reads_everything(session: Session, connection: Connection) -> None:
    window = opened(session, connection, NOON)
    assert (window.full, window.since, window.until) == (True, None, NOON)


def test_the_next_window_overlaps_the_last(session: Session, connection: Connection) -> None:
    opened(session, connection, NOON)
    cursors.close_window(session, connection.id, "Account")
    later = NOON + timedelta(hours=1)
    window = opened(session, connection, later)
    assert (window.since, window.until, window.full) == (NOON - OVERLAP, later, False)


def test_a_window_that_was_not_closed_goes_on_where_it_stopped(
    session: Session, connection: Connection
) -> None:
    first = opened(session, connection, NOON)
    cursors.move_window(session, connection.id, "Account", {"page": 7})
    again = opened(session, connection, NOON + timedelta(hours=1))
    assert (again.until, again.started, again.resume) == (NOON, first.started, {"page": 7})


def test_a_changed_map_reads_everything_again(session: Session, connection: Connection) -> None:
    opened(session, connection, NOON)
    cursors.close_window(session, connection.id, "Account")
    window = opened(session, connection, NOON + timedelta(hours=1), version="v2")
    assert window.full


def test_a_full_read_that_was_asked_for_replaces_an_increment_under_way(
    session: Session, connection: Connection
) -> None:
    opened(session, connection, NOON)
    cursors.close_window(session, connection.id, "Account")
    opened(session, connection, NOON + timedelta(hours=1))
    cursors.move_window(session, connection.id, "Account", {"page": 7})
    window = opened(session, connection, NOON + timedelta(hours=2), full=True)
    assert (window.full, window.resume) == (True, None)


def test_the_oldest_full_read_is_unknown_while_a_source_has_none(
    session: Session, connection: Connection
) -> None:
    opened(session, connection, NOON)
    cursors.close_window(session, connection.id, "Account")
    assert cursors.oldest_full_read(session, connection.id, ["Account"]) == NOON
    assert cursors.oldest_full_read(session, connection.id, ["Account", "Task"]) is None
