"""An admin without a terminal: consent page, checks, plan, fields, drift; one story per CRM."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import migrations
from jobs.queue import work_once
from jobs.wiring import House
from sandbox.portfolio import generate
from sandbox.server import Server, load
from sandbox.world import World
from settings import Settings
from store.database import open_engine, open_sessions
from tests.browser.conftest import Visit, serve, visit
from tests.jobs.crm_admin import set_field
from tests.jobs.lines import HASTY, UNPACED
from tests.web import people

pytestmark = pytest.mark.browser

BAND = {
    "salesforce": ("Account", "AX_Health_Band__c"),
    "hubspot": ("companies", "ax_health_band"),
}
CRMS = {"salesforce": ("Salesforce", 1280), "hubspot": ("HubSpot", 320)}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Both CRMs with a few accounts."""
    world = World(tmp_path_factory.mktemp("crm") / "world.sqlite")
    load(world, generate(6, 7, datetime.now(UTC).replace(microsecond=0)))
    with Server(world) as running:
        world.switches["hubspot.limits.enforced"] = False
        yield running
    world.release()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Our side, without any connection."""
    folder: Path = tmp_path_factory.mktemp("ours")
    engine = open_engine(f"sqlite:///{folder / 'barometer.db'}")
    migrations.upgrade(engine)
    yield House(Settings(hubspot=UNPACED), engine, open_sessions(engine), people.VAULT, HASTY)
    engine.dispose()


@pytest.fixture(scope="module")
def ours(house: House) -> Iterator[str]:
    """Root address of our pages."""
    yield from serve(people.make_app(house.sessions))


@pytest.fixture(params=list(CRMS))
def story(
    request: pytest.FixtureRequest, browser: Browser, ours: str
) -> Iterator[tuple[str, Visit]]:
    """Each CRM in turn: Salesforce on a desk, HubSpot on a narrow screen."""
    for one in visit(browser, ours, CRMS[request.param][1]):
        yield request.param, one


def test_connect_check_plan_create_and_watch(
    story: tuple[str, Visit], house: House, sandbox: Server
) -> None:
    vendor, here = story
    page, found = here.page, {}

    def look(place: str) -> None:
        if problems := here.findings():
            found[place] = problems

    def work(text: str) -> None:
        """The worker does what waits, and the page shows it without being asked."""
        assert work_once(house)
        expect(page.locator("#main")).to_contain_text(text)

    here.go("/connections")
    page.get_by_role("link", name=f"Connect {CRMS[vendor][0]}").click()
    _enter(page, sandbox, vendor)
    look("onward")
    page.click("#onward")
    _approve(page, sandbox, vendor)
    expect(page.locator("h1")).to_have_text(vendor)
    work("Signed in to")
    expect(page.locator("#main")).to_contain_text("Nothing is written to the CRM yet")
    look("checks")

    page.get_by_role("link", name="Create missing fields …").click()
    page.get_by_role("button", name="Look what is missing").click()
    work("components will be created, and nothing else")
    look("plan")
    page.click("#confirm")
    work("All is in place")
    page.click("#plan")
    work("Nothing to create")

    kind, band = BAND[vendor]
    set_field(sandbox, vendor, kind, band, values=["Healthy", "Watch"])
    page.get_by_role("link", name="Schema", exact=True).click()
    page.get_by_role("button", name="Compare now").click()
    work("lost the values At risk, Unknown")
    look("drift")
    assert found == {}


def _enter(page: Page, sandbox: Server, vendor: str) -> None:
    where = sandbox.credentials()[vendor]
    page.fill("#login_url" if vendor == "salesforce" else "#base_url", sandbox.url)
    page.fill("#client_id", where["client_id"])
    page.fill("#client_secret", where["client_secret"])
    page.get_by_role("button", name="Continue to").click()


def _approve(page: Page, sandbox: Server, vendor: str) -> None:
    """As the integration user, on the CRM's own page."""
    if vendor == "salesforce":
        where = sandbox.credentials()[vendor]
        page.fill("[name=username]", where["username"])
        page.fill("[name=password]", where["password"])
        page.get_by_role("button", name="Allow").click()
    else:
        page.get_by_role("button", name="Connect app").click()
