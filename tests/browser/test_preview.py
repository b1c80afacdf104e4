"""A preview from the button to the CRM's own record page, as an admin meets it."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from jobs.queue import work_once
from sandbox.portfolio import generate
from sandbox.server import Server, load
from sandbox.world import World
from store.models import Connection
from tests.browser.conftest import ADMINS, Visit, visit
from tests.jobs import lines
from tests.jobs.lines import NOW, Line
from tests.web import people

pytestmark = pytest.mark.browser


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    """Salesforce with six accounts, connected, and never allowed to write yet."""
    world = World(tmp_path / "world.sqlite")
    load(world, generate(6, 7, NOW))
    house = lines.make_house(f"sqlite:///{tmp_path / 'barometer.db'}", tmp_path)
    with Server(world) as sandbox:
        line = lines.join_line(house, sandbox, "salesforce", tmp_path)
        with house.sessions.begin() as session:
            session.get_one(Connection, line.connection.id).writes_approved = False
        yield line
    house.engine.dispose()
    world.release()


@pytest.fixture
def admin(browser: Browser, line: Line) -> Iterator[Visit]:
    """The pages over that house, as an admin sees them."""
    app = people.make_app(line.house.sessions)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    root = f"http://127.0.0.1:{server.server_port}"
    cookie = people.client_of(app, "admin").get_cookie("barometer")
    assert cookie is not None
    ADMINS[root] = cookie.value
    yield from visit(browser, root, 1280)
    server.shutdown()
    thread.join()
    server.server_close()


def fits(admin: Visit) -> list[str]:
    """Findings on the page as it stands, on a desk and on a narrow screen."""
    found = []
    for width in (320, 1280):
        admin.page.set_viewport_size({"width": width, "height": 900})
        found += [f"{width}: {one}" for one in admin.findings()]
    return found


def test_what_the_admin_approves_stands_on_the_record_page(admin: Visit, line: Line) -> None:
    page = admin.page
    admin.go("/connections/salesforce/previews")
    assert fits(admin) == []
    page.focus("button:has-text('Make a preview')")
    page.keyboard.press("Enter")
    expect(page.locator("#preview")).to_contain_text("waits for its turn")
    assert fits(admin) == []
    assert work_once(line.house)
    expect(page.locator("#totals-h")).to_be_visible()  # by itself
    assert fits(admin) == []

    page.fill("#f-account", "Australian Roo")
    page.select_option("#f-field", "AX_Health_Band__c")
    page.click("#lines-h + form button")
    expect(page.locator("#lines-h ~ table tbody tr")).to_have_count(1)
    band = page.locator("ins").inner_text()

    page.focus("#approval summary")
    page.keyboard.press("Enter")
    assert fits(admin) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#preview")).to_contain_text("waits for its turn")
    assert work_once(line.house)
    expect(page.locator("#preview")).to_contain_text("exactly as listed")
    assert fits(admin) == []
    page.click("a:has-text('run 2')")
    expect(page.locator("h1")).to_have_text("Run 2")

    account_id = line.account_named("Australian Roo Motors")
    page.goto(f"{line.sandbox.url}/lightning/r/Account/{account_id}/view")
    expect(page.locator("body")).to_contain_text(band)
    assert line.read(account_id)["AX_Health_Band__c"] == band

    admin.go("/connections/salesforce/previews")
    page.click("button:has-text('Make a preview')")
    assert work_once(line.house)
    expect(page.locator("#preview")).to_contain_text("No value would change")
