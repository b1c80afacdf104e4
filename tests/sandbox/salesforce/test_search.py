"""SOSL: words, phrases and wildcards over the fields a user sees."""

from typing import Any

import pytest

from tests.sandbox.salesforce.conftest import Api, code_of


@pytest.fixture
def filled(api: Api) -> dict[str, str]:
    """Two accounts and a contact that share a word."""
    one = api.create("Account", Name="Northwind Cafe", Phone="+31 20 5551234")
    two = api.create("Account", Name="Northwest Cafe Group", Type="Prospect")
    ana = api.create("Contact", LastName="Northwind", Email="ana@north.example", AccountId=one)
    return {"one": one, "two": two, "ana": ana}


def find(api: Api, text: str, status: int = 200) -> Any:
    return api.get("/search", status, params={"q": text})


def ids(answer: Any) -> list[str]:
    return [record["Id"] for record in answer["searchRecords"]]


def test_whole_words_everywhere_by_default(api: Api, filled: dict[str, str]) -> None:
    found = find(api, "FIND {northwind}")["searchRecords"]
    assert {(r["attributes"]["type"], r["Id"]) for r in found} == {
        ("Account", filled["one"]), ("Contact", filled["ana"]),
    }  # fmt: skip
    assert ids(find(api, "FIND {northw} RETURNING Account")) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("FIND {northw*} IN NAME FIELDS RETURNING Account(Id)", ["one", "two"]),
        ("FIND {cafe north*} RETURNING Account", ["one", "two"]),
        ('FIND {"northwind cafe"} IN ALL FIELDS RETURNING Account(Id, Name)', ["one"]),
        ("FIND {northwin?} IN NAME FIELDS RETURNING Account(Id), Contact(Id)", ["one", "ana"]),
        ("FIND {ana@north.example} IN EMAIL FIELDS RETURNING Contact(Id)", ["ana"]),
        ("FIND {5551234} IN PHONE FIELDS RETURNING Account(Id)", ["one"]),
        ("FIND {cafe} RETURNING Account(Id WHERE Type = 'Prospect')", ["two"]),
        ("FIND {cafe} RETURNING Account(Id ORDER BY Name DESC LIMIT 1)", ["one"]),
        ("find {cafe} returning Account(Id) limit 1", ["one"]),
    ],
)
def test_statements(api: Api, filled: dict[str, str], text: str, names: list[str]) -> None:
    assert ids(find(api, text)) == [filled[name] for name in names]


def test_deleted_records_are_not_found(api: Api, filled: dict[str, str]) -> None:
    api.delete(f"/sobjects/Account/{filled['one']}")
    assert ids(find(api, "FIND {northwind} RETURNING Account")) == []


@pytest.mark.parametrize(
    "text",
    ["", "northwind", "FIND {x}", "FIND {cafe} IN EVERY FIELDS", "FIND {cafe} RETURNING Account("],
)
def test_what_is_no_statement(api: Api, text: str) -> None:
    assert code_of(find(api, text, 400)) == "MALFORMED_SEARCH"
    assert code_of(find(api, "FIND {cafe} RETURNING Nope__c", 400)) == "INVALID_TYPE"


def test_parameterized(api: Api, filled: dict[str, str]) -> None:
    asked = {"q": "northwind", "sobject": "Account", "fields": "Id,Name"}
    (found,) = api.get("/parameterizedSearch", params=asked)["searchRecords"]
    assert (found["Id"], found["Name"]) == (filled["one"], "Northwind Cafe")
    body = {"q": "cafe", "fields": ["Id"], "sobjects": [{"name": "Account"}], "overallLimit": 1}
    assert ids(api.post("/parameterizedSearch", body)) == [filled["one"]]


def test_a_bare_list_before_version_37(api: Api, filled: dict[str, str]) -> None:
    api.version = "36.0"
    assert [r["Id"] for r in find(api, "FIND {northwind} RETURNING Account")] == [filled["one"]]
