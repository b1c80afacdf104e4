"""The checks that need more than the fields' descriptions."""

from datetime import UTC, datetime, timedelta
from typing import Any

import mappings
from connector.base import FieldInfo
from mappings import Circumstances, Finding
from tests.mappings.test_checks import described, our_field

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def found(
    around: Circumstances, vendor: str = "salesforce", content: str = "", **special: Any
) -> list[Finding]:
    default = mappings.load(vendor)
    crm_map = mappings.loads(vendor, content, "own") if content else default
    resolved = mappings.resolve(crm_map, described(crm_map, **special), around)
    return [*resolved.problems, *resolved.notes]


def seen(findings: list[Finding]) -> list[tuple[str, str, str, str]]:
    return [(one.code, one.level, one.row, one.field) for one in findings]


def test_a_hidden_field_is_told_from_one_that_does_not_exist() -> None:
    around = Circumstances(hidden={"Account": {"ARR__c", "AX_NPS__c", "Industry"}})
    findings = found(around, ARR__c=None, AX_NPS__c=None, Industry=None, Website=None)
    assert seen(findings) == [
        ("M02", "warning", "nps", "AX_NPS__c"),
        ("M01", "info", "domain", "Website"),
        ("M02", "warning", "industry", "Industry"),
        ("M02", "warning", "annual_value", "ARR__c"),
    ]
    by_row = {one.row: one for one in findings}
    assert by_row["annual_value"].sentence == (
        "Account.ARR__c exists, but is hidden from our user; "
        "annual value is added up from won opportunities"
    )
    assert "permission set" in by_row["nps"].fix
    needed = Circumstances(hidden={"Opportunity": {"StageName"}})
    assert seen(found(needed, StageName=None)) == [("M02", "error", "stage", "StageName")]


def test_a_task_field_that_must_be_filled_is_named() -> None:
    crm_map = mappings.load("salesforce")
    kinds = described(crm_map)
    region = FieldInfo("Region__c", "Region", "text", "string", required=True)
    subject = FieldInfo("Subject", "Subject", "text", "combobox", required=True)
    kinds("Task").update({"Region__c": region, "Subject": subject})

    resolved = mappings.resolve(crm_map, kinds)

    assert seen(list(resolved.notes)) == [("M08", "warning", "task_key", "Region__c")]
    assert "refuse the tasks" in resolved.notes[0].sentence


def test_a_field_that_people_fill_on_more_than_a_fifth_of_the_accounts_is_theirs() -> None:
    assert found(Circumstances(filled={"AX_NPS__c": 0.2})) == []
    [finding] = found(Circumstances(filled={"AX_NPS__c": 0.34}))
    assert seen([finding]) == [("M10", "warning", "nps", "AX_NPS__c")]
    assert "on 34% of the accounts" in finding.sentence


def test_amounts_without_a_currency_stop_a_crm_of_several_currencies() -> None:
    assert found(Circumstances(multi_currency=True)) == []
    findings = found(Circumstances(multi_currency=True), CurrencyIsoCode=None)
    assert [one for one in seen(findings) if one[0] == "M11"] == [
        ("M11", "error", "annual_value", ""),
        ("M11", "error", "amount", ""),
    ]
    assert not any(one.code == "M11" for one in found(Circumstances(), CurrencyIsoCode=None))


def test_money_in_a_plain_number_hides_its_currency() -> None:
    plain = our_field("AX_CLV__c", type="number")
    assert seen(found(Circumstances(multi_currency=True), AX_CLV__c=plain)) == [
        ("M11", "warning", "clv", "AX_CLV__c")
    ]
    assert found(Circumstances(), AX_CLV__c=plain) == []


def test_a_choice_that_people_use_too_may_fall_under_their_rules() -> None:
    own = mappings.load("hubspot").content.replace(
        'prefix = "ax_"', 'prefix = "ax_"\nnames = { quadrant = "market_position" }'
    )
    around = Circumstances(enforces_rules=True)
    assert found(around, "hubspot") == []
    assert seen(found(around, "hubspot", own)) == [
        ("M12", "warning", "quadrant", "market_position")
    ]
    assert found(Circumstances(), "hubspot", own) == []


def test_a_description_older_than_a_day_is_said_to_be_old() -> None:
    for hours, codes in ((24, []), (25, ["M14"])):
        at = NOW - timedelta(hours=hours)
        findings = found(Circumstances(described_at=at, now=NOW))
        assert [one.code for one in findings] == codes
