"""Each alert: when it is raised, when it is not, and what is unknown."""

import pytest

from insights.assess import assess_accounts
from insights.explain import flags, rows
from insights.model import TEAM_ROLES, Model
from tests.insights.test_sentiment import answer
from tests.insights.worlds import AS_OF, Row, ago, frames_of, world

MODEL = Model()


def alerts(account: Row | None = None, /, **kinds: list[Row]) -> set[str]:
    given = world({"annual_value": 10_000, "is_customer": True, **(account or {})}, **kinds)
    return set(flags(assess_accounts(frames_of(given), MODEL, as_of=AS_OF).accounts, "alert_")[0])


def people(*levels: str, **more: object) -> list[Row]:
    return [{"contact_id": str(n), "level": level, **more} for n, level in enumerate(levels)]


TEAM = ("decision_maker", "influencer", "user")


def test_all_is_well() -> None:
    met = [{"kind": "call", "direction": "two_way", "occurred_at": ago(1)}]
    answers = [answer(9, str(n)) for n in range(3)]
    assert alerts(contacts=people(*TEAM), activities=met, responses=answers) == set()


def test_contacts_missing() -> None:
    assert alerts(contacts=people("decision_maker", "influencer")) >= {"contacts_missing"}
    assert alerts({"annual_value": None}, contacts=[]) == set()


def test_level_missing_though_there_are_enough_contacts() -> None:
    assert alerts(contacts=people("decision_maker", "user", "user", "user")) == {"level_missing"}
    assert alerts({"annual_value": 1_000}, contacts=people("decision_maker")) == set()


def test_respondents_missing() -> None:
    two = [answer(9, "0"), answer(9, "1"), answer(9, "2", answered_at=ago(366))]
    assert alerts(contacts=people(*TEAM), responses=two) == {"respondents_missing"}
    assert alerts(contacts=people(*TEAM)) == set()


@pytest.mark.parametrize(
    ("change", "raised"),
    [
        ({"left_at": ago(10)}, True),
        ({"bounced_at": ago(10)}, True),
        ({"gone_at": ago(10)}, True),
        ({"left_at": ago(91)}, False),
        ({"left_at": ago(-3)}, False),
        ({"is_active": False}, False),
        ({"left_at": ago(10), "level": "user"}, False),
    ],
)
def test_contact_left(change: Row, raised: bool) -> None:
    staff = people(*TEAM)
    gone = {"contact_id": "9", "level": "influencer", **change}
    assert ("contact_left" in alerts(contacts=[*staff, gone])) is raised


def test_silent_account() -> None:
    late = [{"kind": "call", "direction": "two_way", "occurred_at": ago(151)}]
    outbound = [{"kind": "email", "direction": "outbound", "occurred_at": ago(1)}]
    old = [answer(9, answered_at=ago(150))]
    assert alerts(activities=[*late, *outbound], responses=old) >= {"silent_account"}
    assert "silent_account" not in alerts(
        activities=late, responses=[answer(9, answered_at=ago(149), survey_type="transactional")]
    )
    assert alerts(activities=[]) == {"silent_account"}
    assert alerts() == set()


def test_team_role_missing() -> None:
    big = {"annual_value": 2_000_000, "owner_id": "u"}
    full = [{"user_id": "u", "role": role.replace("_", " ").title()} for role in TEAM_ROLES]
    assert alerts(big, team_members=full) == set()
    assert alerts(big, team_members=full[:-1]) == {"team_role_missing"}
    assert alerts({**big, "annual_value": 1_000_000}, team_members=[]) == set()
    assert alerts(big) == set()
    without_manager = [row for row in full if row["role"] != "Account Manager"]
    assert alerts(big, team_members=without_manager) == set()
    assert alerts({**big, "owner_id": None}, team_members=without_manager) == {"team_role_missing"}


def test_only_customers_raise_alerts() -> None:
    for former in ({"is_customer": False}, {"churned_at": ago(1).date()}):
        assert alerts({**former}, contacts=[], activities=[], responses=[]) == set()


def test_roles_that_lack_are_named() -> None:
    given = world({"annual_value": 2e6}, team_members=[{"user_id": "u", "role": "technical lead"}])
    row = rows(assess_accounts(frames_of(given), MODEL, as_of=AS_OF).accounts)[0]
    assert row["lacks_executive_partner"]
    assert not row["lacks_technical_lead"]
