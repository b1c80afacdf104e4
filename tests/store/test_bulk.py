"""Bulk statements store exactly what SQLAlchemy stores value by value."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Table, insert, select, text
from sqlalchemy.orm import Session

from store.bulk import among, upsert_columns
from store.models import Account, Connection, WrittenField
from store.records import TABLES, upsert
from tests.store.conftest import NOON

ACCOUNTS = TABLES["accounts"]
WRITTEN: Table = WrittenField.__table__  # type: ignore[assignment]


def account(connection: Connection, account_id: str, **values: Any) -> dict[str, Any]:
    row: dict[str, Any] = {column.name: None for column in ACCOUNTS.c}
    row |= {"connection_id": connection.id, "account_id": account_id, "name": 'O"Neill, Ü & 100%'}
    return row | {"source": "s", "read_at": NOON, "content_hash": "", "remote": {}, **values}


def test_a_row_stored_in_bulk_is_the_row_stored_by_sqlalchemy(
    session: Session, connection: Connection
) -> None:
    values = {
        "modified_at": datetime(2026, 3, 2, 1, 2, 3, 4, tzinfo=UTC),
        "annual_value": Decimal("1234567890123.45"),
        "annual_value_corporate": 0.1,
        "is_customer": False,
        "customer_since": date(2020, 2, 29),
        "remote": {"a": None, "b": [1.5, "Ü"], "c": True},
    }
    session.execute(insert(ACCOUNTS), account(connection, "one", **values))
    upsert(session, ACCOUNTS, [account(connection, "two", **values)])
    kept = session.execute(
        text("SELECT * FROM accounts WHERE account_id IN ('one', 'two') ORDER BY account_id")
    ).mappings()
    one, two = (dict(row) for row in kept)
    assert one | {"account_id": "two"} == two


def test_an_instant_of_another_zone_is_stored_in_utc(
    session: Session, connection: Connection
) -> None:
    east = timezone(timedelta(hours=2))
    upsert(
        session, ACCOUNTS, [account(connection, "1", modified_at=datetime(2026, 1, 1, tzinfo=east))]
    )
    kept = session.get_one(Account, (connection.id, "1"))
    assert kept.modified_at == datetime(2025, 12, 31, 22, tzinfo=UTC)


def test_an_instant_without_zone_is_refused(session: Session, connection: Connection) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="without time zone"):
        upsert(session, ACCOUNTS, [account(connection, "1", modified_at=naive)])


def test_a_stored_row_is_replaced_and_others_stay(session: Session, connection: Connection) -> None:
    upsert(session, ACCOUNTS, [account(connection, "1"), account(connection, "2")])
    upsert(session, ACCOUNTS, [account(connection, "1", name="New")])
    query = select(Account.account_id, Account.name)
    names = {account_id: name for account_id, name in session.execute(query)}
    assert names == {"1": "New", "2": 'O"Neill, Ü & 100%'}


def test_an_emptied_field_is_written_as_null(session: Session, connection: Connection) -> None:
    row = {
        "connection_id": connection.id,
        "record_id": "1",
        "field": "f",
        "value": None,
        "sent_at": NOON,
        "assessment_id": None,
    }
    upsert(session, WRITTEN, [row, {**row, "field": "g", "value": 0}])
    query = select(WrittenField.field, WrittenField.value)
    kept = {field: value for field, value in session.execute(query)}
    assert kept == {"f": None, "g": 0}


def test_no_rows_need_no_statement(session: Session) -> None:
    upsert_columns(session, ACCOUNTS, {"connection_id": [], "account_id": []})
    assert session.execute(select(Account)).all() == []


def test_any_number_of_keys_may_be_asked_for(session: Session, connection: Connection) -> None:
    upsert(session, ACCOUNTS, [account(connection, "1"), account(connection, 'a"b')])
    keys = ['a"b', *map(str, range(2, 100_000))]
    query = select(Account.account_id).where(among(session, ACCOUNTS.c.account_id, keys))
    assert session.scalars(query).all() == ['a"b']
    assert (
        session.scalars(select(Account).where(among(session, ACCOUNTS.c.account_id, []))).all()
        == []
    )


def test_keys_may_be_numbers(session: Session, connection: Connection) -> None:
    known = select(Connection.name).where(among(session, Connection.id, [connection.id, 0]))
    assert session.scalars(known).all() == ["acme"]
