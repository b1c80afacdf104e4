"""Rules an admin sets on records bind the writes of the 2026-09 paths, and no others."""

from typing import Any

import pytest

from tests.sandbox.hubspot.conftest import Api

RULES = {
    "companies": {
        "required": ["industry"],
        "conditional": [{"when": {"lifecyclestage": "customer"}, "requires": ["annualrevenue"]}],
    }
}
OLD = ("/crm/v3/objects/companies", "/crm/objects/2026-03/companies")
NEW = "/crm/objects/2026-09/companies"


@pytest.fixture(autouse=True)
def rules(api: Api, switches: Any) -> None:
    switches["hubspot.record_rules"] = RULES


def codes(answer: Any) -> list[tuple[str, list[str]]]:
    assert answer["category"] == "VALIDATION_ERROR"
    return [(one["code"], one["context"]["propertyName"]) for one in answer["errors"]]


@pytest.mark.parametrize("path", OLD)
def test_older_paths_write_past_the_rules(api: Api, path: str) -> None:
    made = api.post(path, {"properties": {"name": "A"}}, status=201)
    body = {"properties": {"lifecyclestage": "customer"}}
    assert api.call("PATCH", f"{path}/{made['id']}", body)["id"] == made["id"]


def test_a_create_needs_what_the_rules_require(api: Api) -> None:
    refused = api.post(NEW, {"properties": {"name": "A"}}, status=400)
    assert codes(refused) == [("MISSING_REQUIRED_PROPERTY", ["industry"])]
    assert api.get("/crm/v3/objects/companies")["results"] == []
    api.post(NEW, {"properties": {"name": "A", "industry": "BANKING"}}, status=201)


def test_a_change_counts_what_the_record_has(api: Api) -> None:
    one = api.add("companies", name="A")
    body = {"properties": {"lifecyclestage": "customer"}}
    refused = api.call("PATCH", f"{NEW}/{one}", body, status=400)
    assert codes(refused) == [("MISSING_CONDITIONAL_REQUIRED_PROPERTY", ["annualrevenue"])]
    api.call("PATCH", f"{NEW}/{one}", {"properties": {"annualrevenue": "5"}})
    api.call("PATCH", f"{NEW}/{one}", body)


def test_batches_obey_too(api: Api) -> None:
    one, two = api.add("companies", name="A"), api.add("companies", name="B", annualrevenue="5")
    inputs = [{"id": each, "properties": {"lifecyclestage": "customer"}} for each in (one, two)]
    api.post(f"{NEW}/batch/update", {"inputs": inputs}, status=400)
    assert api.get(f"{NEW}/{two}?properties=lifecyclestage")["properties"]["lifecyclestage"] is None
    traced = [each | {"objectWriteTraceId": each["id"]} for each in inputs]
    answer = api.post(f"{NEW}/batch/update", {"inputs": traced}, status=207)
    assert [each["id"] for each in answer["results"]] == [two]
    assert codes(answer["errors"][0]) == [
        ("MISSING_CONDITIONAL_REQUIRED_PROPERTY", ["annualrevenue"])
    ]
