"""A portfolio's canonical rows as HubSpot records, as an import by the admin would leave them.

Rows stream through in chunks; record ids are numbered from each type's first id. What HubSpot has
no place for (sign-ins, usage, managers, when an e-mail bounced) is left out.
"""

import re
import sqlite3
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sandbox.hubspot import links
from sandbox.hubspot.instants import milliseconds, to_text
from sandbox.hubspot.kinds import KINDS, Kind
from sandbox.hubspot.labels import LinkType
from sandbox.hubspot.portal import Portal

CHUNK = 20_000
_DAY = 86_400_000  # milliseconds

Row = dict[str, Any]
Loaded = tuple[Row, list[tuple[int, ...]]]  # property values, links to store
Convert = Callable[[Row, int], Loaded]  # a canonical row and the id its record gets
Pattern = tuple[int, int, int, int, int]  # from, to, category, type id there and back


class Loader:
    """Inserts records of one portal and remembers which canonical id became which."""

    def __init__(self, portal: Portal, as_of: datetime) -> None:
        self.portal = portal
        self.as_of = milliseconds(as_of)
        self.ids: dict[str, dict[str, int]] = {}
        self._patterns: dict[tuple[str, str], list[Pattern]] = {}

    def find(self, table: str, canonical_id: str | None) -> int | None:
        """The HubSpot id of a canonical record loaded before; None when it is not there."""
        return None if canonical_id is None else self.ids[table].get(canonical_id)

    def link(self, kind: str, from_id: int, other: str, to_id: int | None) -> list[tuple[int, ...]]:
        """Rows of the default link, and of Primary where `other` can be primary."""
        if to_id is None:
            return []
        patterns = self._patterns.get((kind, other))
        if patterns is None:
            patterns = self._patterns[kind, other] = _patterns(self.portal, kind, other)
        rows: list[tuple[int, ...]] = []
        for one, two, category, there, back in patterns:
            rows.append((one, two, from_id, to_id, category, there))
            rows.append((two, one, to_id, from_id, category, back))
        return rows

    def labelled(
        self, kind: str, from_id: int, other: str, to_id: int, label: LinkType
    ) -> list[tuple[int, ...]]:
        """Rows of the default link (not Primary) and of a user's label."""
        one, two = KINDS[kind], KINDS[other]
        default = self.portal.labels.default(one, two)
        assert default is not None
        stored = links.both_ways(one, two, from_id, to_id, default)
        return stored + links.both_ways(one, two, from_id, to_id, label)

    def insert(
        self, kind_name: str, table: str, key: str, rows: Iterable[Row], convert: Convert
    ) -> None:
        """Convert canonical rows and insert them as records of a type."""
        inserter = Inserter(self, KINDS[kind_name], table, key, convert)
        for row in rows:
            inserter.add(row)
        inserter.flush()


class Inserter:
    """Collects the records of one type and writes them a chunk at a time."""

    def __init__(
        self,
        loader: Loader,
        kind: Kind,
        table: str,
        key: str,
        convert: Convert,
        *,
        note: str = "",
    ) -> None:
        self._loader = loader
        self._kind = kind
        self._table = table
        self._key = key
        self._convert = convert
        self._note = note  # stands before the record id where a table becomes several types
        self._next = kind.first_id + 1
        self._columns: tuple[str, ...] = ()
        self._records: list[tuple[Any, ...]] = []
        self._links: list[tuple[int, ...]] = []
        self._pairs: list[tuple[str, str]] = []
        loader.ids.setdefault(table, {})

    def add(self, row: Row) -> None:
        """Take one canonical row; every row of a table gives the same properties."""
        record_id = self._next
        self._next += 1
        values, connected = self._convert(row, record_id)
        self._stamp(record_id, values)
        self._columns = self._columns or tuple(values)
        as_of = self._loader.as_of
        self._records.append((record_id, as_of, as_of, *map(text, values.values())))
        self._links += connected
        self._loader.ids[self._table][row[self._key]] = record_id
        self._pairs.append((row[self._key], f"{self._note}{record_id}"))
        if len(self._records) >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Write what was collected."""
        if not self._records:
            return
        world = self._loader.portal.world
        names = ", ".join(f'"{name}"' for name in self._columns)
        marks = ", ".join("?" * (len(self._columns) + 3))
        world.db().executemany(
            f"INSERT INTO {self._kind.table} (_id, _born, _touched, {names}) VALUES ({marks})",
            self._records,
        )
        self._links.sort()  # in the order of the table's key
        links.insert(world.db(), self._links)
        world.note_ids("hubspot", self._table, self._pairs)
        self._records, self._links, self._pairs = [], [], []

    def _stamp(self, record_id: int, values: Row) -> None:
        """Creation two years back unless told; last change spread over the last thirty days."""
        as_of, kind = self._loader.as_of, self._kind
        modified = as_of - record_id * 7_919_000 % (30 * _DAY) // 1000 * 1000
        created = values.get(kind.created)
        if created is None:
            values[kind.created] = to_text(as_of - 730 * _DAY)
        elif isinstance(created, datetime):
            modified = max(modified, milliseconds(created))
        values[kind.modified] = to_text(modified)
        values["hs_object_source"] = "IMPORT"


def _patterns(portal: Portal, kind: str, other: str) -> list[Pattern]:
    one, two = KINDS[kind], KINDS[other]
    types = [portal.labels.default(one, two), portal.labels.primary(one, two)]
    return [
        (one.code, two.code, links.CATEGORIES.index(each.category), each.type_id, each.inverse)
        for each in types
        if each is not None
    ]


def text(value: Any) -> str | None:
    """A canonical value as stored: instants with milliseconds, whole numbers without point."""
    return _TEXTS[type(value)](value)


def _fraction(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


_TEXTS: dict[type, Callable[[Any], str | None]] = {
    type(None): lambda value: None,
    str: lambda value: value,
    bool: lambda value: "true" if value else "false",
    int: str,
    float: _fraction,
    Decimal: lambda value: format(value, "f"),
    date: lambda value: value.isoformat(),
    datetime: lambda value: to_text(milliseconds(value)),
}


def midnight(day: date | None) -> str | None:
    """A day as the instant that a HubSpot date picker stores."""
    return None if day is None else f"{day.isoformat()}T00:00:00.000Z"


def slug(words: str) -> str:
    """A name as an internal name: lower case, digits, underscores."""
    found = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    return found if found[:1].isalpha() else f"x_{found}"


def add_options(portal: Portal, kind: Kind, name: str, values: Iterable[str]) -> None:
    """Let an enumeration property take these values too, as an admin would."""
    known = portal.schema.properties(kind)[name]
    missing = [v for v in dict.fromkeys(values) if v not in (known.options or ())]
    if missing:
        options = [
            *known.wire["options"],
            *(
                {"label": v, "value": v, "description": "", "displayOrder": -1, "hidden": False}
                for v in missing
            ),
        ]
        changed = type(known)({**known.wire, "options": options})
        portal.schema.change(kind, changed)


def finish(portal: Portal) -> None:
    """What HubSpot counts by itself, once all links are there."""
    db = portal.world.db()
    counters = (
        ("companies", "contacts", "num_associated_contacts"),
        ("companies", "deals", "num_associated_deals"),
        ("contacts", "deals", "num_associated_deals"),
        ("deals", "contacts", "num_associated_contacts"),
    )
    for name, other, counter in counters:
        _count(db, KINDS[name], KINDS[other], counter)


def _count(db: sqlite3.Connection, kind: Kind, other: Kind, counter: str) -> None:
    db.execute(
        f"UPDATE {kind.table} SET {counter} = (SELECT CAST(count(DISTINCT to_id) AS TEXT) "
        "FROM hs_links WHERE from_kind = ? AND to_kind = ? AND from_id = _id)",
        (kind.code, other.code),
    )
