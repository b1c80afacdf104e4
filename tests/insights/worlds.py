"""Small random portfolios as plain rows, and the frames made of them."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from insights.frames import COLUMNS, Frames

AS_OF = datetime(2026, 6, 30, 12, tzinfo=UTC)
Row = dict[str, Any]
Rows = dict[str, list[Row]]


def frames_of(rows: Rows) -> Frames:
    """Frames with every column; a kind that is absent from `rows` was not provided."""
    return Frames(
        **{kind: pd.DataFrame(table, columns=list(COLUMNS[kind])) for kind, table in rows.items()}
    )


def world(*accounts: Row, **kinds: Iterable[Row]) -> Rows:
    """Accounts and other kinds of rows, with ids where none are given."""
    keys = {"contact_roles": "role_id", "products": "line_id"}
    rows: Rows = {"accounts": [{"account_id": "A", **account} for account in accounts]}
    for kind, table in kinds.items():
        key = keys.get(
            kind, {"activities": "activity_id", "opportunities": "opportunity_id"}.get(kind)
        )
        key = key or f"{kind.removesuffix('s')}_id"
        rows[kind] = [{key: f"{kind}{n}", "account_id": "A", **row} for n, row in enumerate(table)]
    return rows


def ago(days: float) -> datetime:
    """The instant so many days before AS_OF."""
    return AS_OF - timedelta(days=days)


def random_rows(seed: int, accounts: int = 12) -> Rows:
    """A portfolio with gaps: unknown values, empty accounts, people who left, late records."""
    dice = random.Random(seed)
    ids = [f"acc{n:02}" for n in range(accounts)]

    def some(value: Any, chance: float = 0.8) -> Any:
        return value if dice.random() < chance else None

    def when(longest: float) -> datetime:
        return ago(dice.uniform(-5, longest)).replace(microsecond=0)

    def day(longest: float) -> datetime:
        midnight = when(longest).replace(hour=0, minute=0, second=0)
        return midnight.replace(tzinfo=None)

    people = [
        {
            "contact_id": f"con{n:03}",
            "account_id": dice.choice(ids),
            "level": some(dice.choice(["decision_maker", "influencer", "user"])),
            "title": some(dice.choice(["CEO", "IT Manager", "Engineer", "Poet"]), 0.5),
            "role": some(dice.choice(["Economic Buyer", "END_USER;INFLUENCER", "Other"]), 0.3),
            "is_active": some(dice.random() < 0.9, 0.7),
            "left_at": some(day(300), 0.1),
            "bounced_at": some(when(300), 0.05),
            "opted_out": some(dice.random() < 0.2, 0.5),
        }
        for n in range(accounts * 4)
    ]

    def event(key: str, n: int) -> Row:
        person = dice.choice(people)
        return {
            key: f"{key[:3]}{n:03}",
            "account_id": some(person["account_id"], 0.9),
            "contact_id": some(person["contact_id"], 0.9),
        }

    return {
        "accounts": [
            {
                "account_id": account_id,
                "owner_id": some("u1", 0.7),
                "segment": some(dice.choice(["large", "small"]), 0.8),
                "annual_value": some(float(dice.choice([0, 900, 45_000, 250_000, 3_000_000])), 0.8),
                "is_customer": some(dice.random() < 0.9, 0.8),
                "customer_since": some(day(900), 0.6),
                "renewal_date": some(ago(dice.uniform(-120, 60)).replace(tzinfo=None), 0.3),
                "churned_at": some(day(500), 0.1),
            }
            for account_id in ids
        ],
        "contacts": people,
        "opportunities": [
            {
                "opportunity_id": f"opp{n:03}",
                "account_id": some(dice.choice(ids), 0.95),
                "type": some(dice.choice(["new", "renewal", "upsell", "cross_sell"]), 0.9),
                "amount": some(round(dice.uniform(100, 90_000), 2), 0.9),
                "probability": some(round(dice.random(), 2), 0.9),
                "is_closed": (closed := some(dice.random() < 0.7, 0.95)),
                "is_won": some(bool(closed) and dice.random() < 0.7, 0.95),
                "created_at": some(when(800), 0.8),
                "close_date": some(day(800), 0.9),
                "product": some(dice.choice(["base", "plus", "care"]), 0.8),
            }
            for n in range(accounts * 5)
        ],
        "responses": [
            {
                **event("response_id", n),
                "survey_type": some(dice.choice(["relationship", "transactional"]), 0.95),
                "metric": (metric := dice.choice(["nps", "nps", "nps", "csat", "ces"])),
                "score": some(
                    float(dice.randint(0, 10) if metric == "nps" else dice.randint(1, 5))
                ),
                "drivers": some(dice.choice(["Price", "Support>Speed; Price", " Quality >"]), 0.7),
                "answered_at": when(450),
            }
            for n in range(accounts * 4)
        ],
        "invitations": [
            {**event("invitation_id", n), "sent_at": when(450)} for n in range(accounts * 4)
        ],
        "activities": [
            {
                **event("activity_id", n),
                "kind": dice.choice(["meeting", "call", "email", "login", "usage", "visit"]),
                "direction": some(dice.choice(["two_way", "inbound", "outbound"]), 0.9),
                "occurred_at": when(250),
                "count": some(float(dice.randint(1, 9)), 0.5),
            }
            for n in range(accounts * 8)
        ],
        "cases": [
            {
                **event("case_id", n),
                "priority": some(dice.choice(["low", "normal", "high", "critical"]), 0.9),
                "opened_at": some(when(200), 0.9),
                "closed_at": some(when(100), 0.5),
            }
            for n in range(accounts)
        ],
        "team_members": [
            {
                "account_id": dice.choice(ids),
                "user_id": "u2",
                "role": dice.choice(["Account Manager", "technical-lead", "Sales Engineer"]),
            }
            for _ in range(accounts)
        ],
    }
