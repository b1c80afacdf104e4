"""Upserts: what changed is known, what went away is noted, older data never wins."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from store import records
from store.frames import load_frames
from store.models import Account, Connection, Contact
from tests.store.conftest import NOON


def accounts(*rows: dict[str, Any], modified: datetime = NOON) -> pd.DataFrame:
    filled = [{"name": "Acme", "annual_value_corporate": None, "remote": {}, **row} for row in rows]
    frame = pd.DataFrame(filled)
    frame["modified_at"] = pd.Series([modified] * len(rows), dtype="datetime64[us, UTC]")
    return frame


def store(
    session: Session, connection: Connection, name: str, frame: pd.DataFrame, at: datetime = NOON
) -> records.Touched:
    touched = records.store_rows(session, connection.id, name, frame, source=name, read_at=at)
    session.flush()
    session.expire_all()
    return touched


def test_a_page_read_twice_changes_nothing_the_second_time(
    session: Session, connection: Connection
) -> None:
    page = accounts({"account_id": "1"}, {"account_id": "2"})
    assert store(session, connection, "accounts", page) == records.Touched(2, 2)
    records.clean_accounts(session, connection.id, ["1", "2"])
    assert store(session, connection, "accounts", page) == records.Touched(2, 0)
    assert records.live_dirty_accounts(session, connection.id) == []


def test_a_contact_that_moves_marks_the_account_it_left_and_the_one_it_came_to(
    session: Session, connection: Connection
) -> None:
    store(session, connection, "accounts", accounts({"account_id": "1"}, {"account_id": "2"}))
    store(session, connection, "contacts", pd.DataFrame([{"contact_id": "c", "account_id": "1"}]))
    records.clean_accounts(session, connection.id, ["1", "2"])
    store(session, connection, "contacts", pd.DataFrame([{"contact_id": "c", "account_id": "2"}]))
    assert records.live_dirty_accounts(session, connection.id) == ["1", "2"]


def test_a_row_without_account_belongs_to_its_contacts_account(
    session: Session, connection: Connection
) -> None:
    store(session, connection, "accounts", accounts({"account_id": "1"}))
    store(session, connection, "contacts", pd.DataFrame([{"contact_id": "c", "account_id": "1"}]))
    records.clean_accounts(session, connection.id, ["1"])
    row = {"activity_id": "a", "account_id": None, "contact_id": "c", "kind": "call"}
    store(session, connection, "activities", pd.DataFrame([row]))
    assert records.live_dirty_accounts(session, connection.id) == ["1"]
    frames = load_frames(session, connection.id, only_dirty=True)
    assert frames["activities"]["activity_id"].tolist() == ["a"]


def test_an_older_version_of_a_row_is_seen_but_not_stored(
    session: Session, connection: Connection
) -> None:
    store(session, connection, "accounts", accounts({"account_id": "1", "name": "New"}))
    old = accounts({"account_id": "1", "name": "Old"}, modified=NOON - timedelta(hours=1))
    later = NOON + timedelta(hours=1)
    assert store(session, connection, "accounts", old, later).changed == 0
    kept = session.get_one(Account, (connection.id, "1"))
    assert (kept.name, kept.read_at) == ("New", later)


def test_what_a_full_read_did_not_see_is_deleted_and_comes_back_when_seen(
    session: Session, connection: Connection
) -> None:
    both = accounts({"account_id": "1"}, {"account_id": "2"})
    store(session, connection, "accounts", both)
    later = NOON + timedelta(days=1)
    store(session, connection, "accounts", accounts({"account_id": "1"}), later)
    gone = records.mark_absent(session, connection.id, "accounts", "accounts", read_at=later)
    session.expire_all()
    assert gone == 1
    assert session.get_one(Account, (connection.id, "2")).deleted_at == later
    assert records.ids_read_since(session, connection.id, "accounts", None) == ["1"]
    assert store(session, connection, "accounts", both, later).changed == 1
    assert session.get_one(Account, (connection.id, "2")).deleted_at is None


def test_a_merged_contact_is_noted_with_its_survivor_and_stays_in_the_frames_as_gone(
    session: Session, connection: Connection
) -> None:
    store(session, connection, "accounts", accounts({"account_id": "1"}))
    store(session, connection, "contacts", pd.DataFrame([{"contact_id": "c", "account_id": "1"}]))
    records.clean_accounts(session, connection.id, ["1"])
    records.mark_deleted(session, connection.id, "contacts", [("c", NOON, "d")], at=NOON)
    session.expire_all()
    kept = session.scalars(select(Contact)).one()
    assert (kept.merged_into, kept.deleted_at) == ("d", NOON)
    assert records.live_dirty_accounts(session, connection.id) == ["1"]
    contacts = load_frames(session, connection.id, only_dirty=False)["contacts"]
    assert contacts["gone_at"].tolist() == [pd.Timestamp(NOON)]


def test_missing_values_of_every_kind_come_back_as_missing(
    session: Session, connection: Connection
) -> None:
    page = accounts({"account_id": "1"})
    page["annual_value"] = float("nan")
    page["is_customer"] = pd.array([pd.NA], dtype="boolean")
    page["renewal_date"] = None
    store(session, connection, "accounts", page)
    frame = load_frames(session, connection.id, only_dirty=False)["accounts"]
    assert frame[["annual_value", "is_customer", "renewal_date"]].isna().all(axis=None)
    kept = session.get_one(Account, (connection.id, "1"))
    assert (kept.annual_value, kept.is_customer, kept.renewal_date) == (None, None, None)


def test_frames_carry_the_corporate_amount(session: Session, connection: Connection) -> None:
    page = accounts({"account_id": "1"})
    page["annual_value"], page["annual_value_corporate"], page["currency"] = 200.0, 180.5, "EUR"
    store(session, connection, "accounts", page)
    frame = load_frames(session, connection.id, only_dirty=False)["accounts"]
    assert frame["annual_value"].tolist() == [180.5]


def test_relations_no_longer_there_are_gone(session: Session, connection: Connection) -> None:
    def links(*contacts: str) -> pd.DataFrame:
        rows = [{"role_id": f"o-{c}", "opportunity_id": "o", "contact_id": c} for c in contacts]
        return pd.DataFrame(rows, columns=["role_id", "opportunity_id", "contact_id"])

    def replace(frame: pd.DataFrame) -> records.Touched:
        return records.replace_links(
            session,
            connection.id,
            "contact_roles",
            frame,
            source="deals>contacts",
            parents=("opportunity_id", ["o"]),
            read_at=NOON,
        )

    assert replace(links("a", "b")).changed == 2
    assert replace(links("b")).changed == 1
    assert records.ids_read_since(session, connection.id, "contact_roles", None) == ["o-b"]


def test_ids_read_since_leaves_out_what_was_read_before(
    session: Session, connection: Connection
) -> None:
    store(session, connection, "accounts", accounts({"account_id": "1"}))
    later = datetime(2026, 3, 3, tzinfo=UTC)
    store(session, connection, "accounts", accounts({"account_id": "2"}), later)
    assert records.ids_read_since(session, connection.id, "accounts", NOON) == ["2"]
    assert records.ids_read_since(session, connection.id, "accounts", None) == ["1", "2"]
