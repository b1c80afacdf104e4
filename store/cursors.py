"""Where each pull stands. A cursor moves in the transaction that stores its rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from store.models import Cursor


@dataclass(frozen=True)
class Window:
    """What a pull reads: [since, until), since None = everything, and where it goes on."""

    since: datetime | None
    until: datetime
    started: datetime
    resume: dict[str, Any] | None
    first: bool  # the source has never been read to its end

    @property
    def full(self) -> bool:
        """Whether everything is read, so that what is absent is gone."""
        return self.since is None


def open_window(
    session: Session,
    connection_id: int,
    source: str,
    *,
    now: datetime,
    overlap: timedelta,
    full: bool,
    version: str,
) -> Window:
    """The window to read: a pull that broke off goes on, else the next increment or all.

    `now` is the CRM's clock. A source that was never read, whose map changed since
    (`version`), or that is asked to (`full`), is read in full.
    """
    cursor = session.get(Cursor, (connection_id, source))
    if cursor is None:
        cursor = Cursor(connection_id=connection_id, source=source)
        session.add(cursor)
    full = full or cursor.read_until is None or cursor.map_version != version
    under_way = (
        cursor.window_until is not None
        and cursor.window_started is not None
        and cursor.map_version == version
        and (cursor.window_full or not full)
    )
    if not under_way:
        cursor.window_full = full
        cursor.window_since = None if full else _before(cursor.read_until, overlap)
        cursor.window_until = cursor.window_started = now
        cursor.resume = None
        cursor.map_version = version
    assert cursor.window_until is not None
    assert cursor.window_started is not None
    return Window(
        cursor.window_since,
        cursor.window_until,
        cursor.window_started,
        cursor.resume,
        first=cursor.full_read_at is None,
    )


def _before(instant: datetime | None, overlap: timedelta) -> datetime | None:
    return None if instant is None else instant - overlap


def move_window(
    session: Session, connection_id: int, source: str, resume: dict[str, Any] | None
) -> None:
    """The page before `resume` is stored."""
    session.get_one(Cursor, (connection_id, source)).resume = resume


def close_window(session: Session, connection_id: int, source: str) -> None:
    """Everything in the window is stored: the next one starts where it ended."""
    cursor = session.get_one(Cursor, (connection_id, source))
    cursor.read_until = cursor.window_until
    if cursor.window_full:
        cursor.full_read_at = cursor.window_until
    cursor.window_since = cursor.window_until = cursor.window_started = cursor.resume = None
    cursor.window_full = False


def oldest_full_read(session: Session, connection_id: int, sources: list[str]) -> datetime | None:
    """When the least recently completed full read of `sources` was; None when one never was."""
    read = [session.get(Cursor, (connection_id, source)) for source in sources]
    instants = [cursor.full_read_at if cursor else None for cursor in read]
    known = [instant for instant in instants if instant is not None]
    return min(known) if known and len(known) == len(instants) else None
