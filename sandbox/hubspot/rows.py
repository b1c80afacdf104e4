"""Records in their tables: read for the wire, inserted, updated, archived.

Writing functions run inside a transaction of the caller. Every write moves the record's modified
stamp, keeps the old value for the history and notes the change for webhooks.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import has_request_context, request

from sandbox.hubspot.computed import INPUTS, derive
from sandbox.hubspot.errors import invalid, refusal
from sandbox.hubspot.instants import to_text
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.values import Values, combined

Record = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """Who changed something: a sourceType of HubSpot's list and an id."""

    type: str
    id: str


class Projection:
    """Which properties of a kind an answer carries, and how a row becomes a record."""

    def __init__(self, portal: Portal, kind: Kind, names: Sequence[str] | None) -> None:
        known = portal.schema.properties(kind)
        wanted = kind.defaults if names is None else names
        self.names = sorted({name for name in wanted if name in known} | set(kind.system))
        self.kind = kind
        shown = ("CAST(_id AS TEXT)" if n == "hs_object_id" else f'"{n}"' for n in self.names)
        self.columns = f"_id, _archived, {kind.created}, {kind.modified}, {', '.join(shown)}"
        self._page = f"{origin()}/contacts/{portal.id}/record/{kind.type_id}/"
        self._short = bool(portal.switch("omit_zero_milliseconds"))

    def record(self, row: Sequence[Any]) -> Record:
        """The wire form of one row selected with `columns`."""
        record_id = str(row[0])
        found: Record = {
            "id": record_id,
            "properties": dict(zip(self.names, row[4:], strict=True)),
            "createdAt": row[2],
            "updatedAt": row[3],
            "archived": row[1] is not None,
            "url": self._page + record_id,
        }
        if row[1] is not None:
            found["archivedAt"] = to_text(row[1])
        return _without_zeros(found) if self._short else found


def origin() -> str:
    """Scheme and host by which the client reached us."""
    return request.host_url.rstrip("/") if has_request_context() else "https://app.hubspot.com"


def select(
    portal: Portal, projection: Projection, condition: str, values: Iterable[Any]
) -> list[Record]:
    """Records in wire form of the rows that meet an SQL condition (with its order and limit)."""
    cursor = portal.world.db().cursor()
    cursor.row_factory = None
    sql = f"SELECT {projection.columns} FROM {projection.kind.table} WHERE {condition}"
    return [projection.record(row) for row in cursor.execute(sql, tuple(values))]


def by_ids(
    portal: Portal, projection: Projection, ids: Sequence[int], *, archived: bool = False
) -> dict[int, Record]:
    """Records by id, live or archived ones."""
    if not ids:
        return {}
    marks = ",".join("?" * len(ids))
    state = "_archived IS NOT NULL AND _merged_into IS NULL" if archived else "_archived IS NULL"
    found = select(portal, projection, f"_id IN ({marks}) AND {state}", ids)
    return {int(record["id"]): record for record in found}


def find_id(portal: Portal, kind: Kind, name: str | None, value: str) -> int | None:
    """The id of the live record meant by an id or a unique property; None when there is none.

    400 when the property is not unique. A merged-away id stands for its survivor when the switch
    says so.
    """
    db = portal.world.db()
    if name is None or name == "hs_object_id":
        if not value.isdigit() or len(value) > 18:
            return None
        row = db.execute(
            f"SELECT _archived, _merged_into FROM {kind.table} WHERE _id = ?", (int(value),)
        ).fetchone()
        if row is not None and row[1] is not None and portal.switch("merged_id") == "survivor":
            return find_id(portal, kind, None, str(row[1]))
        return int(value) if row is not None and row[0] is None else None
    require_unique(portal, kind, name, "read")
    value = value.lower() if (kind.name, name) == ("contacts", "email") else value
    row = db.execute(
        f'SELECT _id FROM {kind.table} WHERE "{name}" = ? AND _archived IS NULL', (value,)
    ).fetchone()
    return None if row is None else int(row[0])


def require_unique(portal: Portal, kind: Kind, name: str, doing: str) -> None:
    """400 unless `name` is a unique property."""
    known = portal.schema.properties(kind).get(name)
    if known is None or not known.unique:
        raise invalid(
            f"Unable to perform {doing} by non-unique {kind.type_id} property {name} "
            f"in portal ID {portal.id}"
        )


def insert(portal: Portal, kind: Kind, values: Values, source: Source) -> int:
    """A new record; returns its id."""
    db = portal.world.db()
    stamp = portal.now()
    now = to_text(stamp)
    known = portal.schema.properties(kind)
    values = {name: combined(known[name], None, value) for name, value in values.items()}
    values = derive(portal, kind, {}, values, now)
    _check_unique(portal, kind, values, None)
    values.setdefault(kind.created, now)
    if values[kind.created] is None:
        values[kind.created] = now
    values[kind.modified] = now
    if "hs_createdate" in known:
        values["hs_createdate"] = now
    values["hs_object_source"] = source.type
    values["hs_object_source_id"] = source.id
    columns = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" * len(values))
    cursor = db.execute(
        f"INSERT INTO {kind.table} (_born, _touched, {columns}) VALUES (?, ?, {marks})",
        (stamp, stamp, *values.values()),
    )
    assert cursor.lastrowid is not None
    portal.changes.created(kind, cursor.lastrowid, values, source, stamp)
    return cursor.lastrowid


def update(portal: Portal, kind: Kind, record_id: int, values: Values, source: Source) -> None:
    """Change a live record."""
    db = portal.world.db()
    stamp = portal.now()
    now = to_text(stamp)
    known = portal.schema.properties(kind)
    names = sorted({*values, *INPUTS.get(kind.name, ()), kind.modified})
    before = current(db, kind, record_id, names)
    written = {name: combined(known[name], before[name], value) for name, value in values.items()}
    changes = derive(portal, kind, before, written, now)
    more = [name for name in changes if name not in before]
    if more:
        before |= current(db, kind, record_id, more)
    changed = {name: value for name, value in changes.items() if value != before[name]}
    if not changed and not portal.switch("equal_write_touches"):
        return
    _check_unique(portal, kind, changed, record_id)
    changed[kind.modified] = now
    settings = "".join(f', "{name}" = ?' for name in changed)
    db.execute(
        f"UPDATE {kind.table} SET _touched = ?{settings} WHERE _id = ?",
        (stamp, *changed.values(), record_id),
    )
    db.executemany(
        "INSERT INTO hs_history VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (kind.name, record_id, name, stamp, before[name], value, source.type, source.id)
            for name, value in changed.items()
        ),
    )
    portal.changes.changed(kind, record_id, changed, source, stamp)


def archive(portal: Portal, kind: Kind, record_id: int, source: Source) -> bool:
    """Move a live record to the recycle bin; False when it was not live."""
    stamp = portal.now()
    done = portal.world.db().execute(
        f"UPDATE {kind.table} SET _archived = ?, _touched = ? WHERE _id = ? AND _archived IS NULL",
        (stamp, stamp, record_id),
    )
    if done.rowcount:
        portal.changes.deleted(kind, record_id, source, stamp)
    return bool(done.rowcount)


def restore(portal: Portal, kind: Kind, record_id: int, source: Source) -> None:
    """Bring an archived record back from the recycle bin."""
    stamp = portal.now()
    portal.world.db().execute(
        f"UPDATE {kind.table} SET _archived = NULL, _touched = ?, {kind.modified} = ? "
        "WHERE _id = ? AND _archived IS NOT NULL",
        (stamp, to_text(stamp), record_id),
    )
    portal.changes.restored(kind, record_id, source, stamp)


def current(
    db: sqlite3.Connection, kind: Kind, record_id: int, names: Sequence[str]
) -> dict[str, str | None]:
    """Stored values of one record."""
    columns = ", ".join(f'"{name}"' for name in names)
    row = db.execute(f"SELECT {columns} FROM {kind.table} WHERE _id = ?", (record_id,)).fetchone()
    return dict(zip(names, tuple(row), strict=True))


def _check_unique(portal: Portal, kind: Kind, values: Values, record_id: int | None) -> None:
    known = portal.schema.properties(kind)
    for name, value in values.items():
        if value is None or not known[name].unique:
            continue
        taken = portal.world.db().execute(
            f'SELECT _id FROM {kind.table} WHERE "{name}" = ? AND _archived IS NULL '
            "AND _id IS NOT ?",
            (value, record_id),
        )
        row = taken.fetchone()
        if row is None:
            continue
        if (kind.name, name) == ("contacts", "email"):
            raise refusal(409, "CONFLICT", f"Contact already exists. Existing ID: {row[0]}")
        raise invalid(
            f"Cannot set PropertyValueCoordinates on {row[0]}: the value {value} of {name} "
            "is already taken",
            errors=[
                {
                    "message": f"{value} is already taken",
                    "code": "CONFLICTING_UNIQUE_VALUE",
                    "context": {"propertyName": [name], "existingObjectId": [str(row[0])]},
                }
            ],
        )


def _without_zeros(record: Record) -> Record:
    def short(value: Any) -> Any:
        if isinstance(value, str) and len(value) == 24 and value.endswith(".000Z"):
            return value[:-5] + "Z"
        return value

    record["properties"] = {name: short(value) for name, value in record["properties"].items()}
    return {name: short(value) for name, value in record.items()}
