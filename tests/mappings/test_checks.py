"""A map against what the CRM has."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import mappings
from connector.base import FieldInfo, FieldSpec
from mappings.checks import Resolved


def described(crm_map: mappings.CrmMap, **special: FieldInfo | None) -> Any:
    """A CRM that has every field of the map, but for the special ones (None = absent)."""
    kinds: dict[str, dict[str, FieldInfo]] = {}
    for source in crm_map.sources:
        plain = kinds.setdefault(source.kind, {})
        for asked in source.fields:
            api_name = f"{asked.split('.')[0]}Id" if "." in asked else asked
            plain[api_name] = FieldInfo(api_name, api_name, "other", "string")
    for spec in mappings.field_specs(crm_map):
        kinds.setdefault(spec.kind, {})[spec.name] = info(spec)
    for name, field in special.items():
        for fields in kinds.values():
            if name in fields:
                if field is None:
                    del fields[name]
                else:
                    fields[name] = field
    return kinds.get


def info(spec: Any) -> FieldInfo:
    return FieldInfo(
        spec.name, spec.label, spec.type, spec.type, spec.length, spec.precision, spec.scale,
        writable=True, custom=True, unique=spec.unique, choices=spec.choices, restricted=True,
    )  # fmt: skip


def resolved(vendor: str = "salesforce", **special: FieldInfo | None) -> Resolved:
    crm_map = mappings.load(vendor)
    return mappings.resolve(crm_map, described(crm_map, **special))


def test_a_crm_that_has_everything_leaves_the_map_as_it_is() -> None:
    for vendor in ("salesforce", "hubspot"):
        whole = resolved(vendor)
        assert whole.map == mappings.load(vendor)
        assert whole.notes == ()
        assert whole.problems == ()


def test_an_optional_field_that_is_absent_is_left_out_with_a_note() -> None:
    without = resolved(ARR__c=None)

    source = without.map.source("accounts:Account")
    assert "annual_value" not in source.read
    assert "ARR__c" not in source.fields
    [note] = without.notes
    assert (note.code, note.level, note.row, note.field) == (
        "M01", "warning", "annual_value", "ARR__c",
    )  # fmt: skip
    assert "won opportunities" in note.sentence
    assert without.problems == ()


def test_a_needed_field_that_is_absent_is_a_problem() -> None:
    without = resolved(OwnerId=None)

    assert {(p.code, p.level, p.field) for p in without.problems} == {("M01", "error", "OwnerId")}


def test_an_object_that_the_crm_lacks_vanishes_with_a_note() -> None:
    crm_map = mappings.load("salesforce")
    describe = described(crm_map)
    absent = {"AccountTeamMember", "AccountContactRelation", "OpportunityLineItem"}

    without = mappings.resolve(crm_map, lambda k: None if k in absent else describe(k))

    assert not absent & {source.kind for source in without.map.sources}
    assert {note.level for note in without.notes} == {"info"}
    assert len(without.notes) == 3
    assert without.problems == ()


def test_links_need_both_objects() -> None:
    crm_map = mappings.load("hubspot")
    describe = described(crm_map)

    without = mappings.resolve(crm_map, lambda k: None if k == "deals" else describe(k))

    names = {source.name for source in without.map.sources}
    assert "contact_roles:deals>contacts" not in names
    assert "contact_roles:contacts>companies" in names
    assert {problem.source for problem in without.problems} >= {"opportunities:deals"}


def test_the_customers_own_turnover_is_never_annual_value() -> None:
    for vendor, field in (("salesforce", "AnnualRevenue"), ("hubspot", "annualrevenue")):
        default = mappings.load(vendor)
        arr = default.sources[0].read["annual_value"].fields[0]
        own = mappings.loads(vendor, default.content.replace(f'"{arr}"', f'"{field}"'), "own")

        refused = mappings.resolve(own, described(own))

        [problem] = refused.problems
        assert (problem.level, problem.row, problem.field) == ("error", "annual_value", field)
        assert "turnover" in problem.sentence
        assert "annual_value" not in refused.map.sources[0].read


def test_a_field_that_cannot_hold_the_column_is_a_problem() -> None:
    wrong = resolved(ARR__c=FieldInfo("ARR__c", "ARR", "date", "date"))

    [problem] = wrong.problems
    assert (problem.code, problem.field) == ("M04", "ARR__c")


def test_before_provisioning_nothing_is_written_and_nothing_of_ours_is_asked_for() -> None:
    crm_map = mappings.load("salesforce")
    ours = {spec.name: None for spec in mappings.field_specs(crm_map)}

    fresh = mappings.resolve(crm_map, described(crm_map, **ours))

    assert fresh.map.account.fields == ()
    assert not any(name.startswith("AX_") for s in fresh.map.sources for name in s.fields)
    assert fresh.problems == ()
    assert {note.fix for note in fresh.notes} == {"run `barometer provision`"}


def our_field(name: str, **changes: Any) -> FieldInfo:
    specs: Mapping[str, Any] = {
        s.name: s for s in mappings.field_specs(mappings.load("salesforce"))
    }
    return replace(info(specs[name]), **changes)


def test_our_fields_are_checked_as_they_stand() -> None:
    checked = resolved(
        AX_NPS__c=our_field("AX_NPS__c", writable=False),
        AX_CLV__c=our_field("AX_CLV__c", type="text"),
        AX_Health_Band__c=our_field("AX_Health_Band__c", choices=("Healthy", "Watch")),
        AX_Coverage_Gap__c=our_field("AX_Coverage_Gap__c", length=10),
        AX_Expected_Loss__c=our_field("AX_Expected_Loss__c", scale=0),
        AX_Link__c=our_field("AX_Link__c", custom=False),
        AX_Task_Key__c=our_field("AX_Task_Key__c", unique=False),
    )

    assert {(p.code, p.field) for p in checked.problems} == {
        ("M03", "AX_NPS__c"),
        ("M04", "AX_CLV__c"),
        ("M07", "AX_Health_Band__c"),
    }
    assert {(n.code, n.field) for n in checked.notes} == {
        ("M05", "AX_Coverage_Gap__c"),
        ("M06", "AX_Expected_Loss__c"),
        ("M10", "AX_Link__c"),
        ("M13", "AX_Task_Key__c"),
    }
    values = {"coverage_gap": "2 decision makers missing", "expected_loss": 10.5, "nps": 40}
    sent, refused = checked.map.account.to_remote(values, currency=None, rates={})
    assert sent == {"AX_Coverage_Gap__c": "2 decisio…", "AX_Expected_Loss__c": 11}
    assert refused == []


def test_what_is_written_can_be_provisioned() -> None:
    for vendor, name, kind in (
        ("salesforce", "AX_Task_Key__c", "Task"),
        ("hubspot", "ax_task_key", "tasks"),
    ):
        specs = [FieldSpec(**asdict(spec)) for spec in mappings.field_specs(mappings.load(vendor))]
        assert (specs[-1].kind, specs[-1].name, specs[-1].length) == (kind, name, 80)
        assert specs[-1].unique
        assert all("do not edit" in spec.help for spec in specs)
        assert len({spec.name for spec in specs}) == len(mappings.WRITTEN) + 1
    percent = {spec.name: spec.label for spec in specs}
    assert percent["ax_coverage"] == "Coverage (%)"
