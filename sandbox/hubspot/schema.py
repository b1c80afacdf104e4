"""Property definitions and the tables they shape: one SQLite column per property.

Definitions are kept as JSON rows and held in memory, replaced as a whole on change, so that
readers need no lock. Beside the properties each table has _id, _archived (epoch ms), _merged_into,
and _born and _touched (epoch ms of the first and last write, the search index's view of time).
"""

import json
import sqlite3
from dataclasses import replace
from typing import Any

from sandbox.hubspot.instants import to_text
from sandbox.hubspot.kinds import KINDS, Kind
from sandbox.hubspot.property import ADMIN_GROUP, Property, initial
from sandbox.world import World

_TABLES = """
CREATE TABLE IF NOT EXISTS hs_properties (
    kind TEXT NOT NULL, name TEXT NOT NULL, definition TEXT NOT NULL, archived_at TEXT,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_groups (
    kind TEXT NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL, display_order INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_history (
    kind TEXT NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL,
    old TEXT, new TEXT, source TEXT NOT NULL, source_id TEXT
);
CREATE INDEX IF NOT EXISTS hs_history_record ON hs_history (kind, id, name);
"""


class Schema:
    """The definitions of one portal."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._live: dict[str, dict[str, Property]] = {}
        self._archived: dict[str, dict[str, Property]] = {}
        with world.transaction() as db:
            for statement in _TABLES.split(";"):
                db.execute(statement)
            known = {name for (name,) in db.execute("SELECT DISTINCT kind FROM hs_properties")}
            self._create(db, [kind for name, kind in KINDS.items() if name not in known])
        for name in KINDS:
            self._reload(name)

    def _create(self, db: sqlite3.Connection, kinds: list[Kind]) -> None:
        now = to_text(1_577_836_800_000)  # a portal opened at the start of 2020
        user = str(self._world.hubspot.user_id)
        for kind in kinds:
            properties = list(initial(kind, now, user))
            columns = ", ".join(f'"{p.name}" TEXT' for p in properties)
            db.execute(
                f"CREATE TABLE {kind.table} (_id INTEGER PRIMARY KEY AUTOINCREMENT, "
                "_archived INTEGER, _merged_into INTEGER, _born INTEGER NOT NULL, "
                f"_touched INTEGER NOT NULL, {columns})"
            )
            db.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (kind.table, kind.first_id))
            db.execute(
                f"CREATE INDEX {kind.table}_modified ON {kind.table} ({kind.modified}, _id) "
                "WHERE _archived IS NULL"
            )
            db.execute(f"CREATE INDEX {kind.table}_touched ON {kind.table} (_touched)")
            db.execute(
                f"CREATE INDEX {kind.table}_archive ON {kind.table} (_id) "
                "WHERE _archived IS NOT NULL"
            )
            for group, label in (
                (kind.group, kind.singular.capitalize() + " information"),
                (ADMIN_GROUP, "Customer facts"),
            ):
                db.execute("INSERT INTO hs_groups VALUES (?, ?, ?, -1)", (kind.name, group, label))
            for definition in properties:
                self._store(db, kind, definition)
                if definition.unique:
                    self._index(db, kind, definition.name)

    def properties(self, kind: Kind) -> dict[str, Property]:
        """Live definitions by name."""
        return self._live[kind.name]

    def archived(self, kind: Kind) -> dict[str, Property]:
        """Archived definitions by name."""
        return self._archived[kind.name]

    def groups(self, kind: Kind) -> dict[str, dict[str, Any]]:
        """Live groups by name, in wire form."""
        rows = self._world.db().execute(
            "SELECT name, label, display_order FROM hs_groups WHERE kind = ? ORDER BY name",
            (kind.name,),
        )
        return {
            name: {"name": name, "label": label, "displayOrder": order, "archived": False}
            for name, label, order in rows
        }

    def add(self, kind: Kind, definition: Property) -> None:
        """Store a definition that is new, and give its table the column."""
        with self._world.transaction() as db:
            columns = {row[1] for row in db.execute(f"PRAGMA table_info({kind.table})")}
            if definition.name not in columns:
                db.execute(f'ALTER TABLE {kind.table} ADD COLUMN "{definition.name}" TEXT')
            if definition.unique:
                self._index(db, kind, definition.name)
            self._store(db, kind, definition)
        self._reload(kind.name)

    def change(self, kind: Kind, definition: Property) -> None:
        """Replace a stored definition; the column and its values stay."""
        with self._world.transaction() as db:
            self._store(db, kind, definition)
        self._reload(kind.name)

    def archive(self, kind: Kind, name: str, at: str | None) -> None:
        """Move a definition to the archive (or, with None, back)."""
        known = self._live[kind.name].get(name) or self._archived[kind.name][name]
        self.change(kind, replace(known, archived_at=at))

    def put_group(self, kind: Kind, group: dict[str, Any]) -> None:
        """Store a group, new or changed."""
        with self._world.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO hs_groups VALUES (?, ?, ?, ?)",
                (kind.name, group["name"], group["label"], group["displayOrder"]),
            )

    def drop_group(self, kind: Kind, name: str) -> None:
        """Archive a group; archived groups are never listed, so nothing is kept."""
        with self._world.transaction() as db:
            db.execute("DELETE FROM hs_groups WHERE kind = ? AND name = ?", (kind.name, name))

    def _index(self, db: sqlite3.Connection, kind: Kind, name: str) -> None:
        db.execute(
            f'CREATE INDEX IF NOT EXISTS "{kind.table}_u_{name}" ON {kind.table} ("{name}") '
            f'WHERE "{name}" IS NOT NULL'
        )

    def _store(self, db: sqlite3.Connection, kind: Kind, definition: Property) -> None:
        db.execute(
            "INSERT OR REPLACE INTO hs_properties VALUES (?, ?, ?, ?)",
            (kind.name, definition.name, json.dumps(definition.wire), definition.archived_at),
        )

    def _reload(self, kind_name: str) -> None:
        rows = self._world.db().execute(
            "SELECT name, definition, archived_at FROM hs_properties WHERE kind = ?", (kind_name,)
        )
        every = {name: Property(json.loads(text), at) for name, text, at in rows}
        self._live[kind_name] = {n: p for n, p in every.items() if p.archived_at is None}
        self._archived[kind_name] = {n: p for n, p in every.items() if p.archived_at is not None}
