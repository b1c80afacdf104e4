"""What must not matter to a result, and how far one change reaches."""

import random
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from insights.assess import Assessed, assess_accounts, place
from insights.frames import COLUMNS, complete, subset
from insights.model import Model
from insights.portfolio import portfolio
from tests.insights.worlds import AS_OF, Rows, frames_of, random_rows

MODEL = Model.from_dict({"team": {"threshold": 1}})
MONEY = ["annual_value", "next_threshold", "revenue_at_risk", "expected_loss", "clv"]
MONEY += ["value_at_start", "won_current", "won_prior"]
few = settings(max_examples=5, deadline=None)
seeds = st.integers(0, 10_000)


def assess(rows: Rows, **changes: Any) -> Assessed:
    return assess_accounts(frames_of(rows), MODEL, **{"as_of": AS_OF, **changes})


def by_id(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values("account_id", ignore_index=True)


@few
@given(seeds)
def test_row_order_changes_nothing_not_even_the_last_bit(seed: int) -> None:
    rows = random_rows(seed, 6)
    shuffled = {kind: random.Random(seed).sample(table, len(table)) for kind, table in rows.items()}

    one, other = assess(rows), assess(shuffled)

    assert_frame_equal(by_id(one.accounts), by_id(other.accounts), check_exact=True)
    figures = []
    for assessed in (one, other):
        placed = place(assessed.accounts, assessed.owned, MODEL)
        figures.append(portfolio(assessed.accounts, placed.accounts, assessed.drivers, MODEL))
    assert figures[0] == figures[1]


@few
@given(seeds, st.integers(1, 5))
def test_a_subset_is_assessed_as_in_the_whole(seed: int, size: int) -> None:
    frames = complete(frames_of(random_rows(seed, 6)))
    chosen = random.Random(seed).sample(frames.accounts["account_id"].tolist(), size)
    whole = assess_accounts(frames, MODEL, as_of=AS_OF)

    part = assess_accounts(subset(frames, chosen), MODEL, as_of=AS_OF)

    kept = whole.accounts["account_id"].isin(chosen)
    assert_frame_equal(part.accounts, whole.accounts[kept].reset_index(drop=True), check_exact=True)
    for name, component in whole.components.items():
        expected = component[kept.to_numpy()].reset_index(drop=True)
        assert_frame_equal(part.components[name], expected, check_exact=True)
    drivers = whole.drivers[whole.drivers["account_id"].isin(chosen)]
    order = ["account_id", "tier1", "tier2"]
    assert_frame_equal(
        part.drivers.sort_values(order, ignore_index=True),
        drivers.sort_values(order, ignore_index=True),
    )


@few
@given(seeds, st.integers(-20_000, 20_000))
def test_a_shift_of_all_times_changes_nothing_else(seed: int, days: int) -> None:
    rows = random_rows(seed, 6)
    step = timedelta(days=days)
    moved = {
        kind: [
            {
                name: value + step
                if COLUMNS[kind][name] in ("instant", "date") and value
                else value
                for name, value in row.items()
            }
            for row in table
        ]
        for kind, table in rows.items()
    }

    one, other = assess(rows), assess(moved, as_of=AS_OF + step)

    times = ["last_response_at", "last_two_way_at"]
    assert_frame_equal(one.accounts.drop(columns=times), other.accounts.drop(columns=times))
    for name in times:
        assert ((one.accounts[name] + step).dropna() == other.accounts[name].dropna()).all()


@few
@given(seeds)
def test_new_ids_change_no_figure(seed: int) -> None:
    rows = random_rows(seed, 6)
    renamed = {
        kind: [
            {
                name: f"x{value}" if COLUMNS[kind][name] == "id" and value else value
                for name, value in row.items()
            }
            for row in table
        ]
        for kind, table in rows.items()
    }

    one, other = assess(rows), assess(renamed)

    ids = ["account_id", "parent_id"]
    assert ("x" + one.accounts["account_id"] == other.accounts["account_id"]).all()
    assert_frame_equal(one.accounts.drop(columns=ids), other.accounts.drop(columns=ids))


@few
@given(seeds, st.sampled_from([0.25, 4, 1024]))
def test_money_scales_and_nothing_else_does(seed: int, factor: float) -> None:
    rows = random_rows(seed, 6)
    scaled = {kind: [dict(row) for row in table] for kind, table in rows.items()}
    for kind, name in (("accounts", "annual_value"), ("opportunities", "amount")):
        for row in scaled[kind]:
            row[name] = None if row[name] is None else row[name] * factor
    bands = [[1000.0, 1], [100_000.0, 4]]
    model = Model.from_dict({"required_contacts": {"preset": "custom", "bands": bands}})
    wider = [[value * factor, contacts] for value, contacts in bands]
    changes = {
        "required_contacts": {"preset": "custom", "bands": wider},
        "team": {"threshold": 1_000_000 * factor},
    }
    one = assess_accounts(frames_of(rows), model, as_of=AS_OF)

    other = assess_accounts(frames_of(scaled), Model.from_dict(changes), as_of=AS_OF)

    assert_frame_equal(one.accounts.drop(columns=MONEY), other.accounts.drop(columns=MONEY))
    assert_frame_equal(one.accounts[MONEY] * factor, other.accounts[MONEY])


@few
@given(seeds)
def test_an_answer_changes_only_its_account_and_only_what_answers_feed(seed: int) -> None:
    rows = random_rows(seed, 6)
    changed = {**rows, "responses": [dict(row) for row in rows["responses"]]}
    answer = next(
        row
        for row in changed["responses"]
        if row["metric"] == "nps" and row["score"] is not None and row["account_id"]
    )
    answer["score"] = 10.0 if answer["score"] < 5 else 0.0

    one, other = assess(rows).accounts, assess(changed).accounts

    mine = (one["account_id"] == answer["account_id"]).to_numpy()
    assert_frame_equal(one[~mine], other[~mine], check_exact=True)
    differs = [
        name
        for name in map(str, one)
        if not (one[name][mine].equals(other[name][mine]))
        and not _both_missing(one, other, name, mine)
    ]
    fed: tuple[str, ...] = (
        "promoters",
        "passives",
        "detractors",
        "nps",
        "health",
        "band",
        "plain_band",
        "risk_",
    )
    fed += (
        "revenue_at_risk",
        "expected_loss",
        "clv",
        "churn",
        "cap_",
        "open_loops",
        "levels_differ",
    )
    fed += ("referral", "review", "transactional", "trend")
    assert [name for name in differs if not name.startswith(fed)] == []


def _both_missing(
    one: pd.DataFrame, other: pd.DataFrame, name: str, mine: "np.ndarray[Any, Any]"
) -> bool:
    return bool(one[name][mine].isna().all() and other[name][mine].isna().all())
