"""The world that is measured: CSV files with a fixed number of records per account."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

CONTACTS = 5  # per account
OPPORTUNITIES = 2
ACCOUNTS_PER_USER = 50

Row = dict[str, Any]

_SEGMENTS = ("Enterprise", "Mid-Market", "Small Business")
_INDUSTRIES = ("Manufacturing", "Software", "Logistics", "Energy", "Retail")
_LEVELS = ("decision_maker", "influencer", "user", "user", "user")
_TITLES = ("Chief Operating Officer", "Head of IT", "Analyst", "Planner", "Engineer")
_PRODUCTS = ("Core", "Analytics", "Support Plus")
_DRIVERS = ("Product > Quality", "Service > Speed", "Price > Value")


def write_portfolio(folder: Path, accounts: int, now: datetime) -> None:
    """Write accounts, contacts, opportunities, answers and users as `sandbox --data` reads them.

    Each account has 5 contacts, 2 opportunities and 2 or 3 answers; the values follow from the
    account's number alone, so two runs of one day measure the same world.
    """
    folder.mkdir(parents=True, exist_ok=True)
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    users = 1 + accounts // ACCOUNTS_PER_USER
    tables: dict[str, Iterator[Row]] = {
        "users": (_user(i) for i in range(users)),
        "accounts": (_account(i, users, today) for i in range(accounts)),
        "contacts": (_contact(i, j) for i in range(accounts) for j in range(CONTACTS)),
        "opportunities": (
            _opportunity(i, j, users, today) for i in range(accounts) for j in range(OPPORTUNITIES)
        ),
        "responses": (_answer(i, j, today) for i in range(accounts) for j in range(2 + i % 2)),
    }
    for name, rows in tables.items():
        first = next(rows)
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(first))
            writer.writeheader()
            writer.writerow(first)
            writer.writerows(rows)


def _user(i: int) -> Row:
    return {
        "user_id": f"U{i:06}",
        "name": f"Owner {i}",
        "email": f"owner{i}@vendor.example",
        "is_active": True,
        "time_zone": "UTC",
    }


def _account(i: int, users: int, today: datetime) -> Row:
    return {
        "account_id": f"A{i:07}",
        "name": f"Customer {i} Ltd",
        "owner_id": f"U{i % users:06}",
        "domain": f"customer{i}.example",
        "segment": _SEGMENTS[i % 3],
        "industry": _INDUSTRIES[i % 5],
        "country": "Germany",
        "currency": "USD",
        "annual_value": 5_000 + i * 7_919 % 2_000_000,
        "is_customer": i % 10 != 9,
        "customer_since": (today - timedelta(days=400 + i % 2_000)).date(),
        "renewal_date": (today + timedelta(days=10 + i % 350)).date(),
    }


def _contact(i: int, j: int) -> Row:
    return {
        "contact_id": f"C{i:07}{j}",
        "account_id": f"A{i:07}",
        "name": f"Person {j} Of{i}",
        "email": f"person{j}@customer{i}.example",
        "title": _TITLES[j],
        "level": _LEVELS[j],
        "is_active": (i + j) % 17 != 0,
    }


def _opportunity(i: int, j: int, users: int, today: datetime) -> Row:
    closed = (i + j) % 2 == 0
    won = closed and i % 3 != 0
    days = i % 700
    return {
        "opportunity_id": f"O{i:07}{j}",
        "account_id": f"A{i:07}",
        "owner_id": f"U{i % users:06}",
        "name": f"Deal {j} of {i}",
        "type": ("new", "renewal", "upsell", "cross_sell")[(i + j) % 4],
        "stage": "Closed Won" if won else "Closed Lost" if closed else "Proposal",
        "amount": 1_000 + i * 331 % 90_000,
        "currency": "USD",
        "probability": 1.0 if won else 0.0 if closed else 0.5,
        "is_closed": closed,
        "is_won": won,
        "created_at": (today - timedelta(days=30 + days)).isoformat(),
        "close_date": (today + timedelta(days=-days if closed else 30 + days % 90)).date(),
        "product": _PRODUCTS[(i + j) % 3],
    }


def _answer(i: int, j: int, today: datetime) -> Row:
    return {
        "response_id": f"R{i:07}{j}",
        "account_id": f"A{i:07}",
        "contact_id": f"C{i:07}{j}",
        "survey_type": "relationship",
        "metric": "nps",
        "score": (i * 7 + j * 5) % 11,
        "scale_min": 0,
        "scale_max": 10,
        "drivers": _DRIVERS[(i + j) % 3],
        "answered_at": (today - timedelta(days=1 + (i * 13 + j * 40) % 300)).isoformat(),
        "campaign": f"wave {i % 4}",
    }
