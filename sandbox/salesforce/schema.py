"""The org's schema: kept in the world, changed at run time, one SQLite table per object."""

import inspect
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from sandbox.salesforce import standard, standard_activity, standard_setup
from sandbox.salesforce.model import Field, SObject, field_from_json, sobject, with_fields
from sandbox.world import World

ACTIVITY = ("Task", "Event")
_TABLES = """
CREATE TABLE IF NOT EXISTS sf_schema_field (
    object TEXT NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL, definition TEXT NOT NULL,
    PRIMARY KEY (object, name));
CREATE TABLE IF NOT EXISTS sf_schema_object (name TEXT PRIMARY KEY, definition TEXT NOT NULL);
"""


@cache
def standard_objects() -> tuple[SObject, ...]:
    """All objects a new org has."""
    return tuple(
        make()
        for module in (standard, standard_activity, standard_setup)
        for name, make in inspect.getmembers(module, inspect.isfunction)
        if make.__module__ == module.__name__ and not name.startswith("_")
    )


class Schema:
    """All objects and fields of the org, whoever may see them. Thread-safe for readers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.RLock()
        self.version = 0
        self._objects: Mapping[str, SObject] = {}
        fresh = not _exists(world.db(), "sf_schema_field")
        world.db().executescript(_TABLES)
        if fresh:
            self._create()
        self.reload()

    def find(self, name: str) -> SObject | None:
        """The object of that name, in any case of letters."""
        return self._objects.get(name.lower())

    def __getitem__(self, name: str) -> SObject:
        return self._objects[name.lower()]

    def __iter__(self) -> Iterator[SObject]:
        return iter(self._objects.values())

    def by_prefix(self, record_id: str) -> SObject | None:
        """The object whose ids begin as this one does."""
        return self._prefixes.get(record_id[:3])

    def add_field(self, target: str, added: Field) -> None:
        """Give an object one more field and its table one more column."""
        owner = self[target]
        with self._lock, self._world.transaction() as db:
            position = len(owner.fields)
            self._keep(db, owner.name, position, added)
            if added.stored:
                db.execute(f'ALTER TABLE "{owner.table}" ADD COLUMN {_column(added)}')
                for statement in _index(owner, added):
                    db.execute(statement)
        self.reload()

    def change_field(self, target: str, changed: Field) -> None:
        """Replace a field's definition; its column stays."""
        owner = self[target]
        with self._lock, self._world.transaction() as db:
            position = list(owner.fields).index(changed.name)
            db.execute(f"DROP INDEX IF EXISTS {_index_name(owner.name, changed.name)}")
            self._keep(db, owner.name, position, changed)
            for statement in _index(owner, changed):
                db.execute(statement)
        self.reload()

    def drop_field(self, target: str, name: str) -> None:
        """Remove a field and everything it held."""
        owner = self[target]
        with self._lock, self._world.transaction() as db:
            db.execute(
                "DELETE FROM sf_schema_field WHERE object = ? AND name = ?", (owner.name, name)
            )
            db.execute(f"DROP INDEX IF EXISTS {_index_name(owner.name, name)}")
            if owner.fields[name].stored:
                db.execute(f'ALTER TABLE "{owner.table}" DROP COLUMN "{name}"')
        self.reload()

    def add_object(self, name: str, label: str, plural: str, own: Iterable[Field]) -> None:
        """Add a custom object; key prefixes count up from a00."""
        taken = sum(1 for one in self if one.custom)
        facts = {"label": label, "plural": plural, "prefix": f"a{taken:02d}", "custom": True}
        made = sobject(name, label, plural, facts["prefix"], own, custom=True)  # type: ignore[arg-type]
        with self._lock, self._world.transaction() as db:
            db.execute("INSERT INTO sf_schema_object VALUES (?, ?)", (name, json.dumps(facts)))
            self._build(db, made)
        self.reload()

    def extend_picklists(self, added: Mapping[tuple[str, str], Iterable[str]]) -> None:
        """Let picklists, by (object, field), offer more values, after those they have."""
        with self._lock, self._world.transaction() as db:
            for (target, name), values in added.items():
                own = self[target].fields[name]
                merged = tuple(dict.fromkeys((*own.picklist, *values)))
                position = list(self[target].fields).index(name)
                self._keep(db, target, position, replace(own, picklist=merged))
        self.reload()

    def drop_indexes(self, db: sqlite3.Connection) -> None:
        """Before a bulk load."""
        rows = db.execute("SELECT name FROM sqlite_master WHERE name LIKE 'sfx!_%' ESCAPE '!'")
        for (name,) in rows.fetchall():
            db.execute(f"DROP INDEX {name}")

    def create_indexes(self, db: sqlite3.Connection) -> None:
        """After a bulk load."""
        for one in self:
            for statement in _indexes(one):
                db.execute(statement)

    def _create(self) -> None:
        with self._world.transaction() as db:
            for one in standard_objects():
                self._build(db, one)

    def _build(self, db: sqlite3.Connection, one: SObject) -> None:
        columns = ", ".join(_column(f) for f in one.fields.values() if f.stored and f.name != "Id")
        db.execute(
            f'CREATE TABLE "{one.table}" (_row INTEGER PRIMARY KEY AUTOINCREMENT,'
            f' "Id" TEXT NOT NULL UNIQUE, _cascade TEXT, {columns})'
        )
        for statement in _indexes(one):
            db.execute(statement)
        for position, own in enumerate(one.fields.values()):
            self._keep(db, one.name, position, own)

    @staticmethod
    def _keep(db: sqlite3.Connection, target: str, position: int, own: Field) -> None:
        db.execute(
            "INSERT OR REPLACE INTO sf_schema_field VALUES (?, ?, ?, ?)",
            (target, own.name, position, json.dumps(own.as_json())),
        )

    def reload(self) -> None:
        """Take the definitions from the tables again, as after a transaction taken back."""
        db = self._world.db()
        kept: dict[str, list[Field]] = {}
        for target, definition in db.execute(
            "SELECT object, definition FROM sf_schema_field ORDER BY object, position"
        ):
            kept.setdefault(target, []).append(field_from_json(json.loads(definition)))
        objects = {
            one.name.lower(): with_fields(one, kept.get(one.name, one.fields.values()))
            for one in standard_objects()
        }
        for name, definition in db.execute("SELECT name, definition FROM sf_schema_object"):
            facts: dict[str, Any] = json.loads(definition)
            objects[name.lower()] = sobject(name, own=kept[name], **facts)
        self._objects = dict(sorted(objects.items()))
        self._prefixes = {o.prefix: o for o in objects.values() if o.prefix}
        self.version += 1


def _column(own: Field) -> str:
    declared = f'"{own.name}" {own.sql_type}'
    if own.type == "boolean":
        return f"{declared} NOT NULL DEFAULT {int(bool(own.default))}"
    return declared


def _indexes(one: SObject) -> Iterator[str]:
    if "SystemModstamp" in one.fields:
        yield (
            f"CREATE INDEX IF NOT EXISTS {_index_name(one.name, 'SystemModstamp')}"
            f' ON "{one.table}" (SystemModstamp, Id)'
        )
    for own in one.fields.values():
        yield from _index(one, own)


def _index(one: SObject, own: Field) -> Iterator[str]:
    looked_up = own.children or own.external_id or own.unique or own.id_lookup
    if own.stored and own.name != "Id" and looked_up:
        yield (
            f"CREATE INDEX IF NOT EXISTS {_index_name(one.name, own.name)}"
            f' ON "{one.table}" ("{own.name}")'
        )


def _index_name(target: str, name: str) -> str:
    return f'"sfx_{target}_{name}"'


def _exists(db: sqlite3.Connection, table: str) -> bool:
    return bool(db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone())
