"""One search filter as an SQL condition.

Source: HubSpot API reference, search: operators, text match without regard to case except for
enumeration values, IN on text wants lower-case values, instants as epoch milliseconds or ISO.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot.errors import HubSpotError, invalid
from sandbox.hubspot.instants import from_text, parse_instant
from sandbox.hubspot.kinds import KINDS, Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.property import Property

OPERATORS = {
    "EQ",
    "NEQ",
    "LT",
    "LTE",
    "GT",
    "GTE",
    "BETWEEN",
    "IN",
    "NOT_IN",
    "HAS_PROPERTY",
    "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN",
    "NOT_CONTAINS_TOKEN",
}
_COMPARE = {"EQ": "=", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Condition:
    """SQL with its values."""

    sql: str
    values: tuple[Any, ...] = ()


def condition(portal: Portal, kind: Kind, given: dict[str, Any]) -> Condition:
    """The condition of one filter; 400 when it cannot be one."""
    operator = str(given.get("operator", "")).upper()
    name = str(given.get("propertyName", ""))
    if operator not in OPERATORS:
        raise _bad(f"Unknown operator {given.get('operator')}", name)
    if name.startswith("associations."):
        return _linked(portal, kind, name, operator, given)
    known = portal.schema.properties(kind).get(name)
    if known is None:
        raise _bad(f"Property {name} does not exist", name)
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return _present(name, operator == "HAS_PROPERTY")
    if operator in ("IN", "NOT_IN"):
        if not isinstance(given.get("values"), list) or not given["values"]:
            raise _bad(f"operator {operator} requires values", name)
        return _among(known, [_text(v) for v in given["values"]], operator == "IN")
    if given.get("value") is None:
        raise _bad(f"operator {operator} requires a value", name)
    value = _text(given["value"])
    if operator.endswith("CONTAINS_TOKEN"):
        return _token(portal, name, value, operator == "CONTAINS_TOKEN")
    if operator == "BETWEEN":
        if given.get("highValue") is None:
            raise _bad("operator BETWEEN requires a value and a highValue", name)
        low = _compared(known, ">=", value)
        high = _compared(known, "<=", _text(given["highValue"]))
        return Condition(f"({low.sql} AND {high.sql})", (*low.values, *high.values))
    if operator == "NEQ":
        equal = _compared(known, "=", value)
        empty = portal.switch("search_neq_matches_empty")
        column = _column(known)
        joined = f"OR {column} IS NULL" if empty else f"AND {column} IS NOT NULL"
        return Condition(f"(NOT ({equal.sql}) {joined})", equal.values)
    return _compared(known, _COMPARE[operator], value)


def full_text(kind: Kind, query: str) -> Condition:
    """Every word of `query` stands in one of the type's searchable properties."""
    parts, values = [], []
    for word in query.split():
        pattern = "%" + re.sub(r"([%_\\])", r"\\\1", word) + "%"
        some = " OR ".join(f"\"{name}\" LIKE ? ESCAPE '\\'" for name in kind.searchable)
        parts.append(f"({some or '0'})")
        values += [pattern] * len(kind.searchable)
    return Condition(" AND ".join(parts) or "1", tuple(values))


def _bad(message: str, name: str) -> HubSpotError:
    return invalid(
        f"There was a problem with the request. {message}.",
        errors=[{"message": message, "context": {"propertyName": [name]}}],
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _column(known: Property) -> str:
    return "_id" if known.name == "hs_object_id" else f'"{known.name}"'


def _present(name: str, wanted: bool) -> Condition:
    if name == "hs_object_id":
        return Condition("1" if wanted else "0")
    return Condition(f'"{name}" IS {"NOT " if wanted else ""}NULL')


def _compared(known: Property, sign: str, value: str) -> Condition:
    column = _column(known)
    if known.type == "number":
        try:
            number = int(value) if value.lstrip("-").isdigit() else float(value)
        except ValueError:
            raise _bad(f"{value} is not a number", known.name) from None
        if column == "_id":
            return Condition(f"_id {sign} ?", (number,))
        return Condition(f"({column} IS NOT NULL AND CAST({column} AS REAL) {sign} ?)", (number,))
    if known.type in ("date", "datetime"):
        try:
            instant = parse_instant(value)
        except ValueError:
            raise _bad(f"{value} is not a date", known.name) from None
        if known.type == "date":
            return _dated(column, sign, instant)
        return Condition(f"{column} {sign} ?", (instant,))
    if known.multiple and sign == "=":
        return Condition(f"instr(';' || {column} || ';', ?) > 0", (f";{value};",))
    if known.type == "string":
        return Condition(f"{column} {sign} ? COLLATE NOCASE", (value,))
    return Condition(f"{column} {sign} ?", (value,))


def _dated(column: str, sign: str, instant: str) -> Condition:
    """A date property is compared as the midnight that starts the day."""
    midnight = from_text(instant) % 86_400_000 == 0
    if midnight or sign in ("<=", ">"):
        return Condition(f"{column} {sign} ?", (instant[:10],))
    if sign == "=":
        return Condition("0")
    return Condition(f"{column} {sign.strip('=') if sign == '>=' else '<='} ?", (instant[:10],))


def _among(known: Property, values: Sequence[str], wanted: bool) -> Condition:
    column = _column(known)
    if known.type in ("number", "date", "datetime") or known.multiple:
        parts = [_compared(known, "=", value) for value in values]
        sql = " OR ".join(part.sql for part in parts)
        found = Condition(f"({sql})", tuple(v for part in parts for v in part.values))
    else:
        marks = ",".join("?" * len(values))
        shown = f"lower({column})" if known.type == "string" else column
        found = Condition(f"{shown} IN ({marks})", tuple(values))
    if wanted:
        return found
    return Condition(f"({column} IS NOT NULL AND NOT {found.sql})", found.values)


def _token(portal: Portal, name: str, value: str, wanted: bool) -> Condition:
    portal.world.db().create_function("hs_has_token", 2, _has_token, deterministic=True)
    sql = f'hs_has_token("{name}", ?)'
    if not wanted:
        sql = f'("{name}" IS NOT NULL AND NOT {sql})'
    return Condition(sql, (value,))


def _has_token(stored: str | None, pattern: str) -> int:
    """Whether the words of `pattern` (with * for any characters) stand in `stored` in a row."""
    if stored is None:
        return 0
    wanted = [
        re.compile(re.escape(part).replace(r"\*", ".*"), re.IGNORECASE)
        for part in re.findall(r"[\w*]+", pattern)
    ]
    if not wanted:
        return 0
    tokens = _WORD.findall(stored)
    spans = (tokens[n : n + len(wanted)] for n in range(len(tokens)))
    return int(
        any(
            len(span) == len(wanted)
            and all(w.fullmatch(t) for w, t in zip(wanted, span, strict=True))
            for span in spans
        )
    )


def _linked(
    portal: Portal, kind: Kind, name: str, operator: str, given: dict[str, Any]
) -> Condition:
    word = name.removeprefix("associations.")
    others = [k for k in KINDS.values() if word in (k.singular, k.name)]
    if not others:
        raise _bad(f"Property {name} does not exist", name)
    if operator not in ("EQ", "IN"):
        raise _bad(f"operator {operator} is not supported for {name}", name)
    ids = [given.get("value")] if operator == "EQ" else given.get("values") or []
    numbers = [int(str(each)) for each in ids if str(each).isdigit()]
    marks = ",".join("?" * len(numbers))
    return Condition(
        "_id IN (SELECT to_id FROM hs_links WHERE from_kind = ? AND to_kind = ? "
        f"AND from_id IN ({marks}))",
        (others[0].code, kind.code, *numbers),
    )
