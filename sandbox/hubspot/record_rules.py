"""Rules an admin sets on records: which properties a create needs, and which follow from others.

The switch `hubspot.record_rules` holds them, by plural object name:
{"companies": {"required": ["industry"], "conditional": [{"when": {"lifecyclestage": "customer"},
"requires": ["annualrevenue"]}]}}. Only paths dated 2026-09 or later enforce them on writes; the
numbered ones never do. Source: HubSpot API reference, API versions; wording of the messages:
unverified.
"""

from typing import Any

from flask import g

from sandbox.hubspot import rows
from sandbox.hubspot.errors import HubSpotError, invalid
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.rows import Projection
from sandbox.hubspot.values import Values

FIRST = "2026-09"


def enforce(portal: Portal, kind: Kind, values: Values, record_id: int | None = None) -> None:
    """400 when a create (no `record_id`) or a change would break a rule of this path's version."""
    rules: dict[str, Any] = portal.switch("record_rules").get(kind.name, {})
    if not rules or g.get("api_version", "") < FIRST:
        return
    if record_id is None:
        _require(kind, rules.get("required", []), values, "MISSING_REQUIRED_PROPERTY")
    conditional = rules.get("conditional", [])
    whole = values if record_id is None else _present(portal, kind, conditional, record_id) | values
    for rule in conditional:
        if all(whole.get(name) == value for name, value in rule["when"].items()):
            code = "MISSING_CONDITIONAL_REQUIRED_PROPERTY"
            _require(kind, rule["requires"], whole, code)


def _present(portal: Portal, kind: Kind, conditional: list[Any], record_id: int) -> Values:
    names = [name for rule in conditional for name in (*rule["when"], *rule["requires"])]
    found = rows.by_ids(portal, Projection(portal, kind, names), [record_id])
    present: Values = found[record_id]["properties"] if record_id in found else {}
    return present


def _require(kind: Kind, names: list[str], values: Values, code: str) -> None:
    missing = [name for name in names if not values.get(name)]
    if missing:
        raise _refusal(kind, missing, code)


def _refusal(kind: Kind, missing: list[str], code: str) -> HubSpotError:
    told = f"{kind.word} records need a value for: {', '.join(missing)}"
    return invalid(
        told,
        errors=[
            {"message": f"{name} is required", "code": code, "context": {"propertyName": [name]}}
            for name in missing
        ],
    )
