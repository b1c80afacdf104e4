"""Provisioning: our group and properties, once; what differs is told, never altered."""

from dataclasses import replace

from connector.base import FieldSpec
from connector.hubspot import HubSpot
from tests.connector.hubspot.conftest import Connect, Portal

SCORE = FieldSpec("companies", "ax_score", "Health", "number", "0-100")
BAND = FieldSpec("companies", "ax_band", "Band", "choice", "Band", choices=("green", "red"))
KEY = FieldSpec("tasks", "ax_task_key", "Task key", "text", "Set by Barometer", unique=True)
FLAG = FieldSpec("companies", "ax_flag", "Up-sell", "bool", "Worth an offer")
ALL = [
    SCORE,
    BAND,
    FLAG,
    FieldSpec("companies", "ax_arr", "At risk", "currency", "company currency"),
    FieldSpec("companies", "ax_at", "Computed", "datetime", "UTC"),
    FieldSpec("companies", "ax_day", "Renewal", "date", "day"),
    FieldSpec("companies", "ax_why", "Reasons", "long_text", "why"),
    KEY,
]


def test_a_second_run_changes_nothing(crm: HubSpot, portal: Portal) -> None:
    planned = crm.provision(ALL, dry_run=True)
    before = portal.world.stats.snapshot()["hubspot"]["paths"]
    first = crm.provision(ALL)
    known = crm.describe("companies")
    second = crm.provision(ALL)

    assert not any(path.startswith("POST") for path in before)
    assert {step.state for step in planned} == {"planned"}
    assert {step.state for step in first} == {"created"}
    assert {step.state for step in second} == {"exists"}
    assert [step.component for step in first] == [step.component for step in planned]
    assert len(first) == len(ALL) + 2  # a group per object type
    assert known["ax_band"].choices == ("green", "red")
    assert known["ax_band"].restricted
    assert (known["ax_arr"].type, known["ax_why"].type) == ("currency", "long_text")
    assert known["ax_score"].writable
    assert known["ax_score"].custom
    assert crm.describe("tasks")["ax_task_key"].unique


def test_what_differs_is_a_conflict(crm: HubSpot, portal: Portal) -> None:
    crm.provision([replace(SCORE, type="text"), replace(BAND, choices=("green",))])

    steps = {step.component: step for step in crm.provision([SCORE, BAND])}

    assert steps["field companies.ax_score"].state == "conflict"
    assert "string, not number" in steps["field companies.ax_score"].detail
    assert "lacks the options red" in steps["field companies.ax_band"].detail
    assert crm.describe("companies")["ax_score"].type == "text"


def test_an_archived_property_of_the_name_comes_back(crm: HubSpot, portal: Portal) -> None:
    crm.provision([SCORE])
    portal.post("/crm/v3/properties/companies/batch/archive", {"inputs": [{"name": "ax_score"}]})

    assert [step.state for step in crm.provision([SCORE])] == ["exists", "created"]
    assert "ax_score" in crm.describe("companies")


def test_a_property_made_by_another_in_between_exists(crm: HubSpot, portal: Portal) -> None:
    body = {
        "status": "error",
        "category": "OBJECT_ALREADY_EXISTS",
        "subCategory": "Properties.PROPERTY_WITH_NAME_EXISTS",
        "message": "A property named 'ax_score' already exists.",
    }
    portal.answer("/properties/companies$", 409, body, method="POST")

    step = crm.provision([SCORE])[1]

    assert step.state == "failed"  # said to exist, but nobody sees it
    assert "archived" in step.detail


def test_tasks_without_unique_properties_get_a_plain_key(crm: HubSpot, portal: Portal) -> None:
    portal.switch("tasks_accept_unique", False)

    first, second = crm.provision([KEY])[1], crm.provision([KEY])[1]

    assert (first.state, second.state) == ("created", "exists")
    assert "search" in first.detail
    assert "search" in second.detail


def test_a_missing_scope_fails_the_step_and_names_it(connect: Connect, portal: Portal) -> None:
    portal.switch("scopes", ["oauth", "crm.schemas.companies.read"])

    steps = connect().provision([SCORE])

    assert {step.state for step in steps} == {"failed"}
    assert all("crm.schemas.companies.write" in step.detail for step in steps)


def test_a_lost_answer_leaves_it_created(crm: HubSpot, portal: Portal) -> None:
    portal.fault("cut_after", method="POST", count=1)

    states = [step.state for step in crm.provision([SCORE, FLAG])]

    assert set(states) <= {"created", "exists"}
    assert {"ax_score", "ax_flag"} <= crm.describe("companies").keys()
