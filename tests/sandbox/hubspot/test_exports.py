"""Exports: a CSV file behind an address that soon ends."""

import csv
import io
from typing import Any

import requests
from hubspot import HubSpot

from tests.sandbox.hubspot.conftest import Api

BODY = {
    "exportType": "VIEW", "exportName": "all", "format": "CSV", "language": "EN",
    "objectType": "COMPANY", "objectProperties": ["name", "lifecyclestage"],
    "associatedObjectType": [],
}  # fmt: skip


def rows(address: str) -> list[list[str]]:
    answer = requests.get(address, timeout=20)
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text)))


def test_the_clients_export(api: Api) -> None:
    one = api.add("companies", name='Quote " and, comma', lifecyclestage="customer")
    two = api.add("companies", name="B")
    client: Any = HubSpot(access_token=api.world.hubspot.access_token, host=api.url)
    exports = client.crm.exports.public_exports_api
    started = exports.start(BODY)
    told = exports.get_status(started.id)
    assert told.status == "COMPLETE"
    assert rows(told.result) == [
        ["Record ID", "Company name", "Lifecycle Stage"],
        [one, 'Quote " and, comma', "Customer"],
        [two, "B", ""],
    ]
    api.world.clock.advance(301)
    assert requests.get(told.result, timeout=20).status_code == 403


def test_filtered_with_internal_names(api: Api) -> None:
    api.add("companies", name="A")
    two = api.add("companies", name="B", lifecyclestage="customer")
    wanted = {"filters": [{"propertyName": "name", "operator": "EQ", "value": "B"}]}
    body = BODY | {
        "exportInternalValuesOptions": ["NAMES", "VALUES"], "publicCrmSearchRequest": wanted,
    }  # fmt: skip
    started = api.post("/crm/exports/2026-09/export/async", body, status=202)
    told = api.get(started["links"]["status"])
    assert rows(told["result"]) == [
        ["hs_object_id", "name", "lifecyclestage"],
        [two, "B", "customer"],
    ]


def test_refusals(api: Api, switches: Any) -> None:
    path = "/crm/v3/exports/export/async"
    assert "objectType" in api.post(path, BODY | {"objectType": ""}, status=400)["message"]
    wrong = BODY | {"objectProperties": ["never_was"]}
    assert "never_was" in api.post(path, wrong, status=400)["message"]
    api.get(f"{path}/tasks/nothing/status", status=404)
    switches["hubspot.scopes"] = ["crm.objects.companies.read"]
    assert api.post(path, BODY, status=403)["category"] == "MISSING_SCOPES"
