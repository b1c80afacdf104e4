"""The seeded portfolio: repeatable, lazy, plausible, with the book's accounts in it."""

import itertools
import tracemalloc
from collections import Counter, defaultdict
from datetime import UTC, datetime
from statistics import median

import pytest

from sandbox.portfolio import COLUMNS, Portfolio, generate

NOW = datetime(2026, 11, 22, 12, 30, 15, 999, tzinfo=UTC)
BOOK = {
    "Elements Air Lines": (6_055_836, 12),
    "Mega Resorts International": (5_822_390, 15),
    "Australian Roo Motors": (5_409_264, 2),
    "The Toz Corporation": (5_379_792, 14),
    "Galaxy National Bank": (5_345_004, 12),
    "Express Logistics": (5_340_779, 8),
}


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    """Two thousand accounts."""
    return generate(2_000, seed=7, now=NOW)


@pytest.mark.parametrize("size", [0, 6, 50])
def test_the_book_accounts_are_always_there(size: int) -> None:
    portfolio = generate(size, seed=3, now=NOW)
    accounts = list(portfolio.rows("accounts"))
    contacts = Counter(row["account_id"] for row in portfolio.rows("contacts"))

    found = {
        row["name"]: (row["annual_value"], contacts[row["account_id"]]) for row in accounts[:6]
    }

    assert found == BOOK
    assert len(accounts) == max(size, 6)


def test_express_logistics_has_two_respondents_one_of_them_a_detractor(
    portfolio: Portfolio,
) -> None:
    answers = [row for row in portfolio.rows("responses") if row["account_id"] == "A0000006"]
    assert sorted(row["score"] for row in answers) == [4, 9]
    assert len({row["contact_id"] for row in answers}) == 2
    assert next(row["comment"] for row in answers if row["score"] == 4)


def test_australian_roo_motors_was_asked_and_stays_silent(portfolio: Portfolio) -> None:
    asked = [r for r in portfolio.rows("invitations") if r["account_id"] == "A0000003"]
    answered = [r for r in portfolio.rows("responses") if r["account_id"] == "A0000003"]
    assert (len(asked), answered) == (2, [])


def test_same_arguments_same_rows_and_another_seed_other_rows() -> None:
    def everything(seed: int) -> dict[str, list[dict[str, object]]]:
        made = generate(40, seed, NOW)
        return {table: list(made.rows(table)) for table in COLUMNS}

    first = everything(5)
    assert first == everything(5)
    assert first["accounts"][6:] != everything(6)["accounts"][6:]


def test_every_row_has_every_column_and_whole_seconds(portfolio: Portfolio) -> None:
    for table, columns in COLUMNS.items():
        row: dict[str, object] = {}
        for row in itertools.islice(portfolio.rows(table), 500):
            assert tuple(row) == columns
            for value in row.values():
                if isinstance(value, datetime):
                    assert value.tzinfo is UTC
                    assert value.microsecond == 0
        assert row, f"{table} is empty"


def test_keys_are_unique_and_references_exist(portfolio: Portfolio) -> None:
    keys = {}
    for table, columns in COLUMNS.items():
        ids = [row[columns[0]] for row in portfolio.rows(table)]
        keys[table] = set(ids)
        assert len(ids) == len(keys[table]), table
    points = {
        "account_id": "accounts",
        "parent_id": "accounts",
        "contact_id": "contacts",
        "opportunity_id": "opportunities",
        "owner_id": "users",
        "manager_id": "users",
        "user_id": "users",
    }
    for table in COLUMNS:
        for row in portfolio.rows(table):
            for column, target in points.items():
                assert row.get(column) is None or row[column] in keys[target], (table, row)


def test_emails_are_unique_and_every_surveyed_person_has_one(portfolio: Portfolio) -> None:
    emails = {r["contact_id"]: r["email"] for r in portfolio.rows("contacts")}
    known = [email for email in emails.values() if email]
    assert len(known) == len(set(known))
    assert all(emails[row["contact_id"]] for row in portfolio.rows("invitations"))
    assert all(emails[row["contact_id"]] for row in portfolio.rows("responses"))


def test_facts_agree_with_each_other(portfolio: Portfolio) -> None:
    today = NOW.date()
    customers = set()
    for row in portfolio.rows("accounts"):
        if row["is_customer"]:
            customers.add(row["account_id"])
            assert row["churned_at"] is None
            assert row["renewal_date"] is None or row["renewal_date"] >= today
        if row["churned_at"]:
            assert row["customer_since"] < row["churned_at"] < today
    for row in portfolio.rows("opportunities"):
        assert row["is_won"] <= row["is_closed"]
        assert row["is_closed"] == (row["probability"] in (0.0, 1.0))
        assert row["close_date"] >= today or row["is_closed"]
        assert row["created_at"].date() <= min(row["close_date"], today)
    for row in portfolio.rows("cases"):
        assert row["closed_at"] is None or row["opened_at"] < row["closed_at"] <= NOW
    sent: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
    for row in portfolio.rows("invitations"):
        sent[row["contact_id"], row["campaign"]].append(row["sent_at"])
    for row in portfolio.rows("responses"):
        assert row["scale_min"] <= row["score"] <= row["scale_max"]
        assert min(sent[row["contact_id"], row["campaign"]]) <= row["answered_at"] <= NOW
    for row in portfolio.rows("activities"):
        assert row["occurred_at"] <= NOW


def test_line_amounts_add_up_to_their_opportunity(portfolio: Portfolio) -> None:
    amounts = {r["opportunity_id"]: r["amount"] for r in portfolio.rows("opportunities")}
    lines: defaultdict[str, float] = defaultdict(float)
    for row in portfolio.rows("products"):
        lines[row["opportunity_id"]] += row["amount"]
    assert lines
    assert all(total == amounts[deal] for deal, total in lines.items())


def test_the_portfolio_is_plausible(portfolio: Portfolio) -> None:
    accounts = list(portfolio.rows("accounts"))
    contacts = list(portfolio.rows("contacts"))
    deals = list(portfolio.rows("opportunities"))
    values = sorted(row["annual_value"] for row in accounts if row["annual_value"] is not None)
    assert 4 <= len(contacts) / len(accounts) <= 6
    assert 1.5 <= len(deals) / len(accounts) <= 2.5
    assert sum(values) / len(values) > 3 * median(values)  # a long tail, as revenue has
    for share, low, high in (
        (sum(row["churned_at"] is not None for row in accounts) / len(accounts), 0.04, 0.12),
        (sum(row["parent_id"] is not None for row in accounts) / len(accounts), 0.05, 0.2),
        (sum(row["level"] is None for row in contacts) / len(contacts), 0.2, 0.5),
        (sum(row["left_at"] is not None for row in contacts) / len(contacts), 0.01, 0.08),
        (sum(row["opted_out"] for row in contacts) / len(contacts), 0.01, 0.06),
        (sum(row["bounced_at"] is not None for row in contacts) / len(contacts), 0.005, 0.05),
    ):
        assert low < share < high
    customers = [row for row in accounts if row["is_customer"]]
    assert any(row["annual_value"] is None for row in customers)
    domains = Counter(row["domain"] for row in accounts if row["domain"])
    assert sum(n > 1 for n in domains.values()) >= 5  # duplicates to be found
    assert {r["metric"] for r in portfolio.rows("responses")} == {"nps", "csat", "ces"}
    active = {r["account_id"] for r in portfolio.rows("responses")}
    assert any(row["account_id"] not in active for row in customers)


def test_a_million_accounts_are_made_while_they_are_read() -> None:
    portfolio = generate(1_000_000, seed=1, now=NOW)
    tracemalloc.start()
    for table in COLUMNS:
        assert len(list(itertools.islice(portfolio.rows(table), 20))) == 20
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000  # bytes
