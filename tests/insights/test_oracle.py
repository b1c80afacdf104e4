"""Random worlds: the calculations against the same rules in plain loops."""

import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.assess import assess_accounts, place
from insights.explain import flags
from insights.model import Model
from insights.portfolio import portfolio
from tests.insights.oracle import Oracle
from tests.insights.worlds import AS_OF, frames_of, random_rows

FIGURES = (
    "annual_value",
    "required",
    "known",
    "engaged",
    "respondents",
    "coverage",
    "promoters",
    "passives",
    "detractors",
    "nps",
    "responses",
    "invitations",
    "health",
    "health_low",
    "health_high",
    "confidence",
    "revenue_at_risk",
    "expected_loss",
    "clv",
)


def same(ours: Any, theirs: Any) -> bool:
    if theirs is None:
        return bool(pd.isna(ours))
    return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-6)


@pytest.mark.parametrize("first", range(0, 24, 6))
def test_every_figure_agrees_with_plain_arithmetic(first: int) -> None:
    for seed in range(first, first + 6):
        rows = random_rows(seed)
        model = Model()
        assessed = assess_accounts(frames_of(rows), model, as_of=AS_OF)
        placed = place(assessed.accounts, assessed.owned, model)
        oracle = Oracle(rows, AS_OF)
        alerts = flags(assessed.accounts, "alert_")
        why_not = flags(placed.accounts, "why_not_")
        for position, row in enumerate(assessed.accounts.to_dict("records")):
            expected = oracle.accounts[row["account_id"]]
            for name in FIGURES:
                assert same(row[name], expected[name]), (seed, row["account_id"], name)
            assert row["band"] == expected["band"], (seed, row["account_id"])
            assert row["is_customer"] == expected["is_customer"]
            assert set(alerts[position]) == expected["alerts"], (seed, row["account_id"])
            assert set(why_not[position]) == expected["why_not"], (seed, row["account_id"])
            offers = placed.cross_sell[placed.cross_sell["account_id"] == row["account_id"]]
            assert offers["product"].tolist() == oracle.cross_sell(row["account_id"])
        figures = portfolio(assessed.accounts, placed.accounts, assessed.drivers, model)
        expected = oracle.portfolio()
        quadrants = dict(
            zip(placed.accounts["account_id"], placed.accounts["quadrant"], strict=True)
        )
        for account_id, quadrant in expected.pop("quadrants").items():
            ours = quadrants[account_id]
            assert (None if pd.isna(ours) else ours) == quadrant, (seed, account_id)
        drivers = {(d["tier1"], d["tier2"]): d for d in figures["drivers"]}
        theirs = expected.pop("drivers")
        assert drivers.keys() == theirs.keys()
        for key, (mentions, points, money) in theirs.items():
            assert drivers[key]["mentions"] == mentions
            assert same(drivers[key]["nps_contribution"], points), (seed, key)
            assert same(drivers[key]["revenue_contribution"] or 0.0, money), (seed, key)
        assert figures["alerts"] == expected.pop("alerts")
        for name, value in expected.items():
            assert same(figures[name], value), (seed, name)


@settings(max_examples=8, deadline=None)
@given(st.integers(100, 10_000))
def test_contributions_of_drivers_add_up_to_the_nps(seed: int) -> None:
    model = Model()
    assessed = assess_accounts(frames_of(random_rows(seed, 5)), model, as_of=AS_OF)
    placed = place(assessed.accounts, assessed.owned, model)
    figures = portfolio(assessed.accounts, placed.accounts, assessed.drivers, model)
    total = sum(driver["nps_contribution"] for driver in figures["drivers"])
    assert total == pytest.approx(figures["nps"] or 0.0, abs=1e-9)
