"""Behaviours that are unverified, or that differ between orgs: each switch, both ways."""

from typing import Any

import pytest
import requests

from tests.sandbox.salesforce.conftest import Api, code_of

UNKNOWN = "0015g00000zzzzzAAA"


def flip(api: Api, name: str, value: Any) -> None:
    api.world.switches[f"salesforce.{name}"] = value


def login(api: Api, password: str, version: str = "59.0") -> str:
    """The answer to a SOAP login."""
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><login xmlns="'
        f'urn:partner.soap.sforce.com"><username>{api.world.salesforce.username}</username>'
        f"<password>{password}</password></login></e:Body></e:Envelope>"
    )
    path = f"/services/Soap/u/{version}"
    return str(api.send("POST", path, data=body, headers={"Content-Type": "text/xml"}).text)


def test_password_grant_on_and_off(api: Api) -> None:
    own = api.world.salesforce
    form = {
        "grant_type": "password", "client_id": own.client_id, "username": own.username,
        "client_secret": own.client_secret, "password": own.password + own.security_token,
    }  # fmt: skip
    url = f"{api.server.url}/services/oauth2/token"
    assert requests.post(url, data=form, timeout=20).status_code == 200
    flip(api, "password_grant", False)
    refused = requests.post(url, data=form, timeout=20)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_soap_logins(api: Api) -> None:
    own = api.world.salesforce
    assert "<passwordExpired>false</passwordExpired>" in login(api, own.password)
    flip(api, "password_expired", True)
    assert "<passwordExpired>true</passwordExpired>" in login(api, own.password)
    flip(api, "security_token_required", True)
    assert "LOGIN_MUST_USE_SECURITY_TOKEN" in login(api, own.password)
    assert "<sessionId>" in login(api, own.password + own.security_token)
    assert "not available in the API version" in login(api, own.password, "65.0")
    flip(api, "soap_login_last_version", 66)
    assert "LOGIN_MUST_USE_SECURITY_TOKEN" in login(api, own.password, "65.0")


@pytest.mark.parametrize(
    ("registered", "uri", "allowed"),
    [
        ([], "http://localhost:9/cb", True),
        ([], "http://app.example/cb", False),
        (["https://app.example/cb"], "https://app.example/cb", True),
        (["https://app.example/cb"], "http://localhost:9/cb", False),
    ],
)
def test_redirects_to_registered_places(
    api: Api, registered: list[str], uri: str, allowed: bool
) -> None:
    flip(api, "redirect_uris", registered)
    asked = {
        "response_type": "code", "client_id": api.world.salesforce.client_id, "redirect_uri": uri,
    }  # fmt: skip
    page = api.send(
        "GET", "/services/oauth2/authorize", params=asked, allow_redirects=False
    )  # fmt: skip
    told = page.text + page.headers.get("Location", "")
    assert ("redirect_uri_mismatch" not in told) is allowed


def test_cursors_and_rows_deleted_meanwhile(api: Api) -> None:
    records = [{"attributes": {"type": "Account"}, "Name": f"A{n:03}"} for n in range(201)]
    for part in (records[:200], records[200:]):
        api.post("/composite/sobjects", {"records": part})
    ask = "SELECT Id FROM Account ORDER BY Name"
    pages = [api.query(ask, batch=200)["nextRecordsUrl"] for _ in range(2)]
    last = api.rows("SELECT Id FROM Account ORDER BY Name DESC LIMIT 1")[0]["Id"]
    api.delete(f"/sobjects/Account/{last}")
    assert api.get(pages[0])["records"] == []
    flip(api, "cursor_drops_deleted", False)
    assert [r["Id"] for r in api.get(pages[1])["records"]] == [last]
    flip(api, "cursor_seconds", 60)
    page = api.query("SELECT Id FROM Account LIMIT 200", batch=200)
    assert page["done"]
    api.create("Account", Name="again")
    more = api.query("SELECT Id FROM Account", batch=200)["nextRecordsUrl"]
    api.world.clock.advance(61)
    assert code_of(api.get(more, 400)) == "INVALID_QUERY_LOCATOR"


@pytest.mark.parametrize("code", ["INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"])
def test_writes_to_ids_that_never_were(api: Api, code: str) -> None:
    flip(api, "unknown_id_write_code", code)
    assert code_of(api.patch(f"/sobjects/Account/{UNKNOWN}", {"Name": "A"}, 404)) == code
    assert code_of(api.delete(f"/sobjects/Account/{UNKNOWN}", 404)) == code


@pytest.mark.parametrize("status", [400, 500])
def test_status_of_a_locked_row(api: Api, status: int) -> None:
    flip(api, "row_lock_status", status)
    one = api.create("Account", Name="A")
    api.world.faults.arm({"name": "row_lock", "crm": "salesforce", "count": 1, "record_id": one})
    refused = api.patch(f"/sobjects/Account/{one}", {"Name": "B"}, status)
    assert code_of(refused) == "UNABLE_TO_LOCK_ROW"


@pytest.mark.parametrize("status", [403, 400])
def test_status_of_a_forbidden_write(api: Api, status: int) -> None:
    flip(api, "no_access_status", status)
    (stage,) = api.rows("SELECT Id FROM OpportunityStage LIMIT 1")
    refused = api.patch(f"/sobjects/OpportunityStage/{stage['Id']}", {"MasterLabel": "x"}, status)
    assert code_of(refused) == "INSUFFICIENT_ACCESS_OR_READONLY"


@pytest.mark.parametrize("taken_along", [True, False])
def test_tasks_of_a_deleted_account(api: Api, taken_along: bool) -> None:
    flip(api, "delete_account_deletes_activities", taken_along)
    one = api.create("Account", Name="A")
    api.create("Task", Subject="Call", WhatId=one)
    api.delete(f"/sobjects/Account/{one}")
    assert (api.rows("SELECT Id FROM Task") == []) is taken_along


@pytest.mark.parametrize("archived", [True, False])
def test_old_events_hide_or_stay(api: Api, archived: bool) -> None:
    flip(api, "archive_events", archived)
    api.create(
        "Event", Subject="Visit", ActivityDateTime="2020-01-01T10:00:00Z", DurationInMinutes=30
    )
    assert (api.rows("SELECT Id FROM Event") == []) is archived
    assert len(api.rows("SELECT Id FROM Event", "/queryAll")) == 1


@pytest.mark.parametrize("matches", [True, False])
def test_upserts_and_the_recycle_bin(api: Api, matches: bool) -> None:
    made = {"label": "Key", "type": "Text", "length": 40, "externalId": True, "unique": True}
    field = {"FullName": "Account.Key__c", "Metadata": made}
    api.post("/tooling/sobjects/CustomField", field, 201)
    own = api.create("PermissionSet", Name="Keys", Label="Keys")
    api.create(
        "FieldPermissions", ParentId=own, SobjectType="Account", Field="Account.Key__c",
        PermissionsRead=True, PermissionsEdit=True,
    )  # fmt: skip
    user = api.world.salesforce.user_id
    api.create("PermissionSetAssignment", PermissionSetId=own, AssigneeId=user)
    first = api.patch("/sobjects/Account/Key__c/k1", {"Name": "A"}, 201)
    api.delete(f"/sobjects/Account/{first['id']}")
    flip(api, "upsert_matches_deleted", matches)
    if matches:
        assert code_of(api.patch("/sobjects/Account/Key__c/k1", {"Name": "B"}, 404)) == (
            "ENTITY_IS_DELETED"
        )
    else:
        assert api.patch("/sobjects/Account/Key__c/k1", {"Name": "B"}, 201)["id"] != first["id"]


def test_usage_header_with_and_without_the_app(api: Api) -> None:
    def told() -> str:
        return str(api.send("GET", "/limits").headers["Sforce-Limit-Info"])

    assert "per-app" not in told()
    flip(api, "per_app_usage_header", True)
    assert "; per-app-api-usage=" in told()


def test_contacts_of_several_accounts_on_and_off(api: Api) -> None:
    assert api.query("SELECT Id FROM AccountContactRelation")["done"]
    flip(api, "contacts_to_multiple_accounts", False)
    assert code_of(api.query("SELECT Id FROM AccountContactRelation", 400)) == "INVALID_TYPE"
