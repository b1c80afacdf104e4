"""The record pages of both CRMs, as a person with a browser sees and uses them."""

from collections.abc import Iterator

import pytest
import requests

from sandbox import hubspot, salesforce
from sandbox.portfolio import generate
from sandbox.server import Server, load
from sandbox.world import World


@pytest.fixture
def browser(world: World) -> Iterator[requests.Session]:
    """A client that follows redirects."""
    load(world, generate(8, seed=1, now=world.clock.now()))
    with requests.Session() as session:
        session.trust_env = False
        yield session


def express(world: World, crm: str) -> str:
    """The id of Express Logistics in a CRM."""
    record_id = world.crm_id(crm, "accounts", "A0000006")
    assert record_id is not None
    return record_id


def salesforce_page(server: Server, record_id: str) -> str:
    """Where an account's page is."""
    return f"{server.url}/lightning/r/Account/{record_id}/view"


def hubspot_page(server: Server, record_id: str) -> str:
    """Where a company's page is."""
    return f"{server.url}/contacts/{server.world.hubspot.portal_id}/record/0-2/{record_id}"


def test_a_salesforce_account_is_shown_by_short_and_long_id(
    server: Server, world: World, browser: requests.Session
) -> None:
    record_id = express(world, "salesforce")
    for shown in (record_id, record_id[:15]):
        answer = browser.get(salesforce_page(server, shown))
        assert answer.status_code == 200
        assert "<h1>Express Logistics</h1>" in answer.text
        assert "Contacts (8)" in answer.text
        assert "Opportunities (4)" in answer.text
        assert "Astrid Svensson" in answer.text
        assert "5,340,779" in answer.text


def test_a_hubspot_company_is_shown(
    server: Server, world: World, browser: requests.Session
) -> None:
    answer = browser.get(hubspot_page(server, express(world, "hubspot")))
    assert answer.status_code == 200
    assert "<h1>Express Logistics</h1>" in answer.text
    assert "Contacts (8)" in answer.text
    assert "Deals (4)" in answer.text


def test_what_is_not_there_is_a_plain_404(
    server: Server, world: World, browser: requests.Session
) -> None:
    assert browser.get(salesforce_page(server, "001000000000000")).status_code == 404
    assert browser.get(salesforce_page(server, "1")).status_code == 404
    assert browser.get(hubspot_page(server, "999999999999")).status_code == 404
    other = hubspot_page(server, express(world, "hubspot")).replace("/contacts/", "/contacts/1")
    assert browser.get(other).status_code == 404


def test_a_person_edits_a_salesforce_field(
    server: Server, world: World, browser: requests.Session
) -> None:
    page = salesforce_page(server, express(world, "salesforce"))
    answer = browser.post(page, data={"field": "Industry", "value": "Moon freight"})
    assert (answer.status_code, answer.url) == (200, page)
    assert "Moon freight" in answer.text
    assert "Moon freight" not in browser.post(page, data={"field": "Industry", "value": ""}).text


def test_a_person_edits_a_hubspot_property(
    server: Server, world: World, browser: requests.Session
) -> None:
    page = hubspot_page(server, express(world, "hubspot"))

    def city() -> str | None:
        read = hubspot.person(world, "read", "companies", express(world, "hubspot"), {})
        shown: str | None = read["properties"]["city"]
        return shown

    assert browser.post(page, data={"field": "city", "value": "Tranquility"}).status_code == 200
    assert city() == "Tranquility"
    assert browser.post(page, data={"field": "city", "value": ""}).status_code == 200
    assert city() is None
    wrong = browser.post(page, data={"field": "renewal_date", "value": "soon"})
    assert wrong.status_code == 400
    assert "renewal_date" in wrong.text


def test_a_person_completes_a_salesforce_task(
    server: Server, world: World, browser: requests.Session
) -> None:
    account_id = express(world, "salesforce")
    task = salesforce.person(
        world,
        "create",
        "Task",
        None,
        {"Subject": "Call the detractor", "WhatId": account_id, "Status": "Not Started"},
    )
    link = f"{server.url}/lightning/r/Task/{task['Id']}/view"

    shown = browser.get(link)
    assert shown.url == f"{salesforce_page(server, account_id)}#{task['Id']}"
    assert "Call the detractor" in shown.text
    button = f'name="complete" value="{task["Id"]}"'
    assert button in shown.text

    done = browser.post(salesforce_page(server, account_id), data={"complete": task["Id"]})
    assert done.status_code == 200
    assert button not in done.text
    after = salesforce.person(world, "read", "Task", task["Id"], {})
    assert after["Status"] == "Completed"


def test_a_person_edits_through_the_control_interface(
    server: Server, world: World, browser: requests.Session
) -> None:
    record_id = express(world, "salesforce")
    asked = {
        "crm": "salesforce",
        "action": "update",
        "kind": "Account",
        "id": record_id,
        "fields": {"Industry": "Moon freight"},
    }
    answer = browser.post(f"{server.url}/__sandbox__/records", json=asked)
    assert answer.json()["Industry"] == "Moon freight"
    gone = asked | {"id": "001000000000000AAA"}
    assert browser.post(f"{server.url}/__sandbox__/records", json=gone).status_code == 404
    wrong = asked | {"action": "paint"}
    assert browser.post(f"{server.url}/__sandbox__/records", json=wrong).status_code == 400
    assert browser.post(f"{server.url}/__sandbox__/records", json={}).status_code == 400
