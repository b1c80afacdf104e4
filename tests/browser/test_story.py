"""An admin without a terminal, from the printed link to the value on the record; once per CRM.

Link, consent page, checks, our fields, a sync that sends nothing, a new field of the CRM mapped in
a draft, its preview, the approval, the run, the CRM's own record page; last a change in the CRM.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, ConsoleMessage, expect

import migrations
from jobs.people import first_admin_link
from jobs.queue import work_once
from jobs.serve import web_app
from jobs.wiring import House
from sandbox.portfolio import generate
from sandbox.server import Server, load
from sandbox.world import World
from settings import Settings, Web
from store.database import open_engine, open_sessions
from tests.browser.conftest import Visit, served, visit
from tests.jobs.crm_admin import add_money_field, set_field
from tests.jobs.lines import HASTY, UNPACED
from tests.web import people

pytestmark = pytest.mark.browser

WIDTHS = {"salesforce": 1280, "hubspot": 320}
NAMES = {"salesforce": "Salesforce", "hubspot": "HubSpot"}


@dataclass(frozen=True)
class Names:
    """What the CRM calls what the story touches."""

    kind: str
    band: str
    required: str  # our figure that follows the annual value
    contract: str  # the field that the CRM's admin adds
    record: str  # part of a record page's address


CRM = {
    "salesforce": Names(
        "Account",
        "AX_Health_Band__c",
        "AX_Required_Contacts__c",
        "Contract_Value__c",
        "/lightning/r/Account/",
    ),
    "hubspot": Names(
        "companies",
        "ax_health_band",
        "ax_required_contacts",
        "contract_value",
        "/record/0-2/",
    ),
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Both CRMs with a few accounts."""
    world = World(tmp_path_factory.mktemp("crm") / "world.sqlite")
    load(world, generate(6, 7, datetime.now(UTC).replace(microsecond=0)))
    with Server(world) as running:
        world.switches["hubspot.limits.enforced"] = False
        yield running
    world.release()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Our side, new: nobody can sign in, nothing is connected."""
    engine = open_engine(f"sqlite:///{tmp_path / 'barometer.db'}")
    migrations.upgrade(engine)
    yield House(Settings(hubspot=UNPACED), engine, open_sessions(engine), people.VAULT, HASTY)
    engine.dispose()


@dataclass
class Story:
    """One CRM, our house, the browser, and what was found on the pages passed."""

    vendor: str
    house: House
    sandbox: Server
    here: Visit
    found: dict[str, list[str]]

    def look(self, place: str) -> None:
        """Check the page as it stands."""
        if problems := self.here.findings():
            self.found[place] = problems

    def work(self, text: str) -> None:
        """The worker does what waits, and the page shows it without being asked."""
        assert work_once(self.house)
        expect(self.here.page.locator("#main")).to_contain_text(text)

    def press(self, name: str) -> None:
        self.here.page.get_by_role("button", name=name).click()

    def follow(self, name: str) -> None:
        self.here.page.get_by_role("link", name=name, exact=True).first.click()


@pytest.fixture(params=list(CRM))
def story(
    request: pytest.FixtureRequest, browser: Browser, house: House, sandbox: Server
) -> Iterator[Story]:
    """Each CRM in turn: Salesforce on a desk, HubSpot on a narrow screen."""
    with served(web_app(house)) as root:
        ours = replace(house, settings=Settings(hubspot=UNPACED, web=Web(public_url=root)))
        for here in visit(browser, root, WIDTHS[request.param]):

            def note(message: ConsoleMessage, here: Visit = here) -> None:
                if message.type == "error":
                    here.complaints.append(message.text)

            here.page.on("console", note)
            yield Story(request.param, ours, sandbox, here, {})


def test_from_the_printed_link_to_the_record_page(story: Story) -> None:
    _come_in(story)
    _connect(story)
    _create_our_fields(story)
    _sync_without_sending(story)
    _map_the_new_field(story)
    _approve_its_preview(story)
    _preview_again(story)
    _narrow_a_list(story)
    assert story.found == {}


def _come_in(story: Story) -> None:
    page, link = story.here.page, first_admin_link(story.house)
    assert link is not None
    page.goto(link)
    story.look("link")
    page.fill("#name", "Ann")
    page.fill("#email", "ann@acme.example")
    page.fill("#password", people.PASSWORD)
    story.press("Save and sign in")
    expect(page.locator("header")).to_contain_text("Ann")
    assert first_admin_link(story.house) is None


def _connect(story: Story) -> None:
    page, vendor = story.here.page, story.vendor
    where = story.sandbox.credentials()[vendor]
    story.here.go("/connections")
    page.get_by_role("link", name=f"Connect {NAMES[vendor]}").click()
    page.fill("#login_url" if vendor == "salesforce" else "#base_url", story.sandbox.url)
    page.fill("#client_id", where["client_id"])
    page.fill("#client_secret", where["client_secret"])
    story.press("Continue to")
    story.look("onward")
    page.click("#onward")
    if vendor == "salesforce":  # as the integration user, on the CRM's own page
        page.fill("[name=username]", where["username"])
        page.fill("[name=password]", where["password"])
        story.press("Allow")
    else:
        story.press("Connect app")
    expect(page.locator("h1")).to_have_text(vendor)
    story.work("Signed in to")
    expect(page.locator("#main")).to_contain_text("Nothing is written to the CRM yet")
    story.look("checks")


def _create_our_fields(story: Story) -> None:
    story.follow("Create missing fields …")
    story.press("Look what is missing")
    story.work("components will be created, and nothing else")
    story.look("plan")
    story.here.page.click("#confirm")
    story.work("All is in place")
    story.look("result")
    story.here.page.click("#plan")
    story.work("Nothing to create")


def _sync_without_sending(story: Story) -> None:
    page, crm = story.here.page, CRM[story.vendor]
    add_money_field(story.sandbox, story.vendor, crm.kind, crm.contract, "Contract value")
    story.here.go(f"/connections/{story.vendor}")
    page.click("#ask-sync")
    story.work("Nothing is written to the CRM yet")
    story.here.go("/")
    page.get_by_role("link", name="Australian Roo Motors").first.click()
    expect(page.locator("h1")).to_contain_text("Australian Roo Motors")
    account = page.url.rsplit("/", 1)[1]
    _person(story, "update", account, **{crm.contract: 5000})
    assert _person(story, "read", account).get(crm.required) is None


def _map_the_new_field(story: Story) -> None:
    page, crm = story.here.page, CRM[story.vendor]
    story.here.go(f"/mapping?connection={story.vendor}&find=accounts.annual_value")
    story.press("Read the CRM's fields now")
    assert work_once(story.house)
    story.follow("Show the mapping with them")
    story.here.go(
        f"/mapping?connection={story.vendor}&find=accounts.annual_value"
        f"&edit=accounts:{crm.kind}.annual_value"
    )
    page.fill("#e-field", crm.contract)
    expect(page.locator("#row-check")).to_contain_text("The row fits the CRM.")
    story.look("row")
    story.press("Save to the draft")
    expect(page.locator("#said")).to_have_text("Saved to your draft")
    story.follow("See what it changes")
    expect(page.locator("main ins").first).to_contain_text(crm.contract)
    story.look("draft")


def _approve_its_preview(story: Story) -> None:
    page, crm = story.here.page, CRM[story.vendor]
    story.press("Preview it")
    expect(page.locator("#preview")).to_contain_text("waits for its turn")
    story.work("A sync would send")
    page.fill("#f-account", "Australian Roo")
    page.select_option("#f-field", crm.required)
    page.click("#lines-h + form button")
    row = page.locator("#lines-h ~ table tbody tr")
    expect(row).to_have_count(1)
    expect(row.locator("ins")).to_have_text("2")  # 1000·10^(2/3) ≤ 5,000 < 1000·10^(3/3)
    record = row.locator("th a").get_attribute("href")
    assert record is not None
    assert record.startswith(story.sandbox.url)
    assert crm.record in record

    page.focus("#approval summary")
    page.keyboard.press("Enter")
    page.fill("#reason", "The contract says what they pay")
    story.look("approval")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#preview")).to_contain_text("waits for its turn")
    story.look("waiting")
    story.work("exactly as listed")
    story.look("sent")

    page.goto(record)
    field = page.locator("section.ours tr", has_text=crm.required)
    expect(field.locator("td")).to_have_text("2")
    story.here.go(f"/mapping/history?connection={story.vendor}")
    expect(page.locator("#main")).to_contain_text("The contract says what they pay")


def _preview_again(story: Story) -> None:
    story.here.go(f"/connections/{story.vendor}/previews")
    story.look("previews")
    story.press("Make a preview")
    story.work("No value would change")


def _narrow_a_list(story: Story) -> None:
    crm = CRM[story.vendor]
    set_field(story.sandbox, story.vendor, crm.kind, crm.band, values=["Healthy", "Watch"])
    story.here.go(f"/connections/{story.vendor}/schema")
    story.press("Compare now")
    story.work("lost the values At risk, Unknown")
    story.look("drift")


def _person(story: Story, action: str, record_id: str, **fields: object) -> dict[str, object]:
    """What a person does in the CRM's own pages; the record's fields."""
    asked = {"crm": story.vendor, "action": action, "kind": CRM[story.vendor].kind}
    answer = requests.post(
        f"{story.sandbox.url}/__sandbox__/records",
        json={**asked, "id": record_id, "fields": fields},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    record: dict[str, object] = answer.json()
    properties = record.get("properties", record)
    assert isinstance(properties, dict)
    return properties
