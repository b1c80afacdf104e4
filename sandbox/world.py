"""The world both CRMs share: one SQLite file, a clock, armed faults, counters, switches."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.faults import Faults
from sandbox.identity import HubSpotIdentity, SalesforceIdentity, id18
from sandbox.stats import Stats

__all__ = ["Clock", "Faults", "HubSpotIdentity", "SalesforceIdentity", "Stats", "World", "id18"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sandbox_state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sandbox_ids (
    crm TEXT NOT NULL, object TEXT NOT NULL, canonical_id TEXT NOT NULL, crm_id TEXT NOT NULL,
    PRIMARY KEY (crm, object, canonical_id)
) WITHOUT ROWID;
"""


class World:
    """Everything the pretend CRMs know, kept in the SQLite file at `path`."""

    salesforce = SalesforceIdentity()
    hubspot = HubSpotIdentity()

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._local = threading.local()
        self._write_lock = threading.RLock()
        self.db().executescript(_SCHEMA)
        self.clock = Clock(self)
        self.switches = Switches(self)
        self.faults = Faults(self.switches["faults.seed"])
        self.stats = Stats()

    def db(self) -> sqlite3.Connection:
        """This thread's connection: autocommit, rows by name, waits 30 s for a lock.

        The file is a throw-away, so it is not synced to disk; a crash of the machine may lose it.
        """
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self.path, timeout=30, isolation_level=None, cached_statements=512
            )
            connection.row_factory = sqlite3.Row
            for pragma in (
                "journal_mode=WAL",
                "synchronous=OFF",
                "temp_store=MEMORY",
                "cache_size=-32000",
                "mmap_size=2147483648",
            ):
                connection.execute(f"PRAGMA {pragma}")
            self._local.connection = connection
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction, alone in the process; inside another one it joins that one."""
        connection = self.db()
        with self._write_lock:
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def release(self) -> None:
        """Close this thread's connection; the next `db()` opens a new one."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            self._local.connection = None
            connection.close()

    def note_ids(self, crm: str, object_name: str, pairs: Iterable[tuple[str, str]]) -> None:
        """Remember (canonical id, CRM id) pairs of one canonical object ("accounts" ...)."""
        with self.transaction() as db:
            db.executemany(
                "INSERT INTO sandbox_ids VALUES (?, ?, ?, ?)",
                ((crm, object_name, canonical, own) for canonical, own in pairs),
            )

    def index_ids(self) -> None:
        """Make `canonical_id` fast, once all are noted: cheaper than keeping an index in step."""
        self.db().execute(
            "CREATE INDEX IF NOT EXISTS sandbox_ids_back ON sandbox_ids (crm, object, crm_id)"
        )

    def crm_id(self, crm: str, object_name: str, canonical_id: str) -> str | None:
        """The id a canonical record got in a CRM; None when it was not loaded there."""
        row = self.db().execute(
            "SELECT crm_id FROM sandbox_ids WHERE crm = ? AND object = ? AND canonical_id = ?",
            (crm, object_name, canonical_id),
        )
        return _first(row)

    def canonical_id(self, crm: str, object_name: str, crm_id: str) -> str | None:
        """The canonical id behind a CRM's record; None for a record made in the CRM itself."""
        row = self.db().execute(
            "SELECT canonical_id FROM sandbox_ids WHERE crm = ? AND object = ? AND crm_id = ?",
            (crm, object_name, crm_id),
        )
        return _first(row)

    def read_state(self, name: str, default: Any) -> Any:
        """A named JSON value kept with the world, or `default`."""
        stored = _first(
            self.db().execute("SELECT value FROM sandbox_state WHERE name = ?", (name,))
        )
        return default if stored is None else json.loads(stored)

    def write_state(self, name: str, value: Any) -> None:
        """Keep a named JSON value with the world."""
        with self.transaction() as db:
            db.execute(
                "INSERT INTO sandbox_state VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, json.dumps(value)),
            )


class Clock:
    """The world's time: the machine's, shifted. The shift is kept with the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._shift = timedelta(seconds=world.read_state("clock.shift", 0.0))

    def now(self) -> datetime:
        """The world's present instant, aware, UTC."""
        return datetime.now(UTC) + self._shift

    def advance(self, seconds: float) -> None:
        """Move the clock on (or, with a negative number, back)."""
        self._keep(self._shift + timedelta(seconds=seconds))

    def set(self, instant: datetime) -> None:
        """Let it be `instant` (aware) now; time runs on from there."""
        self._keep(instant - datetime.now(UTC))

    def _keep(self, shift: timedelta) -> None:
        self._shift = shift
        self._world.write_state("clock.shift", shift.total_seconds())


class Switches(dict[str, Any]):
    """Behaviours that can be chosen, by name; only declared names may be set; kept on change."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.declare("faults.seed", 0)
        self.declare("http.gzip", True)

    def declare(self, name: str, default: Any) -> None:
        """Introduce a switch; a value set earlier in this world's life is kept."""
        super().__setitem__(name, self._world.read_state(f"switch.{name}", default))

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self:
            raise KeyError(f"there is no switch {name!r}; known are {', '.join(sorted(self))}")
        super().__setitem__(name, value)
        self._world.write_state(f"switch.{name}", value)
        if name == "faults.seed":
            self._world.faults.seed(value)


def _first(rows: sqlite3.Cursor) -> str | None:
    row = rows.fetchone()
    return None if row is None else str(row[0])
