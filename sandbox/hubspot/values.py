"""Values as clients write them, checked and brought into stored form.

Stored: text as given, instants and dates as in instants.py, booleans true/false, numbers as the
text given; empty is None. Source: HubSpot API reference, values on the wire and their error codes.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from sandbox.hubspot.errors import HubSpotError, invalid
from sandbox.hubspot.instants import parse_date, parse_instant
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.pipelines import STAGED
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.property import Property

LONGEST_TEXT = 65_536

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$")

Values = dict[str, str | None]
Problem = dict[str, Any]


class _Wrong(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check(
    portal: Portal, kind: Kind, given: Any, *, person: bool = False
) -> tuple[Values, list[Problem]]:
    """Stored values of the given properties, and what is wrong with the others.

    `person` may set what the API refuses as read only (not what is calculated).
    """
    if not isinstance(given, Mapping):
        raise invalid("Invalid input JSON: properties must be an object")
    values: Values = {}
    problems = []
    definitions = portal.schema.properties(kind)
    for name, value in given.items():
        if value is None and portal.switch("null_write") == "ignore":
            continue
        try:
            known = definitions.get(name)
            if known is None:
                raise _Wrong("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
            if known.wire["calculated"] or (known.read_only and not person):
                raise _Wrong(
                    "READ_ONLY_VALUE",
                    f'"{name}" is a read only property; its value cannot be set.',
                )
            values[name] = _stored(portal, kind, known, value)
        except _Wrong as wrong:
            problems.append(
                {
                    "isValid": False,
                    "message": str(wrong),
                    "error": wrong.code,
                    "name": name,
                    "localizedErrorMessage": str(wrong),
                    "portalId": portal.id,
                }
            )
    return values, problems


def rejected(problems: list[Problem]) -> HubSpotError:
    """The 400 for values that cannot be stored."""
    return invalid(
        f"Property values were not valid: {orjson.dumps(problems).decode()}",
        errors=[
            {
                "message": problem["message"],
                "code": problem["error"],
                "context": {"propertyName": [problem["name"]]},
            }
            for problem in problems
        ],
    )


def _stored(portal: Portal, kind: Kind, known: Property, value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, int | float):
        value = str(int(value)) if float(value).is_integer() else repr(value)
    if not isinstance(value, str):
        raise _Wrong("INVALID_STRING", f"{value} was not a valid value.")
    if known.type == "number":
        if not _NUMBER.match(value.strip()):
            raise _Wrong("INVALID_INTEGER", f"{value} was not a valid number.")
        return value.strip()
    if known.type in ("date", "datetime"):
        try:
            return (parse_date if known.type == "date" else parse_instant)(value.strip())
        except ValueError:
            raise _Wrong("INVALID_DATE", f"{value} was not a valid {known.type}.") from None
    if known.type == "bool":
        return _boolean(value)
    if known.type == "enumeration":
        return _option(portal, kind, known, value)
    if len(value) > LONGEST_TEXT:
        raise _Wrong(
            "PROPERTY_VALUE_TOO_LONG", f"The value is longer than {LONGEST_TEXT} characters."
        )
    if known.name == "email" and kind.name == "contacts":
        return _email(value)
    return value


def _boolean(value: str) -> str:
    word = value.strip().lower()
    if word not in ("true", "false"):
        raise _Wrong("INVALID_OPTION", f"{value} was not one of the allowed options: [true, false]")
    return word


def _email(value: str) -> str:
    address = value.strip().lower()
    if not _EMAIL.match(address):
        raise _Wrong("INVALID_EMAIL", f"Email address {value} is invalid")
    return address


def _option(portal: Portal, kind: Kind, known: Property, value: str) -> str:
    allowed = known.options
    if known.name in STAGED.get(kind.name, ()):
        pipelines = portal.pipelines.of(kind)
        stages = {stage["id"] for p in pipelines.values() for stage in p["stages"]}
        allowed = frozenset(pipelines if known.name == STAGED[kind.name][0] else stages)
    if known.owner and not value.isdigit():
        raise _Wrong("INVALID_OWNER_ID", f"{value} is not a valid owner ID.")
    if allowed is None:
        return value
    for part in value.split(";") if known.multiple else [value]:
        if part not in allowed and not (known.multiple and part == ""):
            options = ", ".join(sorted(allowed))
            raise _Wrong(
                "INVALID_OPTION", f"{part} was not one of the allowed options: [{options}]"
            )
    return value


def combined(known: Property, current: str | None, written: str | None) -> str | None:
    """What a write of several options leaves: a leading semicolon adds to what is there."""
    if written is None or not known.multiple:
        return written
    parts = [part for part in written.split(";") if part]
    if written.startswith(";"):
        parts = [part for part in (current or "").split(";") if part] + parts
    return ";".join(dict.fromkeys(parts)) or None
