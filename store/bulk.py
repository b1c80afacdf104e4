"""Many rows, or rows of many keys, in one statement, as each database does it fastest.

SQLAlchemy binds and converts value by value; here a column is converted at once, and a list of
keys is one parameter.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    JSON,
    Column,
    ColumnElement,
    Date,
    Dialect,
    Integer,
    Numeric,
    String,
    Table,
    any_,
    func,
    literal,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from store.models import Instant


def among(
    session: Session,
    column: ColumnElement[Any] | InstrumentedAttribute[Any],
    keys: Sequence[str] | Sequence[int],
) -> ColumnElement[bool]:
    """Whether `column` is one of `keys`, of which there may be any number."""
    if _dialect(session).name == "sqlite":
        listed = func.json_each(json.dumps(list(keys))).table_valued("value")
        return column.in_(select(listed.c.value))
    each = Integer if isinstance(column.type, Integer) else String
    return column == any_(literal(list(keys), ARRAY(each)))


def upsert_columns(session: Session, table: Table, columns: Mapping[str, Sequence[Any]]) -> None:
    """Insert rows given by column, or replace the stored ones of the same primary key.

    Values are of the column's Python type, or None; instants aware. No key comes twice.
    PostgreSQL gets the rows as one JSON document: as fast as COPY and a merge, and one statement.
    """
    dialect = _dialect(session)
    rows = zip(*(_stored(table.c[name], columns[name], dialect) for name in columns), strict=True)
    parameters: Any = list(rows)
    if not parameters:
        return
    if dialect.name != "sqlite":
        document = [dict(zip(columns, row, strict=True)) for row in parameters]
        parameters = (orjson.dumps(document).decode(),)
    session.flush()
    session.connection().exec_driver_sql(_statement(table, tuple(columns), dialect), parameters)


def _dialect(session: Session) -> Dialect:
    return session.get_bind().dialect


@lru_cache
def _statement(table: Table, names: tuple[str, ...], dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    keys = [column.name for column in table.primary_key]
    columns = ", ".join(map(quote, names))
    changes = ", ".join(f"{quote(n)} = excluded.{quote(n)}" for n in names if n not in keys)
    if dialect.name == "sqlite":
        values = f"VALUES ({', '.join('?' * len(names))})"
    else:
        typed = ", ".join(f"{quote(n)} {table.c[n].type.compile(dialect)}" for n in names)
        chosen = ", ".join(_null_kept(table.c[n], quote(n)) for n in names)
        values = f"SELECT {chosen} FROM json_to_recordset(%s) AS incoming ({typed})"
    return (
        f"INSERT INTO {quote(table.name)} ({columns}) {values} "
        f"ON CONFLICT ({', '.join(map(quote, keys))}) DO UPDATE SET {changes}"
    )


def _null_kept(column: Column[Any], name: str) -> str:
    """JSON's null is a value of a JSON column, not a missing one, as in SQLAlchemy."""
    return f"coalesce({name}, 'null')" if isinstance(column.type, JSON) else name


def _stored(column: Column[Any], values: Sequence[Any], dialect: Dialect) -> Sequence[Any]:
    """Values as SQLAlchemy would store them; for PostgreSQL as JSON that is read as such."""
    sqlite = dialect.name == "sqlite"
    if isinstance(column.type, JSON):
        return [orjson.dumps(value).decode() for value in values] if sqlite else values
    convert: Callable[[Any], Any] | None = None
    if isinstance(column.type, Instant):
        convert = _instant
    elif isinstance(column.type, Date):
        convert = _date
    elif isinstance(column.type, Numeric):
        convert = float if sqlite else str
    return values if convert is None else _converted(convert, values)


def _converted(convert: Callable[[Any], Any], values: Sequence[Any]) -> list[Any]:
    """Each distinct value is converted once; None stays None."""
    converted = {value: convert(value) for value in set(values) - {None}}
    return list(map(converted.get, values))


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"instant without time zone: {value!r}")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _date(value: date) -> str:
    return value.isoformat()[:10]
