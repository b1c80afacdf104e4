"""The CRM's rows as we last read them: set-based upserts, deletions, and which accounts changed."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
import pandas as pd
from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from store import models
from store.bulk import among, upsert_columns
from store.models import DirtyAccount
from store.refusals import resolve_refusals

TABLES: dict[str, Table] = {
    name: model.__table__  # type: ignore[misc]
    for name, model in {
        "accounts": models.Account,
        "contacts": models.Contact,
        "contact_roles": models.ContactRole,
        "opportunities": models.Opportunity,
        "products": models.Product,
        "cases": models.Case,
        "activities": models.Activity,
        "users": models.CrmUser,
        "team_members": models.TeamMember,
        "responses": models.Response,
        "invitations": models.Invitation,
    }.items()
}
_BOOKKEEPING = ("connection_id", "source", "modified_at", "read_at", "deleted_at", "merged_into")
_NOT_HASHED = {*_BOOKKEEPING, "content_hash", "remote"}


@dataclass(frozen=True)
class Touched:
    """What storing one page did."""

    rows: int
    changed: int


def key_of(object_name: str) -> str:
    """Name of the column that identifies a row of the object."""
    return next(c.name for c in TABLES[object_name].primary_key if c.name != "connection_id")


def store_rows(
    session: Session,
    connection_id: int,
    object_name: str,
    frame: pd.DataFrame,
    *,
    source: str,
    read_at: datetime,
) -> Touched:
    """Upsert a page of canonical rows and mark the accounts whose facts changed.

    frame    the object's columns, `modified_at`, and what else the table has; missing values None
    source   the CRM object it came from
    read_at  start of the window it was read in; a full read finds absent rows by it
    A row that is older than what is stored (a lagging search index) only counts as seen.
    """
    table = TABLES[object_name]
    key = table.c[key_of(object_name)]
    page = _page(table, frame, connection_id, source, read_at)
    ids: list[str] = page[key.name]
    known = _known(session, table, key, connection_id, ids)
    write: list[int] = []  # positions
    seen, changed = [], []
    for row_id, position in {row_id: i for i, row_id in enumerate(ids)}.items():
        before, modified = known.get(row_id), page["modified_at"][position]
        if before is not None and _older(modified, before.modified_at):
            seen.append(row_id)
        elif before is None or not _same(before, page, position):
            changed.append(row_id)
            write.append(position)
        elif (before.modified_at, before.source) == (modified, source):
            seen.append(row_id)
        else:
            write.append(position)
    # accounts a row left are touched as much as those it came to
    left = [row_id for row_id in changed if row_id in known]
    _mark_accounts_of(session, connection_id, object_name, left, read_at)
    if len(write) < len(ids):
        page = {name: [values[i] for i in write] for name, values in page.items()}
    if write:
        upsert_columns(session, table, page)
    _mark_accounts_of(session, connection_id, object_name, changed, read_at)
    if seen:
        session.execute(
            update(table)
            .where(table.c.connection_id == connection_id, among(session, key, seen))
            .values(read_at=read_at)
        )
    return Touched(len(ids), len(changed))


def _same(before: Any, page: Mapping[str, Sequence[Any]], position: int) -> bool:
    """Whether a stored live row holds what the page brings."""
    return (
        before.content_hash == page["content_hash"][position]
        and before.deleted_at is None
        and ("remote" not in page or before.remote == page["remote"][position])
    )


def _older(incoming: datetime | None, stored: datetime | None) -> bool:
    return incoming is not None and stored is not None and incoming < stored


def _known(
    session: Session, table: Table, key: ColumnElement[Any], connection_id: int, ids: list[str]
) -> dict[str, Any]:
    columns = [
        key.label("key"),
        table.c.content_hash,
        table.c.source,
        table.c.modified_at,
        table.c.deleted_at,
    ]
    if "remote" in table.c:
        columns.append(table.c.remote)
    query = select(*columns).where(table.c.connection_id == connection_id, among(session, key, ids))
    return {row.key: row for row in session.execute(query)}


def _page(
    table: Table, frame: pd.DataFrame, connection_id: int, source: str, read_at: datetime
) -> dict[str, list[Any]]:
    """The frame as columns of the table, bookkeeping included."""
    n = len(frame)
    page: dict[str, list[Any]] = {
        c.name: _plain(frame[c.name]) if c.name in frame.columns else [_absent(c)] * n
        for c in table.c
    }
    if "remote" in page:
        page["remote"] = [{} if remote is None else remote for remote in page["remote"]]
    hashed = [page[name] for name in page if name in frame.columns and name not in _NOT_HASHED]
    content = map(partial(orjson.dumps, default=str), zip(*hashed, strict=True))
    return page | {
        "connection_id": [connection_id] * n,
        "source": [source] * n,
        "read_at": [read_at] * n,
        "deleted_at": [None] * n,
        "merged_into": [None] * n,
        "content_hash": [hashlib.sha1(one, usedforsecurity=False).hexdigest() for one in content],
    }


def _absent(column: Column[Any]) -> Any:
    """What a column holds that a page does not bring: its default, else None."""
    default: Any = column.default
    if default is None:
        return None
    return default.arg(None) if default.is_callable else default.arg


def _plain(column: "pd.Series[Any]") -> list[Any]:
    """Python values with None for every kind of missing."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        instants = column.to_numpy("datetime64[us]").tolist()  # UTC, None for NaT
        return [None if value is None else value.replace(tzinfo=UTC) for value in instants]
    values = column.to_numpy(object).tolist()
    return [
        None if value is None or value is pd.NA or value != value else value for value in values
    ]


def upsert(session: Session, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, or replace the stored ones of the same primary key; one statement."""
    if rows:
        upsert_columns(session, table, {name: [row[name] for row in rows] for name in rows[0]})


def _mark_accounts_of(
    session: Session, connection_id: int, object_name: str, ids: Sequence[str], at: datetime
) -> None:
    """Mark the accounts that rows `ids` of the object belong to."""
    if not ids:
        return
    table = TABLES[object_name]
    key = table.c[key_of(object_name)]
    chosen = and_(table.c.connection_id == connection_id, among(session, key, ids))
    if "account_id" in table.c:
        mark_dirty(session, connection_id, select(table.c.account_id).where(chosen), at)
    for reference, object_ in (("opportunity_id", "opportunities"), ("contact_id", "contacts")):
        if reference in table.c and object_ != object_name:
            through = _through(TABLES[object_], reference, table, chosen)
            mark_dirty(session, connection_id, through, at)


def _through(
    parent: Table, reference: str, table: Table, chosen: ColumnElement[bool]
) -> Select[tuple[str]]:
    return select(parent.c.account_id).where(
        parent.c.connection_id == table.c.connection_id,
        parent.c[reference] == table.c[reference],
        chosen,
    )


def mark_dirty(
    session: Session, connection_id: int, query: Select[tuple[str]], at: datetime
) -> None:
    """Mark the accounts that `query` finds for the next computation."""
    dialect = session.get_bind().dialect.name
    found = query.subquery()
    account = found.c[0]
    statement: Any = (sqlite if dialect == "sqlite" else postgresql).insert(DirtyAccount)
    rows = (
        select(literal(connection_id), account, literal(at, DirtyAccount.marked_at.type))
        .where(account.is_not(None))
        .distinct()
    )
    session.execute(
        statement.from_select(
            ["connection_id", "account_id", "marked_at"], rows
        ).on_conflict_do_update(
            index_elements=["connection_id", "account_id"],
            set_={"marked_at": statement.excluded.marked_at},
        )
    )


def mark_accounts(
    session: Session, connection_id: int, account_ids: Iterable[str], at: datetime
) -> None:
    """Mark the given accounts for the next computation."""
    _mark_accounts_of(session, connection_id, "accounts", sorted(set(account_ids)), at)


def mark_deleted(
    session: Session,
    connection_id: int,
    object_name: str,
    gone: Sequence[tuple[str, datetime | None, str | None]],
    *,
    at: datetime,
) -> int:
    """Note rows as deleted: (id, when, merged into); returns how many were live here.

    What could not be read of them is of no more concern.
    """
    table = TABLES[object_name]
    key = table.c[key_of(object_name)]
    facts = {record_id: (deleted_at or at, survivor) for record_id, deleted_at, survivor in gone}
    if not facts:
        return 0
    query = select(key).where(
        table.c.connection_id == connection_id,
        among(session, key, list(facts)),
        table.c.deleted_at.is_(None),
    )
    live = list(session.scalars(query))
    if not live:
        return 0
    _mark_accounts_of(session, connection_id, object_name, live, at)
    statement = (
        update(table)
        .where(table.c.connection_id == connection_id, key == bindparam("gone"))
        .values(deleted_at=bindparam("at"), merged_into=bindparam("survivor"))
    )
    session.connection().execute(
        statement,
        [
            {"gone": record_id, "at": facts[record_id][0], "survivor": facts[record_id][1]}
            for record_id in live
        ],
    )
    merged = {loser: facts[loser][1] for loser in live}
    _follow_merges(session, connection_id, object_name, merged, at)
    resolve_refusals(session, connection_id, "read", object_name, dict.fromkeys(live), now=at)
    return len(live)


def _follow_merges(
    session: Session,
    connection_id: int,
    object_name: str,
    merged: Mapping[str, str | None],
    at: datetime,
) -> None:
    """Give what belonged to merged records to their survivors, as read at `at`.

    Not every CRM stamps the records that a merge moves, and survey answers are not the CRM's.
    """
    key = key_of(object_name)
    moves = []
    for loser, survivor in merged.items():
        if survivor is not None:
            moves.append({"loser": loser, "survivor": merged.get(survivor) or survivor})
    if not moves:
        return
    for name, table in TABLES.items():
        if name == object_name or key not in table.c:
            continue
        session.connection().execute(
            update(table)
            .where(table.c.connection_id == connection_id, table.c[key] == bindparam("loser"))
            .values({key: bindparam("survivor"), "read_at": at}),
            moves,
        )
    _mark_accounts_of(
        session, connection_id, object_name, [str(move["survivor"]) for move in moves], at
    )


def unseen_count(
    session: Session, connection_id: int, object_name: str, source: str, read_at: datetime
) -> int:
    """How many live rows of `source` were not seen since `read_at`."""
    unseen = _unseen(connection_id, object_name, source, read_at)
    return session.scalar(select(func.count()).where(unseen)) or 0


def mark_absent(
    session: Session, connection_id: int, object_name: str, source: str, *, read_at: datetime
) -> int:
    """Note as deleted what a complete full read, begun at `read_at`, did not see."""
    key = TABLES[object_name].c[key_of(object_name)]
    unseen = _unseen(connection_id, object_name, source, read_at)
    ids = list(session.scalars(select(key).where(unseen)))
    return mark_deleted(
        session, connection_id, object_name, [(gone, None, None) for gone in ids], at=read_at
    )


def _unseen(
    connection_id: int, object_name: str, source: str, read_at: datetime
) -> ColumnElement[bool]:
    table = TABLES[object_name]
    return and_(
        table.c.connection_id == connection_id,
        table.c.source == source,
        table.c.read_at < read_at,
        table.c.deleted_at.is_(None),
    )


def replace_links(
    session: Session,
    connection_id: int,
    object_name: str,
    frame: pd.DataFrame,
    *,
    source: str,
    parents: tuple[str, Sequence[str]],
    read_at: datetime,
) -> Touched:
    """Store all relations of the given parents (column, ids); those not in `frame` are gone."""
    table = TABLES[object_name]
    key = table.c[key_of(object_name)]
    stored = store_rows(session, connection_id, object_name, frame, source=source, read_at=read_at)
    present = set(frame[key.name])
    column, ids = parents
    query = select(key).where(
        table.c.connection_id == connection_id,
        table.c.source == source,
        among(session, table.c[column], ids),
        table.c.deleted_at.is_(None),
    )
    gone = [found for found in session.scalars(query) if found not in present]
    removed = mark_deleted(
        session, connection_id, object_name, [(g, None, None) for g in gone], at=read_at
    )
    return Touched(stored.rows, stored.changed + removed)


def ids_read_since(
    session: Session, connection_id: int, object_name: str, since: datetime | None
) -> list[str]:
    """Ids of live rows that a pull has read after `since`; all live ones when it is None."""
    table = TABLES[object_name]
    key = table.c[key_of(object_name)]
    query = select(key).where(table.c.connection_id == connection_id, table.c.deleted_at.is_(None))
    if since is not None:
        query = query.where(table.c.read_at > since)
    return list(session.scalars(query.order_by(key)))


def has_rows(session: Session, connection_id: int, object_name: str) -> bool:
    """Whether any row of the object was ever stored."""
    table = TABLES[object_name]
    query = select(literal(1)).where(table.c.connection_id == connection_id).limit(1)
    return session.scalar(query) is not None


def live_dirty_accounts(session: Session, connection_id: int) -> list[str]:
    """Live accounts marked for assessment, by id."""
    accounts = TABLES["accounts"]
    query = (
        select(DirtyAccount.account_id)
        .join(
            accounts,
            and_(
                accounts.c.connection_id == DirtyAccount.connection_id,
                accounts.c.account_id == DirtyAccount.account_id,
            ),
        )
        .where(DirtyAccount.connection_id == connection_id, accounts.c.deleted_at.is_(None))
        .order_by(DirtyAccount.account_id)
    )
    return list(session.scalars(query))


def clean_accounts(session: Session, connection_id: int, account_ids: Sequence[str]) -> None:
    """The given accounts have been assessed."""
    assessed = among(session, DirtyAccount.__table__.c.account_id, account_ids)
    session.execute(
        delete(DirtyAccount).where(DirtyAccount.connection_id == connection_id, assessed)
    )
