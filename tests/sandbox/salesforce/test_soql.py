"""SOQL over the wire: what it selects, how it refuses, how it pages."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql.parser import parse
from sandbox.salesforce.soql.periods import days_of
from sandbox.server import Server
from sandbox.world import World
from tests.sandbox.salesforce.conftest import Api, code_of, person


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An org for tests that only read."""
    world = World(tmp_path_factory.mktemp("soql") / "world.sqlite")
    with Server(world) as server:
        api = Api(server, world)
        yield api
        api.session.close()
    world.release()


@pytest.fixture(scope="module")
def acme(read: Api) -> dict[str, str]:
    """Two accounts; Acme has a parent, three people and two deals."""
    api = read
    top = api.create("Account", Name="Top", AnnualRevenue=500)
    acme = api.create(
        "Account", Name="Acme", ParentId=top, ARR__c=1000, BillingCity="Bern", Type="Customer"
    )
    for first, last in (("Ada", "Zuse"), ("Bob", "Young"), ("Cy", "Xu")):
        api.create("Contact", FirstName=first, LastName=last, AccountId=acme)
    for stage, amount in (("Closed Won", 100), ("Prospecting", 40)):
        api.create(
            "Opportunity",
            Name=stage,
            StageName=stage,
            CloseDate="2026-01-31",
            Amount=amount,
            AccountId=acme,
        )
    return {"top": top, "acme": acme}


def test_parents_children_and_compounds(read: Api, acme: dict[str, str]) -> None:
    text = (
        "select id, NAME, Owner.Name, Parent.Name, Parent.ParentId, BillingAddress, "
        "(SELECT LastName, Account.Name FROM Contacts ORDER BY LastName LIMIT 2), "
        "(SELECT Id FROM Cases) FROM account WHERE Name = 'ACME'"
    )
    page = read.query(text)
    record = page["records"][0]
    assert (page["totalSize"], page["done"]) == (1, True)
    assert record["attributes"] == {
        "type": "Account",
        "url": f"/services/data/v59.0/sobjects/Account/{acme['acme']}",
    }
    assert record["Name"] == "Acme"
    assert record["Owner"]["Name"] == "Integration User"
    assert record["Parent"]["Name"] == "Top"
    assert record["Parent"]["ParentId"] is None
    assert record["BillingAddress"]["city"] == "Bern"
    assert record["Cases"] is None
    people = record["Contacts"]
    assert (people["totalSize"], people["done"]) == (2, True)
    assert [p["LastName"] for p in people["records"]] == ["Xu", "Young"]
    assert people["records"][0]["Account"]["Name"] == "Acme"
    assert read.rows("SELECT Parent.Name FROM Account WHERE Name = 'Top'") == [{"Parent": None}]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("Name LIKE 'a%'", ["Acme"]),
        ("Name != 'Acme'", ["Top"]),
        ("ARR__c > 999.5", ["Acme"]),
        ("ARR__c = null", ["Top"]),
        ("Type != 'Customer'", ["Top"]),
        ("NOT Type = 'Customer'", ["Top"]),
        ("Name IN ('Acme', 'x')", ["Acme"]),
        ("Type NOT IN ('Customer')", ["Top"]),
        ("(Name = 'Acme' OR Name = 'Top') AND ParentId = null", ["Top"]),
        ("Parent.Name = 'Top'", ["Acme"]),
        ("CreatedDate = TODAY", ["Acme", "Top"]),
        ("CreatedDate < LAST_N_DAYS:3", []),
        ("SystemModstamp >= 2020-01-01T00:00:00.000000Z", ["Acme", "Top"]),
        ("SystemModstamp >= 2020-01-01T00:00:00+00:00", ["Acme", "Top"]),
        ("SystemModstamp < 2020-01-01T01:00:00+0100", []),
        ("IsDeleted = false", ["Acme", "Top"]),
        ("Id IN (SELECT AccountId FROM Opportunity WHERE IsWon = true)", ["Acme"]),
        ("Id NOT IN (SELECT AccountId FROM Contact)", ["Top"]),
        ("Name LIKE 'A\\_%'", []),
    ],
)
def test_conditions(read: Api, acme: dict[str, str], where: str, expected: list[str]) -> None:
    rows = read.rows(f"SELECT Name FROM Account WHERE {where} ORDER BY Name")
    assert [row["Name"] for row in rows] == expected


def test_ids_of_fifteen_characters_find_their_record(read: Api, acme: dict[str, str]) -> None:
    assert read.rows(f"SELECT Name FROM Account WHERE Id = '{acme['acme'][:15]}'") == [
        {"Name": "Acme"}
    ]


def test_order_limit_and_offset(read: Api, acme: dict[str, str]) -> None:
    names = "SELECT Name FROM Account ORDER BY"
    assert [r["Name"] for r in read.rows(f"{names} ARR__c, Id")] == ["Top", "Acme"]
    assert [r["Name"] for r in read.rows(f"{names} ARR__c DESC NULLS FIRST")] == ["Top", "Acme"]
    assert [r["Name"] for r in read.rows(f"{names} Name LIMIT 1 OFFSET 1")] == ["Top"]
    refused = read.query(f"{names} Name LIMIT 1 OFFSET 2001", 400)
    assert code_of(refused) == "NUMBER_OUTSIDE_VALID_RANGE"


def test_aggregates(read: Api, acme: dict[str, str]) -> None:
    assert read.query("select count() from Contact") == {
        "totalSize": 3,
        "done": True,
        "records": [],
    }
    counted = read.query("SELECT COUNT(Id) FROM Contact")["records"]
    assert counted == [{"attributes": {"type": "AggregateResult"}, "expr0": 3}]
    grouped = read.rows(
        "SELECT StageName, SUM(Amount) s, COUNT_DISTINCT(AccountId) FROM Opportunity "
        "GROUP BY StageName HAVING SUM(Amount) > 50"
    )
    assert grouped == [{"StageName": "Closed Won", "s": 100.0, "expr0": 1}]
    by_year = read.rows(
        "SELECT CALENDAR_YEAR(CloseDate) y, MAX(Amount) m FROM Opportunity "
        "GROUP BY CALENDAR_YEAR(CloseDate)"
    )
    assert by_year == [{"y": 2026, "m": 100.0}]
    refused = read.query("SELECT Name, COUNT(Id) FROM Account GROUP BY Type", 400)
    assert code_of(refused) == "MALFORMED_QUERY"


def test_polymorphic_parents(read: Api, acme: dict[str, str]) -> None:
    read.create("Task", Subject="T", WhatId=acme["acme"])
    text = (
        "SELECT What.Name, What.Type, TYPEOF What WHEN Account THEN Phone, Website "
        "ELSE Name END FROM Task WHERE What.Type = 'Account'"
    )
    record = read.query(text)["records"][0]
    assert record["What"]["attributes"]["type"] == "Account"
    assert record["What"]["Website"] is None
    row = read.rows("SELECT What.Name, What.Type, Owner.Email FROM Task")[0]
    assert (row["What"]["Name"], row["What"]["Type"]) == ("Acme", "Account")


def test_multipicklists(read: Api, acme: dict[str, str]) -> None:
    relation = read.rows("SELECT Id FROM AccountContactRelation ORDER BY Id")[0]["Id"]
    read.patch(
        f"/sobjects/AccountContactRelation/{relation}", {"Roles": "Decision Maker;Evaluator"}, 204
    )
    count = "SELECT COUNT() FROM AccountContactRelation WHERE Roles"
    assert read.query(f"{count} INCLUDES ('Evaluator')")["totalSize"] == 1
    assert read.query(f"{count} INCLUDES ('Evaluator;Other', 'Decision Maker')")["totalSize"] == 1
    assert read.query(f"{count} INCLUDES ('Evaluator;Other')")["totalSize"] == 0
    assert read.query(f"{count} EXCLUDES ('Evaluator')")["totalSize"] == 2


def test_fields_functions(read: Api, acme: dict[str, str]) -> None:
    row = read.rows("SELECT FIELDS(ALL) FROM Account WHERE Name = 'Acme' LIMIT 200")[0]
    assert row["ARR__c"] == 1000.0
    custom = read.rows("SELECT FIELDS(CUSTOM) FROM Account LIMIT 1")[0]
    assert all(name.endswith("__c") for name in custom)
    assert code_of(read.query("SELECT FIELDS(ALL) FROM Account", 400)) == "MALFORMED_QUERY"
    assert read.rows("SELECT toLabel(Type), FORMAT(ARR__c) a FROM Account WHERE ARR__c > 0") == [
        {"Type": "Customer", "a": "1,000.00"}
    ]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("SELECT Id FORM Account", "MALFORMED_QUERY", "unexpected token: 'Account'"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY", "<EOF>"),
        ("SELECT Id FROM Account WHERE a = 1 AND b = 2 OR c = 3", "MALFORMED_QUERY", "'OR'"),
        ("SELECT Nope FROM Account", "INVALID_FIELD", "ERROR at Row:1:Column:8\nNo such column"),
        ("SELECT Nope.Id FROM Account", "INVALID_FIELD", "Didn't understand relationship"),
        ("SELECT Id FROM Xyzzy", "INVALID_TYPE", "sObject type 'Xyzzy' is not supported"),
        ("SELECT Id, Id FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Id FROM Account WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Id FROM Account ORDER BY Description", "INVALID_FIELD", "can not be sorted"),
        ("SELECT Id FROM Account WHERE ARR__c = 'x'", "INVALID_FIELD", "must be of type currency"),
        (
            "SELECT Id FROM Account WHERE CreatedDate > 2024-01-01",
            "INVALID_FIELD",
            "must be of type dateTime",
        ),
        ("SELECT Id FROM Account WHERE X = 2024-01-01 00:00:00", "MALFORMED_QUERY", "'00'"),
        ("SELECT Id, (SELECT Id FROM Foos) FROM Account", "INVALID_TYPE", "relationship 'Foos'"),
        ("SELECT Id FROM Account FOR UPDATE", "MALFORMED_QUERY", "UPDATE"),
        ("SELECT COUNT(Id) FROM Account LIMIT 1", "MALFORMED_QUERY", "LIMIT"),
    ],
)
def test_refusals(read: Api, text: str, code: str, said: str) -> None:
    refused = read.query(text, 400)
    assert code_of(refused) == code
    assert said in refused[0]["message"]


def test_paging_by_locator(api: Api) -> None:
    _accounts(api, 450)
    first = api.query("SELECT Id FROM Account", batch=200)
    assert (first["totalSize"], first["done"], len(first["records"])) == (450, False, 200)
    locator = first["nextRecordsUrl"]
    assert locator.startswith("/services/data/v59.0/query/01g")
    assert locator.endswith("-200")
    second = api.get(locator.replace("/query/", "/queryAll/"))
    third = api.get(second["nextRecordsUrl"])
    assert (third["done"], len(third["records"])) == (True, 50)
    assert "nextRecordsUrl" not in third
    ids = [r["Id"] for page in (first, second, third) for r in page["records"]]
    assert len(set(ids)) == 450
    refused = api.query("SELECT Id FROM Account", 400, batch=1)
    assert code_of(refused) == "INVALID_BATCH_SIZE"


def test_cursors_die(api: Api) -> None:
    _accounts(api, 201)
    page = api.query("SELECT Id FROM Account", batch=200)
    api.world.faults.arm({"name": "dead_cursor", "crm": "salesforce", "count": 1})
    assert code_of(api.get(page["nextRecordsUrl"], 400)) == "INVALID_QUERY_LOCATOR"
    assert api.get(page["nextRecordsUrl"])["done"] is True
    api.world.switches["salesforce.session_seconds"] = 10**9
    api.world.clock.advance(3 * 86_400)
    assert code_of(api.get(page["nextRecordsUrl"], 400)) == "INVALID_QUERY_LOCATOR"
    assert code_of(api.get("/query/01g000000000000AAA-9", 400)) == "INVALID_QUERY_LOCATOR"


def test_pages_may_be_shorter_than_asked(api: Api) -> None:
    _accounts(api, 201)
    api.world.switches["salesforce.page_size"] = 100
    assert len(api.query("SELECT Id FROM Account")["records"]) == 100


def test_children_count_towards_the_page_and_have_pages_of_their_own(api: Api) -> None:
    accounts = _accounts(api, 3)
    for account in accounts[:2]:
        people = [
            {"attributes": {"type": "Contact"}, "LastName": f"P{n:03}", "AccountId": account}
            for n in range(150)
        ]
        api.post("/composite/sobjects", {"records": people})
    text = "SELECT Id, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account ORDER BY Id"
    first = api.query(text, batch=200)
    assert (len(first["records"]), first["done"], first["totalSize"]) == (1, False, 3)
    rest = api.get(first["nextRecordsUrl"])
    assert (len(rest["records"]), rest["done"]) == (2, True)
    more = [
        {"attributes": {"type": "Contact"}, "LastName": f"Q{n:03}", "AccountId": accounts[0]}
        for n in range(100)
    ]
    api.post("/composite/sobjects", {"records": more})
    nested = api.query(text, batch=200)["records"][0]["Contacts"]
    assert (nested["totalSize"], nested["done"], len(nested["records"])) == (250, False, 200)
    tail = api.get(nested["nextRecordsUrl"])
    assert [r["LastName"] for r in tail["records"]] == [f"Q{n:03}" for n in range(50, 100)]


def test_query_all_shows_deleted_rows_and_archived_tasks(api: Api) -> None:
    gone = api.create("Account", Name="Gone")
    api.delete(f"/sobjects/Account/{gone}")
    old = person(
        api.world, "create", "Task", Subject="old", Status="Completed", ActivityDate="2020-01-01"
    )
    assert api.rows("SELECT Id FROM Account") == []
    assert api.rows("SELECT Id, IsDeleted FROM Account", "/queryAll") == [
        {"Id": gone, "IsDeleted": True}
    ]
    assert api.rows("SELECT Id FROM Task") == []
    assert api.rows("SELECT Id, IsArchived FROM Task", "/queryAll") == [
        {"Id": old["Id"], "IsArchived": True}
    ]


def test_formulas_change_without_a_modification(api: Api) -> None:
    today = api.world.clock.now().date()
    account = api.create("Account", Name="A", Renewal_Date__c=str(today))
    text = f"SELECT Days_To_Renewal__c, SystemModstamp FROM Account WHERE Id = '{account}'"
    before = api.rows(text)[0]
    api.world.switches["salesforce.session_seconds"] = 10**9
    api.world.clock.advance(86_400)
    after = api.rows(text)[0]
    assert (before["Days_To_Renewal__c"], after["Days_To_Renewal__c"]) == (0.0, -1.0)
    assert before["SystemModstamp"] == after["SystemModstamp"]


def test_query_timeout_fault(api: Api) -> None:
    api.world.faults.arm(
        {"name": "query_timeout", "crm": "salesforce", "count": 1, "object": "Task"}
    )
    api.query("SELECT Id FROM Account")
    assert code_of(api.query("SELECT Id FROM Task", 400)) == "QUERY_TIMEOUT"
    api.query("SELECT Id FROM Task")


@pytest.mark.parametrize(
    ("literal", "first", "beyond"),
    [
        ("TODAY", "2026-11-22", "2026-11-23"),
        ("LAST_N_DAYS:30", "2026-10-23", "2026-11-23"),
        ("NEXT_N_DAYS:7", "2026-11-23", "2026-11-30"),
        ("N_DAYS_AGO:3", "2026-11-19", "2026-11-20"),
        ("THIS_WEEK", "2026-11-22", "2026-11-29"),
        ("LAST_MONTH", "2026-10-01", "2026-11-01"),
        ("THIS_QUARTER", "2026-10-01", "2027-01-01"),
        ("LAST_N_MONTHS:6", "2026-05-01", "2026-11-01"),
        ("NEXT_YEAR", "2027-01-01", "2028-01-01"),
        ("LAST_90_DAYS", "2026-08-24", "2026-11-23"),
    ],
)
def test_date_literals(literal: str, first: str, beyond: str) -> None:
    found = days_of(literal, date(2026, 11, 22))  # a Sunday
    assert [str(day) for day in found] == [first, beyond]


def test_unknown_date_literals_are_refused() -> None:
    with pytest.raises(ApiError, match="unexpected token"):
        days_of("SOMEDAY", datetime.now(UTC).date())


def test_object_names_that_are_keywords_parse() -> None:
    assert str(parse("SELECT Id FROM Group").source) == "Group"
    assert str(parse("SELECT Id FROM Order ORDER BY Id").source) == "Order"


def _accounts(api: Api, count: int) -> list[str]:
    made: list[Any] = []
    for start in range(0, count, 200):
        records = [
            {"attributes": {"type": "Account"}, "Name": f"A{n:04}"}
            for n in range(start, min(count, start + 200))
        ]
        made += api.post("/composite/sobjects", {"records": records})
    return [result["id"] for result in made]
