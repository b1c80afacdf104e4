"""Score, confidence, interval, caps, bands with hysteresis, trend."""

import numpy as np
import pandas as pd
import pytest

from insights.assess import Assessed, assess_accounts
from insights.evidence import Evidence, State
from insights.health import bands_and_trend, combine, weigh
from insights.model import BANDS, COMPONENTS, Model
from tests.insights.test_sentiment import answer
from tests.insights.worlds import AS_OF, Row, ago, frames_of, world

MODEL = Model()


def assessed(account: Row | None = None, /, **kinds: list[Row]) -> Assessed:
    rows = world({"annual_value": 1_000, **(account or {})}, **kinds)
    return assess_accounts(frames_of(rows), MODEL, as_of=AS_OF)


def component(
    name: str, account: Row | None = None, **kinds: list[Row]
) -> tuple[float, float, str]:
    """Raw measure, score and state of one component of the only account."""
    part = assessed(account, **kinds).components[name]
    return float(part["raw"][0]), float(part["score"][0]), str(part["state"][0])


def test_three_scores_of_the_method() -> None:
    scores = {"sentiment": 80.0, "coverage": np.nan, "usage": 27.0}
    weights = {"sentiment": 30, "coverage": 15, "usage": 25, "support": 10, "spend": 20}
    scores |= {"support": 60.0, "spend": np.nan}
    parts = {}
    for name, weight in weights.items():
        part = MODEL.components[name]
        state = State.MISSING if np.isnan(scores[name]) else State.OBSERVED
        evidence = Evidence(np.array([0.0]), np.array([scores[name]]), np.array([int(state)]))
        parts[name] = weigh(evidence, part, MODEL.bands).assign(weight=float(weight))

    result, shared = combine(parts)

    row = result.loc[0]
    assert round(row["health"], 1) == 56.5
    assert row["confidence"] == pytest.approx(0.65)
    assert (row["health_low"], row["health_high"]) == (36.75, 71.75)
    assert sum(p["contribution"].fillna(0)[0] for p in shared.values()) == pytest.approx(
        row["health"]
    )


@pytest.mark.parametrize(
    ("name", "raw", "score"),
    [
        ("sentiment", 6.5, 40),
        ("sentiment", 9.5, 92.5),
        ("coverage", 0.25, 25),
        ("engagement", 3, 100),
        ("engagement", 60, 60),
        ("engagement", 500, 0),
        ("usage", 1.1, 85),
        ("spend", 0.7, 30),
        ("spend", 9, 100),
        ("support", 2, 50),
        ("commitment", 0.7, 65),
    ],
)
def test_curves_are_straight_between_their_points(name: str, raw: float, score: float) -> None:
    xs, ys = zip(*MODEL.components[name].curve, strict=True)
    assert np.interp(raw, xs, ys) == pytest.approx(score)


def test_sentiment_weighs_level_and_age() -> None:
    people = [{"contact_id": "1", "level": "decision_maker"}, {"contact_id": "2", "level": "user"}]
    answers = [answer(10, "1", answered_at=ago(180)), answer(5, "2", answered_at=ago(0))]
    raw, score, state = component("sentiment", contacts=people, responses=answers)
    assert raw == pytest.approx((3 * 0.5 * 10 + 1 * 5) / 2.5)
    assert score == pytest.approx(65)
    assert state == "observed"


def test_silence_is_observed_and_no_invitation_is_missing() -> None:
    asked = [{"sent_at": ago(30)}]
    raw, score, state = component("sentiment", invitations=asked, responses=[])
    assert (np.isnan(raw), score, state) == (True, 30, "observed")
    assert component("sentiment", invitations=[], responses=[])[2] == "missing"
    assert component("sentiment", invitations=asked)[2] == "missing"
    just_now = [{"sent_at": ago(3)}]
    assert component("sentiment", invitations=just_now, responses=[])[2] == "missing"
    quiet = assessed(invitations=asked, responses=[]).accounts.loc[0]
    unasked = assessed(invitations=[], responses=[]).accounts.loc[0]
    assert quiet["confidence"] == pytest.approx(unasked["confidence"] + 0.30)


def test_engagement_is_days_since_the_last_two_way_activity() -> None:
    acts = [
        {"kind": "call", "direction": "two_way", "occurred_at": ago(60)},
        {"kind": "email", "direction": "outbound", "occurred_at": ago(1)},
        {"kind": "meeting", "direction": "two_way", "occurred_at": ago(-2)},
    ]
    assert component("engagement", activities=acts) == (60, 60, "observed")
    assert component("engagement", activities=acts[1:])[2] == "missing"


def test_usage_compares_with_the_ninety_days_before() -> None:
    acts: list[Row] = [
        {"kind": "usage", "occurred_at": ago(10), "count": 30.0},
        {"kind": "login", "occurred_at": ago(29)},
        {"kind": "usage", "occurred_at": ago(31), "count": 60.0},
        {"kind": "usage", "occurred_at": ago(119), "count": 33.0},
        {"kind": "usage", "occurred_at": ago(121), "count": 999.0},
    ]
    assert component("usage", activities=acts)[:2] == (1, 70)
    assert component("usage", activities=acts[:2])[2] == "missing"
    assert component("usage", activities=acts[2:])[:2] == (0, 0)


def test_spend_compares_two_years_of_won_revenue() -> None:
    deals = [
        {"is_won": True, "amount": 90.0, "close_date": ago(100).date()},
        {"is_won": True, "amount": 100.0, "close_date": ago(400).date()},
        {"is_won": False, "amount": 500.0, "close_date": ago(10).date()},
        {"is_won": True, "amount": 500.0, "close_date": ago(-10).date()},
    ]
    assert component("spend", opportunities=deals) == (0.9, 50, "observed")
    assert component("spend", opportunities=deals[:1])[2] == "missing"


def test_support_weighs_priority_and_age() -> None:
    cases: list[Row] = [
        {"priority": "critical", "opened_at": ago(15)},
        {"priority": "low", "opened_at": ago(0)},
        {"priority": "high", "opened_at": ago(9), "closed_at": ago(1)},
        {"priority": None, "opened_at": ago(300)},
    ]
    raw, _, _ = component("support", cases=cases)
    assert raw == pytest.approx(3 * 1.5 + 0.5 + 1 * 2)
    assert component("support", cases=[]) == (0, 100, "observed")
    assert component("support")[2] == "missing"


def test_commitment_is_the_next_open_renewal() -> None:
    def renewal(probability: float, days: float) -> Row:
        return {"type": "renewal", "is_closed": False, "probability": probability} | {
            "close_date": ago(days).date()
        }

    later, sooner = renewal(0.2, -200), renewal(0.9, -20)
    assert component("commitment", opportunities=[later, sooner]) == (0.9, 90, "observed")
    assert component("commitment", opportunities=[renewal(0.9, 91)])[2] == "stale"
    closed = {**sooner, "is_closed": True}
    assert component("commitment", opportunities=[closed])[2] == "missing"


def test_coverage_does_not_apply_where_nobody_is_required() -> None:
    result = assessed({"annual_value": 0}, cases=[])
    assert result.components["coverage"].loc[0, "state"] == "not_applicable"
    assert result.accounts.loc[0, "confidence"] == pytest.approx(10 / 85)


def test_nothing_known_is_unknown_and_anything_is_possible() -> None:
    row = assessed().accounts.loc[0]
    assert np.isnan(row["health"])
    assert (row["confidence"], row["band"]) == (0, "unknown")
    assert (row["health_low"], row["health_high"]) == (0, 100)


GOOD: dict[str, list[Row]] = {
    "activities": [{"kind": "call", "direction": "two_way", "occurred_at": ago(1)}],
    "cases": [],
}


def test_a_decision_maker_detractor_caps_at_39() -> None:
    people = [{"contact_id": "1", "level": "decision_maker"}, {"contact_id": "2", "level": "user"}]
    answers = [answer(6, "1", answered_at=ago(89)), answer(10, "2")]
    row = assessed(contacts=people, responses=answers, **GOOD).accounts.loc[0]
    assert row["cap_decision_maker_detractor"]
    assert row["health"] == 39
    assert row["health_uncapped"] > 39
    assert row["band"] == "at_risk"
    assert row["health_high"] == 39
    old = [answer(6, "1", answered_at=ago(91)), answer(10, "2")]
    row = assessed(contacts=people, responses=old, **GOOD).accounts.loc[0]
    assert not row["cap_decision_maker_detractor"]


def test_a_decision_maker_who_left_caps_at_69() -> None:
    people: list[Row] = [
        {"contact_id": "1", "level": "decision_maker", "left_at": ago(30)},
        {"contact_id": "2", "level": "decision_maker"},
    ]
    row = assessed(contacts=people, responses=[answer(10, "2")], **GOOD).accounts.loc[0]
    assert row["health"] == 69
    assert row["band"] == "watch"
    people[0]["level"] = "influencer"
    row = assessed(contacts=people, responses=[answer(10, "2")], **GOOD).accounts.loc[0]
    assert row["health"] == row["health_uncapped"] > 69


def band_after(
    health: float, before: str | None, plain_before: str | None = None, confidence: float = 1
) -> str:
    previous = pd.DataFrame(
        {"account_id": ["A"], "band": [before], "plain_band": [plain_before or before]}
    )
    ids = pd.Series(["A"])
    result = bands_and_trend(ids, np.array([health]), np.array([confidence]), previous, MODEL.bands)
    return str(result.loc[0, "band"])


@pytest.mark.parametrize(
    ("health", "before", "plain_before", "after"),
    [
        (70, None, None, "healthy"),
        (69.99, None, None, "watch"),
        (40, None, None, "watch"),
        (39.99, None, None, "at_risk"),
        (68, "healthy", "healthy", "healthy"),
        (67, "healthy", "healthy", "watch"),
        (69.9, "healthy", "watch", "watch"),
        (72, "watch", "watch", "watch"),
        (73, "watch", "watch", "healthy"),
        (70, "watch", "healthy", "healthy"),
        (38, "healthy", "healthy", "watch"),
        (37, "healthy", "healthy", "at_risk"),
        (38, "watch", "at_risk", "at_risk"),
        (38, "watch", "watch", "watch"),
        (42, "at_risk", "at_risk", "at_risk"),
        (43, "at_risk", "at_risk", "watch"),
        (90, "at_risk", "at_risk", "healthy"),
        (71, "at_risk", "at_risk", "watch"),
        (71, "unknown", "unknown", "healthy"),
        (68, "healthy", "unknown", "healthy"),
    ],
)
def test_a_band_changes_three_points_past_its_edge_or_on_the_second_run(
    health: float, before: str | None, plain_before: str | None, after: str
) -> None:
    assert band_after(health, before, plain_before) == after


def test_little_confidence_is_unknown_whatever_went_before() -> None:
    assert band_after(95, "healthy", confidence=0.49) == "unknown"
    assert band_after(95, "healthy", confidence=0.5) == "healthy"


def test_the_band_holds_its_own_names_in_order() -> None:
    assert BANDS == ("at_risk", "watch", "healthy", "unknown")
    assert set(MODEL.components) == set(COMPONENTS)


@pytest.mark.parametrize(
    ("earlier", "points", "trend"),
    [(60.0, 10, "up"), (65.0, 5, "up"), (66.0, 4, "flat"), (75.0, -5, "down"), (None, None, None)],
)
def test_trend(earlier: float | None, points: float | None, trend: str | None) -> None:
    previous = pd.DataFrame({"account_id": ["A"], "earlier_health": [earlier]})
    health = np.array([70.0])
    row = bands_and_trend(pd.Series(["A"]), health, np.ones(1), previous, MODEL.bands).loc[0]
    if trend is None:
        assert pd.isna(row["trend"])
        assert pd.isna(row["trend_points"])
    else:
        assert (row["trend_points"], row["trend"]) == (points, trend)


def test_a_change_of_band_is_told_from_the_first_judgement() -> None:
    rows = frames_of(world({"annual_value": 1_000}, responses=[answer(9)], **GOOD))
    first = assess_accounts(rows, MODEL, as_of=AS_OF).accounts
    assert not first.loc[0, "band_changed"]
    previous = first[["account_id", "plain_band"]].assign(band="at_risk")
    again = assess_accounts(rows, MODEL, as_of=AS_OF, previous=previous).accounts
    assert again.loc[0, "band_changed"]
    assert again.loc[0, "previous_band"] == "at_risk"
