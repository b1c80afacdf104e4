"""Query results kept open: row numbers found once, pages read when asked for."""

import threading
from array import array
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from sandbox.salesforce import ids
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql.plan import Plan

_MOST_ROWS = 30_000_000  # kept in memory, all cursors together: 240 MB


@dataclass
class Cursor:
    """The rows of one open query, for the user and session that opened it."""

    plan: Plan
    rows: "array[int]"
    user_id: str
    token: str
    batch: int
    opened: datetime


class Cursors:
    """All open query cursors of an org; thread-safe."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Cursor] = OrderedDict()
        self._rows = 0
        self._next = int(org.now().timestamp() * 1000)

    def keep(self, cursor: Cursor) -> str:
        """Keep a result open; its locator. The oldest make room when memory runs short."""
        with self._lock:
            self._next += 1
            locator = ids.make_id("01g", self._next)
            self._open[locator] = cursor
            self._rows += len(cursor.rows)
            while self._rows > _MOST_ROWS and len(self._open) > 1:
                _, oldest = self._open.popitem(last=False)
                self._rows -= len(oldest.rows)
            return locator

    def find(self, locator: str, user_id: str, token: str) -> Cursor:
        """The open result; INVALID_QUERY_LOCATOR when it is dead, unknown or someone else's."""
        with self._lock:
            cursor = self._open.get(ids.normalise(locator) or locator)
        dead = self._org.world.faults.take("dead_cursor", "salesforce")
        if cursor is None or dead or self._stale(cursor, user_id, token):
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        return cursor

    def peek(self, locator: str) -> Cursor | None:
        """The open result, whoever asks."""
        with self._lock:
            return self._open.get(locator)

    def _stale(self, cursor: Cursor, user_id: str, token: str) -> bool:
        age = (self._org.now() - cursor.opened).total_seconds()
        moved = self._org.switch("cursor_needs_its_session") and cursor.token != token
        return cursor.user_id != user_id or moved or age > self._org.switch("cursor_seconds")


def cursors_of(org: Org) -> Cursors:
    """The org's cursors."""
    if "cursors" not in org.caches:
        org.caches["cursors"] = Cursors(org)
    cursors: Cursors = org.caches["cursors"]
    return cursors
