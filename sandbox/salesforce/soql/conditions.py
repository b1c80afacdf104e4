"""WHERE and HAVING as SQL with parameters, with SOQL's own rules for null and for types."""

from collections.abc import Callable
from datetime import date

from sandbox.salesforce import ids
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.model import TEXT_TYPES, SObject
from sandbox.salesforce.soql.ast import Among, Compare, Condition, Join, Literal, Logic, Path
from sandbox.salesforce.soql.parser import unescape
from sandbox.salesforce.soql.periods import days_of
from sandbox.salesforce.soql.scope import Scope, Statement, Value
from sandbox.salesforce.values import parse_day, parse_instant

_SQL = {"=": "IS", "!=": "IS NOT"}
_NUMBERS = ("int", "long", "double", "currency", "percent")
_MAX_SEMI_JOINS = 2


def condition(scope: Scope, said: Condition, aggregates: bool = False) -> str:
    """A condition over the records of `scope`; its values go to the statement's parameters."""
    match said:
        case Logic("not", (term,)):
            return f"NOT COALESCE({condition(scope, term, aggregates)}, 0)"
        case Logic(operator, terms):
            inner = f" {operator.upper()} ".join(condition(scope, t, aggregates) for t in terms)
            return f"({inner})"
        case Compare():
            return _compare(scope, said, aggregates)
        case Among():
            return _among(scope, said)
        case Join():
            return _join(scope, said)


def alive(statement: Statement, one: SObject, scope: Scope) -> str:
    """What `query` leaves out: deleted rows, and tasks long closed."""
    if statement.deleted_too or "IsDeleted" not in one.fields:
        return "1"
    rule = f"{scope.table}.IsDeleted = 0"
    archives = one.name == "Task" or (
        one.name == "Event" and statement.view.org.switch("archive_events")
    )
    if archives:
        rule += f" AND NOT {scope.column(one.fields['IsArchived'], scope.table)}"
    return rule


def _left(scope: Scope, said: Compare | Among | Join, aggregates: bool = False) -> Value:
    value = scope.value(said.left)
    if value.aggregate and not aggregates:
        raise scope.statement.wrong(
            "MALFORMED_QUERY",
            str(said.left).split("(")[0],
            "Grouped field should not be aggregated",
        )
    if value.own is not None and not value.own.filterable and not value.aggregate:
        raise scope.statement.wrong(
            "INVALID_FIELD",
            value.own.name,
            f"field '{value.own.name}' can not be filtered in a query call",
        )
    return value


def _compare(scope: Scope, said: Compare, aggregates: bool) -> str:
    left = _left(scope, said, aggregates)
    if said.right.kind == "period" and left.type in ("date", "datetime"):
        return _period(scope, left, said)
    if said.operator == "like":
        return _like(scope, left, said)
    stored = _stored(scope, left, said.right, str(said.left))
    ordered = said.operator not in _SQL
    if ordered and (stored is None or left.type in ("boolean", "multipicklist")):
        raise ApiError("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {left.type} field")
    operator = _SQL.get(said.operator, said.operator)
    return f"{left.sql} {operator} {scope.statement.bind(stored)}"


def _like(scope: Scope, left: Value, said: Compare) -> str:
    if left.type not in TEXT_TYPES or said.right.kind != "string":
        raise ApiError("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {left.type} field")
    pattern = unescape(said.right.text, like=True)
    return f"COALESCE({left.sql} LIKE {scope.statement.bind(pattern)} ESCAPE '\\', 0)"


def _period(scope: Scope, left: Value, said: Compare) -> str:
    """A date literal stands for a range: `<` means before it, `>` after it."""
    first, beyond = days_of(said.right.text, scope.statement.view.org.now().date())
    edge: Callable[[date], str] = str if left.type == "date" else lambda d: f"{d}T00:00:00.000+0000"
    start, end = edge(first), edge(beyond)
    bind = scope.statement.bind
    if said.operator in ("=", "!="):
        inside = f"({left.sql} >= {bind(start)} AND {left.sql} < {bind(end)})"
        return inside if said.operator == "=" else f"NOT COALESCE({inside}, 0)"
    bound = {"<": ("<", start), "<=": ("<", end), ">": (">=", end), ">=": (">=", start)}
    operator, value = bound[said.operator]
    return f"{left.sql} {operator} {bind(value)}"


def _among(scope: Scope, said: Among) -> str:
    left = _left(scope, said)
    if said.operator in ("includes", "excludes"):
        return _includes(scope, left, said)
    stored = [_stored(scope, left, value, str(said.left)) for value in said.values]
    named = [value for value in stored if value is not None]
    marks = ", ".join(scope.statement.bind(value) for value in named)
    has_null = len(named) < len(stored)
    inside = f"COALESCE({left.sql} IN ({marks}), 0)" if not _indexed(left) else (
        f"{left.sql} IN ({marks})"
    )  # fmt: skip
    if has_null:
        inside = f"({inside} OR {left.sql} IS NULL)"
    return inside if said.operator == "in" else f"NOT COALESCE({inside}, 0)"


def _indexed(left: Value) -> bool:
    """Plain columns keep their index in IN; a null gives no match there anyway."""
    return left.own is not None and left.own.expression is None


def _includes(scope: Scope, left: Value, said: Among) -> str:
    if left.type != "multipicklist":
        raise ApiError("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {left.type} field")
    anyone = []
    for value in said.values:
        wanted = [_pattern(part) for part in unescape(value.text).split(";")]
        every = " AND ".join(
            f"(';' || {left.sql} || ';') LIKE {scope.statement.bind(part)} ESCAPE '\\'"
            for part in wanted
        )
        anyone.append(f"({every})")
    inside = f"COALESCE({' OR '.join(anyone)}, 0)"
    return inside if said.operator == "includes" else f"NOT {inside}"


def _pattern(part: str) -> str:
    escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%;{escaped};%"


def _join(scope: Scope, said: Join) -> str:
    statement = scope.statement
    statement.semi_joins += 1
    if statement.semi_joins > _MAX_SEMI_JOINS:
        raise ApiError(
            "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS",
            "Maximum 2 semi join sub-selects are allowed in a query",
        )
    left = _left(scope, said)
    one = statement.queried(said.query.source.parts[0])
    inner = Scope(statement, one, said.query.alias)
    selected = said.query.select
    expression = getattr(selected[0], "expression", None)
    if len(selected) != 1 or not isinstance(expression, Path):
        raise ApiError("MALFORMED_QUERY", "a semi join selects exactly one field")
    value = inner.path(expression)
    if left.type not in ("id", "reference") or value.type not in ("id", "reference"):
        raise ApiError("INVALID_FIELD", "semi joins compare ids and references only")
    where = alive(statement, one, inner)
    if said.query.where is not None:
        where += f" AND {condition(inner, said.query.where)}"
    joins = " ".join(inner.joins)
    found = (
        f'SELECT {value.sql} FROM "{one.table}" {inner.table} {joins} WHERE {where}'
        f" AND {value.sql} IS NOT NULL"
    )
    inside = f"{left.sql} IN ({found})"
    return f"NOT COALESCE({inside}, 0)" if said.negated else inside


def _stored(scope: Scope, left: Value, literal: Literal, name: str) -> object:
    """A literal as the column keeps it; the errors are Salesforce's for a wrong kind."""
    if literal.kind == "null":
        return None
    if left.type in ("id", "reference") and literal.kind == "string":
        if literal.text == "":
            return None
        full = ids.normalise(literal.text)
        if full is None:
            raise ApiError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {literal.text}")
        return full
    if left.type in TEXT_TYPES and literal.kind == "string":
        return unescape(literal.text) or None
    if left.type == "boolean" and literal.kind == "boolean":
        return int(literal.text == "true")
    if left.type in _NUMBERS and literal.kind == "number":
        return float(literal.text)
    if left.type == "currency" and literal.kind == "currency":
        return float(literal.text[3:])
    if left.type == "datetime" and literal.kind == "datetime":
        found = parse_instant(literal.text.upper())
    elif left.type == "date" and literal.kind == "date":
        found = parse_day(literal.text)
    else:
        found = None
    if found is None:
        raise _wrong_kind(scope, left, name)
    return found


def _wrong_kind(scope: Scope, left: Value, name: str) -> ApiError:
    kind = {"datetime": "dateTime"}.get(left.type, left.type)
    quoted = left.type in TEXT_TYPES or left.type in ("id", "reference")
    kind = "string" if quoted else kind
    how = "should be enclosed" if quoted else "should not be enclosed"
    return scope.statement.wrong(
        "INVALID_FIELD",
        name,
        f"value of filter criterion for field '{name}' must be of type {kind} and {how} in quotes",
    )
