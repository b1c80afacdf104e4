"""One property definition: from a line of data or an API body to the wire's form.

Source: HubSpot API reference, properties (create bodies, allowed pairs of types).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sandbox.hubspot import definitions, definitions_sales
from sandbox.hubspot.kinds import Kind

ADMIN_GROUP = "customer_facts"  # where the pretend admin put the properties added by hand

_TYPES = {
    "text": ("string", "text"),
    "area": ("string", "textarea"),
    "html": ("string", "html"),
    "phone": ("string", "phonenumber"),
    "number": ("number", "number"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "bool": ("bool", "booleancheckbox"),
    "select": ("enumeration", "select"),
    "radio": ("enumeration", "radio"),
    "checks": ("enumeration", "checkbox"),
}


@dataclass(frozen=True)
class Property:
    """A live or archived definition; `wire` is its JSON form without the archived members."""

    wire: dict[str, Any]
    archived_at: str | None = None

    @cached_property
    def name(self) -> str:
        return str(self.wire["name"])

    @cached_property
    def type(self) -> str:
        return str(self.wire["type"])

    @cached_property
    def multiple(self) -> bool:
        """Holds several option values joined by semicolons."""
        return self.type == "enumeration" and self.wire["fieldType"] == "checkbox"

    @cached_property
    def read_only(self) -> bool:
        return bool(self.wire["calculated"] or self.wire["modificationMetadata"]["readOnlyValue"])

    @cached_property
    def unique(self) -> bool:
        return bool(self.wire["hasUniqueValue"])

    @cached_property
    def custom(self) -> bool:
        return not self.wire["hubspotDefined"]

    @cached_property
    def owner(self) -> bool:
        """Holds the id of an owner."""
        return self.wire.get("referencedObjectType") == "OWNER"

    @cached_property
    def options(self) -> frozenset[str] | None:
        """Allowed values; None when the list is kept elsewhere."""
        if self.type not in ("enumeration", "bool") or self.wire["externalOptions"]:
            return None
        return frozenset(option["value"] for option in self.wire["options"])


def wire_form(given: dict[str, Any], *, custom: bool, now: str, user: str) -> dict[str, Any]:
    """The full JSON form of a definition of which only some members are given."""
    wire: dict[str, Any] = {
        "updatedAt": now,
        "createdAt": now,
        "name": given["name"],
        "label": given["label"],
        "type": given["type"],
        "fieldType": given["fieldType"],
        "description": given.get("description") or "",
        "groupName": given["groupName"],
        "options": [_option(o, n) for n, o in enumerate(given.get("options") or ())],
        "displayOrder": given.get("displayOrder", -1),
        "calculated": bool(given.get("calculated", given.get("calculationFormula"))),
        "externalOptions": bool(given.get("externalOptions", False)),
        "hasUniqueValue": bool(given.get("hasUniqueValue", False)),
        "hidden": bool(given.get("hidden", False)),
        "hubspotDefined": not custom,
        "formField": bool(given.get("formField", False)),
        "dataSensitivity": given.get("dataSensitivity", "non_sensitive"),
        "modificationMetadata": {
            "archivable": custom,
            "readOnlyDefinition": not custom,
            "readOnlyValue": bool(given.get("readOnlyValue", given.get("calculationFormula"))),
        },
    }
    if custom:
        wire["createdUserId"] = wire["updatedUserId"] = user
    for name in (
        "referencedObjectType",
        "calculationFormula",
        "showCurrencySymbol",
        "currencyPropertyName",
        "numberDisplayHint",
        "textDisplayHint",
    ):
        if given.get(name) is not None:
            wire[name] = given[name]
    return wire


def _option(given: dict[str, Any], number: int) -> dict[str, Any]:
    return {
        "label": given["label"],
        "value": given["value"],
        "description": given.get("description") or "",
        "displayOrder": given.get("displayOrder", number),
        "hidden": bool(given.get("hidden", False)),
    }


_LINES = definitions.LINES | definitions_sales.LINES


def initial(kind: Kind, now: str, user: str) -> Iterator[Property]:
    """The definitions a new portal has for `kind`, those of its admin included."""
    seen = set()
    for line in (_LINES[kind.name] + definitions.EVERYWHERE).splitlines():
        if line.strip():
            parsed = _parse(line, kind)
            if parsed["name"] not in seen:
                seen.add(parsed["name"])
                custom = parsed["groupName"] == ADMIN_GROUP
                yield Property(wire_form(parsed, custom=custom, now=now, user=user))


def _parse(line: str, kind: Kind) -> dict[str, Any]:
    name, label, word, flags, options = ([p.strip() for p in line.split("|")] + ["", ""])[:5]
    type_, field_type = _TYPES[word]
    parsed: dict[str, Any] = {
        "name": name,
        "label": label,
        "type": type_,
        "fieldType": "calculation_equation" if "c" in flags else field_type,
        "groupName": ADMIN_GROUP if "a" in flags else kind.group,
        "calculated": "c" in flags,
        "readOnlyValue": "r" in flags or "c" in flags,
        "hasUniqueValue": "u" in flags or (kind.name, name) == ("contacts", "email"),
        "options": _options(type_, options),
    }
    if "o" in flags or "s" in flags or (word == "checks" and not options):
        parsed["externalOptions"] = True  # owners, pipelines and ids are not listed here
    if "o" in flags:
        parsed["referencedObjectType"] = "OWNER"
    if "k" in flags:
        parsed["referencedObjectType"] = "COMPANY"
    if "m" in flags:
        parsed["showCurrencySymbol"] = True
    if name == "amount" and kind.name == "deals":
        parsed["currencyPropertyName"] = "deal_currency_code"
    return parsed


def _options(type_: str, text: str) -> list[dict[str, Any]]:
    if type_ == "bool":
        return [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}]
    pairs = [part.partition("=") for part in text.split(";") if part]
    return [{"label": label or value, "value": value} for value, _, label in pairs]
