"""Our figures as each CRM stores them, and whether it stores them already."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mappings

SALESFORCE = mappings.load("salesforce").account
HUBSPOT = mappings.load("hubspot").account
RATES = {"USD": Decimal(1), "EUR": Decimal("0.9")}
LONG = "x" * 300


def salesforce(**values: Any) -> dict[str, Any]:
    sent, refused = SALESFORCE.to_remote(values, currency=None, rates={})
    assert refused == []
    return sent


def hubspot(**values: Any) -> dict[str, Any]:
    sent, refused = HUBSPOT.to_remote(values, currency=None, rates={})
    assert refused == []
    return sent


@pytest.mark.parametrize(
    ("name", "value", "in_salesforce", "in_hubspot"),
    [
        ("health_score", 60.5, 61, "61"),  # half away from zero
        ("health_score", np.float64(61), 61, "61"),
        ("health_trend", -2.5, -3, "-3"),
        ("health_trend", -0.2, 0, "0"),
        ("coverage", 0.455, 46, "46"),  # a share comes in, percent is stored
        ("coverage", Decimal("0.45"), 45, "45"),
        ("health_band", "at_risk", "At risk", "At risk"),
        ("quadrant", "unheard", "Unheard", "Unheard"),
        ("upsell", True, True, "true"),
        ("upsell", np.bool_(False), False, "false"),
        ("coverage_gap", LONG, "x" * 254 + "…", "x" * 254 + "…"),
        ("health_reasons", " a\r\nb ", "a\nb", "a\nb"),
        ("revenue_at_risk", 1234.565, 1234.57, "1234.57"),
        ("last_response_at", date(2026, 11, 20), "2026-11-20", "2026-11-20"),
        (
            "last_response_at",
            pd.Timestamp("2026-11-20T23:30:00-02:00"),
            "2026-11-21",
            "2026-11-21",
        ),
        (
            "computed_at",
            datetime(2026, 11, 20, 16, 5, 11, 412_000, tzinfo=UTC),
            "2026-11-20T16:05:11.000Z",
            "2026-11-20T16:05:11.000Z",
        ),
        ("link", "https://b.test/a/1", "https://b.test/a/1", "https://b.test/a/1"),
    ],
)
def test_a_value_takes_the_form_of_each_crm(
    name: str, value: Any, in_salesforce: Any, in_hubspot: Any
) -> None:
    assert list(salesforce(**{name: value}).values()) == [in_salesforce]
    assert list(hubspot(**{name: value}).values()) == [in_hubspot]


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NaT, pd.NA, np.nan, ""])
def test_what_is_missing_clears_the_field(nothing: Any) -> None:
    values = {"health_score": nothing, "nps": nothing, "computed_at": nothing, "link": nothing}

    assert set(salesforce(**values).values()) == {None}
    assert set(hubspot(**values, upsell=nothing).values()) == {None}


def test_a_checkbox_cannot_be_empty() -> None:
    assert salesforce(upsell=None) == {"AX_Upsell__c": False}


def test_money_is_written_in_the_records_currency() -> None:
    sent, refused = SALESFORCE.to_remote({"clv": 100.0}, currency="EUR", rates=RATES)

    assert sent == {"AX_CLV__c": 90.0}
    assert refused == []


def test_a_hubspot_number_stays_in_the_portals_currency() -> None:
    assert HUBSPOT.to_remote({"clv": 100}, currency="EUR", rates=RATES)[0] == {"ax_clv": "100.00"}


def test_what_cannot_be_written_is_refused_and_left_as_it_is() -> None:
    values = {"clv": 1.0, "health_score": 1e9, "quadrant": "north", "link": "https://" + LONG}
    sent, refused = SALESFORCE.to_remote(
        {**values, "nps": 7}, currency="JPY", rates=RATES, record_id="001"
    )

    assert sent == {"AX_NPS__c": 7}
    assert [(r.object, r.record_id, r.field, r.code) for r in refused] == [
        ("Account", "001", "AX_CLV__c", "no_rate"),
        ("Account", "001", "AX_Health_Score__c", "too_large"),
        ("Account", "001", "AX_Quadrant__c", "unknown_value"),
        ("Account", "001", "AX_Link__c", "not_a_link"),
    ]


@pytest.mark.parametrize(
    ("name", "remote", "desired", "same"),
    [
        ("health_score", "61", 61, True),
        ("health_score", 61.0, 61, True),
        ("health_score", "61.4", 61, True),
        ("health_score", 60, 61, False),
        ("health_score", "", None, True),
        ("health_score", 0, None, False),
        ("health_score", "n/a", 61, False),
        ("coverage_gap", None, "", True),
        ("coverage_gap", "a\r\nb", "a\nb", True),
        ("coverage_gap", "A", "a", False),
        ("upsell", "true", True, True),
        ("upsell", False, "false", True),
        ("upsell", None, False, False),
        ("last_response_at", "2026-11-20", "2026-11-20", True),
        ("computed_at", "2026-11-20T16:05:11.000+0000", "2026-11-20T16:05:11.000Z", True),
        ("computed_at", "2026-11-20T16:05:11.412Z", "2026-11-20T16:05:11Z", True),
        ("computed_at", "2026-11-20T16:05:12Z", "2026-11-20T16:05:11Z", False),
        ("revenue_at_risk", "1234.570000000000050022208597511053", 1234.57, True),
        ("health_band", "Watch", "Healthy", False),
    ],
)
def test_equal_is_judged_by_type(name: str, remote: Any, desired: Any, same: bool) -> None:
    for account in (SALESFORCE, HUBSPOT):
        field = next(t.name for t in account.targets if t.field.name == name)
        assert account.same(field, remote, desired) is same


def test_what_was_written_is_the_same_when_read_back() -> None:
    values = {
        "health_score": 61.4, "coverage": 0.333, "clv": Decimal("10.005"), "upsell": True,
        "coverage_gap": LONG + " end", "computed_at": datetime(2026, 1, 1, 0, 0, 0, 999, UTC),
        "link": "https://b.test/1", "health_band": "healthy", "nps": None,
    }  # fmt: skip
    for account in (SALESFORCE, HUBSPOT):
        sent, _ = account.to_remote(values, currency=None, rates={})
        assert all(account.same(name, value, value) for name, value in sent.items())


def test_computed_at_alone_is_no_reason_to_write() -> None:
    assert SALESFORCE.only_with_others == {"AX_Computed_At__c"}
    assert HUBSPOT.only_with_others == {"ax_computed_at"}
