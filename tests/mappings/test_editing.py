"""Changing a map a row at a time, what differs then, and which fields might be meant."""

import pytest

import mappings
from mappings.catalogue import column
from mappings.editing import (
    column_table,
    figure_field,
    is_written,
    read_document,
    with_column,
    with_figure,
    write_document,
)
from mappings.findings import Described, described
from mappings.suggest import name_words, suggest
from mappings.wording import Change, changes

SALESFORCE = mappings.load("salesforce")


def edited(content: str) -> mappings.CrmMap:
    return mappings.loads("salesforce", content, "the draft")


@pytest.mark.parametrize("vendor", ["salesforce", "hubspot"])
def test_a_map_survives_being_written_again(vendor: str) -> None:
    default = mappings.load(vendor)
    again = mappings.loads(vendor, write_document(read_document(default.content)), "again")
    assert again.version == default.version
    assert changes(default, again) == []


def test_a_column_is_read_from_another_field() -> None:
    table = {"field": "Tier__c", "optional": True, "values": {"Gold": "Enterprise"}}
    content = with_column(SALESFORCE.content, "accounts:Account", "segment", table)

    assert column_table(read_document(content), "accounts:Account", "segment") == table
    assert changes(SALESFORCE, edited(content)) == [
        Change(
            "accounts:Account",
            "segment",
            "Segment__c; may be absent",
            "Tier__c; values: gold → Enterprise; may be absent",
        )
    ]
    plain = with_column(content, "accounts:Account", "segment", {"field": "Tier__c"})
    assert read_document(plain)["source"][0]["read"]["segment"] == "Tier__c"


def test_a_column_is_no_longer_read_and_read_again() -> None:
    without = with_column(SALESFORCE.content, "accounts:Account", "country", None)
    assert [(c.row, c.after) for c in changes(SALESFORCE, edited(without))] == [
        ("country", "not read")
    ]
    before = column_table(read_document(SALESFORCE.content), "accounts:Account", "country")
    again = with_column(without, "accounts:Account", "country", before)
    assert edited(again).version == SALESFORCE.version
    with pytest.raises(KeyError):
        with_column(without, "accounts:Lead", "country", None)


def test_a_figure_goes_to_another_field_or_is_left_alone() -> None:
    renamed = with_figure(SALESFORCE.content, "salesforce", "nps", "NPS__c", write=True)
    silent = with_figure(renamed, "salesforce", "clv", "AX_CLV__c", write=False)

    document = read_document(silent)
    assert document["write"] == {"prefix": "AX_", "names": {"nps": "NPS__c"}, "leave_out": ["clv"]}
    assert figure_field(document, "salesforce", "nps") == "NPS__c"
    assert not is_written(document, "clv")
    assert [(c.row, c.before, c.after) for c in changes(SALESFORCE, edited(silent))] == [
        ("nps", "Account.AX_NPS__c", "Account.NPS__c"),
        ("clv", "Account.AX_CLV__c", "left alone"),
    ]
    back = with_figure(silent, "salesforce", "nps", "AX_NPS__c", write=True)
    back = with_figure(back, "salesforce", "clv", "", write=True)
    assert edited(back).version == SALESFORCE.version


def test_what_differs_is_said_in_words() -> None:
    content = SALESFORCE.content
    for old, new in (
        ('modified = "SystemModstamp"', 'modified = "LastModifiedDate"'),
        ('kind = "AccountTeamMember"', 'kind = "Team__c"'),
        ("scale = 0.01", "scale = 1"),
        ('{ constant = "two_way" }', '{ constant = "inbound" }'),
        ('{ unless = ["Inactive__c"], optional = true }', '"Active__c"'),
        ('"CompletedDateTime", "ActivityDate"', '"ActivityDate", "CreatedDate"'),
    ):
        assert old in content
        content = content.replace(old, new, 1)
    said = {(c.source, c.row): (c.before, c.after) for c in changes(SALESFORCE, edited(content))}

    assert said["accounts:Account", "modification stamp"] == ("SystemModstamp", "LastModifiedDate")
    assert said["team_members:AccountTeamMember", "the whole object"] == ("read", "not read")
    assert said["team_members:Team__c", "the whole object"] == ("not read", "read")
    assert said["team_members:Team__c", "role"] == ("not read", "TeamMemberRole; as slug")
    assert said["opportunities:Opportunity", "probability"][0] == (
        "Probability; times 0.01; may be absent"
    )
    assert said["activities:Event", "direction"] == ("always two_way", "always inbound")
    assert said["contacts:Contact", "is_active"] == (
        "true unless Inactive__c; may be absent",
        "Active__c",
    )
    assert said["activities:Task", "occurred_at"][0].startswith(
        "the first filled of CompletedDateTime, ActivityDate"
    )


def test_names_are_compared_as_words() -> None:
    assert name_words("Contract_Renewal_Date__c") == {"contract", "renewal", "date"}
    assert name_words("renewalDate") == name_words("ax_renewal_on") == {"renewal", "date"}
    assert name_words("ARR__c") == {"annual", "value"}


def test_fields_alike_by_name_and_fit_by_type_are_suggested_the_best_first() -> None:
    fields = [
        Described("Renewal_Date__c", "Renewal date", "date"),
        Described("Contract_Renewal__c", "Contract renewal date", "date"),
        Described("Renewal_Date_Text__c", "Renewal date", "bool"),
        Described("Shoe_Size__c", "Shoe size", "date"),
    ]
    found = suggest(column("accounts", "renewal_date"), fields)
    assert [(one.field, one.likely) for one in found] == [
        ("Renewal_Date__c", True),
        ("Contract_Renewal__c", False),
    ]


def test_the_customers_turnover_is_never_suggested_as_annual_value() -> None:
    fields = [Described("AnnualRevenue", "Annual revenue", "currency")]
    assert suggest(column("accounts", "annual_value"), fields) == []


def test_a_stored_description_is_read_as_it_was_kept() -> None:
    stored = [{"name": "Tier__c", "label": "Tier", "type": "choice", "choices": ["Gold"]}]
    more = [{**stored[0], "vendor_type": "picklist", "custom": True}]
    assert described(more)["Tier__c"] == Described(
        "Tier__c", "Tier", "choice", custom=True, choices=("Gold",)
    )
