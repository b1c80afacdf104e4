"""Names of a SOQL statement looked up: which column of which joined table each one is."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from sandbox.salesforce.access import View
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.model import Field, SObject
from sandbox.salesforce.soql.ast import Expression, Function, Path
from sandbox.salesforce.soql.parser import pointed

AGGREGATES = {"COUNT": "int", "COUNT_DISTINCT": "int", "SUM": "", "AVG": "double", "MIN": "",
              "MAX": ""}  # fmt: skip
_DAY_PARTS = {
    "CALENDAR_MONTH": "CAST(substr({0}, 6, 2) AS INTEGER)",
    "FISCAL_MONTH": "CAST(substr({0}, 6, 2) AS INTEGER)",
    "CALENDAR_QUARTER": "((CAST(substr({0}, 6, 2) AS INTEGER) + 2) / 3)",
    "FISCAL_QUARTER": "((CAST(substr({0}, 6, 2) AS INTEGER) + 2) / 3)",
    "CALENDAR_YEAR": "CAST(substr({0}, 1, 4) AS INTEGER)",
    "FISCAL_YEAR": "CAST(substr({0}, 1, 4) AS INTEGER)",
    "DAY_IN_MONTH": "CAST(substr({0}, 9, 2) AS INTEGER)",
    "DAY_IN_WEEK": "(CAST(strftime('%w', substr({0}, 1, 10)) AS INTEGER) + 1)",
    "DAY_IN_YEAR": "CAST(strftime('%j', substr({0}, 1, 10)) AS INTEGER)",
    "WEEK_IN_MONTH": "((CAST(substr({0}, 9, 2) AS INTEGER) + 6) / 7)",
    "WEEK_IN_YEAR": "((CAST(strftime('%j', substr({0}, 1, 10)) AS INTEGER) + 6) / 7)",
    "HOUR_IN_DAY": "CAST(substr({0}, 12, 2) AS INTEGER)",
}
_NAME_ENTITY = frozenset(
    {"id", "name", "type", "firstname", "lastname", "email", "phone", "title", "alias",
     "username", "userroleid", "profileid", "isactive"}
)  # fmt: skip
_NO_RELATION = (
    "Didn't understand relationship '{}' in field path. If you are attempting to use a custom "
    "relationship, be sure to append the '__r' after the custom relationship name. Please "
    "reference your WSDL or the describe call for the appropriate names."
)
_NO_COLUMN = (
    "No such column '{}' on entity '{}'. If you are attempting to use a custom field, be sure to "
    "append the '__c' after the custom field name. Please reference your WSDL or the describe "
    "call for the appropriate names."
)
_NO_TYPE = (
    "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to "
    "append the '__c' after the entity name. Please reference your WSDL or the describe call for "
    "the appropriate names."
)
_DEPTH = 5


@dataclass
class Statement:
    """What all parts of one statement share."""

    view: View
    text: str
    tooling: bool = False
    deleted_too: bool = False
    parameters: list[object] = field(default_factory=list)
    counter: Iterator[int] = field(default_factory=itertools.count)
    semi_joins: int = 0

    def queried(self, name: str) -> SObject:
        """The object queried; INVALID_TYPE when this user has none of that name."""
        found = self.view.find(name, self.tooling)
        if found is None:
            raise self.wrong("INVALID_TYPE", name, _NO_TYPE.format(name))
        return found

    def wrong(self, code: str, name: str, reason: str) -> ApiError:
        """A refusal that points at `name` in the statement."""
        place = re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", self.text, re.IGNORECASE)
        return ApiError(code, pointed(self.text, place.start() if place else 0, reason))

    def bind(self, value: object) -> str:
        """A parameter mark for `value`."""
        self.parameters.append(value)
        return "?"


@dataclass(frozen=True)
class Value:
    """An SQL expression, the SOQL type of what it gives, and the field it comes from."""

    sql: str
    type: str
    own: Field | None = None
    aggregate: bool = False


@dataclass(frozen=True)
class Place:
    """One joined record: its object(s) and table alias(es); several when polymorphic."""

    targets: tuple[tuple[SObject, str], ...]
    key: str  # SQL of the id that was followed


class Scope:
    """One object queried, and the parents that were joined to it."""

    def __init__(self, statement: Statement, one: SObject, alias: str | None = None) -> None:
        self.statement = statement
        self.one = one
        self.table = f"t{next(statement.counter)}"
        self._aliases = {one.name.lower()} | ({alias.lower()} if alias else set())
        self._places: dict[tuple[str, ...], Place] = {(): Place(((one, self.table),), "")}
        self.joins: list[str] = []

    def value(self, expression: Expression) -> Value:
        """A path or function as SQL."""
        if isinstance(expression, Path):
            return self.path(expression)
        return self._function(expression)

    def path(self, path: Path) -> Value:
        """A field, reached over parents if need be."""
        parents, name = self.split(path)
        place = self.place(parents, path)
        if len(place.targets) > 1:
            return self._of_any(place, name, path)
        one, table = place.targets[0]
        own = one.find(name)
        if own is None:
            raise self.statement.wrong("INVALID_FIELD", name, _NO_COLUMN.format(name, one.name))
        return Value(self.column(own, table), own.type, own)

    def split(self, path: Path) -> tuple[tuple[str, ...], str]:
        """(the relationships to follow, the field's name), without the object's own alias."""
        parts = path.parts
        own_alias = len(parts) > 1 and parts[0].lower() in self._aliases
        if own_alias and self.one.relation(parts[0]) is None:
            parts = parts[1:]
        return parts[:-1], parts[-1]

    def place(self, parents: tuple[str, ...], path: Path) -> Place:
        """The record at the end of `parents`, joined once."""
        key = tuple(part.lower() for part in parents)
        if key not in self._places:
            if len(key) > _DEPTH:
                raise self.statement.wrong(
                    "INVALID_FIELD", str(path), "Only 5 levels of parents can be followed"
                )
            self._places[key] = self._join(self.place(parents[:-1], path), parents[-1])
        return self._places[key]

    def _join(self, below: Place, relation: str) -> Place:
        if len(below.targets) > 1:
            raise self.statement.wrong("INVALID_FIELD", relation, _NO_RELATION.format(relation))
        one, table = below.targets[0]
        own = one.relation(relation)
        if own is None:
            raise self.statement.wrong("INVALID_FIELD", relation, _NO_RELATION.format(relation))
        joined = []
        for target in own.reference_to:
            seen = self.statement.view.find(target)
            if seen is None:
                continue
            alias = f"t{next(self.statement.counter)}"
            self.joins.append(
                f'LEFT JOIN "{seen.table}" {alias} ON {alias}.Id = {table}."{own.name}"'
            )
            joined.append((seen, alias))
        return Place(tuple(joined), f'{table}."{own.name}"')

    def column(self, own: Field, table: str) -> str:
        """The SQL of one field of the row `table`."""
        if own.expression is None:
            return f'{table}."{own.name}"'
        today = self.statement.view.org.now().date()
        return "(" + own.expression.format(
            t=table, today=f"'{today}'", archive_day=f"'{today - timedelta(days=365)}'"
        ) + ")"  # fmt: skip

    def _of_any(self, place: Place, name: str, path: Path) -> Value:
        """A field of a polymorphic parent: only what all names share."""
        lowered = name.lower()
        if lowered not in _NAME_ENTITY:
            raise self.statement.wrong("INVALID_FIELD", name, _NO_COLUMN.format(name, "Name"))
        if lowered == "id":
            return Value(place.key, "reference")
        if lowered == "type":
            kinds = " ".join(f"WHEN '{one.prefix}' THEN '{one.name}'" for one, _ in place.targets)
            return Value(f"(CASE substr({place.key}, 1, 3) {kinds} END)", "string")
        found = []
        kind = "string"
        for one, table in place.targets:
            own = name_field(one) if lowered == "name" else one.find(name)
            if own is not None and own.stored:
                found.append(f'{table}."{own.name}"')
                kind = own.type
        joined = found[0] if len(found) == 1 else f"COALESCE({', '.join(found)})"
        return Value(joined if found else "NULL", kind)

    def _function(self, call: Function) -> Value:
        if call.name == "COUNT" and not call.arguments:
            return Value("count(*)", "int", aggregate=True)
        if len(call.arguments) != 1:
            raise self._unknown(call)
        inner = self.value(call.arguments[0])
        if call.name in AGGREGATES:
            return self._aggregate(call, inner)
        if call.name in _DAY_PARTS:
            return Value(_DAY_PARTS[call.name].format(inner.sql), "int")
        if call.name == "DAY_ONLY":
            return Value(f"substr({inner.sql}, 1, 10)", "date")
        if call.name in ("TOLABEL", "FORMAT", "CONVERTCURRENCY", "CONVERTTIMEZONE", "GROUPING"):
            return inner
        raise self._unknown(call)

    def _aggregate(self, call: Function, inner: Value) -> Value:
        numeric = inner.type in ("int", "double", "currency", "percent")
        if (call.name in ("SUM", "AVG") and not numeric) or inner.aggregate:
            raise self.statement.wrong(
                "MALFORMED_QUERY",
                call.name,
                f"field {call.arguments[0]} does not support aggregate operator {call.name}",
            )
        word = "count(DISTINCT {})" if call.name == "COUNT_DISTINCT" else call.name.lower() + "({})"
        kind = AGGREGATES[call.name] or inner.type
        return Value(word.format(inner.sql), kind, inner.own, aggregate=True)

    def _unknown(self, call: Function) -> ApiError:
        return self.statement.wrong(
            "MALFORMED_QUERY", call.name, f"unexpected token: '{call.name}'"
        )


def name_field(one: SObject) -> Field | None:
    """The field that names records of this object."""
    return next((f for f in one.fields.values() if f.name_field), None)
