"""Stored associations: one row per direction and type, both directions always there.

A link exists while it has the unlabelled type; labels and Primary are further rows beside it.
Source: HubSpot API reference, associations v4 (inverse at once, types replace the label set, one
primary company per record).
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot.instants import to_text
from sandbox.hubspot.kinds import KINDS, Kind
from sandbox.hubspot.labels import DEFINED, USER, LinkType
from sandbox.hubspot.portal import Portal

CATEGORIES = (DEFINED, USER)

_COUNTED = {  # (from, to): property of `from` that counts its links
    ("companies", "contacts"): "num_associated_contacts",
    ("companies", "deals"): "num_associated_deals",
    ("contacts", "deals"): "num_associated_deals",
    ("deals", "contacts"): "num_associated_contacts",
}
_PRIMARY_HOLDER = {"contacts": "associatedcompanyid"}


@dataclass(frozen=True)
class Link:
    """One associated record with all its types."""

    to_id: int
    types: tuple[LinkType, ...]


def both_ways(
    kind: Kind, other: Kind, from_id: int, to_id: int, each: LinkType
) -> list[tuple[int, ...]]:
    """The two stored rows of one type."""
    category = CATEGORIES.index(each.category)
    return [
        (kind.code, other.code, from_id, to_id, category, each.type_id),
        (other.code, kind.code, to_id, from_id, category, each.inverse),
    ]


def insert(db: sqlite3.Connection, rows: Iterable[tuple[int, ...]]) -> None:
    """Store rows; those there already stay."""
    db.executemany("INSERT OR IGNORE INTO hs_links VALUES (?, ?, ?, ?, ?, ?)", rows)


def add(
    portal: Portal,
    kind: Kind,
    from_id: int,
    other: Kind,
    to_id: int,
    types: Sequence[LinkType] = (),
) -> None:
    """Link two records; `types` given replace the labels of the pair. Inside a transaction."""
    db = portal.world.db()
    default = portal.labels.default(kind, other)
    assert default is not None
    if types:
        _drop_labels(portal, kind, from_id, other, to_id)
    wanted = [default, *types]
    primary = portal.labels.primary(kind, other) or portal.labels.primary(other, kind)
    if primary is not None and kind.name in ("contacts", "deals", "tickets"):
        explicit = any(t.primary for t in types)
        if explicit or not _has(db, kind, from_id, other, primary):
            _move_primary(db, kind, from_id, other, to_id, primary)
            wanted.append(primary)
    elif any(t.primary for t in types):
        back = portal.labels.primary(other, kind)
        assert back is not None
        _move_primary(db, other, to_id, kind, from_id, back)
    elif portal.labels.primary(other, kind) is not None and other.name != "companies":
        back = portal.labels.primary(other, kind)
        assert back is not None
        if not _has(db, other, to_id, kind, back):
            insert(db, both_ways(other, kind, to_id, from_id, back))
    for each in dict.fromkeys(wanted):
        insert(db, both_ways(kind, other, from_id, to_id, each))
    _after_change(portal, kind, from_id, other, to_id)
    portal.changes.linked(
        kind,
        from_id,
        other,
        to_id,
        removed=False,
        primary=any(each.primary for each in wanted),
        at=portal.now(),
    )


def remove(portal: Portal, kind: Kind, from_id: int, other: Kind, to_id: int) -> None:
    """Unlink two records, labels included. Inside a transaction."""
    db = portal.world.db()
    for one, two, a, b in ((kind, other, from_id, to_id), (other, kind, to_id, from_id)):
        db.execute(
            "DELETE FROM hs_links WHERE from_kind = ? AND to_kind = ? AND from_id = ? "
            "AND to_id = ?",
            (one.code, two.code, a, b),
        )
    _after_change(portal, kind, from_id, other, to_id)
    portal.changes.linked(kind, from_id, other, to_id, removed=True, primary=False, at=portal.now())


def remove_type(
    portal: Portal, kind: Kind, from_id: int, other: Kind, to_id: int, each: LinkType
) -> None:
    """Take one label off a pair; taking the default off unlinks it. Inside a transaction."""
    if each.label is None:
        remove(portal, kind, from_id, other, to_id)
        return
    db = portal.world.db()
    for values in both_ways(kind, other, from_id, to_id, each):
        db.execute(
            "DELETE FROM hs_links WHERE from_kind = ? AND to_kind = ? AND from_id = ? "
            "AND to_id = ? AND category = ? AND type_id = ?",
            values,
        )
    _after_change(portal, kind, from_id, other, to_id)


def remove_everywhere(db: sqlite3.Connection, each: LinkType) -> None:
    """Take a user label off all pairs."""
    for number in (each.type_id, each.inverse):
        db.execute(
            "DELETE FROM hs_links WHERE category = ? AND type_id = ?",
            (CATEGORIES.index(each.category), number),
        )


def remove_all(portal: Portal, kind: Kind, record_id: int) -> None:
    """Unlink a record from everything. Inside a transaction."""
    for other in KINDS.values():
        for link in read(portal, kind, [record_id], other).get(record_id, []):
            remove(portal, kind, record_id, other, link.to_id)


def read(
    portal: Portal, kind: Kind, ids: Sequence[int], other: Kind, *, after: int = 0
) -> dict[int, list[Link]]:
    """Links of the given records to live records of `other` by ascending id, from `after` on."""
    types = {
        (CATEGORIES.index(t.category), t.type_id): t for t in portal.labels.between(kind, other)
    }
    found: dict[int, dict[int, list[LinkType]]] = {}
    cursor = portal.world.db().cursor()
    cursor.row_factory = None
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        cursor.execute(
            f"SELECT l.from_id, l.to_id, l.category, l.type_id FROM hs_links l "
            f"JOIN {other.table} r ON r._id = l.to_id AND r._archived IS NULL "
            f"WHERE l.from_kind = ? AND l.to_kind = ? AND l.to_id >= ? "
            f"AND l.from_id IN ({','.join('?' * len(some))}) "
            "ORDER BY l.from_id, l.to_id",
            (kind.code, other.code, after, *some),
        )
        for from_id, to_id, category, type_id in cursor:
            found.setdefault(from_id, {}).setdefault(to_id, []).append(types[category, type_id])
    return {
        from_id: [Link(to_id, tuple(sorted(t, key=_shown))) for to_id, t in targets.items()]
        for from_id, targets in found.items()
    }


def move_all(portal: Portal, kind: Kind, loser: int, winner: int) -> None:
    """Give all links of one record to another of the same type (a merge). In a transaction."""
    for other in KINDS.values():
        for link in read(portal, kind, [loser], other).get(loser, []):
            remove(portal, kind, loser, other, link.to_id)
            if (other.name, link.to_id) != (kind.name, winner):
                labels = [t for t in link.types if t.label is not None and not t.primary]
                add(portal, kind, winner, other, link.to_id, labels)


def _shown(each: LinkType) -> tuple[bool, int]:
    return (each.label is not None, each.type_id)


def _has(db: sqlite3.Connection, kind: Kind, from_id: int, other: Kind, each: LinkType) -> bool:
    found = db.execute(
        "SELECT 1 FROM hs_links WHERE from_kind = ? AND to_kind = ? AND from_id = ? "
        "AND category = ? AND type_id = ?",
        (kind.code, other.code, from_id, CATEGORIES.index(each.category), each.type_id),
    )
    return found.fetchone() is not None


def _move_primary(
    db: sqlite3.Connection, kind: Kind, from_id: int, other: Kind, to_id: int, primary: LinkType
) -> None:
    """Take Primary off the record's other companies; the new one is inserted by the caller."""
    db.execute(
        "DELETE FROM hs_links WHERE from_kind = ? AND to_kind = ? AND from_id = ? "
        "AND to_id <> ? AND category = 0 AND type_id = ?",
        (kind.code, other.code, from_id, to_id, primary.type_id),
    )
    db.execute(
        "DELETE FROM hs_links WHERE from_kind = ? AND to_kind = ? AND to_id = ? "
        "AND from_id <> ? AND category = 0 AND type_id = ?",
        (other.code, kind.code, from_id, to_id, primary.inverse),
    )


def _drop_labels(portal: Portal, kind: Kind, from_id: int, other: Kind, to_id: int) -> None:
    db = portal.world.db()
    for each in portal.labels.between(kind, other):
        if each.label is not None and not each.primary:
            for values in both_ways(kind, other, from_id, to_id, each):
                db.execute(
                    "DELETE FROM hs_links WHERE from_kind = ? AND to_kind = ? AND from_id = ? "
                    "AND to_id = ? AND category = ? AND type_id = ?",
                    values,
                )


def _after_change(portal: Portal, kind: Kind, from_id: int, other: Kind, to_id: int) -> None:
    db = portal.world.db()
    for one, two, record_id in ((kind, other, from_id), (other, kind, to_id)):
        changes: dict[str, Any] = {}
        counter = _COUNTED.get((one.name, two.name))
        if counter is not None:
            changes[counter] = _count(db, one, record_id, two)
        holder = _PRIMARY_HOLDER.get(one.name)
        if holder is not None and two.name == "companies":
            changes[holder] = _primary_of(portal, one, record_id, two)
        if (one.name, two.name) == ("companies", "companies"):
            changes["hs_parent_company_id"] = _linked_by(db, one, record_id, 14)
            changes["hs_num_child_companies"] = str(_number_by(db, one, record_id, 13))
        if portal.switch("association_touches"):
            changes[one.modified] = to_text(portal.now())
        if changes:
            columns = ", ".join(f'"{name}" = ?' for name in changes)
            db.execute(
                f"UPDATE {one.table} SET {columns} WHERE _id = ?", (*changes.values(), record_id)
            )


def _count(db: sqlite3.Connection, kind: Kind, record_id: int, other: Kind) -> str:
    found = db.execute(
        "SELECT count(DISTINCT to_id) FROM hs_links WHERE from_kind = ? AND to_kind = ? "
        "AND from_id = ?",
        (kind.code, other.code, record_id),
    )
    return str(found.fetchone()[0])


def _primary_of(portal: Portal, kind: Kind, record_id: int, other: Kind) -> str | None:
    primary = portal.labels.primary(kind, other)
    assert primary is not None
    found = portal.world.db().execute(
        "SELECT to_id FROM hs_links WHERE from_kind = ? AND to_kind = ? AND from_id = ? "
        "AND category = 0 AND type_id = ?",
        (kind.code, other.code, record_id, primary.type_id),
    )
    row = found.fetchone()
    return None if row is None else str(row[0])


def _linked_by(db: sqlite3.Connection, kind: Kind, record_id: int, type_id: int) -> str | None:
    found = db.execute(
        "SELECT to_id FROM hs_links WHERE from_kind = ? AND to_kind = ? AND from_id = ? "
        "AND category = 0 AND type_id = ?",
        (kind.code, kind.code, record_id, type_id),
    ).fetchone()
    return None if found is None else str(found[0])


def _number_by(db: sqlite3.Connection, kind: Kind, record_id: int, type_id: int) -> int:
    found = db.execute(
        "SELECT count(*) FROM hs_links WHERE from_kind = ? AND to_kind = ? AND from_id = ? "
        "AND category = 0 AND type_id = ?",
        (kind.code, kind.code, record_id, type_id),
    )
    number: int = found.fetchone()[0]
    return number
