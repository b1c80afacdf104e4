"""Annual value, retention, lifetime value, buckets, simulator, hierarchy."""

import math

import numpy as np
import pandas as pd
import pytest

from insights.assess import assess_accounts, place
from insights.explain import rows as as_rows
from insights.hierarchy import below, cycles, roll_up
from insights.model import Model
from insights.portfolio import portfolio
from insights.simulate import AccountClass, Move, simulate
from insights.value import (
    bucket,
    bucket_middle,
    bucket_range,
    lifetime_value,
    retained_value,
    retention,
)
from tests.insights.test_sentiment import answer
from tests.insights.worlds import AS_OF, Row, ago, frames_of, world

MODEL = Model()
# winning the customer costs 5,200; six years follow
BOOK_FLOWS = [-5_200.0] + [30_000 * 1.1**year - 5_000 * 0.95**year for year in range(6)]


def test_lifetime_value_of_the_book() -> None:
    assert lifetime_value(BOOK_FLOWS, 0.1, "declining") == pytest.approx(133_892.98, abs=0.005)
    assert lifetime_value(BOOK_FLOWS, 0.1) == pytest.approx(138_934.37, abs=0.005)


@pytest.mark.parametrize(
    ("kept", "worth"), [(0.2, 122.22), (0.3, 137.50), (0.8, 366.67), (0.9, 550)]
)
def test_lifetime_value_by_retention(kept: float, worth: float) -> None:
    found = retained_value(np.array([100.0]), np.array([kept]), 0.1)[0]
    assert found == pytest.approx(worth, abs=0.005)


def test_retention_of_the_method() -> None:
    value = np.arange(100.0, 1100.0, 100.0)
    kept = value > 500
    everyone = np.ones(10, bool)
    rates = retention(everyone, kept, value, value, value * 1.1)
    assert rates["crr"] == 0.5
    assert rates["rrr"] == pytest.approx(4000 / 5500)
    assert rates["grr"] == pytest.approx(4000 / 5500)
    assert rates["nrr"] == pytest.approx(4400 / 5500)
    gone = retention(everyone, ~everyone, value, value, value)
    assert gone == {"crr": 0, "rrr": 0, "grr": 0, "nrr": 0}
    nobody = retention(~everyone, kept, value, value, value)
    assert all(math.isnan(rate) for rate in nobody.values())


def test_retention_of_a_portfolio_leaves_out_new_customers() -> None:
    def account(name: str, since: float | None, value: float, churned: float | None = None) -> Row:
        return {
            "account_id": name,
            "annual_value": value,
            "is_customer": churned is None,
            "customer_since": None if since is None else ago(since).date(),
            "churned_at": None if churned is None else ago(churned).date(),
        }

    accounts = [
        account("old", 900, 100.0),
        account("undated", None, 300.0),
        account("new", 100, 1_000.0),
        account("left", 900, 600.0, churned=50),
        account("left long ago", 900, 5_000.0, churned=500),
    ]
    deals = [
        {"account_id": name, "is_won": True, "amount": amount, "close_date": ago(days).date()}
        for name, amount, days in (
            ("old", 50.0, 400),
            ("old", 80.0, 30),
            ("left", 50.0, 500),
            ("left", 10.0, 300),
            ("new", 99.0, 10),
        )
    ]
    assessed = assess_accounts(frames_of(world(*accounts, opportunities=deals)), MODEL, as_of=AS_OF)
    placed = place(assessed.accounts, assessed.owned, MODEL)
    rates = portfolio(assessed.accounts, placed.accounts, assessed.drivers, MODEL)["retention"]
    assert rates["crr"] == pytest.approx(2 / 3)
    assert rates["rrr"] == pytest.approx(400 / 1000)
    assert rates["grr"] == pytest.approx(50 / 100)
    assert rates["nrr"] == pytest.approx(80 / 100)


@pytest.mark.parametrize(
    ("deals", "at_start"),
    [
        ([], True),
        ([("new", 100)], False),
        ([("new", 400), ("new", 100)], True),
        ([("renewal", 100)], True),
        ([("renewal", 200), ("new", 100)], True),
        ([(None, 100)], True),
    ],
)
def test_without_a_date_a_first_sale_tells_when_a_customer_began(
    deals: list[tuple[str | None, float]], at_start: bool
) -> None:
    won = [
        {"type": kind, "is_won": True, "amount": 5.0, "close_date": ago(days).date()}
        for kind, days in deals
    ]
    given = world({"annual_value": 100.0}, opportunities=won)
    assessed = assess_accounts(frames_of(given), MODEL, as_of=AS_OF)
    assert bool(assessed.accounts.loc[0, "customer_at_start"]) is at_start


def test_annual_value_falls_back_to_what_was_won_in_a_year() -> None:
    deals: list[Row] = [
        {"is_won": True, "amount": 70.0, "close_date": ago(0).date()},
        {"is_won": True, "amount": 30.0, "close_date": ago(364).date()},
        {"is_won": True, "amount": 999.0, "close_date": ago(366).date()},
        {"is_won": False, "amount": 999.0, "close_date": ago(5).date()},
        {"is_won": True, "amount": 999.0, "close_date": ago(-2).date()},
        {"is_won": True, "amount": None, "close_date": ago(5).date()},
    ]

    def value_of(account: Row, deals: list[Row]) -> tuple[float, str]:
        frames = frames_of(world(account, opportunities=deals))
        row = as_rows(assess_accounts(frames, MODEL, as_of=AS_OF).accounts)[0]
        return row["annual_value"], row["value_source"]

    assert value_of({}, deals) == (100, "won opportunities")
    assert value_of({"annual_value": 5.0}, deals) == (5, "field")
    nothing, source = value_of({}, deals[2:])
    assert math.isnan(nothing)
    assert source == "none"
    nothing, source = value_of({"annual_value_refused": True}, deals)
    assert math.isnan(nothing)
    assert source == "refused"


def test_buckets_of_the_method() -> None:
    assert [bucket(v) for v in (0, 249_999, 250_000, 432_750)] == [1, 1, 2, 2]
    assert bucket_range(2) == (250_000, 500_000)
    assert bucket_middle(2) == 375_000
    with pytest.raises(ValueError, match="0 or more"):
        bucket(-1)


CLASSES = {
    "promoter": AccountClass(40, 4_000, 0.95, 0.1),
    "passive": AccountClass(30, 3_000, 0.9, 0.0),
    "detractor": AccountClass(30, 3_000, 0.7, 0.0),
    "silent": AccountClass(50, 5_000, 0.78, 0.0),
}


def test_simulator_moves_detractors_to_promoters() -> None:
    result = simulate(CLASSES, [Move("detractor", "promoter", 0.5)])
    assert (result["nps_before"], result["nps_after"]) == (10, 40)
    before = 4_000 * 0.95 * 1.1 + 3_000 * 0.9 + 3_000 * 0.7 + 5_000 * 0.78
    gain = 1_500 * (0.95 * 1.1 - 0.7)
    assert result["revenue_before"] == pytest.approx(before)
    assert result["revenue_after"] == pytest.approx(before + gain)
    assert result["point_worth"] == pytest.approx(gain / 30)


def test_simulator_without_moves_has_no_worth_of_a_point() -> None:
    result = simulate(CLASSES, [])
    assert result["revenue_after"] == result["revenue_before"]
    assert math.isnan(result["point_worth"])


def test_simulator_refuses_what_cannot_be_moved() -> None:
    with pytest.raises(ValueError, match="120% of silent"):
        simulate(CLASSES, [Move("silent", "passive", 0.6), Move("silent", "promoter", 0.6)])
    with pytest.raises(ValueError, match="no class 'fan'"):
        simulate(CLASSES, [Move("silent", "fan", 0.1)])


def test_roll_up_sums_money_recounts_nps_and_weighs_health() -> None:
    accounts: list[Row] = [
        {"account_id": "top", "annual_value": 100.0},
        {"account_id": "left", "annual_value": 300.0, "parent_id": "top"},
        {"account_id": "leaf", "annual_value": None, "parent_id": "left"},
        {"account_id": "other", "annual_value": 999.0},
    ]
    answers = [
        answer(9, account_id="top"),
        answer(9, account_id="leaf"),
        answer(0, account_id="left"),
    ]
    assessed = assess_accounts(frames_of(world(*accounts, responses=answers)), MODEL, as_of=AS_OF)
    frame = assessed.accounts.assign(health=[80.0, 40.0, 90.0, 10.0])
    figures = roll_up(frame, "top")
    assert figures["accounts"] == 3
    assert figures["annual_value"] == 400
    assert figures["nps"] == pytest.approx(100 / 3)
    assert figures["health"] == pytest.approx((100 * 80 + 300 * 40) / 400)
    assert roll_up(frame, "leaf")["annual_value"] is None
    with pytest.raises(KeyError):
        roll_up(frame, "nobody")


def test_rings_of_parents_are_reported_and_counted_once() -> None:
    links = {"a": "b", "b": "c", "c": "a", "d": "a", "e": "e", "f": None, "g": "gone"}
    frame = pd.DataFrame({"account_id": list(links), "parent_id": list(links.values())})
    assert cycles(frame) == [["a", "b", "c"], ["e"]]
    assert below(frame, "a") == ["a", "b", "c", "d"]
    assert below(frame, "e") == ["e"]
