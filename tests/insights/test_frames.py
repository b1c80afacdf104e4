"""Completing frames, choosing accounts, and what is refused."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from insights.assess import assess_accounts
from insights.checks import refusals, unattributed
from insights.frames import COLUMNS, KEYS, Frames, FramesError, complete, subset
from insights.model import LEVELS, PRIORITIES, Model
from mappings.catalogue import OBJECTS, Type
from tests.insights.worlds import AS_OF, frames_of, random_rows, world

OURS = {
    "accounts": {"annual_value_refused"},
    "contacts": {"gone_at", "asked_at"},
}
KINDS = {
    "id": {Type.ID},
    "text": {Type.TEXT},
    "number": {Type.MONEY, Type.NUMBER, Type.SHARE},
    "bool": {Type.BOOL},
    "instant": {Type.INSTANT},
    "date": {Type.DATE},
}


def test_columns_are_those_of_the_catalogue() -> None:
    for kind, columns in COLUMNS.items():
        if kind == "loops":
            continue
        known = {column.name: column for column in OBJECTS[kind]}
        for name, form in columns.items():
            if name in OURS.get(kind, ()):
                assert name not in known
            elif isinstance(form, tuple):
                assert known[name].choices == form
            else:
                assert known[name].type in KINDS[form], (kind, name)
    assert COLUMNS["contacts"]["level"] == LEVELS
    assert COLUMNS["cases"]["priority"] == PRIORITIES


def test_missing_columns_and_mixed_times_are_completed() -> None:
    accounts = pd.DataFrame(
        {"account_id": [1, 2], "churned_at": ["2020-01-02", None], "is_customer": [True, None]}
    )
    sent = ["2020-01-01T00:00:00Z", datetime(2020, 1, 1, 2, tzinfo=UTC)]
    invitations = pd.DataFrame({"account_id": ["1", "2"], "sent_at": sent})
    frames = complete(Frames(accounts, invitations=invitations))
    assert frames.accounts["account_id"].tolist() == ["1", "2"]
    assert list(frames.accounts) == list(COLUMNS["accounts"])
    assert frames.accounts["churned_at"].iloc[0] == pd.Timestamp("2020-01-02")
    assert frames.accounts["is_customer"].isna().tolist() == [False, True]
    assert frames.invitations is not None
    assert frames.invitations["sent_at"].iloc[1] == pd.Timestamp("2020-01-01T02:00Z")


@pytest.mark.parametrize(
    ("frames", "says"),
    [
        (Frames(pd.DataFrame({"account_id": ["a", None]})), "no account_id"),
        (Frames(pd.DataFrame({"account_id": ["a", "a"]})), "'a' appears twice"),
        (
            Frames(pd.DataFrame({"account_id": ["a"], "annual_value": ["much"]})),
            "accounts.annual_value",
        ),
        (
            Frames(
                pd.DataFrame({"account_id": ["a"]}),
                cases=pd.DataFrame({"case_id": ["c"], "priority": ["urgent"]}),
            ),
            "cases.priority: 'urgent' is none of low, normal, high, critical",
        ),
    ],
)
def test_what_cannot_be_read_is_named(frames: Frames, says: str) -> None:
    with pytest.raises(FramesError) as caught:
        complete(frames)
    assert says in str(caught.value)


def test_a_contact_that_appears_twice_is_an_error() -> None:
    twice = frames_of(world({}, contacts=[{"contact_id": "c"}, {"contact_id": "c"}]))
    with pytest.raises(FramesError, match="contact_id 'c' appears twice"):
        assess_accounts(twice, Model(), as_of=AS_OF)


def test_as_of_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        assess_accounts(frames_of(world({})), Model(), as_of=AS_OF.replace(tzinfo=None))


def test_a_subset_holds_all_that_belongs_to_its_accounts() -> None:
    rows = world(
        {"account_id": "A"},
        {"account_id": "B"},
        contacts=[{"contact_id": "a"}, {"contact_id": "b", "account_id": "B"}],
        cases=[{"account_id": None, "contact_id": "a"}, {"account_id": "B", "contact_id": "a"}],
        opportunities=[{"opportunity_id": "o"}, {"opportunity_id": "p", "account_id": "B"}],
        products=[{"opportunity_id": "o"}, {"opportunity_id": "p"}],
        contact_roles=[
            {"contact_id": "a", "account_id": None},
            {"contact_id": "b", "account_id": None},
        ],
    )
    part = subset(complete(frames_of(rows)), ["A"])
    kept = {
        kind: frame[KEYS[kind]].tolist()
        for kind in rows
        if (frame := getattr(part, kind)) is not None
    }
    assert kept == {
        "accounts": ["A"],
        "contacts": ["a"],
        "cases": ["cases0"],
        "opportunities": ["o"],
        "products": ["products0"],
        "contact_roles": ["contact_roles0"],
    }
    assert part.responses is None


def test_categorical_ids_give_the_same_result() -> None:
    rows = random_rows(3, 6)
    plain = complete(frames_of(rows))
    assert plain.contacts is not None
    coded = Frames(
        **{
            kind: (frame := getattr(plain, kind)).assign(
                account_id=frame["account_id"].astype("category")
            )
            for kind in rows
        }
    )
    one = assess_accounts(plain, Model(), as_of=AS_OF).accounts
    other = assess_accounts(coded, Model(), as_of=AS_OF).accounts
    pd.testing.assert_frame_equal(
        one, other.assign(account_id=other["account_id"].astype("str")), check_exact=True
    )


def test_refusals_name_dead_links_wrong_scores_and_lost_parents() -> None:
    rows = world(
        {"account_id": "A", "parent_id": "P"},
        contacts=[{"contact_id": "a"}],
        responses=[
            {"response_id": "1", "metric": "nps", "score": 11.0},
            {"response_id": "2", "metric": "csat", "score": 0.5},
            {"response_id": "3", "metric": "nps", "score": 10.0},
            {"response_id": "4", "account_id": "Z"},
        ],
        contact_roles=[{"contact_id": "z", "account_id": None}],
        products=[{"opportunity_id": "nowhere"}],
        opportunities=[],
    )
    found = refusals(complete(frames_of(rows)))
    listed = [(r["object"], r["record"], r["column"]) for r in found.to_dict("records")]
    assert sorted(listed) == [
        ("accounts", "A", "parent_id"),
        ("contact_roles", "contact_roles0", "contact_id"),
        ("products", "products0", "opportunity_id"),
        ("responses", "1", "score"),
        ("responses", "2", "score"),
        ("responses", "4", "account_id"),
    ]
    remedies = dict(zip(found["record"], found["remedy"], strict=True))
    assert remedies["1"] == "give a whole number from 0 to 10"
    assert remedies["2"] == "give a number from 1 to 5"


def test_clean_frames_refuse_nothing() -> None:
    assert refusals(complete(frames_of(world({})))).empty


def test_records_that_name_nobody_are_counted() -> None:
    rows = world(
        {},
        opportunities=[{"account_id": None}, {}],
        cases=[{"account_id": None, "contact_id": "c"}, {"account_id": None}],
    )
    assert unattributed(complete(frames_of(rows))) == {"opportunities": 1, "cases": 1}
