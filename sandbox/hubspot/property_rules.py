"""What a property or group definition must be to be accepted.

Source: HubSpot API reference, properties: create bodies, allowed pairs of types, caps, refusals.
"""

import re
from typing import Any

from sandbox.hubspot.errors import HubSpotError, invalid, refusal
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal

MOST_UNIQUE = 10
MOST_CUSTOM = 1_000

FIELD_TYPES = {
    "bool": {"booleancheckbox", "calculation_equation"},
    "enumeration": {"select", "radio", "checkbox", "booleancheckbox", "calculation_equation"},
    "date": {"date"},
    "datetime": {"date"},
    "number": {"number", "calculation_equation"},
    "string": {"text", "textarea", "html", "file", "phonenumber", "calculation_equation"},
    "phone_number": {"phonenumber"},
}
_REQUIRED = ("name", "label", "type", "fieldType", "groupName")
_NAME = re.compile(r"[a-z][a-z0-9_]*$")


def check_new(portal: Portal, kind: Kind, given: dict[str, Any]) -> None:
    """Raise the refusal a new definition deserves, if any."""
    lacking = [name for name in _REQUIRED if not given.get(name)]
    if lacking:
        raise _wrong(f"Some required fields were not set: [{', '.join(lacking)}]", lacking[0])
    name = str(given["name"])
    if not _NAME.match(name) or len(name) > 100:
        raise _wrong(
            f"{name} is not a valid property name: use lower-case letters, digits and "
            "underscores, starting with a letter",
            "name",
        )
    live = portal.schema.properties(kind)
    if name in live:
        raise refusal(
            409,
            "OBJECT_ALREADY_EXISTS",
            f"A property named '{name}' already exists.",
            subCategory="Properties.PROPERTY_WITH_NAME_EXISTS",
        )
    check_shape(given)
    if given["groupName"] not in portal.schema.groups(kind):
        raise _wrong(f"Property group {given['groupName']} does not exist", "groupName")
    if given.get("hasUniqueValue"):
        _check_unique(portal, kind, given)
    if sum(1 for each in live.values() if each.custom) >= MOST_CUSTOM:
        raise invalid(f"The limit of {MOST_CUSTOM} custom properties has been reached")


def check_shape(given: dict[str, Any]) -> None:
    """Raise when type, field type and options do not go together."""
    type_, field_type = given["type"], given["fieldType"]
    if type_ not in FIELD_TYPES:
        raise _wrong(f"{type_} is not a valid property type", "type")
    if field_type not in FIELD_TYPES[type_]:
        raise _wrong(f"fieldType {field_type} is not allowed for type {type_}", "fieldType")
    options = given.get("options") or []
    if any("label" not in each or "value" not in each for each in options):
        raise _wrong("Each option needs a label and a value", "options")
    values = [each["value"] for each in options]
    if len(set(values)) != len(values):
        raise _wrong("Option values must be unique", "options")
    if type_ == "bool" and sorted(values) != ["false", "true"]:
        error = _wrong("A bool property must have the options true and false", "options")
        error.body["subCategory"] = "PropertyValidationError.INVALID_BOOLEAN_OPTION"
        error.body["errors"][0]["code"] = "INVALID_BOOLEAN_OPTION"
        raise error
    external = given.get("externalOptions") or given.get("referencedObjectType")
    formula = field_type == "calculation_equation"
    if type_ == "enumeration" and not options and not external and not formula:
        raise _wrong("An enumeration needs options", "options")
    if (field_type == "calculation_equation") and not given.get("calculationFormula"):
        raise _wrong("A calculated property needs a calculationFormula", "calculationFormula")


def check_group(portal: Portal, kind: Kind, given: dict[str, Any]) -> None:
    """Raise the refusal a new group deserves, if any."""
    for name in ("name", "label"):
        if not given.get(name):
            raise _wrong(f"Some required fields were not set: [{name}]", name)
    if given["name"] in portal.schema.groups(kind):
        raise refusal(
            409,
            "OBJECT_ALREADY_EXISTS",
            f"A property group named '{given['name']}' already exists.",
            subCategory="PropertyGroupError.GROUP_ALREADY_EXISTS",
        )


def _check_unique(portal: Portal, kind: Kind, given: dict[str, Any]) -> None:
    if kind.name == "tasks" and not portal.switch("tasks_accept_unique"):
        raise _wrong("hasUniqueValue is not supported for TASK properties", "hasUniqueValue")
    if given["type"] not in ("string", "number"):
        raise _wrong("Only string and number properties can have unique values", "hasUniqueValue")
    own = [p for p in portal.schema.properties(kind).values() if p.unique and p.custom]
    if len(own) >= MOST_UNIQUE:
        raise invalid(
            f"The limit of {MOST_UNIQUE} unique value properties for {kind.word} has been reached"
        )


def _wrong(message: str, field: str) -> HubSpotError:
    return invalid(
        message,
        errors=[{"message": message, "in": field, "context": {"propertyName": [field]}}],
    )
