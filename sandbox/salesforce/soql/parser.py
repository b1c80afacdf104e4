"""Reading SOQL: a lark grammar to the statement's tree, and Salesforce's words for mistakes."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken, v_args
from lark.exceptions import UnexpectedCharacters, VisitError

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.soql.ast import (
    Among,
    Column,
    Compare,
    Expression,
    Function,
    Join,
    Literal,
    Logic,
    Order,
    Path,
    Query,
    TypeOf,
)  # fmt: skip

MAX_LENGTH = 100_000
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\",
            "N": "\n", "R": "\r", "T": "\t", "B": "\b", "F": "\f"}  # fmt: skip
_GRAMMAR = r"""
start: query
query: _SELECT _items _FROM source clause*
_items: item ("," item)*
?item: column | "(" query ")" | typeof
column: expr alias?
alias: NAME
typeof: _TYPEOF path when+ otherwise? _END
when: _WHEN NAME _THEN _paths
otherwise: _ELSE _paths
_paths: path ("," path)*
source: path alias?
?clause: scope | where | security | group | having | order | limit | offset | purpose
scope: _USING _SCOPE NAME
where: _WHERE condition
security: _WITH NAME
group: _GROUP _BY expr ("," expr)*
having: _HAVING condition
order: _ORDER _BY order_item ("," order_item)*
order_item: expr direction? nulls?
direction: ASC | DESC
nulls: _NULLS (FIRST | LAST)
limit: _LIMIT NUMBER
offset: _OFFSET NUMBER
purpose: _FOR NAME

?condition: term | conjunction | disjunction
conjunction: term (_AND term)+
disjunction: term (_OR term)+
?term: "(" condition ")" | negation | compare | among | join
negation: _NOT term
compare: expr OPERATOR value | expr LIKE value
among: expr belongs "(" value ("," value)* ")"
belongs: NOT_IN | IN | INCLUDES | EXCLUDES
join: expr belongs "(" query ")"

?expr: path | function
path: NAME ("." NAME)*
function: NAME "(" (expr ("," expr)*)? ")"

value: STRING -> string | NUMBER -> number | DATETIME -> datetime | DATE -> date
     | PERIOD -> period | CURRENCY -> currency | NAME -> word

_SELECT.3: /select\b/i
_FROM.3: /from\b/i
_TYPEOF.3: /typeof\b(?=\s+[A-Za-z_])/i
_WHEN.3: /when\b/i
_THEN.3: /then\b/i
_ELSE.3: /else\b/i
_END.3: /end\b/i
_USING.3: /using\b/i
_SCOPE.3: /scope\b/i
_WHERE.3: /where\b/i
_WITH.3: /with\b/i
_GROUP.3: /group\b/i
_HAVING.3: /having\b/i
_ORDER.3: /order\b/i
_BY.3: /by\b/i
ASC.3: /asc\b/i
DESC.3: /desc\b/i
_NULLS.3: /nulls\b/i
FIRST.3: /first\b/i
LAST.3: /last\b/i
_LIMIT.3: /limit\b/i
_OFFSET.3: /offset\b/i
_FOR.3: /for\b/i
_AND.3: /and\b/i
_OR.3: /or\b/i
NOT_IN.4: /not\s+in\b/i
_NOT.3: /not\b/i
IN.3: /in\b/i
LIKE.3: /like\b/i
INCLUDES.3: /includes\b/i
EXCLUDES.3: /excludes\b/i
OPERATOR: "=" | "!=" | "<>" | "<=" | ">=" | "<" | ">"
STRING: /'(?:[^'\\]|\\.)*'/s
DATETIME.6: /\d{4}-\d\d-\d\dT[\d:]+(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)/i
DATE.5: /\d{4}-\d\d-\d\d/
PERIOD.5: /[A-Za-z_]+:\d+/
CURRENCY.4: /[A-Za-z]{3}\d+(?:\.\d+)?\b/
NUMBER: /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/
NAME: /[A-Za-z_]\w*/
%ignore /\s+/
"""


@lru_cache(maxsize=512)
def parse(text: str) -> Query:
    """The tree of one statement; ApiError MALFORMED_QUERY with the place of the mistake."""
    if len(text) > MAX_LENGTH:
        raise ApiError("QUERY_TOO_COMPLICATED", "SOQL statement is longer than 100000 characters")
    try:
        tree = _parser().parse(text)
        query: Query = _Builder().transform(tree)
    except UnexpectedInput as problem:
        raise _malformed(text, problem) from None
    except VisitError as problem:
        if isinstance(problem.orig_exc, ApiError):
            raise problem.orig_exc from None
        raise
    return query


def warm_up() -> None:
    """Build the grammar's tables now, not during the first query."""
    _parser()


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False)


def malformed(text: str, position: int, reason: str) -> ApiError:
    """MALFORMED_QUERY pointing at a character of the statement."""
    return ApiError("MALFORMED_QUERY", pointed(text, position, reason))


def pointed(text: str, position: int, reason: str) -> str:
    """A message in Salesforce's form: a snippet, a caret, row and column, the reason."""
    start, end = max(0, position - 30), min(len(text), position + 20)
    snippet = text[start:end].replace("\n", " ")
    row = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    caret = " " * (position - start) + "^"
    return f"\n{snippet}\n{caret}\nERROR at Row:{row}:Column:{column}\n{reason}"


def _malformed(text: str, problem: UnexpectedInput) -> ApiError:
    if isinstance(problem, UnexpectedToken) and problem.token.type != "$END":
        position = problem.token.start_pos or 0
        return malformed(text, position, f"unexpected token: '{problem.token}'")
    if isinstance(problem, UnexpectedCharacters):
        position = problem.pos_in_stream or 0
        return malformed(text, position, f"unexpected token: '{text[position]}'")
    return ApiError("MALFORMED_QUERY", "unexpected token: '<EOF>'")


@v_args(inline=True)
class _Builder(Transformer[Token, Query]):
    """Lark's tree to ours."""

    def start(self, query: Query) -> Query:
        return query

    def query(self, *parts: Any) -> Query:
        select = tuple(p for p in parts if isinstance(p, Column | TypeOf | Query))
        source = next(p for p in parts if isinstance(p, _Source))
        clauses: dict[str, Any] = {}
        last = -1
        for part in parts:
            if not isinstance(part, _Clause):
                continue
            rank = _CLAUSE_ORDER.index(part.name)
            if rank <= last:
                raise ApiError("MALFORMED_QUERY", f"unexpected token: '{part.name}'")
            last = rank
            if part.name in ("where", "group", "having", "order", "limit", "offset"):
                clauses[part.name] = part.value
        return Query(select, source.path, source.alias, **clauses)

    def column(self, expression: Expression, alias: str | None = None) -> Column:
        return Column(expression, alias)

    def alias(self, name: Token) -> str:
        return str(name)

    def typeof(self, relation: Path, *branches: Any) -> TypeOf:
        whens = tuple((b[0], tuple(b[1:])) for b in branches if isinstance(b[0], str))
        otherwise = next((b for b in branches if not b or not isinstance(b[0], str)), ())
        return TypeOf(relation, whens, tuple(otherwise))

    def when(self, name: Token, *paths: Path) -> tuple[Any, ...]:
        return (str(name), *paths)

    def otherwise(self, *paths: Path) -> tuple[Any, ...]:
        return paths

    def source(self, path: Path, alias: str | None = None) -> "_Source":
        return _Source(path, alias)

    def scope(self, name: Token) -> "_Clause":
        return _Clause("scope", str(name))

    def where(self, condition: Any) -> "_Clause":
        return _Clause("where", condition)

    def security(self, name: Token) -> "_Clause":
        return _Clause("with", str(name))

    def group(self, *expressions: Expression) -> "_Clause":
        return _Clause("group", expressions)

    def having(self, condition: Any) -> "_Clause":
        return _Clause("having", condition)

    def order(self, *items: Order) -> "_Clause":
        return _Clause("order", items)

    def order_item(self, expression: Expression, *rest: tuple[str, str]) -> Order:
        facts = dict(rest)
        return Order(expression, facts.get("direction") == "DESC", facts.get("nulls"))

    def direction(self, word: Token) -> tuple[str, str]:
        return "direction", word.upper()

    def nulls(self, word: Token) -> tuple[str, str]:
        return "nulls", word.upper()

    def limit(self, number: Token) -> "_Clause":
        return _Clause("limit", _count(number))

    def offset(self, number: Token) -> "_Clause":
        return _Clause("offset", _count(number))

    def purpose(self, name: Token) -> "_Clause":
        if name.upper() not in ("VIEW", "REFERENCE"):
            raise ApiError("MALFORMED_QUERY", f"unexpected token: '{name}'")
        return _Clause("purpose", str(name))

    def conjunction(self, *terms: Any) -> Logic:
        return Logic("and", terms)

    def disjunction(self, *terms: Any) -> Logic:
        return Logic("or", terms)

    def negation(self, term: Any) -> Logic:
        return Logic("not", (term,))

    def compare(self, left: Expression, operator: Token, right: Literal) -> Compare:
        return Compare(left, {"<>": "!="}.get(operator, operator.lower()), right)

    def belongs(self, word: Token) -> str:
        return " ".join(word.lower().split())

    def among(self, left: Expression, operator: str, *values: Literal) -> Among:
        return Among(left, operator, values)

    def join(self, left: Expression, operator: str, query: Query) -> Join:
        if operator not in ("in", "not in"):
            raise ApiError("MALFORMED_QUERY", f"unexpected token: '{operator.upper()}'")
        return Join(left, query, operator == "not in")

    def path(self, *names: Token) -> Path:
        return Path(tuple(str(name) for name in names))

    def function(self, name: Token, *arguments: Expression) -> Function:
        return Function(str(name).upper(), arguments)

    def string(self, token: Token) -> Literal:
        return Literal("string", str(token)[1:-1])

    def number(self, token: Token) -> Literal:
        return Literal("number", str(token))

    def datetime(self, token: Token) -> Literal:
        return Literal("datetime", str(token))

    def date(self, token: Token) -> Literal:
        return Literal("date", str(token))

    def period(self, token: Token) -> Literal:
        return Literal("period", str(token).upper())

    def currency(self, token: Token) -> Literal:
        return Literal("currency", str(token).upper())

    def word(self, token: Token) -> Literal:
        lowered = token.lower()
        if lowered in ("true", "false"):
            return Literal("boolean", lowered)
        return Literal("null" if lowered == "null" else "period", token.upper())


@dataclass(frozen=True)
class _Source:
    """A source clause on its way up the tree."""

    path: Path
    alias: str | None


@dataclass(frozen=True)
class _Clause:
    """A clause on its way up the tree."""

    name: str
    value: Any


_CLAUSE_ORDER = (
    "scope", "where", "with", "group", "having", "order", "limit", "offset", "purpose",
)  # fmt: skip


def unescape(text: str, like: bool = False) -> str:
    r"""The characters a string literal means; in LIKE `\_` and `\%` stay escaped."""
    out: list[str] = []
    chars = iter(text)
    for char in chars:
        if char != "\\":
            out.append(char)
            continue
        escaped = next(chars, "")
        if escaped in _ESCAPES:
            out.append("\\\\" if like and escaped == "\\" else _ESCAPES[escaped])
        elif escaped in "_%" and escaped:
            out.append("\\" + escaped if like else escaped)
        else:
            raise ApiError(
                "MALFORMED_QUERY", f"invalid string literal: illegal escape '\\{escaped}'"
            )
    return "".join(out)


def _count(number: Token) -> int:
    if not number.isdigit():
        raise ApiError("MALFORMED_QUERY", f"unexpected token: '{number}'")
    return int(number)
