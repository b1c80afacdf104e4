"""A SOQL statement made ready: the SQL that finds its rows, and the SQL that reads a page."""

from dataclasses import dataclass, field

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.model import Field, SObject
from sandbox.salesforce.soql.ast import Column, Expression, Function, Path, Query
from sandbox.salesforce.soql.conditions import alive, condition
from sandbox.salesforce.soql.parser import parse
from sandbox.salesforce.soql.scope import AGGREGATES, Scope, Statement
from sandbox.salesforce.soql.select import Cell, Child, RowMaker, Selection, aggregate_maker

MAX_OFFSET = 2000
_MAX_CHILDREN = 20


@dataclass
class Plan:
    """What to run. `find` gives row numbers (or, grouped, the rows themselves)."""

    one: SObject
    find: str
    parameters: list[object]
    maker: RowMaker
    read: str = ""  # completed with a JSON list of row numbers as its one parameter
    grouped: bool = False
    counted: bool = False
    long_texts: int = 0
    cells: list[Cell] = field(default_factory=list)
    children: list["ChildPlan"] = field(default_factory=list)


@dataclass
class ChildPlan:
    """A parent-to-child subquery: `find` takes a JSON list of parent ids first."""

    key: str
    plan: Plan
    limit: int | None
    offset: int


def prepare(statement: Statement) -> Plan:
    """The plan of a whole statement; ApiError for whatever Salesforce would refuse."""
    query = parse(statement.text)
    if len(query.source.parts) != 1:
        raise ApiError("MALFORMED_QUERY", f"unexpected token: '{query.source}'")
    one = statement.queried(query.source.parts[0])
    if query.offset is not None and query.offset > MAX_OFFSET:
        raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
    if query.group or any(_aggregated(item) for item in query.select):
        return _grouped(statement, query, one)
    return _plain(statement, query, one, None)


def reading(statement: Statement, one: SObject, names: list[str]) -> Plan:
    """The plan that reads these fields of records whose row numbers are known."""
    columns = tuple(Column(Path(tuple(name.split("."))), None) for name in names)
    return _plain(statement, Query(columns, Path((one.name,))), one, None)


def _plain(statement: Statement, query: Query, one: SObject, parent: Field | None) -> Plan:
    finder = Scope(statement, one, query.alias)
    where = [alive(statement, one, finder)]
    select = f"{finder.table}._row"
    if parent is not None:
        select += f', {finder.table}."{parent.name}"'
        where.insert(0, f'{finder.table}."{parent.name}" IN (SELECT value FROM json_each(?))')
    if query.where is not None:
        where.append(condition(finder, query.where))
    order = _order(finder, query)
    find = (
        f'SELECT {select} FROM "{one.table}" {finder.table} {" ".join(finder.joins)}'
        f" WHERE {' AND '.join(where)} ORDER BY {order or finder.table + '._row'}"
    )
    if parent is None:
        find += _limits(query)
    parameters = list(statement.parameters)
    statement.parameters.clear()
    reader = Scope(statement, one, query.alias)
    selection = Selection(reader, query)
    read = (
        f"SELECT {reader.table}._row, {', '.join(selection.columns)} FROM json_each(?) p"
        f' CROSS JOIN "{one.table}" {reader.table} ON {reader.table}._row = p.value'
        f" {' '.join(reader.joins)} ORDER BY p.key"
    )
    return Plan(
        one, find, parameters, selection.maker(), read,
        long_texts=selection.long_texts(), cells=selection.cells,
        children=[_child(statement, child) for child in _few(selection.children)],
    )  # fmt: skip


def _few(children: list[Child]) -> list[Child]:
    if len(children) > _MAX_CHILDREN:
        raise ApiError("MALFORMED_QUERY", "no more than 20 child subqueries are allowed")
    return children


def _child(statement: Statement, child: Child) -> ChildPlan:
    query = child.query
    if query.group or any(_aggregated(item) for item in query.select):
        raise ApiError("MALFORMED_QUERY", "a subquery cannot be aggregated")
    plan = _plain(statement, query, child.one, child.own)
    return ChildPlan(child.key, plan, query.limit, query.offset or 0)


def _grouped(statement: Statement, query: Query, one: SObject) -> Plan:
    scope = Scope(statement, one, query.alias)
    if _is_count(query):
        where = _where(statement, query, one, scope)
        joins = " ".join(scope.joins)
        find = f'SELECT count(*) FROM "{one.table}" {scope.table} {joins} WHERE {where}'
        return Plan(one, find, statement.parameters, aggregate_maker([]), counted=True)
    if query.limit is not None and not query.group:
        raise ApiError(
            "MALFORMED_QUERY", "Non-grouped query that uses overall aggregate functions cannot "
            "also use LIMIT",
        )  # fmt: skip
    columns, keys = _grouped_columns(scope, query)
    where = _where(statement, query, one, scope)
    group = ", ".join(scope.value(e).sql for e in query.group)
    having = condition(scope, query.having, aggregates=True) if query.having else ""
    order = _order(scope, query)
    find = (
        f'SELECT {", ".join(columns)} FROM "{one.table}" {scope.table} {" ".join(scope.joins)}'
        f" WHERE {where}"
        + (f" GROUP BY {group}" if group else "")
        + (f" HAVING {having}" if having else "")
        + (f" ORDER BY {order}" if order else "")
        + (_limits(query) if query.group else "")
    )
    return Plan(one, find, statement.parameters, aggregate_maker(keys), grouped=True)


def _grouped_columns(scope: Scope, query: Query) -> tuple[list[str], list[tuple[str, str]]]:
    columns: list[str] = []
    keys: list[tuple[str, str]] = []
    unnamed = 0
    grouped = {str(e).lower() for e in query.group}
    for item in query.select:
        if not isinstance(item, Column):
            raise ApiError("MALFORMED_QUERY", "a grouped query selects fields and aggregates only")
        value = scope.value(item.expression)
        if not value.aggregate and str(item.expression).lower() not in grouped:
            raise scope.statement.wrong(
                "MALFORMED_QUERY",
                str(item.expression).split("(")[0],
                f"Field must be grouped or aggregated: {item.expression}",
            )
        key = item.alias
        if key is None and isinstance(item.expression, Path):
            key = value.own.name if value.own else item.expression.parts[-1]
        if key is None:
            key, unnamed = f"expr{unnamed}", unnamed + 1
        if key in dict(keys):
            raise ApiError("MALFORMED_QUERY", f"duplicate alias: {key}")
        columns.append(value.sql)
        keys.append((key, value.type))
    return columns, keys


def _where(statement: Statement, query: Query, one: SObject, scope: Scope) -> str:
    rule = alive(statement, one, scope)
    return f"{rule} AND {condition(scope, query.where)}" if query.where else rule


def _order(scope: Scope, query: Query) -> str:
    keys = []
    for item in query.order:
        value = scope.value(item.expression)
        if value.own is not None and not value.own.filterable and not value.aggregate:
            raise scope.statement.wrong(
                "INVALID_FIELD",
                value.own.name,
                f"field '{value.own.name}' can not be sorted in a query call",
            )
        key = value.sql + (" DESC" if item.descending else "")
        keys.append(key + (f" NULLS {item.nulls}" if item.nulls else ""))
    return ", ".join(keys)


def _limits(query: Query) -> str:
    limit = -1 if query.limit is None else query.limit
    if query.limit is None and query.offset is None:
        return ""
    return f" LIMIT {limit} OFFSET {query.offset or 0}"


def _aggregated(item: object) -> bool:
    return isinstance(item, Column) and _is_aggregate(item.expression)


def _is_aggregate(expression: Expression) -> bool:
    return isinstance(expression, Function) and expression.name in AGGREGATES


def _is_count(query: Query) -> bool:
    first = query.select[0]
    bare = (
        isinstance(first, Column)
        and isinstance(first.expression, Function)
        and first.expression == Function("COUNT", ())
    )
    if bare and len(query.select) > 1:
        raise ApiError("MALFORMED_QUERY", "COUNT() must be the only element in the SELECT list")
    return bare
