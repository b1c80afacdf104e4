"""From the number back to the records; snapshots that replay and prove it."""

import json
import random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from insights.assess import Assessed, Placed, assess_accounts, place
from insights.explain import changes, explanation, rows
from insights.model import Model
from insights.report import account_reports
from insights.snapshot import frames_from, input_hash, inputs_of
from tests.insights.test_sentiment import answer
from tests.insights.worlds import AS_OF, Row, ago, frames_of, random_rows, world

MODEL = Model()
PEOPLE: list[Row] = [
    {"contact_id": "boss", "level": "decision_maker"},
    {"contact_id": "gone", "left_at": ago(400)},
]
STORY = world(
    {"annual_value": 5_340_779, "segment": "s"},
    contacts=PEOPLE,
    responses=[
        answer(3, "boss", response_id="new", answered_at=ago(20)),
        answer(9, "boss", response_id="old", answered_at=ago(80)),
    ],
    activities=[
        {"activity_id": "call", "kind": "call", "direction": "two_way", "occurred_at": ago(90)},
        {"activity_id": "mail", "kind": "email", "direction": "two_way", "occurred_at": ago(99)},
    ],
    cases=[
        {"case_id": "open", "priority": "high", "opened_at": ago(0)},
        {"case_id": "shut", "opened_at": ago(9), "closed_at": ago(8)},
    ],
    opportunities=[
        {"opportunity_id": "won", "is_won": True, "amount": 10.0, "close_date": ago(20).date()},
        {"opportunity_id": "next", "type": "renewal", "is_closed": False, "probability": 0.5},
    ],
)


def test_a_number_leads_to_its_records() -> None:
    tree = explanation(frames_of(STORY), MODEL, "A", as_of=AS_OF)
    parts = tree["health"]["components"]
    assert {name: part["records"] for name, part in parts.items()} == {
        "sentiment": ["new"],
        "coverage": ["boss"],
        "engagement": ["call"],
        "usage": [],
        "spend": ["won"],
        "support": ["open"],
        "commitment": ["next"],
    }
    assert (parts["engagement"]["raw"], parts["engagement"]["score"]) == (90, 40)
    assert parts["spend"]["raw"] is None
    assert tree["health"]["caps"][0]["at_most"] == 39
    assert tree["health"]["score"] == pytest.approx(tree["health"]["before_caps"])
    assert tree["required_contacts"]["next_threshold"] == 10_000_000
    assert tree["required_contacts"]["required"] == 11
    json.dumps(tree, allow_nan=False)
    with pytest.raises(KeyError):
        explanation(frames_of(STORY), MODEL, "B", as_of=AS_OF)


def test_the_contributions_shown_add_up_to_the_score() -> None:
    health = explanation(frames_of(STORY), MODEL, "A", as_of=AS_OF)["health"]
    total = sum(part["contribution"] or 0 for part in health["components"].values())
    assert total == pytest.approx(health["before_caps"])


def test_reasons_in_words() -> None:
    words = " ".join(explanation(frames_of(STORY), MODEL, "A", as_of=AS_OF)["reasons"])
    assert "at risk: " in words
    assert "the account's NPS is below 0" in words
    assert "1 of 11 required contacts are known (book2019; more from 10 M)." in words
    assert "No active influencer and no user is known." in words
    assert "Not known: usage, spend." in words


def test_what_changed_between_two_explanations() -> None:
    before = explanation(frames_of(STORY), MODEL, "A", as_of=AS_OF)
    later = {**STORY, "cases": STORY["cases"][1:]}
    after = explanation(frames_of(later), MODEL, "A", as_of=AS_OF)
    paths = {change["path"]: change for change in changes(before, after)}
    assert paths["health.components.support.raw"]["before"] == 2
    assert paths["health.components.support.raw"]["after"] == 0
    assert paths["health.components.support.records"]["after"] == []
    assert not any(path.startswith(("nps", "required_contacts")) for path in paths)
    assert changes(before, before) == []


def test_reports_are_plain_json_with_unknown_as_null() -> None:
    for given_rows in (STORY, world({}), random_rows(5)):
        assessed = assess_accounts(frames_of(given_rows), MODEL, as_of=AS_OF)
        placed = place(assessed.accounts, assessed.owned, MODEL)
        reports = account_reports(assessed, placed, MODEL)
        json.dumps(reports, allow_nan=False)
        assert [r["account_id"] for r in reports] == [
            a["account_id"] for a in given_rows["accounts"]
        ]
    empty = account_reports(*staged(world({})), MODEL)[0]
    assert empty["known"] is empty["nps"] is empty["health"] is empty["annual_value"] is None
    assert "Annual value is unknown" in " ".join(empty["reasons"])


def staged(given_rows: dict[str, list[Row]]) -> tuple[Assessed, Placed]:
    assessed = assess_accounts(frames_of(given_rows), MODEL, as_of=AS_OF)
    return assessed, place(assessed.accounts, assessed.owned, MODEL)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000))
def test_a_snapshot_replays_to_the_last_bit(seed: int) -> None:
    given_rows = random_rows(seed, 6)
    whole = assess_accounts(frames_of(given_rows), MODEL, as_of=AS_OF)
    chosen = sorted(a["account_id"] for a in given_rows["accounts"])[::2]

    stored = json.loads(json.dumps(inputs_of(frames_of(given_rows), chosen)))
    frames, previous = frames_from(stored)
    again = assess_accounts(frames, MODEL, as_of=AS_OF, previous=previous)

    expected = whole.accounts[whole.accounts["account_id"].isin(chosen)]
    assert_frame_equal(
        again.accounts.sort_values("account_id", ignore_index=True),
        expected.sort_values("account_id", ignore_index=True),
        check_exact=True,
    )


def test_the_hash_ignores_row_order_and_sees_every_change() -> None:
    given_rows = random_rows(11, 4)
    shuffled = {k: random.Random(1).sample(t, len(t)) for k, t in given_rows.items()}
    chosen = [a["account_id"] for a in given_rows["accounts"]]

    def hashes(source: dict[str, list[Row]], model: Model = MODEL) -> dict[str, str]:
        return {
            k: input_hash(v, model.hash()) for k, v in inputs_of(frames_of(source), chosen).items()
        }

    before = hashes(given_rows)
    assert hashes(shuffled) == before
    assert hashes(given_rows, Model.from_dict({"churn": {"watch": 0.2}})) != before
    account_id = given_rows["activities"][0]["account_id"] or chosen[0]
    changed = {
        **given_rows,
        "cases": [*given_rows["cases"], {"case_id": "x", "account_id": account_id}],
    }
    differs = {k for k, v in hashes(changed).items() if v != before[k]}
    assert differs == {account_id}


def test_a_pinned_hash_of_a_known_account() -> None:
    """Breaks when the snapshot's form changes: then stored snapshots no longer prove anything."""
    snapshot = inputs_of(
        frames_of(world({"annual_value": 5}, cases=[{"opened_at": ago(1)}])), ["A"]
    )
    assert snapshot["A"] == {
        "accounts": [{"account_id": "A", "annual_value": 5.0}],
        "cases": [
            {"account_id": "A", "case_id": "cases0", "opened_at": "2026-06-29T12:00:00.000000Z"}
        ],
    }


def test_the_previous_run_is_part_of_the_inputs() -> None:
    previous = pd.DataFrame(
        {"account_id": ["A", "B"], "band": ["watch", "healthy"], "plain_band": ["watch", "watch"]}
    )
    snapshot = inputs_of(frames_of(STORY), ["A"], previous)
    assert snapshot["A"]["previous"] == {"band": "watch", "plain_band": "watch"}
    frames, before = frames_from(snapshot)
    row = rows(assess_accounts(frames, MODEL, as_of=AS_OF, previous=before).accounts)[0]
    assert row["previous_band"] == "watch"
