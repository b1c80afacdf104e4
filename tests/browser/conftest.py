"""Debian's chromium over the pages, with a list of whatever it complained about."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Route, sync_playwright
from werkzeug.serving import make_server

from store.access import find_user, set_password
from store.database import open_engine, open_sessions
from tests.web import intake_sample, people, sample

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN_AXE = (  # what passed is not carried over: that takes longer than finding it out
    "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})"
    ".then(result => result.violations)"
)
WATCH = (
    "window.complaints = [];"
    "document.addEventListener('securitypolicyviolation',"
    " e => complaints.push(e.effectiveDirective + ' ' + e.blockedURI))"
)
ADMINS: dict[str, str] = {}  # root address of a site → cookie of its admin


@dataclass
class Visit:
    """One browser page on one site; `complaints` gathers script errors and refused loads."""

    page: Page
    root: str
    complaints: list[str] = field(default_factory=list)

    def go(self, address: str) -> None:
        """Open an address of the site."""
        self.page.goto(self.root + address)

    def findings(self) -> list[str]:
        """axe findings on the page as it stands, and what breaks the house rules."""
        self.page.wait_for_load_state()  # without its styles a page fails for no reason of its own
        self.page.evaluate(AXE.read_text())
        violations = self.page.evaluate(RUN_AXE, RULES)
        found = [f"{v['id']} {v['nodes'][0]['html'][:120]}" for v in violations]
        found += [f"policy: {one}" for one in self.page.evaluate("complaints")]
        wide, room = self.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        if wide > room:
            found.append(f"sideways scroll: {wide} > {room}")
        if self.page.locator("h1").count() != 1:
            found.append("not one h1")
        return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; skipped where there is none, unless REQUIRE_BROWSER=1."""
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is missing: apt-get install chromium"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session", params=["none", "fresh", "filled"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Root address of the pages: without a connection, with an unread one, with the sample."""
    yield from _serve(request.param, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def filled_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Root address of the pages over the sample."""
    yield from _serve("filled", tmp_path_factory.mktemp("filled"))


def _serve(state: str, folder: Path) -> Iterator[str]:
    file = sample.make_file(folder / "barometer.db", filled=state == "filled")
    engine = open_engine(f"sqlite:///{file}")
    sessions = open_sessions(engine)
    if state == "fresh":
        sample.empty_connection(sessions)
    if state == "filled":
        intake_sample.fill(sessions)
    yield from serve(people.make_app(sessions))
    engine.dispose()


def serve(app: Flask) -> Iterator[str]:
    """Root address of an app while it is served; `visit` signs in there as an admin."""
    cookie = people.client_of(app, "admin").get_cookie("barometer")
    assert cookie is not None
    with app.extensions["barometer"].sessions.begin() as session:
        admin = find_user(session, "admin@acme.example")
        assert admin is not None
        set_password(admin, people.PASSWORD)
    with served(app) as root:
        ADMINS[root] = cookie.value
        yield root


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Root address of an app while it is served; nobody is signed in."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def visit(browser: Browser, root: str, width: int) -> Iterator[Visit]:
    """A fresh page of this width that reaches nothing but this machine."""
    context = browser.new_context(  # colours half-way through a transition fail the contrast rule
        viewport={"width": width, "height": 900}, locale="en-GB", reduced_motion="reduce"
    )
    if root in ADMINS:
        context.add_cookies([{"name": "barometer", "value": ADMINS[root], "url": root}])
    context.add_init_script(WATCH)
    context.route("**/*", _only_here)
    page = context.new_page()
    one = Visit(page, root)
    page.on("pageerror", lambda error: one.complaints.append(str(error)))
    yield one
    context.close()
    assert one.complaints == []


def _only_here(route: Route) -> None:
    here = route.request.url.startswith(("http://127.0.0.1:", "data:"))
    route.continue_() if here else route.abort()


@pytest.fixture(params=[1280, 320])
def anywhere(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[Visit]:
    """Every site at every width."""
    yield from visit(browser, site, request.param)


@pytest.fixture
def desk(browser: Browser, filled_site: str) -> Iterator[Visit]:
    """The sample on a desk."""
    yield from visit(browser, filled_site, 1280)


@pytest.fixture
def phone(browser: Browser, filled_site: str) -> Iterator[Visit]:
    """The sample on a narrow screen."""
    yield from visit(browser, filled_site, 320)
