"""The account: details, API usage, currencies, limits of custom properties, object schemas.

Source: HubSpot API reference, limits (time zone of the day), properties (limits), deals (currency).
"""

from datetime import datetime, timedelta
from typing import Any

from flask import g

from sandbox.hubspot.errors import missing_scopes, refusal
from sandbox.hubspot.http import Answer, route
from sandbox.hubspot.instants import milliseconds, to_text
from sandbox.hubspot.kinds import KINDS, Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.properties import wire
from sandbox.hubspot.property_rules import MOST_CUSTOM

MOST_CUSTOM_IN_ACCOUNT = 10_000


@route("GET", "account", "/details", "", counts="meta")
def details(portal: Portal) -> Answer:
    """Portal id, time zone, currency."""
    now = portal.world.clock.now().astimezone(portal.limiter.time_zone())
    offset = now.utcoffset() or timedelta(0)
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return 200, {
        "portalId": portal.id,
        "accountType": "STANDARD",
        "timeZone": portal.switch("time_zone"),
        "companyCurrency": portal.switch("currency"),
        "additionalCurrencies": sorted(_rates(portal)),
        "utcOffset": f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}",
        "utcOffsetMilliseconds": minutes * 60_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }


@route("GET", "account", "/api-usage/daily", "", counts="meta")
@route("GET", "account", "/api-usage/daily/private-apps", "", counts="meta")
def usage(portal: Portal) -> Answer:
    """Calls of the account's day so far."""
    now = portal.world.clock.now()
    local = now.astimezone(portal.limiter.time_zone())
    midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), local.tzinfo)
    return 200, {
        "results": [
            {
                "name": "private-apps-api-calls-daily",
                "usageLimit": portal.switch("limits.daily"),
                "currentUsage": portal.limiter.used_today,
                "collectedAt": to_text(milliseconds(now)),
                "fetchStatus": "SUCCESS",
                "resetsAt": to_text(milliseconds(midnight)),
            }
        ]
    }


@route("GET", "currencies", "/company-currency", "settings.currencies.read", counts="meta")
def company_currency(portal: Portal) -> Answer:
    """The account's own currency."""
    return 200, {"currencyCode": portal.switch("currency"), "id": "1"}


@route("GET", "currencies", "/exchange-rates/current", "settings.currencies.read", counts="meta")
def exchange_rates(portal: Portal) -> Answer:
    """Rates into the account's currency."""
    return 200, {
        "results": [
            {
                "id": str(number),
                "fromCurrencyCode": code,
                "toCurrencyCode": portal.switch("currency"),
                "conversionRate": float(rate),
                "visibleInUI": True,
                "effectiveAt": "2020-01-01T00:00:00.000Z",
                "createdAt": "2020-01-01T00:00:00.000Z",
                "updatedAt": "2020-01-01T00:00:00.000Z",
            }
            for number, (code, rate) in enumerate(sorted(_rates(portal).items()), 2)
        ]
    }


@route("GET", "limits", "/custom-properties", "", counts="meta")
def property_limits(portal: Portal) -> Answer:
    """How many custom properties there are and may be."""
    readable = sorted({kind.scopes("read")[0] for kind in KINDS.values()})
    if g.token.scopes.isdisjoint(readable):
        raise missing_scopes(readable)
    by_type = [_usage(portal, kind) for kind in KINDS.values()]
    total = sum(each["usage"] for each in by_type)
    return 200, {
        "overallLimit": MOST_CUSTOM_IN_ACCOUNT,
        "overallUsage": total,
        "overallPercentage": round(100 * total / MOST_CUSTOM_IN_ACCOUNT, 2),
        "byObjectType": by_type,
    }


@route("GET", "schemas", "", "", counts="meta")
def list_schemas(portal: Portal) -> Answer:
    """Custom object types: this portal has none."""
    return 200, {"results": []}


@route("GET", "schemas", "/<kind>", "schema.read")
def get_schema(portal: Portal, kind: Kind) -> Answer:
    """One object type with its properties and association types."""
    properties = portal.schema.properties(kind)
    if not properties:
        raise refusal(404, "OBJECT_NOT_FOUND", f"No schema for {kind.name}")
    return 200, {
        "id": kind.type_id,
        "objectTypeId": kind.type_id,
        "fullyQualifiedName": kind.word,
        "name": kind.word,
        "labels": {"singular": kind.singular.capitalize(), "plural": kind.name.capitalize()},
        "requiredProperties": [group[0] for group in kind.required if len(group) == 1],
        "searchableProperties": list(kind.searchable),
        "properties": [wire(portal, kind, each) for each in properties.values()],
        "associations": [
            {
                "id": str(each.type_id),
                "fromObjectTypeId": kind.type_id,
                "toObjectTypeId": KINDS[each.to_kind].type_id,
                "name": each.name,
            }
            for each in portal.labels.leaving(kind)
        ],
        "archived": False,
    }


def _usage(portal: Portal, kind: Kind) -> dict[str, Any]:
    used = sum(1 for each in portal.schema.properties(kind).values() if each.custom)
    return {
        "objectTypeId": kind.type_id,
        "singularLabel": kind.singular.capitalize(),
        "pluralLabel": kind.name.capitalize(),
        "limit": MOST_CUSTOM,
        "usage": used,
        "percentage": round(100 * used / MOST_CUSTOM, 2),
    }


def _rates(portal: Portal) -> dict[str, str]:
    rates: dict[str, str] = portal.switch("exchange_rates")
    return rates
