"""Behaviours that are unverified, or that differ between accounts: each switch, both ways."""

from typing import Any

import pytest

from tests.sandbox.hubspot.conftest import Api

COMPANIES = "/crm/v3/objects/companies"


@pytest.mark.parametrize("touches", [True, False])
def test_a_write_of_what_is_there_moves_the_stamp_or_not(
    api: Api, switches: Any, touches: bool
) -> None:
    switches["hubspot.equal_write_touches"] = touches
    one = api.add("companies", name="A")
    before = api.get(f"{COMPANIES}/{one}")["updatedAt"]
    api.world.clock.advance(5)
    api.call("PATCH", f"{COMPANIES}/{one}", {"properties": {"name": "A"}})
    assert (api.get(f"{COMPANIES}/{one}")["updatedAt"] > before) is touches


@pytest.mark.parametrize(
    ("omit", "shown"), [(False, "2026-01-05T09:00:00.000Z"), (True, "2026-01-05T09:00:00Z")]
)
def test_instants_with_and_without_zero_milliseconds(
    api: Api, switches: Any, omit: bool, shown: str
) -> None:
    switches["hubspot.omit_zero_milliseconds"] = omit
    one = api.add("tasks", hs_timestamp="2026-01-05T09:00:00Z")
    found = api.get(f"/crm/v3/objects/tasks/{one}?properties=hs_timestamp")
    assert found["properties"]["hs_timestamp"] == shown


def test_currency_and_time_zone_of_the_account(api: Api, switches: Any) -> None:
    details = api.get("/account-info/v3/details")
    assert (details["companyCurrency"], details["timeZone"]) == ("USD", "Europe/Amsterdam")
    switches["hubspot.currency"] = "EUR"
    switches["hubspot.time_zone"] = "UTC"
    switches["hubspot.exchange_rates"] = {"GBP": "1.25"}
    details = api.get("/account-info/2026-09/details")
    assert (details["companyCurrency"], details["timeZone"]) == ("EUR", "UTC")
    assert details["utcOffset"] == "+00:00"
    (rate,) = api.get("/settings/v3/currencies/exchange-rates/current")["results"]
    assert (rate["fromCurrencyCode"], rate["toCurrencyCode"]) == ("GBP", "EUR")
    stage = {"dealname": "D", "dealstage": "closedwon", "pipeline": "default"}
    deal = api.add("deals", **stage, amount="100", deal_currency_code="GBP")
    shown = api.get(f"/crm/v3/objects/deals/{deal}?properties=amount_in_home_currency")
    assert float(shown["properties"]["amount_in_home_currency"]) == 125.0


@pytest.mark.parametrize("kind", ["leads", "quotes", "deal_splits", "goal_targets"])
def test_sales_objects_that_the_portfolio_leaves_empty(shared: Api, kind: str) -> None:
    assert shared.get(f"/crm/v3/objects/{kind}")["results"] == []
    names = {each["name"] for each in shared.get(f"/properties/v2/{kind}/properties")}
    assert {"hs_createdate", "hs_lastmodifieddate", "hs_object_id"} <= names
    assert shared.search(kind) == []
