"""NPS, CSAT, CES and drivers: printed vectors and small cases."""

import numpy as np
import pytest

from insights.assess import assess_accounts, place
from insights.drivers import named_drivers
from insights.explain import rows as as_rows
from insights.model import Model
from insights.portfolio import portfolio, weighted_nps
from insights.sentiment import nps, nps_interval, wilson_interval
from tests.insights.worlds import AS_OF, Row, ago, frames_of, world

MODEL = Model()


def answer(score: float | None, contact: str | None = None, **more: object) -> Row:
    """A relationship NPS answer given ten days ago."""
    usual = {"metric": "nps", "survey_type": "relationship", "answered_at": ago(10)}
    return {**usual, "score": score, "contact_id": contact, **more}


def account_of(*answers: Row, people: list[Row] | None = None) -> Row:
    rows = world({"annual_value": 1e5}, responses=answers, contacts=people or [])
    assessed = assess_accounts(frames_of(rows), MODEL, as_of=AS_OF)
    return as_rows(assessed.accounts)[0]


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((2, 0, 0), -24, 100),
        ((6, 1, 1), 1, 90),
        ((60, 30, 10), 35, 62),
    ],
)
def test_interval_of_the_method(counts: tuple[int, int, int], low: int, high: int) -> None:
    interval = nps_interval(*(np.array([float(n)]) for n in counts))
    assert [round(bound[0]) for bound in interval] == [low, high]


@pytest.mark.parametrize(
    ("counts", "score", "low", "high"),
    [
        ((6, 2, 2), 40, -12.59, 74.12),
        ((3, 1, 1), 40, -29.78, 79.78),
        ((5, 0, 0), 100, 17.49, 100),
        ((1, 0, 0), 100, -48.50, 98.50),
        ((0, 0, 4), -100, -100, -6.94),
        ((50, 30, 20), 30, 14.05, 44.20),
        ((70, 20, 10), 60, 45.27, 71.24),
        ((500, 300, 200), 30, 25.08, 34.74),
    ],
)
def test_nps_vectors(counts: tuple[int, ...], score: float, low: float, high: float) -> None:
    columns = [np.array([float(n)]) for n in counts]
    assert nps(*columns)[0] == score
    found = [bound[0] for bound in nps_interval(*columns)]
    assert found == pytest.approx([low, high], abs=0.006)


def test_nobody_is_no_data() -> None:
    nothing = np.zeros(1)
    assert np.isnan(nps(nothing, nothing, nothing)[0])
    assert np.isnan(nps_interval(nothing, nothing, nothing)).all()
    assert np.isnan(wilson_interval(nothing, nothing)).all()


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"), [(4, 5, 37.55, 96.38), (18, 20, 69.90, 97.21)]
)
def test_wilson_vectors(hits: int, n: int, low: float, high: float) -> None:
    found = wilson_interval(np.array([float(hits)]), np.array([float(n)]))
    assert [100 * bound[0] for bound in found] == pytest.approx([low, high], abs=0.006)


def test_each_respondent_counts_with_the_latest_relationship_answer() -> None:
    row = account_of(
        answer(2, "1", answered_at=ago(60)),
        answer(9, "1", answered_at=ago(5)),
        answer(6, "2"),
        answer(10, "2", survey_type="transactional"),
        answer(7, "3", answered_at=ago(366)),
        answer(8, None),
        answer(8, None),
        answer(9, "4", answered_at=ago(-1)),
        answer(None, "5"),
    )
    assert (row["promoters"], row["passives"], row["detractors"]) == (1, 2, 1)
    assert row["nps"] == 0
    assert (row["transactional_nps"], row["transactional_n"]) == (100, 1)


def test_of_two_answers_at_one_instant_the_later_id_counts() -> None:
    first = answer(0, "1", response_id="a")
    second = answer(10, "1", response_id="b")
    assert account_of(first, second)["nps"] == account_of(second, first)["nps"] == 100


def test_a_score_off_its_scale_is_no_answer() -> None:
    people: list[Row] = [{"contact_id": "1"}]
    for wrong in (answer(11, "1"), answer(8.5, "1"), answer(5, "1", scale_min=1.0)):
        row = account_of(wrong, people=people)
        assert (row["promoters"], row["passives"], row["detractors"]) == (0, 0, 0)
        assert row["respondents"] == 0


def test_levels_that_differ_by_fifty_points() -> None:
    people = [{"contact_id": str(n), "level": "user"} for n in range(4)]
    people[0]["level"] = "decision_maker"
    happy = [answer(9, str(n)) for n in (1, 2, 3)]
    row = account_of(answer(7, "0"), *happy, people=people)
    assert (row["nps_decision_maker"], row["nps_user"]) == (0, 100)
    assert np.isnan(row["nps_influencer"])
    assert row["levels_differ"]
    assert not account_of(answer(9, "0"), *happy, people=people)["levels_differ"]


def test_csat_is_the_share_of_four_and_five_whatever_the_scale() -> None:
    csat = [answer(score, metric="csat") for score in (3.0, 4.0, 5.0, 5.0)]
    assert account_of(*csat)["csat"] == 0.75
    happy = [answer(s, metric="csat", scale_min=0.0, scale_max=2.0) for s in (0.0, 1.0, 2.0)]
    assert account_of(*happy)["csat"] == pytest.approx(1 / 3)


def test_ces_is_the_mean_on_one_to_seven() -> None:
    row = account_of(answer(4.0, metric="ces"), answer(6.0, metric="ces"))
    assert (row["ces"], row["ces_n"]) == (5, 2)
    # sample deviation sqrt(2), half width 1.96 * sqrt(2) / sqrt(2)
    assert [row["ces_low"], row["ces_high"]] == pytest.approx([5 - 1.959964, 5 + 1.959964])
    five = answer(5.0, metric="ces", scale_min=1.0, scale_max=5.0)
    assert account_of(five)["ces"] == 7


def test_revenue_weighted_nps_shares_an_account_among_its_respondents() -> None:
    """Four accounts of the printed example: 33.0 when each counts with its own NPS."""
    scores = {"A": ([10, 9, 3], 900), "B": ([9], 50), "C": ([6] * 5, 30), "D": ([8, 9], 20)}
    accounts = [{"account_id": k, "annual_value": v} for k, (_, v) in scores.items()]
    answers = [answer(s, account_id=k) for k, (given, _) in scores.items() for s in given]
    assessed = assess_accounts(
        frames_of(world(*accounts, responses=answers)), MODEL, as_of=AS_OF
    ).accounts
    assert weighted_nps(assessed) == pytest.approx(33.0)
    counts = [assessed[name].to_numpy() for name in ("promoters", "passives", "detractors")]
    assert nps(*(count.sum(keepdims=True) for count in counts))[0] == pytest.approx(
        -18.1818, abs=1e-4
    )


def test_named_drivers() -> None:
    assert named_drivers("Support>Speed; Price ;Support > Speed") == [
        ("Support", "Speed"),
        ("Price", None),
    ]
    assert named_drivers(" ; ") == named_drivers(None) == [("none given", None)]


def test_drivers_share_an_answer_and_add_up() -> None:
    rows = world(
        {"account_id": "A", "annual_value": 300.0},
        {"account_id": "B", "annual_value": 1000.0},
        responses=[
            answer(9, account_id="A", drivers="Price;Support>Speed"),
            answer(2, account_id="A", drivers="Price"),
            answer(8, account_id="A"),
            answer(0, account_id="B", drivers="Support>Speed"),
        ],
    )
    assessed = assess_accounts(frames_of(rows), MODEL, as_of=AS_OF)
    placed = place(assessed.accounts, assessed.owned, MODEL)
    figures = portfolio(assessed.accounts, placed.accounts, assessed.drivers, MODEL)
    assert figures["nps"] == -25
    rows_of = [
        (d["tier1"], d["tier2"], d["mentions"], d["nps_contribution"], d["revenue_contribution"])
        for d in figures["drivers"]
    ]
    assert rows_of == [
        ("Support", "Speed", 2, -12.5, -950.0),
        ("Price", None, 2, -12.5, -50.0),
        ("none given", None, 1, 0.0, 0.0),
    ]
    assert sum(d["nps_contribution"] for d in figures["drivers"]) == figures["nps"]
