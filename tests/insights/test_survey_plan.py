"""Who is asked next, by hand-made accounts."""

from insights.model import Model
from insights.survey_plan import SurveyPlan, pick_reasons, survey_plan
from tests.insights.worlds import AS_OF, Row, ago, frames_of, world

MODEL = Model()


def person(name: str, account: str = "A", **more: object) -> Row:
    return {"contact_id": name, "account_id": account, "level": "user", **more}


def plan_of(rows: dict[str, list[Row]], per_day: int = 100, **more: object) -> SurveyPlan:
    everybody = {row["contact_id"] for row in rows["contacts"]}
    addressed = more.get("addressed", everybody)
    assert isinstance(addressed, set)
    return survey_plan(
        frames_of(rows),
        MODEL,
        as_of=AS_OF,
        per_day=per_day,
        quarantine_days=90,
        addressed=addressed,
    )


def test_silent_revenue_comes_first_then_missing_levels_then_engaged_people() -> None:
    rows = world(
        {"account_id": "small", "annual_value": 10_000.0},
        {"account_id": "large", "annual_value": 1_000_000.0},
        {"account_id": "heard", "annual_value": 9_000_000.0},
        {"account_id": "unknown"},
        contacts=[
            person("s", "small"),
            person("l-user", "large"),
            person("l-boss", "large", level="decision_maker"),
            person("h-user", "heard"),
            person("h-user2", "heard"),
            person("h-boss", "heard", level="decision_maker"),
            person("u", "unknown"),
        ],
        responses=[
            {
                "account_id": "heard",
                "contact_id": "h-user",
                "metric": "nps",
                "survey_type": "relationship",
                "score": 9,
                "answered_at": ago(200),
            }
        ],
        activities=[
            {
                "account_id": "large",
                "contact_id": "l-user",
                "kind": "call",
                "direction": "two_way",
                "occurred_at": ago(3),
            }
        ],
        invitations=[],
    )
    plan = plan_of(rows)
    assert list(plan.picks["contact_id"]) == [
        *("l-user", "l-boss", "s", "u"),
        *("h-boss", "h-user", "h-user2"),
    ]
    first = plan.picks.to_dict("records")[0]
    assert pick_reasons({str(name): value for name, value in first.items()}) == [
        "nobody of the account answered inside the window",
        "no answer yet from a user",
        "in touch with us lately",
        "never asked",
    ]
    limited = plan_of(rows, per_day=2)
    assert (list(limited.picks["contact_id"]), limited.waiting) == (["l-user", "l-boss"], 5)


def test_each_person_left_out_counts_once_by_the_first_reason() -> None:
    rows = world(
        {"account_id": "A", "annual_value": 100_000.0},
        {"account_id": "gone", "annual_value": 1.0, "is_customer": False},
        contacts=[
            person("free"),
            person("no-customer", "gone", opted_out=True),
            person("left", left_at=ago(5).replace(tzinfo=None)),
            person("bounced", bounced_at=ago(5)),
            person("out", opted_out=True),
            person("nameless"),
            person("asked"),
            person("asked-long-ago"),
            person("answered"),
        ],
        invitations=[
            {"contact_id": "asked", "sent_at": ago(89)},
            {"contact_id": "asked-long-ago", "sent_at": ago(90)},
        ],
        responses=[{"contact_id": "answered", "answered_at": ago(10)}],
    )
    everybody = {row["contact_id"] for row in rows["contacts"]}
    plan = plan_of(rows, addressed=everybody - {"nameless"})
    assert sorted(plan.picks["contact_id"]) == ["asked-long-ago", "free"]
    assert plan.excluded == {
        "no_customer": 1,
        "left": 1,
        "bounced": 1,
        "opted_out": 1,
        "no_address": 1,
        "quarantine": 2,
    }


def test_without_contacts_nobody_is_asked() -> None:
    rows = world({"annual_value": 5.0})
    found = survey_plan(
        frames_of(rows), MODEL, as_of=AS_OF, per_day=9, quarantine_days=1, addressed=()
    )
    assert (len(found.picks), found.waiting) == (0, 0)
