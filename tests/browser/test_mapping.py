"""The mapping pages in a browser: by keyboard, checked while typing, at every width."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.test_browser import findings

pytestmark = pytest.mark.browser

PAGES = (
    "/mapping?connection=acme&group=accounts:Account",
    "/mapping?connection=acme&find=accounts.is_customer&edit=accounts:Account.is_customer",
    "/mapping?connection=acme&find=write.nps&edit=write.nps",
    "/mapping?connection=hub&group=users:owners",
    "/mapping/draft?connection=hub",
    "/mapping/history?connection=acme",
    "/mapping/levels?connection=acme",
)


def test_mapping_pages_are_accessible_and_fit(desk: Visit, phone: Visit) -> None:
    assert findings(desk, PAGES[:2]) == {}
    assert findings(phone, PAGES) == {}


def test_a_field_is_mapped_by_keyboard(desk: Visit) -> None:
    page = desk.page
    desk.go("/mapping?connection=acme&find=accounts.segment")
    page.get_by_role("link", name="Edit Segment of Account").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#e-field")).to_be_focused()

    page.keyboard.press("Control+A")
    page.keyboard.type("Teir__c")
    expect(page.locator("#row-check")).to_contain_text("Account has no field Teir__c")
    page.keyboard.press("Control+A")
    page.keyboard.type("Tier__c")
    expect(page.locator("#row-check")).to_contain_text("The row fits the CRM.")
    page.keyboard.press("Tab")
    expect(page.locator("#row-values")).to_contain_text("Values (0 translated)")
    assert desk.findings() == []

    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("Saved to your draft")
    edit = page.get_by_role("link", name="Edit Segment of Account")
    expect(edit).to_be_focused()
    expect(page.locator("#rows")).to_contain_text("in your draft")

    page.get_by_role("link", name="Draft", exact=True).focus()
    page.keyboard.press("Enter")
    row = page.locator("section", has=page.locator("#diff-h")).locator("tbody tr")
    expect(row.locator("del")).to_have_text("Segment__c; may be absent")
    expect(row.locator("ins")).to_have_text("Tier__c; may be absent")
    assert desk.findings() == []
    page.get_by_role("button", name="Discard the draft").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Mapping")
