"""Upsert and load: canonical frames into our tables, and back.

Floor of an upsert: the same rows, already tuples, into the same tables with the same indexes, a
transaction per page: one sqlite3 executemany, or COPY into a temporary table and one merge. It
hashes nothing, compares nothing and marks no account. Floor of a load: the driver's own cursor,
`fetchall`, and one DataFrame per object as it comes, no types set.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import psycopg
from psycopg.types.json import Json
from sqlalchemy import Table

from benchmarks.place import (
    OBJECTS,
    Place,
    copied,
    house_at,
    kept_pages,
    opened,
    postgres_database,
    postgres_url,
)
from benchmarks.watch import Watch
from jobs.wiring import House
from mappings import to_frame
from store.connections import save_connection
from store.frames import load_frames
from store.records import TABLES, store_rows

VENDOR = "salesforce"  # whose pages are stored; the tables are the same for all
STORED = "stored"  # the database that an upsert leaves behind for the floor and the load
_PAGE = 2000  # rows

Rows = list[tuple[Any, ...]]
Frames = list[tuple[str, pd.DataFrame]]


def upsert_ours(site: Place, watch: Watch, *, database: str, again: bool) -> None:
    """`store.records.store_rows`; `again`: of rows that stand there already, unchanged."""
    frames = _frames(site)
    for _ in range(site.repeats):
        with _empty(site, database, STORED) as (house, connection_id):
            if again:
                _store(house, connection_id, frames)
            with watch.lap():
                _store(house, connection_id, frames)
    watch.rows = sum(len(frame) for _, frame in frames)


def upsert_floor(site: Place, watch: Watch, *, database: str, again: bool) -> None:
    """The same rows by the driver alone."""
    rows = {name: _stored_rows(site, database, name) for name in OBJECTS}
    store = _store_sqlite if database == "sqlite" else _store_postgres
    for _ in range(site.repeats):
        with _empty(site, database, "floor") as (house, _):
            url = house.settings.database.url
        if again:
            store(url, rows)
        with watch.lap():
            store(url, rows)
    watch.rows = sum(map(len, rows.values()))


def load_ours(site: Place, watch: Watch, *, database: str) -> None:
    """`store.frames.load_frames` of everything."""
    house = house_at(site, _url(site, database, STORED))
    for _ in range(site.repeats):
        with watch.lap(), house.sessions() as session:
            frames = load_frames(session, 1, only_dirty=False)
    watch.rows = sum(map(len, frames.values()))
    house.engine.dispose()


def load_floor(site: Place, watch: Watch, *, database: str) -> None:
    """The same rows and columns by the driver alone."""
    with _driver(_url(site, database, STORED)) as connection:
        for _ in range(site.repeats):
            watch.rows = 0
            with watch.lap():
                for name in TABLES:
                    watch.rows += len(_loaded(connection, name))


def _loaded(connection: Any, name: str) -> pd.DataFrame:
    left_out = {"connection_id", "source", "modified_at", "read_at", "merged_into", "content_hash"}
    left_out |= {"remote", "matched_by", "annual_value", "amount"}
    columns = [column.name for column in TABLES[name].c if column.name not in left_out]
    cursor = connection.cursor()
    cursor.execute(
        f"SELECT {','.join(columns)} FROM {TABLES[name].name} "
        "WHERE connection_id = 1 AND deleted_at IS NULL"
    )
    return pd.DataFrame(cursor.fetchall(), columns=columns)


def _frames(site: Place) -> Frames:
    """The kept pages, mapped."""
    with copied(site, VENDOR) as house:
        _, _, schema = opened(house, VENDOR)
    frames = []
    for name, records in kept_pages(site, VENDOR):
        source = schema.map.source(name)
        converted = to_frame(source, records, rates=schema.rates, corporate=schema.currency)
        frames.append((source.object, converted.frame))
    return frames


def _store(house: House, connection_id: int, frames: Frames) -> None:
    read_at = datetime.now(UTC)
    for name, frame in frames:
        with house.sessions.begin() as session:
            store_rows(session, connection_id, name, frame, source=name, read_at=read_at)


@contextmanager
def _empty(site: Place, database: str, name: str) -> Iterator[tuple[House, int]]:
    """A migrated database with nothing but a connection in it."""
    if database == "sqlite":
        for file in site.folder.glob(f"{name}.db*"):
            file.unlink()
    else:
        postgres_database(site, name)
    house = house_at(site, _url(site, database, name))
    with house.sessions.begin() as session:
        connection = save_connection(
            session,
            house.vault,
            name=VENDOR,
            vendor=VENDOR,
            settings={},
            secrets={},
            now=datetime.now(UTC),
        )
    yield house, connection.id
    house.engine.dispose()


def _url(site: Place, database: str, name: str) -> str:
    if database == "sqlite":
        return f"sqlite:///{site.folder / name}.db"
    return postgres_url(site, name)


@contextmanager
def _driver(url: str) -> Iterator[Any]:
    """A connection of the driver's own."""
    connection: Any
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute("PRAGMA synchronous=NORMAL")
    else:
        connection = psycopg.connect(url.replace("+psycopg", "", 1))
    yield connection
    connection.close()


def _stored_rows(site: Place, database: str, name: str) -> Rows:
    """All columns of what our upsert left, as the driver takes them."""
    table = TABLES[name]
    with _driver(_url(site, database, STORED)) as connection:
        cursor = connection.cursor()
        cursor.execute(f"SELECT {','.join(_names(table))} FROM {table.name}")
        rows: Rows = cursor.fetchall()
    if "remote" not in table.c or database == "sqlite":
        return rows
    at = list(table.c.keys()).index("remote")
    return [(*row[:at], Json(row[at]), *row[at + 1 :]) for row in rows]


def _store_sqlite(url: str, rows: dict[str, Rows]) -> None:
    with _driver(url) as connection:
        for name, of_table in rows.items():
            table = TABLES[name]
            marks = ",".join("?" * len(table.c))
            statement = f"INSERT INTO {table.name} ({','.join(_names(table))}) VALUES ({marks}) "
            for page in _pages(of_table):
                connection.executemany(statement + _merge(table), page)
                connection.commit()


def _store_postgres(url: str, rows: dict[str, Rows]) -> None:
    with _driver(url) as connection:
        for name, of_table in rows.items():
            table, columns = TABLES[name], ",".join(_names(TABLES[name]))
            cursor = connection.cursor()
            for page in _pages(of_table):
                cursor.execute(
                    f"CREATE TEMPORARY TABLE incoming (LIKE {table.name}) ON COMMIT DROP"
                )
                with cursor.copy(f"COPY incoming ({columns}) FROM STDIN") as copy:
                    for row in page:
                        copy.write_row(row)
                cursor.execute(
                    f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM incoming "
                    + _merge(table)
                )
                connection.commit()


def _pages(rows: Rows) -> Iterator[Rows]:
    for first in range(0, len(rows), _PAGE):
        yield rows[first : first + _PAGE]


def _names(table: Table) -> list[str]:
    return [f'"{column.name}"' for column in table.c]


def _merge(table: Table) -> str:
    keys = [column.name for column in table.primary_key]
    others = [f'"{c.name}"=excluded."{c.name}"' for c in table.c if c.name not in keys]
    return f"ON CONFLICT ({','.join(keys)}) DO UPDATE SET {','.join(others)}"
