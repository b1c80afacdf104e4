"""Updates: only the bad record is refused, whatever way HubSpot refuses a batch."""

import json
from decimal import Decimal
from typing import Any

import pytest

from connector.errors import CrmForbidden
from connector.hubspot import HubSpot
from connector.hubspot.writing import written
from tests.connector.hubspot.conftest import Portal

UPDATE = "/companies/batch/update"


def companies(portal: Portal, count: int) -> list[str]:
    return portal.add_many("companies", [{"name": f"Company {n}"} for n in range(count)])


def fault_of(code: str, name: str) -> dict[str, Any]:
    fault = [{"isValid": False, "message": f"{name} is wrong", "error": code, "name": name}]
    return {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "message": f"Property values were not valid: {json.dumps(fault)}",
    }


def test_one_call_writes_a_batch_and_none_clears(crm: HubSpot, portal: Portal) -> None:
    made = companies(portal, 100)

    refused = crm.update("companies", {i: {"city": "Oslo", "numberofemployees": 7} for i in made})
    crm.update("companies", {made[0]: {"city": None}})

    assert refused == {}
    assert crm.usage.by_purpose == {"write": 2}
    assert portal.value("companies", made[1], "city") == "Oslo"
    assert portal.value("companies", made[1], "numberofemployees") == "7"
    assert portal.value("companies", made[0], "city") is None


def test_only_the_bad_record_is_refused(crm: HubSpot, portal: Portal) -> None:
    made = companies(portal, 5)
    changes = {i: {"numberofemployees": n} for n, i in enumerate(made)}

    refused = crm.update("companies", changes | {made[2]: {"numberofemployees": "many"}})

    assert refused.keys() == {made[2]}
    assert refused[made[2]].fields == ("numberofemployees",)
    assert refused[made[2]].words
    assert [portal.value("companies", i, "numberofemployees") for i in made] == [
        "0",
        "1",
        None,
        "3",
        "4",
    ]


def test_a_batch_refused_as_a_whole_is_divided(crm: HubSpot, portal: Portal) -> None:
    """A HubSpot that heeds no trace ids: 400 for every batch that holds the bad record."""
    made = companies(portal, 8)
    for _ in range(4):  # 8, 4, 2, 1 records: the bad one is always in the front half
        portal.answer(UPDATE, 400, fault_of("INVALID_OPTION", "city"))

    refused = crm.update("companies", {i: {"city": "Oslo"} for i in made})

    assert {i: r.code for i, r in refused.items()} == {made[0]: "INVALID_OPTION"}
    assert refused[made[0]].fields == ("city",)
    assert [portal.value("companies", i, "city") for i in made] == [None] + ["Oslo"] * 7
    assert crm.usage.spent == 1 + 2 + 2 + 2  # both halves each time


def test_a_missing_property_costs_two_calls_not_a_search(crm: HubSpot, portal: Portal) -> None:
    made = companies(portal, 20)
    portal.answer(UPDATE, 400, fault_of("PROPERTY_DOESNT_EXIST", "ax_score"))
    changes: dict[str, dict[str, Any]] = {i: {"ax_score": 1} for i in made[:19]}

    refused = crm.update("companies", changes | {made[19]: {"city": "Oslo"}})

    assert refused.keys() == set(made[:19])
    assert {r.code for r in refused.values()} == {"PROPERTY_DOESNT_EXIST"}
    assert "provisioning" in refused[made[0]].remedy
    assert portal.value("companies", made[19], "city") == "Oslo"
    assert crm.usage.spent == 2


@pytest.mark.parametrize("behaviour", ["207", "drop", "404"])
def test_a_deleted_record_is_refused_as_gone(crm: HubSpot, portal: Portal, behaviour: str) -> None:
    made = companies(portal, 3)
    portal.act("delete", "companies", made[1])
    portal.switch("batch_update_unknown", behaviour)

    refused = crm.update("companies", {i: {"city": "Oslo"} for i in made})

    assert {i: (r.code, r.gone) for i, r in refused.items()} == {
        made[1]: ("OBJECT_NOT_FOUND", True)
    }
    assert portal.value("companies", made[2], "city") == "Oslo"


def test_a_merged_record_is_gone(crm: HubSpot, portal: Portal) -> None:
    winner, loser = companies(portal, 2)
    portal.act("merge", "companies", winner, loser=loser)

    assert crm.update("companies", {loser: {"city": "Oslo"}})[loser].gone


def test_records_that_fail_inside_are_sent_once_more(crm: HubSpot, portal: Portal) -> None:
    made = companies(portal, 4)
    portal.fault("partial_batch", share=0.5, count=1)

    assert crm.update("companies", {i: {"city": "Oslo"} for i in made}) == {}
    assert {portal.value("companies", i, "city") for i in made} == {"Oslo"}
    assert crm.usage.spent == 2


def test_errors_that_name_no_record_are_traced_to_theirs(crm: HubSpot, portal: Portal) -> None:
    made = companies(portal, 3)
    written_one = {"id": made[0], "properties": {}}
    error = {"status": "error", "category": "VALIDATION_ERROR", "message": "no"}
    portal.answer(UPDATE, 207, {"results": [written_one], "numErrors": 1, "errors": [error]})
    portal.answer(UPDATE, 400, error)  # the first of the two that are left, alone

    refused = crm.update("companies", {i: {"city": "Oslo"} for i in made})

    assert {i: (r.code, r.message) for i, r in refused.items()} == {
        made[1]: ("VALIDATION_ERROR", "no")
    }
    assert portal.value("companies", made[2], "city") == "Oslo"


def test_a_silent_drop_is_found_and_mended(crm: HubSpot, portal: Portal) -> None:
    made = companies(portal, 2)
    portal.answer(UPDATE, 200, {"status": "COMPLETE", "results": []})

    assert crm.update("companies", {i: {"city": "Oslo"} for i in made}) == {}
    assert {portal.value("companies", i, "city") for i in made} == {"Oslo"}


def test_an_answer_lost_after_the_write_is_sent_again(crm: HubSpot, portal: Portal) -> None:
    (company,) = companies(portal, 1)
    portal.fault("cut_after", path=UPDATE, count=1)

    assert crm.update("companies", {company: {"city": "Oslo"}}) == {}
    assert portal.value("companies", company, "city") == "Oslo"
    assert portal.fired("cut_after") == 1


def test_a_lock_that_lasts_refuses_one_record_not_the_batch(crm: HubSpot, portal: Portal) -> None:
    made = companies(portal, 2)
    locked = {"status": "error", "category": "LOCKED", "message": "Record is locked"}
    portal.answer(UPDATE, 423, locked, count=5)  # four tries, then the first record alone

    refused = crm.update("companies", {i: {"city": "Oslo"} for i in made})

    assert {i: r.code for i, r in refused.items()} == {made[0]: "RECORD_LOCKED"}
    assert portal.value("companies", made[1], "city") == "Oslo"


def test_a_number_that_is_none_is_never_sent(crm: HubSpot, portal: Portal) -> None:
    made = companies(portal, 2)

    refused = crm.update(
        "companies", {made[0]: {"numberofemployees": float("nan")}, made[1]: {"city": "Oslo"}}
    )

    assert {i: (r.code, r.fields) for i, r in refused.items()} == {
        made[0]: ("NOT_A_NUMBER", ("numberofemployees",))
    }
    assert portal.value("companies", made[1], "city") == "Oslo"


def test_a_missing_scope_is_an_error_that_names_it(crm: HubSpot, portal: Portal) -> None:
    (company,) = companies(portal, 1)
    portal.switch("scopes", ["oauth", "crm.objects.companies.read"])

    with pytest.raises(CrmForbidden, match=r"crm\.objects\.companies\.write"):
        crm.update("companies", {company: {"city": "Oslo"}})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (82, "82"),
        (82.5, "82.5"),
        (1e-7, "0.0000001"),
        (Decimal("1E+3"), "1000"),
        ("green", "green"),
    ],
)
def test_values_are_text(value: Any, text: str) -> None:
    assert written(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN")])
def test_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="not a number"):
        written(value)
