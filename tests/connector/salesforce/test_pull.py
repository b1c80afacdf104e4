"""Pulls over the wire: every record once, whatever happens on the way."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.base import Deletion, Span
from connector.errors import (
    CrmAllowanceReached,
    CrmRateLimited,
    CrmUnavailable,
    CrmUnknownField,
    CrmUnknownObject,
)
from connector.salesforce import Salesforce
from tests.connector.salesforce.conftest import FULL, Connect, Org, ids_of


def test_a_full_read_holds_every_record_once_over_many_pages(crm: Salesforce, org: Org) -> None:
    made = [org.add("Account", Name=f"Account {n}") for n in range(7)]
    org.switch("page_size", 2)

    pages = list(crm.pull("Account", ["Name"], FULL))

    assert [len(page.records) for page in pages] == [2, 2, 2, 1]
    assert sorted(ids_of(pages)) == sorted(made)
    assert {record["Name"] for page in pages for record in page.records} == {
        f"Account {n}" for n in range(7)
    }
    assert [page.resume is None for page in pages] == [False, False, False, True]


def test_an_empty_object_gives_one_empty_last_page(crm: Salesforce) -> None:
    pages = list(crm.pull("Case", ["Subject"], FULL))

    assert [(page.records, page.deletions, page.resume) for page in pages] == [([], [], None)]


def test_an_increment_holds_what_changed_inside_the_half_open_window(
    crm: Salesforce, org: Org
) -> None:
    noon = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
    before, first, last, after = (org.add("Account", Name=name) for name in "ABCD")
    for account, seconds in ((before, -1), (first, 0), (last, 3599), (after, 3600)):
        org.at_one_instant("Account", [account], noon + timedelta(seconds=seconds))

    pages = list(crm.pull("Account", ["Name"], Span(noon, noon + timedelta(hours=1))))

    assert ids_of(pages) == [first, last]


def test_deletions_and_merges_are_told(crm: Salesforce, org: Org, today: Span) -> None:
    kept, deleted, loser = (org.add("Account", Name=name) for name in ("kept", "gone", "double"))
    org.act("delete", "Account", deleted)
    org.act("merge", "Account", kept, loser=loser)

    increment = list(crm.pull("Account", ["Name"], today))
    full = list(crm.pull("Account", ["Name"], FULL))

    for pages in (increment, full):
        assert ids_of(pages) == [kept]
        gone = {one.record_id: one for page in pages for one in page.deletions}
        assert gone.keys() == {deleted, loser}
        assert gone[deleted].merged_into is None
        assert gone[loser].merged_into == kept
        assert isinstance(gone[deleted], Deletion)
        assert gone[deleted].deleted_at is not None


def test_parents_are_flattened_and_missing_parents_are_none(crm: Salesforce, org: Org) -> None:
    parent = org.add("Account", Name="Parent")
    child = org.add("Account", Name="Child", ParentId=parent)

    (page,) = crm.pull("Account", ["Name", "Parent.Name", "Parent.Owner.Name"], FULL)

    by_id = {record["Id"]: record for record in page.records}
    assert by_id[child]["Parent.Name"] == "Parent"
    assert isinstance(by_id[child]["Parent.Owner.Name"], str)
    assert by_id[parent]["Parent.Name"] is None
    assert by_id[parent]["Parent.Owner.Name"] is None
    assert not {"Parent", "attributes"} & by_id[child].keys()


def test_ties_of_a_thousand_survive_dead_cursors(crm: Salesforce, org: Org, today: Span) -> None:
    made = org.add_many("Account", [{"Name": f"A{n}"} for n in range(1000)])
    org.at_one_instant("Account", made, datetime.now(UTC))
    org.switch("page_size", 300)
    org.fault("dead_cursor", count=2)

    pages = list(crm.pull("Account", ["Name"], today))

    assert org.fired("dead_cursor") == 2
    assert sorted(ids_of(pages)) == sorted(made)


def test_pages_of_a_thousand_are_not_taken_for_the_last(crm: Salesforce, org: Org) -> None:
    made = org.add_many("Contact", [{"LastName": f"C{n}"} for n in range(2400)])
    org.switch("page_size", 1000)

    pages = list(crm.pull("Contact", ["LastName"], FULL))

    assert [len(page.records) for page in pages] == [1000, 1000, 400]
    assert sorted(ids_of(pages)) == sorted(made)


def test_a_session_that_ends_in_the_middle_takes_the_cursor_with_it(
    crm: Salesforce, org: Org
) -> None:
    made = [org.add("Account", Name=f"Account {n}") for n in range(6)]
    org.switch("page_size", 2)
    org.switch("cursor_needs_its_session", True)
    pages = crm.pull("Account", ["Name"], FULL)
    got = [next(pages)]

    org.fault("session_expired", count=1)
    got += pages

    assert org.fired("session_expired") == 1
    assert sorted(ids_of(got)) == sorted(made)


def test_a_pull_goes_on_where_its_last_page_ended(connect: Connect, org: Org) -> None:
    made = sorted(org.add("Account", Name=f"Account {n}") for n in range(5))
    org.switch("page_size", 2)
    first = next(connect().pull("Account", ["Name"], FULL))

    rest = list(connect().pull("Account", ["Name"], FULL, first.resume))

    assert ids_of([first, *rest]) == made
    assert [len(page.records) for page in rest] == [2, 1]


def test_an_increment_goes_on_where_its_last_page_ended(
    connect: Connect, org: Org, today: Span
) -> None:
    made = [org.add("Account", Name=f"Account {n}") for n in range(5)]
    org.at_one_instant("Account", made, datetime.now(UTC))
    org.switch("page_size", 2)
    first = next(connect().pull("Account", ["Name"], today))

    rest = list(connect().pull("Account", ["Name"], today, first.resume))

    assert ids_of([first, *rest]) == sorted(made)


@pytest.mark.parametrize(
    "fault",
    [
        {"name": "unavailable"},
        {"name": "cut_before"},
        {"name": "cut_after"},
        {"name": "malformed_json"},
        {"name": "html"},
        {"name": "request_limit", "text": "concurrent"},
        {"name": "status", "status": 502},
        {
            "name": "status",
            "status": 500,
            "body": '[{"errorCode":"UNKNOWN_EXCEPTION","message":"ErrorId: 7-1"}]',
        },
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values())[:24],
)
def test_a_passing_fault_costs_nothing_but_a_call(
    crm: Salesforce, org: Org, fault: dict[str, object]
) -> None:
    made = sorted(org.add("Account", Name=f"Account {n}") for n in range(5))
    org.switch("page_size", 2)
    pages = crm.pull("Account", ["Name"], FULL)
    got = [next(pages)]

    org.fault(str(fault["name"]), count=2, path="/query", **_without_name(fault))
    got += pages

    assert org.fired(str(fault["name"])) == 2
    assert ids_of(got) == made


@pytest.mark.parametrize("name", ["unavailable", "malformed_json", "html", "cut_after"])
def test_a_lasting_fault_ends_in_one_clear_sentence(crm: Salesforce, org: Org, name: str) -> None:
    crm.describe("Account")
    org.fault(name)

    with pytest.raises(CrmUnavailable) as caught:
        list(crm.pull("Account", ["Name"], FULL))

    assert str(caught.value).endswith(".")
    assert "<" not in str(caught.value)


def test_an_address_too_long_for_a_proxy_is_posted(crm: Salesforce, org: Org) -> None:
    made = org.add("Account", Name="Acme")
    crm.describe("Account")
    page = "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>"
    org.fault("status", status=414, body=page, content_type="text/html", path="/queryAll")

    assert ids_of(list(crm.pull("Account", ["Name"], FULL))) == [made]


def test_a_select_list_longer_than_an_address_is_posted(crm: Salesforce, org: Org) -> None:
    made = org.add("Account", Name="Acme")
    names = [name for name, info in crm.describe("Account").items() if info.type != "other"]
    fields = [f"{'Parent.' * level}{name}" for level in range(6) for name in names]

    (page,) = crm.pull("Account", fields, FULL)

    assert sum(len(name) + 3 for name in fields) > 8_000
    assert [record["Id"] for record in page.records] == [made]
    assert page.records[0].keys() >= set(fields)
    assert org.world.stats.snapshot()["salesforce"]["paths"] == {
        "GET /services/data/vN/sobjects/Account/describe": 1,
        "POST /services/data/vN/composite": 1,
    }


def test_a_query_that_takes_too_long_is_asked_in_parts(
    crm: Salesforce, org: Org, today: Span
) -> None:
    made = sorted(org.add("Account", Name=f"Account {n}") for n in range(3))
    org.fault("query_timeout", count=5)

    assert sorted(ids_of(list(crm.pull("Account", ["Name"], today)))) == made
    org.fault("query_timeout", count=2)
    assert sorted(ids_of(list(crm.pull("Account", ["Name"], FULL)))) == made
    assert org.fired("query_timeout") == 7


def test_the_end_of_the_days_calls_stops_the_pull(crm: Salesforce, org: Org) -> None:
    crm.describe("Account")
    org.fault("request_limit", text="total")

    with pytest.raises(CrmAllowanceReached, match="for the day"):
        list(crm.pull("Account", ["Name"], FULL))
    assert org.fired("request_limit") == 1  # not tried again


def test_calls_that_stay_too_many_at_once_are_rate_limiting(crm: Salesforce, org: Org) -> None:
    crm.describe("Account")
    org.fault("request_limit", text="concurrent")

    with pytest.raises(CrmRateLimited):
        list(crm.pull("Account", ["Name"], FULL))
    assert org.fired("request_limit") == 4


def test_a_hidden_field_is_named(crm: Salesforce, org: Org) -> None:
    crm.describe("Account")
    org.fault("field_hidden", object="Account", field="ARR__c")

    with pytest.raises(CrmUnknownField, match=r"ARR__c on Account.*AX_Sync"):
        list(crm.pull("Account", ["Name", "ARR__c"], FULL))


def test_an_object_that_is_not_there_is_named(crm: Salesforce) -> None:
    with pytest.raises(CrmUnknownObject, match="Survey__c"):
        list(crm.pull("Survey__c", ["Name"], FULL))


def test_pages_asked_for_ahead_save_calls(crm: Salesforce, org: Org, today: Span) -> None:
    account = org.add("Account", Name="Acme")
    contact = org.add("Contact", LastName="Doe", AccountId=account)
    pulls = [
        (kind, fields, today)
        for kind, fields in (
            ("Account", ["Name"]),
            ("Contact", ["LastName"]),
            ("Case", ["Subject"]),
            ("Task", ["Subject"]),
            ("Nowhere__c", ["Name"]),
        )
    ]

    crm.fetch_ahead(pulls)
    calls = org.calls()
    got = {kind: ids_of(list(crm.pull(kind, fields, span))) for kind, fields, span in pulls[:4]}

    assert calls == 2  # one for the describes, one for the queries
    assert org.calls() == calls
    assert got == {"Account": [account], "Contact": [contact], "Case": [], "Task": []}


def _without_name(fault: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in fault.items() if key != "name"}
