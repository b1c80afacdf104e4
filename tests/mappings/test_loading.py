"""A map that does not make sense is one sentence: file, place, remedy."""

from pathlib import Path

import pytest

import mappings

GOOD = """
vendor = "salesforce"
[[source]]
object = "accounts"
kind = "Account"
key = "Id"
modified = "SystemModstamp"
[source.read]
name = "Name"
"""


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_file_replaces_the_default(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(changed('name = "Name"', 'name = "Legal_Name__c"'))

    crm_map = mappings.load("salesforce", file)

    assert [s.name for s in crm_map.sources] == ["accounts:Account"]
    assert crm_map.sources[0].fields[:3] == ("Id", "SystemModstamp", "Legal_Name__c")
    assert crm_map.content == file.read_text()


def test_comments_and_order_do_not_change_the_version() -> None:
    commented = "# our map\n" + changed(
        'kind = "Account"\nkey = "Id"', 'key = "Id"\nkind = "Account" # accounts'
    )

    plain = mappings.loads("salesforce", GOOD, "a")
    assert mappings.loads("salesforce", commented, "b").version == plain.version
    other = mappings.loads("salesforce", changed('"Name"', '"Name__c"'), "c")
    assert other.version != plain.version
    assert other.sources[0].version != plain.sources[0].version
    assert len(plain.sources[0].version) == 40


def test_the_prefix_names_fields_and_task_key() -> None:
    own = (
        GOOD
        + """
[write]
prefix = "Bar_"
leave_out = ["clv"]
names = { nps = "Net_Promoter__c" }
"""
    )
    crm_map = mappings.loads("salesforce", own, "own.toml")

    assert crm_map.account.fields[0] == "Bar_Health_Score__c"
    assert "Net_Promoter__c" in crm_map.account.fields
    assert "Bar_CLV__c" not in crm_map.account.fields
    assert crm_map.task_key_field == "Bar_Task_Key__c"
    assert "Bar_Health_Score__c" in crm_map.sources[0].fields  # what the CRM holds is read back


def test_our_own_tasks_are_recognised_whatever_the_prefix() -> None:
    assert "AX_Task_Key__c" in mappings.load("salesforce").source("activities:Task").fields


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("vendor = ", "no valid TOML"),
        (changed('"salesforce"', '"hubspot"'), 'write vendor = "salesforce"'),
        (GOOD + "arr = 'X__c'", "[[source]] accounts from Account, read: does not know 'arr'"),
        (GOOD + "ownr_id = 'X'", "did you mean 'owner_id'?"),
        (GOOD + "name = 'Other'", "no valid TOML"),  # a column read twice
        (changed('name = "Name"', 'owner_id = "OwnerId"'), "name is required"),
        (GOOD + "account_id = 'X'", "account_id is made from `key`"),
        (GOOD + "domain = { field = 'Website', transform = 'host' }", "use one of domain, lower"),
        (GOOD + "domain = { field = 'A', join = ['B'] }", "give exactly one of field"),
        (GOOD + "segment = { field = 'A', scale = 0.01 }", "must hold numbers"),
        (
            GOOD + "is_customer = { field = 'Type', values = { Customer = 'sure' } }",
            "'sure' cannot stand in is_customer",
        ),
        (
            GOOD + "is_customer = { field = 'Type', values = { a = true, A = false } }",
            "lists 'A' twice",
        ),
        (changed('object = "accounts"', 'object = "deals"'), "`object` is 'deals'"),
        (changed('modified = "SystemModstamp"\n', ""), '"increment" needs `modified`'),
        (changed('object = "accounts"', 'object = "users"'), "exactly one [[source]]"),
        (GOOD + GOOD.replace('vendor = "salesforce"', ""), "two sources read accounts:Account"),
        (GOOD + "[write]\nprefx = 'X'", "did you mean 'prefix'?"),
        (GOOD + "[write.names]\nnps = 'A__c'\nclv = 'a__c'", "two figures would be written"),
        (GOOD + "[write.names]\nnpss = 'A__c'", "did you mean 'nps'?"),
        ('vendor = "salesforce"', "there is no [[source]]"),
    ],
)
def test_a_mistake_is_named_with_its_place(content: str, says: str) -> None:
    with pytest.raises(mappings.MapError) as wrong:
        mappings.loads("salesforce", content, "own.toml")

    assert str(wrong.value).startswith("own.toml: ")
    assert says in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(mappings.MapError, match=r"none\.toml: cannot be read"):
        mappings.load("salesforce", tmp_path / "none.toml")


def test_an_unknown_crm_is_named() -> None:
    with pytest.raises(mappings.MapError, match="knows salesforce, hubspot"):
        mappings.load("siebel")


@pytest.mark.parametrize("vendor", ["salesforce", "hubspot"])
@pytest.mark.parametrize("odd", ["[]", "{}", "7", "true", '""', "[[1]]", '{ a = "b" }', "nan"])
def test_whatever_stands_in_a_line_the_answer_is_a_map_or_a_sentence(vendor: str, odd: str) -> None:
    lines = mappings.load(vendor).content.splitlines()
    for position, line in enumerate(lines):
        if " = " in line and not line.startswith((" ", "[", "#")):
            changed_line = f"{line.split(' = ')[0]} = {odd}"
            content = "\n".join([*lines[:position], changed_line, *lines[position + 1 :]])
            try:
                mappings.loads(vendor, content, "own.toml")
            except mappings.MapError as wrong:
                assert str(wrong).startswith("own.toml: ")  # noqa: PT017 (a map is fine too)
