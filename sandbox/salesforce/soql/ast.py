"""What a SOQL statement says, as the grammar reads it; names are not looked up yet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Path:
    """`Name`, `Account.Owner.Name`."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Function:
    """`COUNT(Id)`, `FIELDS(ALL)`, `CALENDAR_YEAR(CreatedDate)`; arguments may nest."""

    name: str
    arguments: tuple["Path | Function", ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.arguments))})"


Expression = Path | Function


@dataclass(frozen=True, slots=True)
class Literal:
    """A value: kind is string, number, date, datetime, null, boolean, period or currency."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """One selected expression with its alias."""

    expression: Expression
    alias: str | None


@dataclass(frozen=True, slots=True)
class TypeOf:
    """Fields of a polymorphic parent, chosen by what it is."""

    relation: Path
    whens: tuple[tuple[str, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """`=`, `!=`, `<`, `<=`, `>`, `>=` or LIKE."""

    left: Expression
    operator: str
    right: Literal


@dataclass(frozen=True, slots=True)
class Among:
    """IN, INCLUDES and their opposites over listed values."""

    left: Expression
    operator: str  # in, not in, includes, excludes
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """IN or NOT IN a subquery."""

    left: Expression
    query: "Query"
    negated: bool


@dataclass(frozen=True, slots=True)
class Logic:
    """AND, OR or NOT of conditions."""

    operator: str
    terms: tuple["Condition", ...]


Condition = Compare | Among | Join | Logic


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key; `nulls` is FIRST, LAST or None for the default."""

    expression: Expression
    descending: bool
    nulls: str | None


@dataclass(frozen=True, slots=True)
class Query:
    """A whole statement, or a subquery with the relationship's name as its source."""

    select: tuple["Column | TypeOf | Query", ...]
    source: Path
    alias: str | None = None
    where: Condition | None = None
    group: tuple[Expression, ...] = ()
    having: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
