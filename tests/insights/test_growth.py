"""Risk, quadrant, up-sell with each reason against it, cross-sell, referral and review."""

import pandas as pd
import pytest

from insights.assess import assess_accounts, place
from insights.explain import flags, rows
from insights.model import Model
from insights.portfolio import portfolio
from tests.insights.test_sentiment import answer
from tests.insights.worlds import AS_OF, Row, ago, frames_of, world

MODEL = Model()
TEAM: list[Row] = [
    {"contact_id": "1", "level": "decision_maker"},
    {"contact_id": "2", "level": "influencer"},
    {"contact_id": "3", "level": "user"},
]
READY: dict[str, list[Row]] = {
    "contacts": TEAM,
    "responses": [answer(9, "1"), answer(10, "2"), answer(9, "3")],
    "activities": [{"kind": "call", "direction": "two_way", "occurred_at": ago(2)}],
    "cases": [],
    "opportunities": [],
}


def why_not(account: Row | None = None, /, **kinds: list[Row]) -> list[str]:
    given = world({"annual_value": 10_000, **(account or {})}, **{**READY, **kinds})
    assessed = assess_accounts(frames_of(given), MODEL, as_of=AS_OF)
    placed = place(assessed.accounts, assessed.owned, MODEL).accounts
    assert bool(placed.loc[0, "upsell"]) is (not flags(placed, "why_not_")[0])
    return flags(placed, "why_not_")[0]


def deal(**more: object) -> Row:
    return {"is_closed": False, "is_won": False, "type": "upsell", **more}


def test_an_account_that_meets_every_condition() -> None:
    assert why_not() == []


@pytest.mark.parametrize(
    ("account", "kinds", "reasons"),
    [
        ({"is_customer": False}, {}, ["not_customer", "contact_coverage_low"]),
        (
            {},
            {
                "responses": [
                    answer(7, "1"),
                    answer(7, "2"),
                    answer(9, "2", survey_type="transactional"),
                ]
            },
            ["nps_not_positive", "no_promoter"],
        ),
        ({}, {"responses": [answer(9, "3"), answer(9, "3", account_id="A")]}, ["no_promoter"]),
        ({}, {"cases": [{"priority": "high", "opened_at": ago(1)}]}, ["high_priority_case"]),
        ({}, {"cases": [{"priority": "high", "opened_at": ago(9), "closed_at": ago(1)}]}, []),
        ({}, {"opportunities": [deal()]}, ["open_growth_opportunity"]),
        ({}, {"opportunities": [deal(type="new")]}, []),
        ({}, {"opportunities": [deal(created_at=ago(-1))]}, []),
        ({"renewal_date": ago(-60).date()}, {}, ["renewal_near"]),
        ({"renewal_date": ago(-61).date()}, {}, []),
        (
            {"renewal_date": ago(-20).date()},
            {"opportunities": [deal(type="renewal", probability=0.9)]},
            [],
        ),
        (
            {},
            {"opportunities": [deal(type="renewal", probability=0.85, close_date=ago(-20).date())]},
            ["renewal_near"],
        ),
        ({}, {"loops": [{"contact_id": "1", "opened_at": ago(3)}]}, ["open_loop"]),
        ({}, {"loops": [{"contact_id": "1", "opened_at": ago(3), "closed_at": ago(1)}]}, []),
        (
            {},
            {"responses": [*READY["responses"], answer(4, "4", survey_type="transactional")]},
            ["open_loop"],
        ),
        ({}, {"responses": [*READY["responses"], answer(2, "4", metric="csat")]}, ["open_loop"]),
        ({}, {"responses": [*READY["responses"], answer(3, "4", metric="csat")]}, []),
        ({}, {"responses": [*READY["responses"], answer(3, "4", metric="ces")]}, ["open_loop"]),
        ({}, {"responses": [*READY["responses"], answer(4, "4", metric="ces")]}, []),
    ],
)
def test_each_reason_against_an_up_sell(
    account: Row, kinds: dict[str, list[Row]], reasons: list[str]
) -> None:
    found = why_not(account, **kinds)
    assert [name for name in found if name not in ("band_not_healthy", "confidence_low")] == reasons


def test_a_detractor_stops_an_up_sell_even_at_good_nps() -> None:
    answers = [*READY["responses"], answer(4, "9")]
    assert why_not(responses=answers) == ["detractor", "open_loop"]
    assert why_not(responses=answers, loops=[]) == ["detractor"]


def test_few_contacts_low_confidence_and_a_low_band_stop_it() -> None:
    assert "contact_coverage_low" in why_not({"annual_value": 300_000})
    assert "confidence_low" in why_not(activities=[])
    late = [{"kind": "call", "direction": "two_way", "occurred_at": ago(300)}]
    assert why_not(activities=late, cases=[{"priority": "normal", "opened_at": ago(40)}] * 5) == [
        "band_not_healthy"
    ]


def test_quadrants_and_revenue_at_risk() -> None:
    accounts: list[Row] = [
        {"account_id": "rich+", "annual_value": 900.0},
        {"account_id": "rich-", "annual_value": 800.0},
        {"account_id": "poor+", "annual_value": 10.0},
        {"account_id": "poor-", "annual_value": 20.0},
        {"account_id": "quiet", "annual_value": 500.0},
        {"account_id": "dark", "annual_value": None},
        {"account_id": "gone", "annual_value": 9_000.0, "is_customer": False},
    ]
    answers = [answer(9, account_id=a) for a in ("rich+", "poor+", "dark", "gone")]
    answers += [answer(3, account_id=a) for a in ("rich-", "poor-")]
    assessed = assess_accounts(frames_of(world(*accounts, responses=answers)), MODEL, as_of=AS_OF)
    placed = place(assessed.accounts, assessed.owned, MODEL)
    found = {r["account_id"]: r["quadrant"] for r in rows(placed.accounts)}
    assert pd.isna(found.pop("dark"))
    assert pd.isna(found.pop("gone"))
    assert found == {
        "rich+": "strength",
        "rich-": "threat",
        "poor+": "opportunity",
        "poor-": "weakness",
        "quiet": "unheard",
    }
    at_risk = {r["account_id"]: r["revenue_at_risk"] for r in rows(assessed.accounts)}
    assert at_risk == {"rich+": 0, "rich-": 800, "poor+": 0, "poor-": 20, "quiet": 0} | {
        "dark": 0,
        "gone": 0,
    }
    figures = portfolio(assessed.accounts, placed.accounts, assessed.drivers, MODEL)
    assert figures["revenue_at_risk"] == 820
    assert figures["by_quadrant"]["unknown"] == {"accounts": 1, "annual_value": 0.0}
    assert sum(group["accounts"] for group in figures["by_quadrant"].values()) == 6
    assert figures["accounts_not_customers"] == 1


def test_a_fixed_threshold_for_quadrants() -> None:
    model = Model.from_dict({"value": {"quadrant_threshold": 1_000}})
    given = world({"annual_value": 999.0}, responses=[answer(9)])
    assessed = assess_accounts(frames_of(given), model, as_of=AS_OF)
    assert (
        place(assessed.accounts, assessed.owned, model).accounts.loc[0, "quadrant"] == "opportunity"
    )


def risks(**kinds: list[Row]) -> list[str]:
    given = world({"annual_value": 10_000}, **{**READY, **kinds})
    return flags(assess_accounts(frames_of(given), MODEL, as_of=AS_OF).accounts, "risk_")[0]


def test_reasons_of_revenue_at_risk() -> None:
    old = answer(5, "1", answered_at=ago(200))
    calm = [old, answer(10, "2"), answer(10, "3")]
    assert risks() == []
    assert risks(responses=calm) == ["decision_maker_loop_open"]
    assert risks(responses=calm, loops=[]) == []
    assert risks(responses=calm, loops=[{"contact_id": "1", "opened_at": ago(9)}]) == [
        "decision_maker_loop_open"
    ]
    assert risks(responses=[answer(5, "3"), answer(6, "2")]) == ["nps_below_zero"]


def test_expected_loss_and_lifetime_value_follow_the_band() -> None:
    given = world({"annual_value": 10_000}, **READY)
    row = assess_accounts(frames_of(given), MODEL, as_of=AS_OF).accounts.loc[0]
    assert row["band"] == "healthy"
    assert row["expected_loss"] == pytest.approx(300)
    assert row["clv"] == pytest.approx(10_000 / (1 - 0.97 / 1.1))


def test_up_sell_size_is_the_way_to_the_segments_median() -> None:
    accounts: list[Row] = [
        {"account_id": str(n), "annual_value": v, "segment": s}
        for n, (v, s) in enumerate([(100, "s"), (300, "s"), (500, "s"), (None, "s"), (50, None)])
    ]
    assessed = assess_accounts(frames_of(world(*accounts)), MODEL, as_of=AS_OF)
    sizes = place(assessed.accounts, assessed.owned, MODEL).accounts["upsell_size"]
    assert sizes[:3].tolist() == [200, 0, 0]
    assert sizes[3:].isna().all()


def test_cross_sell_offers_what_healthy_peers_own_best_first() -> None:
    ids = ["p1", "p2", "p3", "new"]
    accounts = [{"account_id": i, "annual_value": 10.0, "segment": "s"} for i in ids]
    bought = {
        "p1": ["base", "plus"],
        "p2": ["plus", "care"],
        "p3": ["plus", "care"],
        "new": ["base"],
    }
    deals = [
        {"account_id": i, "product": p, "is_won": True, "close_date": ago(900).date()}
        for i, products in bought.items()
        for p in products
    ]
    lines = [{"opportunity_id": "opportunities0", "product": "extra"}]
    assessed = assess_accounts(
        frames_of(world(*accounts, opportunities=deals, products=lines)), MODEL, as_of=AS_OF
    )
    peers = assessed.accounts.assign(
        band=pd.Categorical(["healthy"] * 3 + ["watch"], categories=["watch", "healthy"])
    )
    placed = place(peers, assessed.owned, MODEL)
    mine = placed.cross_sell[placed.cross_sell["account_id"] == "new"]
    assert list(zip(mine["product"], mine["share"].round(2), strict=True)) == [
        ("plus", 1.0),
        ("care", 0.67),
        ("extra", 0.33),
    ]
    assert placed.accounts["cross_sell"].tolist()[-1] == "plus"


@pytest.mark.parametrize(
    ("score", "person", "kinds", "referral", "review"),
    [
        (9, {}, {}, True, True),
        (7, {}, {}, True, False),
        (9, {"opted_out": True}, {}, False, False),
        (9, {"left_at": ago(5)}, {}, False, False),
        (9, {"asked_at": ago(100)}, {}, False, False),
        (9, {"asked_at": ago(181)}, {}, True, True),
        (9, {}, {"loops": [{"opened_at": ago(2)}]}, False, False),
        (9, {}, {"detractor": True, "loops": []}, True, False),
        (9, {}, {"detractor": True}, False, False),
    ],
)
def test_who_may_be_asked(
    score: float, person: Row, kinds: Row, referral: bool, review: bool
) -> None:
    answers = [answer(score, "1")] + ([answer(2, "2")] if kinds.pop("detractor", False) else [])
    contacts = [{"contact_id": "1", **person}, {"contact_id": "2"}]
    given = world({"annual_value": 1_000}, contacts=contacts, responses=answers, **kinds)
    assessed = assess_accounts(frames_of(given), MODEL, as_of=AS_OF)
    row = place(assessed.accounts, assessed.owned, MODEL).accounts.loc[0]
    assert (bool(row["referral"]), bool(row["review"])) == (referral, review)
