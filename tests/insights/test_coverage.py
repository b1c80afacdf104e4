"""Required contacts, levels, coverage: the method's own examples."""

import numpy as np
import pandas as pd
import pytest

from insights.assess import assess_accounts
from insights.contacts import role_level, title_level
from insights.coverage import covered_contacts, next_threshold, required_contacts, split_levels
from insights.model import LevelRules, Model, RequiredContacts
from tests.insights.worlds import AS_OF, Row, ago, frames_of, world

BOOK = RequiredContacts()
LIVE = RequiredContacts("customergauge_live")


def needed(value: float, policy: RequiredContacts = BOOK) -> float:
    return float(required_contacts(np.array([value]), policy)[0])


@pytest.mark.parametrize(
    ("value", "contacts"),
    [
        (1_000, 1),
        (10_000, 3),
        (100_000, 6),
        (999_999, 8),
        (1_000_000, 9),
        (4_641_588, 10),
        (4_641_589, 11),
        (5_340_779, 11),
        (6_055_836, 11),
        (5_822_390, 11),
        (5_409_264, 11),
        (5_379_792, 11),
        (5_345_004, 11),
        (1, 1),
        (0.01, 1),
        (0, 0),
        (-5, 0),
    ],
)
def test_required_contacts_of_the_book(value: float, contacts: int) -> None:
    assert needed(value) == contacts


def test_required_contacts_agree_with_counting_digits() -> None:
    amounts = np.arange(1, 6_000_000, 997)
    by_digits = [max(1, len(str(int(v) ** 3)) - 10) for v in amounts]
    assert required_contacts(amounts.astype(float), BOOK).tolist() == by_digits


@pytest.mark.parametrize(
    ("value", "contacts"),
    [
        (2_000, 1),
        (2_000.01, 2),
        (2_001, 2),
        (10_000, 3),
        (10_001, 4),
        (1_000_000, 9),
        (1_000_001, 10),
        (4_700_000, 11),
        (4_700_001, 12),
        (5_340_779, 12),
        (1_020_000_000, 18),
        (5_000_000_000, 18),
    ],
)
def test_required_contacts_of_the_live_table(value: float, contacts: int) -> None:
    assert needed(value, LIVE) == contacts


def test_own_bands_and_what_lies_outside_them() -> None:
    own = RequiredContacts("custom", ((1_000, 2), (5_000, 4)))
    assert [needed(v, own) for v in (999, 1_000, 4_999, 5_000)] == [0, 2, 2, 4]


def test_unknown_value_needs_an_unknown_number() -> None:
    assert np.isnan(needed(np.nan))
    assert np.isnan(next_threshold(np.array([np.nan]), BOOK))[0]


def test_next_threshold() -> None:
    assert next_threshold(np.array([5_340_779.0]), BOOK)[0] == 10_000_000


def test_levels_share_evenly_the_rest_to_the_top() -> None:
    expected = {
        1: (1, 0, 0),
        2: (1, 1, 0),
        6: (2, 2, 2),
        9: (3, 3, 3),
        10: (4, 3, 3),
        11: (4, 4, 3),
    }
    for required, split in expected.items():
        assert tuple(split_levels(np.array([float(required)]))[0]) == split


def test_influencers_stand_in_for_decision_makers_and_users_for_nobody() -> None:
    known = np.array([[1.0, 10.0, 20.0], [0.0, 0.0, 20.0], [9.0, 0.0, 0.0]])
    assert covered_contacts(known, split_levels(np.array([9.0, 9.0, 9.0]))).tolist() == [9, 3, 3]


def test_levels_by_role_and_title() -> None:
    rules = LevelRules()
    assert role_level("END_USER;Economic Buyer", rules) == "decision_maker"
    assert role_level("Business User", rules) == "user"
    assert role_level("LEGAL_AND_COMPLIANCE", rules) == "influencer"
    assert role_level("Other", rules) is None
    assert title_level("Vice President, Sales", rules) == "decision_maker"
    assert title_level("Assistant to the CEO", rules) == "user"
    assert title_level("IT Manager", rules) == "influencer"
    assert title_level("Coordinator", rules) == "user"
    assert title_level("Poet", rules) is None


def test_level_comes_from_field_then_role_then_title() -> None:
    people = [
        {"contact_id": "1", "level": "user", "role": "Decision Maker", "title": "CEO"},
        {"contact_id": "2", "role": "Influencer", "title": "CEO"},
        {"contact_id": "3", "title": "CEO"},
        {"contact_id": "4", "title": "Poet"},
        {"contact_id": "5", "title": "Engineer"},
    ]
    roles = [{"contact_id": "5", "role": "Decision Maker"}, {"contact_id": "5", "role": "End User"}]
    rows = world({"annual_value": 1_000}, contacts=people, contact_roles=roles)
    row = assess_accounts(frames_of(rows), Model(), as_of=AS_OF).accounts.loc[0]
    by_level = [row[f"known_{v}"] for v in ("decision_maker", "influencer", "user", "unassigned")]
    assert by_level == [2, 1, 1, 1]


def test_only_active_contacts_count_and_opted_out_ones_do() -> None:
    people: list[Row] = [
        {},
        {"opted_out": True},
        {"is_active": False},
        {"left_at": ago(1)},
        {"left_at": ago(-1)},
        {"bounced_at": ago(400)},
        {"gone_at": ago(2)},
    ]
    rows = world({"annual_value": 10_000}, contacts=people)
    row = assess_accounts(frames_of(rows), Model(), as_of=AS_OF).accounts.loc[0]
    assert (row["known"], row["required"], row["gap"]) == (3, 3, 0)
    assert row["contact_coverage"] == 1


def test_express_logistics_of_the_book() -> None:
    people = [{"contact_id": str(n), "level": "user"} for n in range(8)]
    answers = [
        {"contact_id": str(n), "metric": "nps", "survey_type": "relationship", "score": 9.0}
        | {"answered_at": ago(30)}
        for n in range(2)
    ]
    rows = world({"annual_value": 5_340_779}, contacts=people, responses=answers)
    row = assess_accounts(frames_of(rows), Model(), as_of=AS_OF).accounts.loc[0]
    assert (row["required"], row["known"], row["respondents"], row["gap"]) == (11, 8, 2, 3)
    assert row["contact_coverage"] == pytest.approx(8 / 11)
    assert row["respondent_coverage"] == pytest.approx(2 / 11)
    assert row["coverage"] == pytest.approx(5 / 11)
    assert row["next_threshold"] == 10_000_000
    assert row["top_level_thin"]


def test_no_contacts_file_is_unknown_and_an_empty_one_is_nobody() -> None:
    unknown = assess_accounts(frames_of(world({"annual_value": 1e6})), Model(), as_of=AS_OF)
    nobody = assess_accounts(
        frames_of(world({"annual_value": 1e6}, contacts=[])), Model(), as_of=AS_OF
    )
    assert unknown.accounts["known"].isna().all()
    assert not unknown.accounts.loc[0, "alert_contacts_missing"]
    assert nobody.accounts.loc[0, "known"] == 0
    assert nobody.accounts.loc[0, "alert_contacts_missing"]


def test_a_prospect_needs_nobody() -> None:
    rows = world({"annual_value": 1e6, "is_customer": False}, contacts=[])
    row = assess_accounts(frames_of(rows), Model(), as_of=AS_OF).accounts.loc[0]
    assert row["required"] == 0
    assert pd.isna(row["contact_coverage"])
    assert not row["alert_contacts_missing"]


def test_engaged_by_meeting_answer_or_login() -> None:
    people = [{"contact_id": str(n)} for n in range(6)]
    acts = [
        {"contact_id": "0", "kind": "meeting", "direction": "two_way", "occurred_at": ago(179)},
        {"contact_id": "1", "kind": "login", "occurred_at": ago(1)},
        {"contact_id": "2", "kind": "email", "direction": "outbound", "occurred_at": ago(1)},
        {"contact_id": "3", "kind": "call", "direction": "two_way", "occurred_at": ago(180)},
    ]
    answers = [{"contact_id": "4", "metric": "csat", "score": 3.0, "answered_at": ago(170)}]
    rows = world({"annual_value": 1e5}, contacts=people, activities=acts, responses=answers)
    row = assess_accounts(frames_of(rows), Model(), as_of=AS_OF).accounts.loc[0]
    assert row["engaged"] == 3
    assert row["last_two_way_at"] == ago(179)
