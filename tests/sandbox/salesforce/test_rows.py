"""Single records, collections, feeds: writing with all its checks and consequences."""

from datetime import timedelta
from typing import Any

import pytest

from sandbox.salesforce.customfields import create as create_field
from sandbox.salesforce.founding import org_of
from tests.sandbox.salesforce.conftest import Api, code_of, person


@pytest.fixture
def key(api: Api) -> str:
    """A unique external id on Task, granted to the caller."""
    make_field(api, "Activity.LK_Key__c", type="Text", length=80, externalId=True, unique=True)
    return "LK_Key__c"


def make_field(api: Api, full_name: str, **metadata: Any) -> None:
    """A custom field that the integration user may use."""
    create_field(org_of(api.world), full_name, {"label": full_name, **metadata})
    target, _, name = full_name.partition(".")
    target = "Task" if target == "Activity" else target
    found = api.rows("SELECT Id FROM PermissionSet WHERE Name = 'T'")
    if found:
        granted = found[0]["Id"]
    else:
        granted = api.create("PermissionSet", Name="T", Label="T")
        api.create(
            "PermissionSetAssignment",
            PermissionSetId=granted,
            AssigneeId=api.world.salesforce.user_id,
        )
    api.create(
        "FieldPermissions",
        ParentId=granted,
        SobjectType=target,
        Field=f"{target}.{name}",
        PermissionsRead=True,
        PermissionsEdit=True,
    )


def test_create_read_update_delete(api: Api) -> None:
    made = api.send("POST", "/sobjects/Account/", json={"Name": "A", "ARR__c": 12.345})
    record_id = made.json()["id"]
    assert made.json() == {"id": record_id, "success": True, "errors": []}
    assert made.headers["Location"] == f"/services/data/v59.0/sobjects/Account/{record_id}"
    read = api.get(f"/sobjects/Account/{record_id[:15]}?fields=Id,ARR__c")
    assert (read["Id"], read["ARR__c"]) == (record_id, 12.35)
    assert len(api.get(f"/sobjects/Account/{record_id}")) > 40
    assert api.patch(f"/sobjects/Account/{record_id}", {"Name": "B", "ARR__c": None}, 204) is None
    assert api.get(f"/sobjects/Account/{record_id}?fields=ARR__c")["ARR__c"] is None
    assert api.get(f"/sobjects/Account/{record_id}/Owner?fields=Name")["Name"]
    api.send("POST", f"/sobjects/Account/{record_id}?_HttpMethod=PATCH", json={"Name": "C"})
    assert api.get(f"/sobjects/Account/{record_id}?fields=Name")["Name"] == "C"
    api.delete(f"/sobjects/Account/{record_id}")
    assert code_of(api.get(f"/sobjects/Account/{record_id}", 404)) == "ENTITY_IS_DELETED"
    assert code_of(api.delete(f"/sobjects/Account/{record_id}", 404)) == "ENTITY_IS_DELETED"
    assert code_of(api.get("/sobjects/Account/001000000000000AAA", 404)) == "NOT_FOUND"
    unknown = api.patch("/sobjects/Account/001000000000000AAA", {"Name": "x"}, 404)
    assert code_of(unknown) == "INVALID_CROSS_REFERENCE_KEY"


@pytest.mark.parametrize(
    ("kind", "fields", "code", "said"),
    [
        ("Account", {}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]"),
        ("Account", {"Name": "x" * 256}, "STRING_TOO_LONG", "(max length=255)"),
        ("Account", {"Name": "x", "Foo": 1}, "INVALID_FIELD", "No such column 'Foo' on sobject"),
        (
            "Account",
            {"Name": "x", "SystemModstamp": "2024-01-01T00:00:00Z"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "SystemModstamp",
        ),
        ("Account", {"Name": "x", "ARR__c": 1e17}, "NUMBER_OUTSIDE_VALID_RANGE", "1e+17"),
        ("Account", {"Name": "x", "ARR__c": "many"}, "JSON_PARSER_ERROR", "Cannot deserialize"),
        ("Account", {"Name": "x", "ParentId": "1"}, "MALFORMED_ID", "id value of incorrect type"),
        (
            "Account",
            {"Name": "x", "ParentId": "001000000000000AAA"},
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
        ),
        (
            "Contact",
            {"LastName": "x", "DMU_Level__c": "Boss"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Boss",
        ),
        ("Contact", {"LastName": "x", "Email": "a@b"}, "INVALID_EMAIL_ADDRESS", "a@b"),
        (
            "Opportunity",
            {"Name": "x", "CloseDate": "2026-01-31", "StageName": "Nope"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Nope",
        ),
        ("Event", {"Subject": "x"}, "REQUIRED_FIELD_MISSING", "StartDateTime"),
        ("TaskStatus", {"MasterLabel": "x"}, "INSUFFICIENT_ACCESS_OR_READONLY", ""),
    ],
)
def test_what_is_refused(api: Api, kind: str, fields: dict[str, Any], code: str, said: str) -> None:
    refused = api.send("POST", f"/sobjects/{kind}", json=fields)
    assert refused.status_code in (400, 403)
    assert code_of(refused.json()) == code
    assert said in refused.json()[0]["message"]


def test_inactive_owners_and_deleted_parents_are_refused(api: Api) -> None:
    users = {
        "Username": "b@x.example",
        "LastName": "B",
        "Email": "b@x.example",
        "Alias": "b",
        "ProfileId": api.rows("SELECT Id FROM Profile")[0]["Id"],
    }
    gone = api.create("User", **users, IsActive=False)
    refused = api.post("/sobjects/Account", {"Name": "x", "OwnerId": gone}, 400)
    assert code_of(refused) == "INACTIVE_OWNER_OR_USER"
    parent = api.create("Account", Name="P")
    api.delete(f"/sobjects/Account/{parent}")
    refused = api.post("/sobjects/Account", {"Name": "x", "ParentId": parent}, 400)
    assert code_of(refused) == "ENTITY_IS_DELETED"


def test_hierarchies_have_no_circles(api: Api) -> None:
    top = api.create("Account", Name="Top")
    below = api.create("Account", Name="Below", ParentId=top)
    refused = api.patch(f"/sobjects/Account/{top}", {"ParentId": below}, 400)
    assert code_of(refused) == "FIELD_INTEGRITY_EXCEPTION"


def test_what_follows_from_a_task(api: Api) -> None:
    account = api.create("Account", Name="A")
    deal = api.create(
        "Opportunity",
        Name="D",
        StageName="Closed Won",
        CloseDate="2026-01-31",
        AccountId=account,
    )
    contact = api.create("Contact", LastName="P", AccountId=account)
    task = api.create("Task", Subject="S", WhatId=deal)
    by_person = api.create("Task", Subject="S", WhoId=contact)
    names = "AccountId,Status,Priority,IsClosed,CompletedDateTime,OwnerId"
    row = api.get(f"/sobjects/Task/{task}?fields={names}")
    assert (row["AccountId"], row["Status"], row["Priority"]) == (account, "Not Started", "Normal")
    assert row["OwnerId"] == api.world.salesforce.user_id
    assert api.get(f"/sobjects/Task/{by_person}?fields=AccountId")["AccountId"] == account
    api.patch(f"/sobjects/Task/{task}", {"Status": "Completed"}, 204)
    row = api.get(f"/sobjects/Task/{task}?fields={names}")
    assert row["IsClosed"] is True
    assert row["CompletedDateTime"] is not None
    api.patch(f"/sobjects/Task/{task}", {"Status": "In Progress"}, 204)
    assert api.get(f"/sobjects/Task/{task}?fields={names}")["CompletedDateTime"] is None
    refused = api.patch(f"/sobjects/Task/{task}", {"AccountId": account}, 400)
    assert code_of(refused) == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_what_follows_from_a_stage_and_from_line_items(api: Api) -> None:
    deal = api.create(
        "Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-01-31", Amount=10
    )
    names = "IsClosed,IsWon,Probability,ExpectedRevenue,FiscalQuarter,Amount"
    row = api.get(f"/sobjects/Opportunity/{deal}?fields={names}")
    assert (row["IsClosed"], row["Probability"], row["ExpectedRevenue"]) == (False, 10.0, 1.0)
    assert row["FiscalQuarter"] == 1
    api.patch(f"/sobjects/Opportunity/{deal}", {"StageName": "Closed Won"}, 204)
    row = api.get(f"/sobjects/Opportunity/{deal}?fields={names}")
    assert (row["IsClosed"], row["IsWon"], row["Probability"]) == (True, True, 100.0)
    product = api.create("Product2", Name="P")
    line = {"OpportunityId": deal, "Product2Id": product, "Quantity": 2, "UnitPrice": 30}
    api.create("OpportunityLineItem", **line)
    api.patch(f"/sobjects/Opportunity/{deal}", {"Amount": 1}, 204)
    assert api.get(f"/sobjects/Opportunity/{deal}?fields={names}")["Amount"] == 60.0


def test_contacts_have_one_direct_relation(api: Api) -> None:
    first, second = api.create("Account", Name="1"), api.create("Account", Name="2")
    contact = api.create("Contact", LastName="P", AccountId=first)
    text = "SELECT AccountId, IsDirect FROM AccountContactRelation"
    assert api.rows(text) == [{"AccountId": first, "IsDirect": True}]
    api.patch(f"/sobjects/Contact/{contact}", {"AccountId": second}, 204)
    assert api.rows(text) == [{"AccountId": second, "IsDirect": True}]
    twin = {"AccountId": second, "ContactId": contact}
    refused = api.post("/sobjects/AccountContactRelation", twin, 400)
    assert code_of(refused) == "DUPLICATE_VALUE"


def test_upsert_by_external_id(api: Api, key: str) -> None:
    path = f"/sobjects/Task/{key}/lk%3Aa%2Fb"
    assert api.get(path, 404)[0]["errorCode"] == "NOT_FOUND"
    api.patch(f"{path}?updateOnly=true", {"Subject": "no"}, 404)
    made = api.patch(path, {"Subject": "one"}, 201)
    assert (made["created"], made["success"]) == (True, True)
    again = api.patch(path, {"Subject": "two"}, 200)
    assert again == {"id": made["id"], "success": True, "errors": [], "created": False}
    assert api.get(path)["LK_Key__c"] == "lk:a/b"
    assert code_of(api.patch(path, {key: "x"}, 400)) == "INVALID_FIELD"
    twin = api.post("/sobjects/Task", {"Subject": "x", key: "lk:a/b"}, 400)
    assert code_of(twin) == "DUPLICATE_VALUE"
    assert made["id"][:15] in twin[0]["message"]
    api.version = "45.0"
    assert api.patch(path, {"Subject": "three"}, 204) is None
    api.version = "59.0"
    api.delete(path)
    assert api.patch(path, {"Subject": "anew"}, 201)["id"] != made["id"]
    unknown = api.patch("/sobjects/Task/Foo__c/1", {"Subject": "x"}, 404)
    assert unknown[0]["message"].startswith("Provided external ID field does not exist")


def test_several_matches_are_listed(api: Api) -> None:
    make_field(api, "Account.Code__c", type="Text", length=20, externalId=True)
    both = [api.create("Account", Name=n, Code__c="7") for n in "ab"]
    found = api.patch("/sobjects/Account/Code__c/7", {"Name": "c"}, 300)
    assert found == [f"/services/data/v59.0/sobjects/Account/{one}" for one in both]


def test_parents_by_external_id(api: Api) -> None:
    make_field(api, "Account.Code__c", type="Text", length=20, externalId=True, unique=True)
    parent = api.create("Account", Name="P", Code__c="A-17")
    contact = api.create("Contact", LastName="C", Account={"Code__c": "A-17"})
    assert api.get(f"/sobjects/Contact/{contact}?fields=AccountId")["AccountId"] == parent
    refused = api.post("/sobjects/Contact", {"LastName": "C", "Account": {"Code__c": "x"}}, 400)
    assert "Foreign key external ID: x not found" in refused[0]["message"]


def test_collections_keep_order_and_fail_one_by_one(api: Api) -> None:
    first, second = api.create("Account", Name="1"), api.create("Account", Name="2")
    records = [
        {"attributes": {"type": "Account"}, "id": first, "ARR__c": 1},
        {"attributes": {"type": "Account"}, "id": second, "Name": "x" * 300},
        {"attributes": {"type": "Account"}, "Id": second[:15], "ARR__c": 2},
    ]
    results = api.patch("/composite/sobjects", {"records": records})
    assert [r["success"] for r in results] == [True, False, True]
    assert results[0] == {"id": first, "success": True, "errors": []}
    error = results[1]["errors"][0]
    assert (error["statusCode"], error["fields"]) == ("STRING_TOO_LONG", ["Name"])
    together = api.patch("/composite/sobjects", {"records": records, "allOrNone": True})
    codes = [r["errors"][0]["statusCode"] for r in together]
    undone = "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert codes == [undone, "STRING_TOO_LONG", undone]
    read = api.get(f"/composite/sobjects/Account?ids={second},001000000000000AAA&fields=ARR__c")
    assert (read[0]["ARR__c"], read[1]) == (2.0, None)
    listed = api.post("/composite/sobjects/Account", {"ids": [first], "fields": ["Id", "Name"]})
    assert listed[0]["Name"] == "1"
    gone = api.delete(f"/composite/sobjects?ids={first},{second}&allOrNone=false", 200)
    assert [r["id"] for r in gone] == [first, second]


def test_collection_limits(api: Api) -> None:
    def records(count: int) -> list[dict[str, Any]]:
        kinds = ("Account", "Contact")
        return [{"attributes": {"type": kinds[n % 2]}, "LastName": "x"} for n in range(count)]

    assert code_of(api.post("/composite/sobjects", {"records": records(201)}, 400)) == (
        "EXCEEDED_ID_LIMIT"
    )
    assert code_of(api.post("/composite/sobjects", {"records": records(12)}, 400)) == (
        "LIMIT_EXCEEDED"
    )
    assert api.post("/composite/sobjects", {"records": [{"Name": "x"}]}, 400)


def test_collection_upsert(api: Api, key: str) -> None:
    def record(value: Any, subject: str) -> dict[str, Any]:
        return {"attributes": {"type": "Task"}, key: value, "Subject": subject}

    path = f"/composite/sobjects/Task/{key}"
    first = api.patch(path, {"records": [record("a", "1"), record("b", "1")]})
    assert [r["created"] for r in first] == [True, True]
    mixed = api.patch(path, {"records": [record("a", "2"), record("c", "2"), record("c", "3")]})
    assert [r["success"] for r in mixed] == [True, False, False]
    assert mixed[0]["created"] is False
    assert mixed[1]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    by_id = [{"attributes": {"type": "Account"}, "Id": None, "Name": "new"}]
    made = api.patch("/composite/sobjects/Account/Id", {"records": by_id})
    assert made[0]["created"] is True


def test_locks_rules_and_partial_failures_on_demand(api: Api) -> None:
    ids = [api.create("Account", Name=n) for n in "abcd"]
    faults = api.world.faults

    def update(**fields: Any) -> list[str]:
        records = [{"attributes": {"type": "Account"}, "id": one, **fields} for one in ids]
        results = api.patch("/composite/sobjects", {"records": records})
        return [r["errors"][0]["statusCode"] if r["errors"] else "" for r in results]

    faults.arm({"name": "row_lock", "crm": "salesforce", "count": 1, "record_id": ids[2]})
    assert update(ARR__c=1) == ["", "", "UNABLE_TO_LOCK_ROW", ""]
    assert update(ARR__c=1) == ["", "", "", ""]
    faults.arm({"name": "partial_batch", "crm": "salesforce", "count": 1, "share": 0.5})
    assert update(ARR__c=2) == ["UNABLE_TO_LOCK_ROW", "", "UNABLE_TO_LOCK_ROW", ""]
    faults.arm(
        {
            "name": "validation_rule",
            "crm": "salesforce",
            "object": "Account",
            "field": "ARR__c",
            "message": "Ask finance first",
        }
    )
    assert update(ARR__c=3) == ["FIELD_CUSTOM_VALIDATION_EXCEPTION"] * 4
    assert update(Name="z") == ["", "", "", ""]


def test_expired_sessions_and_limits_on_demand(api: Api) -> None:
    faults = api.world.faults
    faults.arm({"name": "request_limit", "crm": "salesforce", "count": 1, "text": "concurrent"})
    assert api.get("/limits", 403)[0]["message"] == "ConcurrentPerOrgLongTxn Limit exceeded."
    faults.arm({"name": "session_expired", "crm": "salesforce", "count": 1})
    assert code_of(api.get("/limits", 401)) == "INVALID_SESSION_ID"
    assert code_of(api.get("/limits", 401)) == "INVALID_SESSION_ID"


def test_hidden_fields_vanish(api: Api) -> None:
    account = api.create("Account", Name="A")
    api.world.faults.arm(
        {"name": "field_hidden", "crm": "salesforce", "object": "Account", "field": "ARR__c"}
    )
    names = {f["name"] for f in api.get("/sobjects/Account/describe")["fields"]}
    assert "ARR__c" not in names
    assert code_of(api.query("SELECT ARR__c FROM Account", 400)) == "INVALID_FIELD"
    path = f"/sobjects/Account/{account}"
    assert code_of(api.patch(path, {"ARR__c": 1}, 400)) == "INVALID_FIELD_FOR_INSERT_UPDATE"
    api.world.switches["salesforce.hidden_field_write_code"] = "INVALID_FIELD"
    assert code_of(api.patch(path, {"ARR__c": 1}, 400)) == "INVALID_FIELD"
    api.world.faults.clear()
    api.patch(path, {"ARR__c": 1}, 204)


def test_late_commits_bear_an_older_stamp(api: Api) -> None:
    account = api.create("Account", Name="A")
    api.world.faults.arm({"name": "late_commit", "crm": "salesforce", "count": 1, "seconds": 300})
    before = api.world.clock.now()
    api.patch(f"/sobjects/Account/{account}", {"Name": "B"}, 204)
    stamp = api.rows("SELECT SystemModstamp FROM Account")[0]["SystemModstamp"]
    assert stamp < (before - timedelta(seconds=290)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def test_duplicate_rules(api: Api) -> None:
    api.create("Account", Name="Same")
    api.world.switches["salesforce.duplicate_rule"] = "alert"
    refused = api.post("/sobjects/Account", {"Name": "Same"}, 400)
    assert code_of(refused) == "DUPLICATES_DETECTED"
    allow = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    api.post("/sobjects/Account", {"Name": "Same"}, 201, headers=allow)
    api.world.switches["salesforce.duplicate_rule"] = "block"
    api.post("/sobjects/Account", {"Name": "Same"}, 400, headers=allow)


def _window(api: Api) -> dict[str, str]:
    now = api.world.clock.now()
    start, end = now - timedelta(hours=1), now + timedelta(minutes=2)
    return {"start": start.isoformat(), "end": end.isoformat()}


def test_feeds_of_deleted_and_updated_records(api: Api) -> None:
    kept, gone = api.create("Account", Name="K"), api.create("Account", Name="G")
    api.delete(f"/sobjects/Account/{gone}")
    deleted = api.get("/sobjects/Account/deleted/", params=_window(api))
    assert [r["id"] for r in deleted["deletedRecords"]] == [gone]
    assert deleted["latestDateCovered"].endswith(":00.000+0000")
    updated = api.get("/sobjects/Account/updated/", params=_window(api))
    assert updated["ids"] == [kept]
    narrow = {"start": "2020-01-01T00:00:00Z", "end": "2020-01-01T00:05:00Z"}
    refused = api.get("/sobjects/Account/deleted", 400, params=narrow)
    assert code_of(refused) == "INVALID_REPLICATION_DATE"


def test_contact_roles_and_team_members_leave_no_trace(api: Api) -> None:
    account = api.create("Account", Name="A")
    contact = api.create("Contact", LastName="C", AccountId=account)
    deal = api.create(
        "Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-01-31", AccountId=account
    )
    role = api.create("OpportunityContactRole", OpportunityId=deal, ContactId=contact)
    kept = api.create("OpportunityContactRole", OpportunityId=deal, ContactId=contact, Role="Other")
    member = api.create("AccountTeamMember", AccountId=account, UserId=api.world.salesforce.user_id)
    api.delete(f"/sobjects/OpportunityContactRole/{role}")
    api.delete(f"/sobjects/AccountTeamMember/{member}")
    assert api.rows("SELECT Id FROM OpportunityContactRole", "/queryAll") == [{"Id": kept}]
    assert api.rows("SELECT Id FROM AccountTeamMember", "/queryAll") == []
    feed = api.get("/sobjects/OpportunityContactRole/deleted", params=_window(api))
    assert feed["deletedRecords"] == []
    api.delete(f"/sobjects/Opportunity/{deal}")
    assert api.rows("SELECT Id, IsDeleted FROM OpportunityContactRole", "/queryAll") == [
        {"Id": kept, "IsDeleted": True}
    ]


def test_merge_moves_children_and_tells_the_winner(api: Api) -> None:
    winner, loser = api.create("Account", Name="W"), api.create("Account", Name="L")
    contact = api.create("Contact", LastName="C", AccountId=loser)
    task = api.create("Task", Subject="T", WhatId=loser)
    person(api.world, "merge", "Account", winner, loser=loser)
    gone = api.rows("SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true", "/queryAll")
    assert gone == [{"Id": loser, "MasterRecordId": winner}]
    assert api.get(f"/sobjects/Contact/{contact}?fields=AccountId")["AccountId"] == winner
    row = api.get(f"/sobjects/Task/{task}?fields=AccountId,WhatId")
    assert (row["AccountId"], row["WhatId"]) == (winner, winner)
    relations = api.rows("SELECT AccountId FROM AccountContactRelation")
    assert relations == [{"AccountId": winner}]


def test_deleting_takes_along_and_undeleting_brings_back(api: Api) -> None:
    account = api.create("Account", Name="A")
    contact = api.create("Contact", LastName="C", AccountId=account)
    other = api.create("Contact", LastName="D", AccountId=account)
    api.delete(f"/sobjects/Contact/{other}")
    person(api.world, "delete", "Account", account)
    assert api.rows("SELECT Id FROM Contact") == []
    person(api.world, "undelete", "Account", account)
    assert api.rows("SELECT Id FROM Contact") == [{"Id": contact}]
    assert api.rows("SELECT Id FROM Account") == [{"Id": account}]


def test_a_person_meets_errors_too(api: Api) -> None:
    with pytest.raises(LookupError):
        person(api.world, "read", "Account", "001000000000000AAA")
    with pytest.raises(ValueError, match="REQUIRED_FIELD_MISSING"):
        person(api.world, "create", "Account")
