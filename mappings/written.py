"""The fields Barometer writes: names, types, units. Values come in by these names.

Units of the values jobs hand in: scores and NPS in points, shares 0…1 for percent fields, money
in the corporate currency. Source: docs/mapping.md, "What is written".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

WrittenType = Literal[
    "number",
    "percent",
    "currency",
    "bool",
    "date",
    "datetime",
    "choice",
    "text",
    "long_text",
    "url",
]

TASK_KIND: Mapping[str, str] = MappingProxyType({"salesforce": "Task", "hubspot": "tasks"})
# what a new task is sent with, beside our key; other fields that must be filled would be missing
TASK_SENT: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "salesforce": frozenset(
            {
                *("Subject", "Description", "ActivityDate", "Priority", "Status"),
                *("WhatId", "WhoId", "OwnerId"),
            }
        ),
        "hubspot": frozenset(
            {
                *("hs_task_subject", "hs_task_body", "hs_task_priority", "hs_task_status"),
                *("hs_task_type", "hs_timestamp", "hubspot_owner_id"),
            }
        ),
    }
)
PREFIX: Mapping[str, str] = MappingProxyType({"salesforce": "AX_", "hubspot": "ax_"})
_CAPITALS = {"nps": "NPS", "clv": "CLV"}
_OURS = "Written by Barometer, do not edit."


@dataclass(frozen=True)
class WrittenField:
    """One figure of ours on an account, or the key on a task."""

    name: str
    label: str
    type: WrittenType
    help: str
    length: int | None = None  # characters
    precision: int | None = None  # digits in all
    scale: int | None = None  # digits after the point
    choices: tuple[str, ...] = ()
    unique: bool = False
    accompanies: bool = False  # its change alone is no reason to write


def _number(name: str, label: str, help: str, precision: int = 6) -> WrittenField:
    return WrittenField(name, label, "number", f"{help} {_OURS}", precision=precision, scale=0)


def _percent(name: str, label: str, help: str) -> WrittenField:
    return WrittenField(
        name, label, "percent", f"Percent, 0 to 100. {help} {_OURS}", precision=3, scale=0
    )


def _money(name: str, label: str, help: str) -> WrittenField:
    return WrittenField(name, label, "currency", f"{help} {_OURS}", precision=18, scale=2)


def _text(name: str, label: str, help: str) -> WrittenField:
    return WrittenField(name, label, "text", f"{help} {_OURS}", length=255)


def _flag(name: str, label: str, help: str) -> WrittenField:
    return WrittenField(name, label, "bool", f"{help} {_OURS}")


def _choice(name: str, label: str, help: str, *choices: str) -> WrittenField:
    return WrittenField(name, label, "choice", f"{help} {_OURS}", choices=choices)


WRITTEN: tuple[WrittenField, ...] = (
    _number("health_score", "Health score", "0 to 100; empty when unknown.", precision=3),
    _choice(
        "health_band",
        "Health band",
        "Healthy from 70, Watch from 40, At risk below; Unknown when too little is known.",
        *("Healthy", "Watch", "At risk", "Unknown"),
    ),
    _number("health_trend", "Health trend", "Points against 30 days ago, -100 to 100.", 4),
    _percent("health_confidence", "Health confidence", "How much of the score is observed."),
    WrittenField(
        "health_reasons",
        "Health reasons",
        "long_text",
        f"Why the score is what it is. {_OURS}",
        length=4000,
    ),
    _text("top_driver", "Top driver", "The touch point that weighs most on this account."),
    WrittenField(
        "computed_at",
        "Computed at",
        "datetime",
        f"When these figures last changed, UTC. {_OURS}",
        accompanies=True,
    ),
    _number("required_contacts", "Required contacts", "People this annual value calls for."),
    _number("known_contacts", "Known contacts", "Active contacts."),
    _number("engaged_contacts", "Engaged contacts", "Contacts with a sign of life of late."),
    _number("respondents", "Respondents", "Contacts that answered a survey of late."),
    _percent("coverage", "Coverage", "Known contacts of those required."),
    _text("coverage_gap", "Coverage gap", "Who is missing, in words."),
    _flag("coverage_alert", "Coverage alert", "Ticked while a coverage alert is open."),
    _number("nps", "NPS", "Net Promoter Score, -100 to 100; empty without answers.", 4),
    _number("open_loops", "Open loops", "Complaints that nobody has solved yet."),
    WrittenField(
        "last_response_at", "Last response", "date", f"Day of the newest answer, UTC. {_OURS}"
    ),
    _money("revenue_at_risk", "Revenue at risk", "Annual value at risk."),
    _money("expected_loss", "Expected loss", "Annual value times the probability of leaving."),
    _choice(
        "quadrant",
        "Quadrant",
        "Annual value against NPS; Unheard without answers.",
        *("Strength", "Weakness", "Opportunity", "Threat", "Unheard"),
    ),
    _flag("upsell", "Up-sell", "Ticked when every condition for up-selling is met."),
    _text("upsell_reason", "Up-sell reason", "Why, or why not."),
    _text("cross_sell_product", "Cross-sell product", "What peers own and this account does not."),
    _flag("referral", "Referral", "Ticked when somebody here may be asked for a referral."),
    _money("clv", "Lifetime value", "Customer lifetime value, discounted."),
    WrittenField(
        "link", "Barometer page", "url", f"This account in Barometer. {_OURS}", length=255
    ),
)

TASK_KEY = WrittenField(
    "task_key",
    "Task key",
    "text",
    f"Keeps a task from being made twice. {_OURS}",
    length=80,
    unique=True,
)


def crm_name(vendor: str, prefix: str, name: str) -> str:
    """Field name in the CRM: health_score → AX_Health_Score__c or ax_health_score."""
    if vendor == "hubspot":
        return f"{prefix}{name}".lower()
    words = [_CAPITALS.get(word, word.capitalize()) for word in name.split("_")]
    return f"{prefix}{'_'.join(words)}__c"


def crm_label(vendor: str, field: WrittenField) -> str:
    """Label in the CRM; HubSpot keeps percent as a plain number, so its label says so."""
    percent = vendor == "hubspot" and field.type == "percent"
    return f"{field.label} (%)" if percent else field.label
