"""Updates over the wire: each record settled by itself, none written twice to other effect."""

from typing import Any

import pytest

from connector.errors import CrmAllowanceReached, CrmUnavailable, CrmUnknownField
from connector.salesforce import Salesforce
from tests.connector.salesforce.conftest import Org


@pytest.fixture
def accounts(org: Org) -> list[str]:
    """Four accounts."""
    return [org.add("Account", Name=f"Account {n}", NumberOfEmployees=n) for n in range(4)]


def _employees(org: Org, record_id: str) -> object:
    return org.act("read", "Account", record_id)["NumberOfEmployees"]


def test_only_the_fields_given_are_written_and_none_clears(
    crm: Salesforce, org: Org, accounts: list[str]
) -> None:
    refused = crm.update(
        "Account",
        {accounts[0]: {"NumberOfEmployees": 70}, accounts[1]: {"NumberOfEmployees": None}},
    )

    assert refused == {}
    assert [_employees(org, one) for one in accounts] == [70, None, 2, 3]
    assert org.act("read", "Account", accounts[0])["Name"] == "Account 0"


def test_a_thousand_records_are_one_call(crm: Salesforce, org: Org) -> None:
    made = org.add_many("Account", [{"Name": f"A{n}"} for n in range(1000)])
    before = org.calls()

    refused = crm.update("Account", {one: {"NumberOfEmployees": 5} for one in made})

    assert refused == {}
    assert crm.batch_size == 1000
    assert org.calls() - before == 1
    assert crm.usage.by_purpose == {"write": 1}
    assert {_employees(org, one) for one in (made[0], made[500], made[999])} == {5}


def test_more_than_a_batch_is_a_mistake_of_the_caller(crm: Salesforce) -> None:
    with pytest.raises(ValueError, match="1001 records"):
        crm.update("Account", {f"001{n:012}": {} for n in range(1001)})


def test_not_a_number_never_reaches_the_crm(crm: Salesforce, org: Org, accounts: list[str]) -> None:
    with pytest.raises(ValueError, match="JSON"):
        crm.update("Account", {accounts[0]: {"NumberOfEmployees": float("nan")}})
    assert _employees(org, accounts[0]) == 0


def test_one_refused_record_does_not_stop_the_rest(
    crm: Salesforce, org: Org, accounts: list[str]
) -> None:
    org.act("delete", "Account", accounts[1])
    changes: dict[str, dict[str, Any]] = {
        accounts[0]: {"NumberOfEmployees": 9},
        accounts[1]: {"NumberOfEmployees": 9},
        accounts[2]: {"Name": "x" * 300},
        accounts[3]: {"OwnerId": "001000000000001AAA"},
    }

    refused = crm.update("Account", changes)

    assert _employees(org, accounts[0]) == 9
    assert {one: refusal.code for one, refusal in refused.items()} == {
        accounts[1]: "ENTITY_IS_DELETED",
        accounts[2]: "STRING_TOO_LONG",
        accounts[3]: "MALFORMED_ID",
    }
    assert [refused[one].gone for one in accounts[1:]] == [True, False, False]
    assert refused[accounts[2]].fields == ("Name",)
    assert all(refusal.words and refusal.remedy for refusal in refused.values())


def test_the_orgs_own_rule_speaks_for_itself(
    crm: Salesforce, org: Org, accounts: list[str]
) -> None:
    org.fault(
        "validation_rule", object="Account", field="NumberOfEmployees", message="Ask finance first"
    )

    refused = crm.update("Account", {accounts[0]: {"NumberOfEmployees": 9}})

    assert refused[accounts[0]].code == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert refused[accounts[0]].message == "Ask finance first"


def test_only_locked_records_are_sent_again(crm: Salesforce, org: Org, accounts: list[str]) -> None:
    org.fault("row_lock", count=1, record_id=accounts[2])
    stamps = {one: org.act("read", "Account", one)["SystemModstamp"] for one in accounts}
    org.world.clock.advance(60)
    before = org.calls()

    refused = crm.update("Account", {one: {"NumberOfEmployees": 9} for one in accounts})

    assert refused == {}
    assert org.calls() - before == 2
    assert [_employees(org, one) for one in accounts] == [9, 9, 9, 9]
    assert all(org.act("read", "Account", one)["SystemModstamp"] > stamps[one] for one in accounts)


def test_a_record_locked_for_good_is_refused_and_the_rest_is_written(
    crm: Salesforce, org: Org, accounts: list[str]
) -> None:
    org.fault("row_lock", record_id=accounts[2])

    refused = crm.update("Account", {one: {"NumberOfEmployees": 9} for one in accounts})

    assert list(refused) == [accounts[2]]
    assert refused[accounts[2]].code == "UNABLE_TO_LOCK_ROW"
    assert "next run" in refused[accounts[2]].remedy
    assert org.fired("row_lock") == 4
    assert [_employees(org, one) for one in accounts] == [9, 9, 2, 9]


@pytest.mark.parametrize("count", [1, 450])
@pytest.mark.parametrize("name", ["cut_after", "cut_before", "unavailable", "malformed_json"])
def test_an_answer_lost_on_the_way_is_asked_for_again(
    crm: Salesforce, org: Org, name: str, count: int
) -> None:
    made = org.add_many("Account", [{"Name": f"A{n}"} for n in range(count)])
    org.fault(name, count=1, path="/composite")

    refused = crm.update("Account", {one: {"NumberOfEmployees": 9} for one in made})

    assert refused == {}
    assert org.fired(name) == 1
    assert _employees(org, made[-1]) == 9


def test_a_fault_that_lasts_is_unavailability(
    crm: Salesforce, org: Org, accounts: list[str]
) -> None:
    org.fault("unavailable", path="/composite")

    with pytest.raises(CrmUnavailable):
        crm.update("Account", {accounts[0]: {"NumberOfEmployees": 9}})


def test_a_session_that_ends_during_a_write_is_renewed(
    crm: Salesforce, org: Org, accounts: list[str]
) -> None:
    crm.describe("Account")
    org.fault("session_expired", count=1)

    assert crm.update("Account", {accounts[0]: {"NumberOfEmployees": 9}}) == {}
    assert _employees(org, accounts[0]) == 9


def test_a_record_that_spoils_its_collection_is_found(crm: Salesforce, org: Org) -> None:
    made = org.add_many("Account", [{"Name": f"A{n}"} for n in range(250)])
    org.switch("wrong_json_type_fails_the_request", True)
    changes: dict[str, dict[str, Any]] = {one: {"NumberOfEmployees": 9} for one in made}
    changes[made[7]] = {"NumberOfEmployees": "nine"}

    refused = crm.update("Account", changes)

    assert list(refused) == [made[7]]
    assert refused[made[7]].code == "JSON_PARSER_ERROR"
    assert {_employees(org, one) for one in (made[0], made[8], made[249])} == {9}
    assert _employees(org, made[7]) is None


def test_a_field_our_user_may_not_write_is_named(
    crm: Salesforce, org: Org, accounts: list[str]
) -> None:
    org.fault("field_hidden", object="Account", field="ARR__c")

    try:
        refusals = crm.update("Account", {accounts[0]: {"ARR__c": 9}})
        said = refusals[accounts[0]].message + refusals[accounts[0]].remedy
    except CrmUnknownField as error:
        said = str(error)

    assert "ARR__c" in said
    assert "AX_Sync" in said


def test_a_spent_day_stops_a_write_before_it_is_sent(
    crm: Salesforce, org: Org, accounts: list[str]
) -> None:
    crm.describe("Account")
    org.switch("daily_api_requests", 4)
    crm.describe("Contact")
    before = org.calls()

    with pytest.raises(CrmAllowanceReached, match="allowance"):
        crm.update("Account", {accounts[0]: {"NumberOfEmployees": 9}})
    assert org.calls() == before
    assert _employees(org, accounts[0]) == 0


def test_records_are_read_as_they_stand(crm: Salesforce, org: Org, accounts: list[str]) -> None:
    org.act("delete", "Account", accounts[3])

    found = crm.read("Account", [*accounts, accounts[0], "001000000000001AAA"], ["Name"])

    assert {one: record["Name"] for one, record in found.items()} == {
        accounts[0]: "Account 0",
        accounts[1]: "Account 1",
        accounts[2]: "Account 2",
    }


def test_two_thousand_records_are_read_in_one_call(crm: Salesforce, org: Org) -> None:
    made = org.add_many("Account", [{"Name": f"A{n}"} for n in range(2000)])
    crm.describe("Account")
    before = org.calls()

    assert len(crm.read("Account", made, ["Name"])) == 2000
    assert org.calls() - before == 1
