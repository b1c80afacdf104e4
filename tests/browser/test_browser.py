"""What only a browser can tell: accessibility, the content policy, reflow, the keyboard."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit, visit
from tests.web import people

pytestmark = pytest.mark.browser

LISTS = (
    "/",
    "/alerts",
    "/inbox",
    "/sentiment",
    "/survey-plan",
    "/scoring",
    "/scoring/history",
    "/runs",
    "/refusals",
    "/connections",
    "/responses",
    "/unmatched",
    "/webhooks",
    "/status?live=0",
    "/nowhere",
)
DETAILS = (
    "/?search=matches+nothing",
    "/accounts/acme/001EXPRESS",
    "/accounts/acme/001NEW",
    "/accounts/acme/001GONE",
    "/inbox/acme/detractor:r1",
    "/scoring/draft",
    "/scoring/draft/record?account=001EXPRESS",
    "/runs/1",
    "/runs/2",
    "/runs/3",
    "/connections/acme",
    "/connections/acme/provision",
    "/connections/acme/schema",
    "/connections/acme/disconnect",
    "/connect/salesforce/jwt",
    "/connect/hubspot/browser?name=hub",
    "/webhooks/1",
    "/webhooks/1/events/1",
    "/unmatched/1/typeform:nobody",
    "/responses?q=nothing+like+it",
    "/settings/account",
    "/settings/tokens",
    "/settings/people",
    "/settings/audit",
)


def findings(visit: Visit, addresses: tuple[str, ...]) -> dict[str, list[str]]:
    """Findings by address, those without any left out."""
    found = {}
    for address in addresses:
        visit.go(address)
        found[address] = visit.findings()
    return {address: those for address, those in found.items() if those}


def test_lists_are_accessible_and_fit_in_every_state(anywhere: Visit) -> None:
    assert findings(anywhere, LISTS) == {}


def test_details_are_accessible_and_fit_on_a_desk(desk: Visit) -> None:
    assert findings(desk, DETAILS) == {}


def test_details_are_accessible_and_fit_on_a_phone(phone: Visit) -> None:
    assert findings(phone, DETAILS) == {}


def test_opened_details_are_accessible_and_fit(phone: Visit) -> None:
    for address in ("/", "/accounts/acme/001EXPRESS"):
        phone.go(address)
        phone.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert phone.findings() == []


def test_keyboard_skips_to_the_content(desk: Visit) -> None:
    desk.go("/")
    desk.page.keyboard.press("Tab")
    assert desk.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    desk.page.keyboard.press("Enter")
    assert desk.page.evaluate("document.activeElement.id") == "main"


def test_focus_is_visible_on_every_stop(desk: Visit) -> None:
    desk.go("/status?live=0")
    for _ in range(10):
        desk.page.keyboard.press("Tab")
        width = desk.page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert width == "3px"


def test_sorting_by_keyboard_keeps_focus_and_address(desk: Visit) -> None:
    desk.go("/")
    desk.page.focus("#sort-known")
    desk.page.keyboard.press("Enter")
    desk.page.wait_for_selector("th[aria-sort=descending] #sort-known")
    assert desk.page.evaluate("document.activeElement.id") == "sort-known"
    assert "sort=known" in desk.page.url
    first = desk.page.locator("#accounts tbody th").first
    assert first.inner_text() == "Mega Resorts International"
    assert desk.findings() == []


def test_filter_tells_the_result_and_back_undoes_it(desk: Visit) -> None:
    desk.go("/")
    desk.page.select_option("#f-band", "watch")
    desk.page.click("#accounts button:has-text('Show')")
    expect(desk.page.locator("#said")).to_have_text("2 accounts found")
    expect(desk.page.locator("#accounts tbody tr")).to_have_count(2)
    desk.page.go_back()
    expect(desk.page.locator("#accounts tbody tr")).to_have_count(9)
    assert desk.page.locator("h1").count() == 1


def test_pages_work_without_scripts(desk: Visit, filled_site: str) -> None:
    browser = desk.page.context.browser
    assert browser is not None
    signed_in = desk.page.context.storage_state()
    context = browser.new_context(java_script_enabled=False, storage_state=signed_in)
    page = context.new_page()
    page.goto(filled_site + "/")
    page.select_option("#f-band", "watch")
    page.click("#accounts button:has-text('Show')")
    assert page.locator("#accounts tbody tr").count() == 2
    context.close()


def test_account_prints_with_its_bands_in_words(desk: Visit) -> None:
    desk.go("/accounts/acme/001EXPRESS")
    assert len(desk.page.pdf(format="A4")) > 20_000
    desk.page.emulate_media(media="print")
    assert not desk.page.locator(".masthead nav").is_visible()
    assert desk.page.locator("#health-h ~ * .band").first.inner_text() == "At risk"


@pytest.mark.parametrize("width", [1280, 320])
def test_signing_in_by_keyboard_leads_to_the_page_asked_for(
    browser: Browser, filled_site: str, width: int
) -> None:
    for guest in visit(browser, filled_site, width):
        page = guest.page
        page.context.clear_cookies()
        guest.go("/alerts")
        assert page.url.endswith("/sign-in?next=/alerts")
        assert guest.findings() == []
        for password in ("wrong", people.PASSWORD):
            page.focus("#email")
            page.keyboard.press("Control+A")
            page.keyboard.type("admin@acme.example")
            page.keyboard.press("Tab")
            page.keyboard.type(password)
            page.keyboard.press("Enter")
            if password == "wrong":
                expect(page.locator("#problem")).to_contain_text("E-mail or password is wrong")
                assert guest.findings() == []
        page.wait_for_url("**/alerts")
        page.click("header >> text=Sign out")
        page.wait_for_url("**/sign-in")


def test_an_invitations_link_is_shown_and_can_be_followed(desk: Visit, browser: Browser) -> None:
    desk.go("/settings/people")
    desk.page.fill("#email", "ann@acme.example")
    desk.page.click("text=Invite and show the link")
    link = desk.page.input_value("#link")
    assert desk.findings() == []
    for guest in visit(browser, desk.root, 320):
        guest.page.context.clear_cookies()
        guest.page.goto(link)
        assert guest.findings() == []
        guest.page.fill("#name", "Ann")
        guest.page.fill("#password", people.PASSWORD)
        guest.page.click("text=Save and sign in")
        guest.page.wait_for_url(desk.root + "/")
