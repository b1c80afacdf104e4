"""Rate limits: rolling ten seconds, day, searches per second."""

from typing import Any

import pytest
import requests

from sandbox.server import Server
from tests.sandbox.hubspot.conftest import Api

COMPANIES = "/crm/v3/objects/companies"


@pytest.fixture
def limited(server: Server) -> Api:
    """An empty portal with small limits."""
    server.world.switches["hubspot.limits.ten_secondly"] = 3
    return Api(server)


def test_ten_seconds_roll(limited: Api) -> None:
    for left in (2, 1, 0):
        limited.get(COMPANIES)
        assert limited.headers["X-HubSpot-RateLimit-Max"] == "3"
        assert limited.headers["X-HubSpot-RateLimit-Remaining"] == str(left)
        assert limited.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"

    refused = limited.get(COMPANIES, status=429)

    assert refused["policyName"] == "TEN_SECONDLY_ROLLING"
    assert refused["message"] == "You have reached your ten_secondly_rolling limit."
    assert refused["errorType"] == "RATE_LIMIT"
    assert "Retry-After" not in limited.headers
    limited.world.clock.advance(10.5)
    limited.get(COMPANIES)


def test_searches_have_a_limit_of_their_own(limited: Api) -> None:
    limited.world.switches["hubspot.limits.search_secondly"] = 2
    for _ in range(2):
        limited.post(f"{COMPANIES}/search", {})
        assert "X-HubSpot-RateLimit-Remaining" not in limited.headers

    refused = limited.post(f"{COMPANIES}/search", {}, status=429)

    assert refused["policyName"] == "SECONDLY"
    assert refused["message"] == "You have reached your secondly limit."
    limited.world.clock.advance(1.1)
    limited.post(f"{COMPANIES}/search", {})
    limited.get(COMPANIES)  # not counted against the ten seconds
    assert limited.headers["X-HubSpot-RateLimit-Remaining"] == "2"


def test_the_day_ends_at_the_accounts_midnight(limited: Api) -> None:
    limited.world.switches["hubspot.limits.daily"] = 1
    limited.get(COMPANIES)
    assert limited.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"

    refused = limited.get(COMPANIES, status=429)

    assert refused["policyName"] == "DAILY"
    limited.world.clock.advance(86_400)
    limited.get(COMPANIES)


def test_retry_after_only_when_switched(limited: Api, switches: Any) -> None:
    switches["hubspot.limits.retry_after"] = True
    for _ in range(3):
        limited.get(COMPANIES)

    limited.get(COMPANIES, status=429)

    assert 9 <= int(limited.headers["Retry-After"]) <= 11


def test_oauth_apps_have_their_own_burst_and_no_day(server: Server) -> None:
    api = Api(server)
    token = api.world.hubspot
    form = {
        "grant_type": "refresh_token",
        "refresh_token": token.refresh_token,
        "client_id": token.client_id,
        "client_secret": token.client_secret,
    }
    access = requests.post(f"{api.url}/oauth/v1/token", data=form, timeout=10).json()
    api.session.headers["Authorization"] = f"Bearer {access['access_token']}"

    api.get(COMPANIES)

    assert api.headers["X-HubSpot-RateLimit-Max"] == "110"
    assert "X-HubSpot-RateLimit-Daily" not in api.headers


def test_limits_as_faults(api: Api) -> None:
    for policy in ("TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY"):
        fault = {"name": "rate_limit", "crm": "hubspot", "count": 1, "policy": policy}
        api.world.faults.arm({**fault, "retry_after": 3})
        assert api.get(COMPANIES, status=429)["policyName"] == policy
        assert api.headers["Retry-After"] == "3"
    api.world.faults.arm({"name": "migrating", "crm": "hubspot", "count": 1, "retry_after": 60})
    api.get(COMPANIES, status=477)
    assert api.headers["Retry-After"] == "60"


def test_calls_are_counted_as_hubspot_counts_them(api: Api) -> None:
    api.world.stats.reset()
    api.get(COMPANIES)
    api.post(f"{COMPANIES}/search", {})
    api.post(f"{COMPANIES}/batch/read", {"inputs": [{"id": "1"}]}, status=207)
    api.add("companies", name="N")
    api.get("/crm/v3/properties/companies")
    api.get("/oauth/v1/refresh-tokens/none", status=404)

    counted = api.world.stats.snapshot()["hubspot"]

    assert (counted["read"], counted["write"], counted["meta"]) == (3, 1, 1)
    assert counted["total"] == 5
    usage = api.get("/account-info/v3/api-usage/daily/private-apps")["results"][0]
    assert usage["currentUsage"] == 6
