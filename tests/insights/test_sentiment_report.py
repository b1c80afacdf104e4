"""The picture of the portfolio's sentiment, from answers small enough to add up by hand."""

import math
import random

import pytest

from insights.assess import assess_accounts, place
from insights.model import Model
from insights.portfolio import portfolio
from insights.sentiment_report import sentiment_report
from tests.insights.worlds import AS_OF, Row, ago, frames_of, random_rows, world

MODEL = Model()


def answer(score: float, contact: str | None = None, **more: object) -> Row:
    usual = {"metric": "nps", "survey_type": "relationship", "answered_at": ago(10)}
    return {**usual, "score": score, "contact_id": contact, **more}


def test_levels_kinds_and_quarters() -> None:
    people = [
        {"contact_id": "boss", "level": "decision_maker"},
        {"contact_id": "one", "level": "user"},
        {"contact_id": "two", "level": "user"},
    ]
    rows = world(
        {"annual_value": 100.0},
        contacts=people,
        responses=[
            answer(3, "boss"),
            answer(10, "boss", answered_at=ago(100)),  # 22 March: the quarter before
            answer(9, "one"),
            answer(8, "two"),
            answer(0, "one", survey_type="transactional"),
            answer(5, metric="csat"),
            answer(3, metric="csat"),
            answer(4, metric="ces"),
            answer(6, metric="ces"),
        ],
    )
    found = sentiment_report(frames_of(rows), MODEL, as_of=AS_OF)
    assert found is not None
    assert (found["relationship"]["nps"], found["relationship"]["n"]) == (0, 3)
    assert found["relationship"]["unclear"]
    assert (found["transactional"]["nps"], found["transactional"]["n"]) == (-100, 1)
    assert [(one["level"], one["nps"]) for one in found["by_level"]] == [
        ("decision_maker", -100),
        ("influencer", None),
        ("user", 50),
        ("unassigned", None),
    ]
    assert [one["account_id"] for one in found["levels_differ"]] == ["A"]
    assert (found["csat"]["value"], found["csat"]["n"]) == (0.5, 2)
    assert (found["ces"]["value"], found["ces"]["n"]) == (5, 2)
    assert found["ces"]["interval"] == pytest.approx([5 - 1.959964, 5 + 1.959964])
    quarters = {one["quarter"]: (one["nps"], one["n"]) for one in found["quarters"]}
    assert len(quarters) == 8
    assert quarters["2026 Q2"] == (0, 3)
    assert quarters["2026 Q1"] == (100, 1)
    assert quarters["2025 Q4"] == (None, 0)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_what_the_portfolio_says_and_the_drivers_add_up(seed: int) -> None:
    rows = random_rows(seed)
    random.Random(seed).shuffle(rows["responses"])
    frames = frames_of(rows)
    found = sentiment_report(frames, MODEL, as_of=AS_OF)
    assessed = assess_accounts(frames, MODEL, as_of=AS_OF)
    placed = place(assessed.accounts, assessed.owned, MODEL)
    figures = portfolio(assessed.accounts, placed.accounts, assessed.drivers, MODEL)
    assert found is not None
    assert found["relationship"]["nps"] == figures["nps"]
    assert found["relationship"]["interval"] == figures["nps_interval"]
    assert found["revenue_weighted_nps"] == pytest.approx(figures["revenue_weighted_nps"])
    assert found["drivers"] == figures["drivers"]
    assert math.isclose(
        found["totals"]["nps_contribution"], figures["nps"], rel_tol=1e-12, abs_tol=1e-9
    )


def test_without_responses_there_is_no_picture() -> None:
    assert sentiment_report(frames_of(world({"annual_value": 1.0})), MODEL, as_of=AS_OF) is None
