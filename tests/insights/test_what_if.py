"""What if: the kept basis answers as a full assessment with the draft would."""

import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from insights.assess import Assessed, assess_accounts
from insights.model import CAP_RULES, Model
from insights.model_changes import changed_settings, needs_records, settings_of
from insights.movers import compare
from insights.what_if import Basis, Judged, basis_rows, missing_for
from tests.insights.worlds import AS_OF, ago, frames_of, random_rows, world

BANDS = ("at_risk", "watch", "healthy", "unknown")
ANSWERED: list[dict[str, Any]] = [
    {},
    {"components": {"usage": {"weight": 0}, "spend": {"weight": 35}}},
    {"components": {"coverage": {"curve": [[0, 20], [1, 90]]}}},
    {"components": {"sentiment": {"curve": [[0, 100], [10, 0]]}}},
    {"bands": {"healthy_from": 55, "watch_from": 35, "hysteresis_points": 8}},
    {"bands": {"min_confidence": 0.2, "stale_freshness": 0}},
    {"caps": {"decision_maker_detractor": {"at_most": 5}, "decision_maker_left": {"at_most": 100}}},
    {"required_contacts": {"preset": "customergauge_live"}},
    {"required_contacts": {"preset": "custom", "bands": [[0, 2], [100_000, 9]]}},
    {"sentiment": {"silence_score": 90}},
    {"churn": {"watch": 0.5}, "windows": {"silence_days": 10, "recent_days": 5}},
    {"growth": {"min_confidence": 0}, "value": {"gross_margin": 0.3}, "team": {"threshold": 1}},
]


def assessed_with(seed: int, model: Model) -> tuple[Assessed, pd.DataFrame]:
    """A random portfolio and the run before it, which some accounts were not part of."""
    rows = random_rows(seed)
    ids = [row["account_id"] for row in rows["accounts"]][:9]
    previous = pd.DataFrame(
        {
            "account_id": ids,
            "band": [BANDS[(seed + n) % 4] for n in range(9)],
            "plain_band": [BANDS[(seed + n // 2) % 4] for n in range(9)],
            "earlier_health": 50.0,
        }
    )
    frames = frames_of(rows)
    return assess_accounts(frames, model, as_of=AS_OF, previous=previous), previous


@pytest.mark.parametrize("changed", ANSWERED, ids=lambda one: "+".join(one) or "the same model")
def test_the_basis_answers_as_a_full_assessment(changed: dict[str, Any]) -> None:
    draft = Model.from_dict(changed)
    assert needs_records(Model(), draft) == []
    for seed in range(2):
        kept, previous = assessed_with(seed, Model())
        stored = json.loads(json.dumps(basis_rows(kept, previous)))
        judged = Basis(stored).judge(draft)
        full, _ = assessed_with(seed, draft)
        columns = ["account_id", "is_customer", "annual_value", "required", "health", "health_low"]
        columns += ["health_high", "confidence", "band", "plain_band", "band_changed"]
        columns += ["revenue_at_risk", "expected_loss", *(f"cap_{rule}" for rule in CAP_RULES)]
        pd.testing.assert_frame_equal(
            judged.accounts[columns], full.accounts[columns], check_dtype=False, check_exact=True
        )
        for name, part in full.components.items():
            pd.testing.assert_frame_equal(judged.components[name], part, check_exact=True)


@pytest.mark.parametrize(
    "changed",
    [
        {"windows": {"sentiment_days": 30}},
        {"support": {"priority": {"high": 9}}},
        {"support": {"age_curve": [[0, 1], [30, 9]]}},
        {"sentiment": {"half_life_days": 20}},
        {"components": {"sentiment": {"fresh_days": 10}}},
        {"caps": {"decision_maker_left": {"within_days": 400}}},
        {"levels": {"roles": {"blocker": "user"}}},
    ],
)
def test_what_the_records_must_be_read_for_is_named(changed: dict[str, Any]) -> None:
    draft = Model.from_dict(changed)
    assert needs_records(Model(), draft) == changed_settings(Model(), draft) != []


def test_curves_and_lists_are_one_setting() -> None:
    found = settings_of(Model())
    assert found["components.usage.curve"] == [[0, 0], [0.5, 30], [1, 70], [1.2, 100]]
    assert found["bands.watch_from"] == 40


def _judged(model: Model, **changed: Any) -> Judged:
    """Two customers and one former customer; A has no more than a support load of 1."""
    rows = world(
        {"account_id": "A", "annual_value": 1000.0, "is_customer": True},
        {"account_id": "B", "annual_value": 500.0, "is_customer": True},
        {"account_id": "C", "annual_value": 900.0, "is_customer": False},
        cases=[{"account_id": "A", "priority": "normal", "opened_at": ago(0)}],
    )
    draft = replace(model, **changed)
    kept = assess_accounts(frames_of(rows), model, as_of=AS_OF)
    return Basis(basis_rows(kept, None)).judge(draft)


def test_customers_are_compared_and_movers_have_reasons() -> None:
    model = Model.from_dict({"bands": {"min_confidence": 0}})
    draft = Model.from_dict(
        {"bands": {"min_confidence": 0}, "components": {"support": {"curve": [[0, 100], [1, 30]]}}}
    )
    before = _judged(model)
    found = compare(before, _judged(model, components=draft.components), draft)

    assert found["customers"] == 2
    assert found["bands"] == {
        "at_risk": [0, 1],
        "watch": [0, 0],
        "healthy": [2, 1],
        "unknown": [0, 0],
    }
    assert found["revenue_at_risk"] == [0.0, 1000.0]
    assert found["expected_loss"] == [45.0, 315.0]  # 3 % of both; 30 % of A and 3 % of B
    assert (found["changed_band"], found["changed_score"]) == (1, 1)
    assert found["up"] == []
    assert found["down"] == [
        {
            "account_id": "A",
            "health": [70.0, 30.0],
            "band": ["healthy", "at_risk"],
            "why": "support gives 30.0 points instead of 70.0",
        }
    ]
    assert missing_for(before)["usage"] == 2


def test_moved_edges_are_the_reason_where_the_score_stays() -> None:
    model = Model.from_dict({"bands": {"min_confidence": 0}})
    moved = replace(model.bands, healthy_from=90)
    found = compare(_judged(model), _judged(model, bands=moved), replace(model, bands=moved))
    assert [one["account_id"] for one in found["down"]] == ["A"]
    assert found["down"][0]["why"] == "the score is the same, the edges of the bands moved"


def test_no_account_at_all() -> None:
    nothing = Basis({}).judge(Model())
    found = compare(nothing, nothing, Model())
    assert found["customers"] == 0
    assert found["revenue_at_risk"] == [None, None]
