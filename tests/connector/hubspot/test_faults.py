"""Limits and outages: what is waited for, what stops the run, what is told."""

import time
from typing import Any

import pytest

from connector.budget import Allowance
from connector.errors import (
    CrmAllowanceReached,
    CrmAuthFailed,
    CrmError,
    CrmForbidden,
    CrmRateLimited,
    CrmRejected,
    CrmUnavailable,
    CrmUnknownObject,
)
from connector.hubspot import HubSpot
from connector.hubspot.pace import Pace
from connector.hubspot.refusals import call_error
from connector.retry import Patience
from tests.connector.hubspot.conftest import FULL, QUICK, Connect, Portal, ids_of

RATE = "X-HubSpot-RateLimit-"
HTML = "<!DOCTYPE html><html><body>Oops</body></html>"


def read(crm: HubSpot) -> list[str]:
    return ids_of(list(crm.pull("companies", ["name"], FULL)))


@pytest.mark.parametrize("policy", ["TEN_SECONDLY_ROLLING", "SECONDLY"])
def test_a_short_limit_is_waited_for(crm: HubSpot, portal: Portal, policy: str) -> None:
    company = portal.add("companies", name="A")
    portal.fault("rate_limit", policy=policy, count=2)

    assert read(crm) == [company]
    assert portal.fired("rate_limit") == 2


def test_a_short_limit_that_lasts_is_named(crm: HubSpot, portal: Portal) -> None:
    portal.fault("rate_limit", policy="TEN_SECONDLY_ROLLING")

    with pytest.raises(CrmRateLimited, match="ten_secondly_rolling"):
        read(crm)


def test_retry_after_is_heeded(connect: Connect, portal: Portal) -> None:
    company = portal.add("companies", name="A")
    crm = connect(patience=Patience(tries=2, first=0.01, longest=5, jitter=0))
    portal.fault("rate_limit", policy="SECONDLY", retry_after=1, count=1)
    start = time.monotonic()

    assert read(crm) == [company]
    assert time.monotonic() - start >= 1


def test_a_longer_retry_after_than_our_patience_is_not_waited_for(
    crm: HubSpot, portal: Portal
) -> None:
    portal.fault("rate_limit", policy="TEN_SECONDLY_ROLLING", retry_after=30)

    with pytest.raises(CrmRateLimited) as caught:
        read(crm)

    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 30
    assert portal.fired("rate_limit") == 1


@pytest.mark.parametrize("extra", [{}, {"retry_after": 1}])
def test_the_daily_limit_stops_the_run(crm: HubSpot, portal: Portal, extra: dict[str, Any]) -> None:
    portal.fault("rate_limit", policy="DAILY", **extra)

    with pytest.raises(CrmAllowanceReached, match="midnight"):
        read(crm)

    assert portal.fired("rate_limit") == 1


def test_our_share_of_the_day_is_never_exceeded(connect: Connect, portal: Portal) -> None:
    portal.switch("limits.daily", 20)
    crm = connect(allowance=Allowance(0.5))

    for _ in range(10):
        read(crm)
    with pytest.raises(CrmAllowanceReached, match="50%"):
        read(crm)

    assert crm.usage.day_limit == 20
    assert crm.usage.day_used == 10 == portal.calls()


def test_the_burst_limit_is_not_run_into() -> None:
    """Calls 0 and 0.1 s ago in a window of 0.3 s, three more allowed: the third waits for one."""
    pace = Pace()
    start = time.monotonic()
    pace.wait(search=False)
    time.sleep(0.1)
    pace.wait(search=False)
    pace.note({RATE + "Remaining": "2", RATE + "Interval-Milliseconds": "300"})

    pace.wait(search=False)

    assert time.monotonic() - start >= 0.3


def test_searches_stay_below_five_in_a_second(crm: HubSpot) -> None:
    start = time.monotonic()

    for _ in range(6):
        assert crm.count("companies") == 0

    assert time.monotonic() - start > 1


def test_a_search_counts_from_its_answer_on() -> None:
    """Two of two searches on a slow line: HubSpot may have counted each as late as its answer."""
    pace = Pace(searches_per_second=2)
    for _ in range(2):
        pace.wait(search=True)
    time.sleep(0.2)
    answered = time.monotonic()
    for _ in range(2):
        pace.searched()

    pace.wait(search=True)

    assert time.monotonic() - answered > 1


def test_an_outage_is_tried_again(crm: HubSpot, portal: Portal) -> None:
    company = portal.add("companies", name="A")
    for status in (500, 502, 503, 504, 521, 524):
        portal.answer("/companies", status, HTML, content_type="text/html")

        assert read(crm) == [company]
    assert crm.usage.spent == 12


def test_a_wrong_address_is_not_tried_again(crm: HubSpot, portal: Portal) -> None:
    portal.answer("/companies", 404, HTML, count=QUICK.tries, content_type="text/html")

    with pytest.raises(CrmRejected, match="base URL"):
        read(crm)

    assert portal.fired("status") == 1


@pytest.mark.parametrize(
    ("status", "content", "error", "words"),
    [
        (405, None, CrmRejected, "base URL"),
        (414, None, CrmRejected, "too long"),
        (423, None, CrmUnavailable, "holds"),
        (429, None, CrmRateLimited, "no more calls"),
        (401, None, CrmAuthFailed, "connect"),
        (530, None, CrmAuthFailed, "edge"),
        (403, None, CrmUnavailable, "proxy"),
        (403, {"status": "error", "message": "not in your plan"}, CrmForbidden, "plan"),
        (400, {"message": "Unable to infer object type from: X"}, CrmUnknownObject, "map"),
        (400, {"category": "VALIDATION_ERROR", "message": "limit"}, CrmRejected, "limit"),
        (500, {"category": "INTERNAL_ERROR", "message": "oops"}, CrmUnavailable, "oops"),
        (429, {"message": "You have reached your daily limit."}, CrmAllowanceReached, "midnight"),
    ],
)
def test_every_refusal_is_named(
    status: int, content: Any, error: type[CrmError], words: str
) -> None:
    found = call_error(status, content, {})

    assert isinstance(found, error)
    assert words in str(found)


def test_a_move_between_data_centres_is_not_waited_for(crm: HubSpot, portal: Portal) -> None:
    portal.fault("migrating", retry_after=7200)

    with pytest.raises(CrmUnavailable, match="in 120 min") as caught:
        read(crm)

    assert caught.value.retry_after == 7200
    assert portal.fired("migrating") == 1


def test_a_short_move_is_waited_for(connect: Connect, portal: Portal) -> None:
    crm = connect(patience=Patience(tries=2, first=0.01, longest=2, jitter=0))
    portal.fault("migrating", retry_after=1, count=1)

    assert read(crm) == []


def test_a_missing_scope_names_it(crm: HubSpot, portal: Portal) -> None:
    portal.switch("scopes", ["oauth"])

    with pytest.raises(CrmForbidden, match=r"crm\.objects\.companies\.read"):
        read(crm)

    assert crm.describe_many(["companies", "contacts"]) == {}


def test_an_unknown_object_is_named(crm: HubSpot) -> None:
    with pytest.raises(CrmUnknownObject, match="dragons"):
        crm.describe("dragons")


def test_nobody_listening_is_unavailable(connect: Connect) -> None:
    crm = connect(base_url="http://127.0.0.1:9", patience=Patience(2, 0.01, 0.01, 0))

    with pytest.raises(CrmUnavailable, match="No connection"):
        read(crm)
