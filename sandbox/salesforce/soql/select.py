"""The select list: which SQL columns to read, and how a row of them becomes a JSON record."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.model import Field, SObject
from sandbox.salesforce.soql.ast import Column, Function, Path, Query, TypeOf
from sandbox.salesforce.soql.scope import Place, Scope, Value

RowMaker = Callable[[tuple[Any, ...], str], dict[str, Any]]
_WRAPPERS = ("TOLABEL", "FORMAT", "CONVERTCURRENCY", "CONVERTTIMEZONE")
_ADDRESS = {
    "city": "City", "country": "Country", "geocodeAccuracy": "GeocodeAccuracy",
    "latitude": "Latitude", "longitude": "Longitude", "postalCode": "PostalCode",
    "state": "State", "street": "Street",
}  # fmt: skip

_NO_CHILDREN = (
    "Didn't understand relationship '{}' in FROM part of query call. If you are attempting to use "
    "a custom relationship, be sure to append the '__r' after the custom relationship name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)


@dataclass
class _Node:
    """One record in the answer: its parts in order, each a piece of Python or a parent."""

    place: Place
    identity: int
    parts: dict[str, "str | _Node"] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """A selected value as CSV sees it: its dotted name, its column, its SOQL type."""

    name: str
    index: int
    type: str


@dataclass(frozen=True)
class Child:
    """A parent-to-child subquery: its key in the answer, the object and field it goes over."""

    key: str
    one: SObject
    own: Field
    query: Query


class Selection:
    """The columns of a plain query and the function that shapes its rows."""

    def __init__(self, scope: Scope, query: Query) -> None:
        self._scope = scope
        self.columns: list[str] = []
        self._root = _Node(
            Place(((scope.one, scope.table),), ""), self._read(f'{scope.table}."Id"')
        )
        self._seen: set[str] = set()
        self._fields: list[Field] = []
        self.cells: list[Cell] = []
        self.children: list[Child] = []
        for item in query.select:
            self._add(item, query)

    def maker(self) -> RowMaker:
        """(row, address prefix `/services/data/vN/sobjects/`) -> the record as JSON data."""
        return _compiled(self._render(self._root, None))

    def long_texts(self) -> int:
        """How many long custom text fields are read; two or more make pages small."""
        return sum(
            1 for own in self._fields if own.custom and own.type == "textarea" and own.length > 255
        )

    def _add(self, item: Column | TypeOf | Query, query: Query) -> None:
        if isinstance(item, Query):
            child = self._child(item)
            self.children.append(child)
            self._root.parts[child.key] = "None"
        elif isinstance(item, TypeOf):
            self._add_typeof(item)
        elif isinstance(item.expression, Function):
            self._add_function(item, item.expression, query)
        elif item.alias:
            raise ApiError("MALFORMED_QUERY", "only aggregate expressions use field aliasing")
        else:
            self._add_path(item.expression)

    def _child(self, query: Query) -> "Child":
        name = query.source.parts[-1]
        for other in self._scope.statement.view:
            for own in other.fields.values():
                here = self._scope.one.name in own.reference_to
                if own.children and here and own.children.lower() == name.lower():
                    return Child(own.children, other, own, query)
        raise self._scope.statement.wrong("INVALID_TYPE", name, _NO_CHILDREN.format(name))

    def _add_function(self, item: Column, call: Function, query: Query) -> None:
        if call.name == "FIELDS":
            for own in self._all_fields(call, query):
                self._add_path(Path((own.name,)))
            return
        if call.name not in _WRAPPERS or not isinstance(call.arguments[0], Path):
            raise self._scope.statement.wrong(
                "MALFORMED_QUERY", call.name, f"unexpected token: '{call.name}'"
            )
        path = call.arguments[0]
        value = self._scope.path(path)
        parents, name = self._scope.split(path)
        node = self._node(parents, path)
        code = self._leaf(value)
        if call.name == "FORMAT":
            code = f"F({code})"
        key = item.alias or (value.own.name if value.own else name)
        node.parts[key] = code
        self._note(parents, key, value)

    def _all_fields(self, call: Function, query: Query) -> list[Field]:
        what = str(call.arguments[0]).upper() if call.arguments else ""
        if what not in ("ALL", "STANDARD", "CUSTOM"):
            raise ApiError("MALFORMED_QUERY", f"unexpected token: '{what}'")
        if what != "STANDARD" and not (query.limit is not None and query.limit <= 200):
            raise ApiError(
                "MALFORMED_QUERY",
                "The SOQL FIELDS function must have a LIMIT of at most 200",
            )
        own = self._scope.one.fields.values()
        return [f for f in own if what == "ALL" or f.custom == (what == "CUSTOM")]

    def _add_path(self, path: Path) -> None:
        value = self._scope.path(path)
        parents, name = self._scope.split(path)
        key = value.own.name if value.own else _entity_key(name)
        full = ".".join((*parents, key)).lower()
        if full in self._seen:
            raise ApiError("INVALID_FIELD", f"duplicate field selected: {path}")
        self._seen.add(full)
        node = self._node(parents, path)
        if value.own is not None:
            self._fields.append(value.own)
        if value.type == "address" and value.own is not None:
            node.parts[key] = self._address(node, value.own)
        else:
            node.parts[key] = self._leaf(value)
        self._note(parents, key, value)

    def _note(self, parents: tuple[str, ...], key: str, value: Value) -> None:
        one, names = self._root, []
        for parent in parents:
            spelled = self._relation(one, parent)
            names.append(spelled)
            below = one.parts[spelled]
            assert isinstance(below, _Node)
            one = below
        self.cells.append(Cell(".".join([*names, key]), len(self.columns) - 1, value.type))

    def _node(self, parents: tuple[str, ...], path: Path) -> _Node:
        node = self._root
        for depth in range(len(parents)):
            place = self._scope.place(parents[: depth + 1], path)
            key = self._relation(node, parents[depth])
            if not isinstance(node.parts.get(key), _Node):
                single = len(place.targets) == 1
                sql = f'{place.targets[0][1]}."Id"' if single else place.key
                node.parts[key] = _Node(place, self._read(sql))
            below = node.parts[key]
            assert isinstance(below, _Node)
            node = below
        return node

    @staticmethod
    def _relation(node: _Node, name: str) -> str:
        own = node.place.targets[0][0].relation(name)
        assert own is not None
        assert own.relationship is not None
        return own.relationship

    def _read(self, sql: str) -> int:
        self.columns.append(sql)
        return len(self.columns) - 1

    def _leaf(self, value: Value) -> str:
        return leaf(value.type, self._read(value.sql))

    def _address(self, node: _Node, own: Field) -> str:
        _, table = node.place.targets[0]
        prefix = own.name.removesuffix("Address")
        cells = {key: self._read(f'{table}."{prefix}{part}"') for key, part in _ADDRESS.items()}
        whole = ", ".join(f"{key!r}: r[{index}]" for key, index in cells.items())
        anything = " or ".join(f"r[{index}] is not None" for index in cells.values())
        return f"({{{whole}}} if {anything} else None)"

    def _add_typeof(self, item: TypeOf) -> None:
        path = Path((*item.relation.parts, "Id"))
        place = self._scope.place(item.relation.parts, path)
        identity = self._read(place.key)
        choices = {name.lower(): paths for name, paths in item.whens}
        code = "None"
        for one, table in place.targets:
            paths = choices.get(one.name.lower(), item.otherwise)
            inner = _Node(Place(((one, table),), ""), self._read(f'{table}."Id"'))
            for chosen in paths:
                own = one.find(chosen.parts[-1])
                if own is None and one.name.lower() in choices:
                    raise self._scope.statement.wrong(
                        "INVALID_FIELD", chosen.parts[-1], f"No such column '{chosen}'"
                    )
                if own is not None:
                    column = self._scope.column(own, table)
                    inner.parts[own.name] = leaf(own.type, self._read(column))
            test = f"r[{identity}] is not None and r[{identity}][:3] == {one.prefix!r}"
            code = f"({self._render(inner, None)} if {test} else {code})"
        relation = self._scope.one.relation(item.relation.parts[-1])
        assert relation is not None
        self._root.parts[relation.relationship or ""] = code

    def _render(self, node: _Node, guard: int | None) -> str:
        single = len(node.place.targets) == 1
        if single:
            name = node.place.targets[0][0].name
            url = f"V + {name + '/'!r} + r[{node.identity}]"
            head = f"'attributes': {{'type': {name!r}, 'url': {url}}}"
        else:
            kinds = {one.prefix: one.name for one, _ in node.place.targets}
            url = f"V + {kinds!r}.get(r[{node.identity}][:3], '') + '/' + r[{node.identity}]"
            head = f"'attributes': {{'type': 'Name', 'url': {url}}}"
        parts = [head]
        for key, part in node.parts.items():
            code = part if isinstance(part, str) else self._render(part, part.identity)
            parts.append(f"{key!r}: {code}")
        record = "{" + ", ".join(parts) + "}"
        return record if guard is None else f"(None if r[{guard}] is None else {record})"


def leaf(kind: str, index: int) -> str:
    """Python that shapes one column."""
    if kind == "boolean":
        return f"(None if r[{index}] is None else r[{index}] != 0)"
    return f"r[{index}]"


def aggregate_maker(keys: list[tuple[str, str]]) -> RowMaker:
    """The record maker of a grouped query: (key, SOQL type) by column."""
    parts = ["'attributes': {'type': 'AggregateResult'}"]
    parts += [f"{key!r}: {leaf(kind, index)}" for index, (key, kind) in enumerate(keys)]
    return _compiled("{" + ", ".join(parts) + "}")


def formatted(value: Any) -> Any:
    """FORMAT(): a number with thousands marks, anything else as text."""
    if value is None or isinstance(value, str):
        return value
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"


def _entity_key(name: str) -> str:
    spelled = {"id": "Id", "isactive": "IsActive", "firstname": "FirstName",
               "lastname": "LastName"}  # fmt: skip
    return spelled.get(name.lower(), name[:1].upper() + name[1:])


def _compiled(code: str) -> RowMaker:
    """`code` is made of schema names, column numbers and quoted keys only."""
    maker: RowMaker = eval(compile(f"lambda r, V: {code}", "<record>", "eval"), {"F": formatted})
    return maker
