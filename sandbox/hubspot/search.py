"""Search over the index of one object type.

Source: HubSpot API reference, search (operators, 5 groups of 6 filters and 18 in all, 200 a page,
10,000 results, one sort, index lag).
"""

from typing import Any

from sandbox.hubspot import lag
from sandbox.hubspot.errors import invalid
from sandbox.hubspot.filters import Condition, condition, full_text
from sandbox.hubspot.http import Answer, json_object, route
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.rows import Projection

GROUPS = 5
FILTERS_PER_GROUP = 6
FILTERS = 18
PAGE = 200
DEEPEST = 10_000
LONGEST_QUERY = 3_000
WIDE = 20_000  # matches from which walking the records by id beats sorting the index's answer


@route("POST", "objects", "/<kind>/search", "records.read", search=True)
def search(portal: Portal, kind: Kind) -> Answer:
    """Live records that meet the filters, a page at an offset."""
    body = json_object()
    limit = _number(body.get("limit"), "limit", 10)
    if limit > PAGE:
        raise invalid(f"The maximum page size is {PAGE}, but {limit} was asked for")
    offset = _number(body.get("after"), "after", 0)
    if offset >= DEEPEST:
        raise invalid(
            f"Paging past {DEEPEST} results is not supported; use filters to narrow the search"
        )
    where = matching(portal, kind, body)
    order = _order(portal, kind, body.get("sorts") or [])
    projection = Projection(portal, kind, body.get("properties") or None)
    with lag.view(portal, kind) as source:
        cursor = portal.world.db().cursor()
        cursor.row_factory = None
        counted, picked = _plans(where.sql, kind, order)
        total = cursor.execute(
            f"SELECT count(*) FROM {source} WHERE {counted}", where.values
        ).fetchone()[0]
        taken = min(limit, DEEPEST - offset)
        sql = picked if total > WIDE else where.sql
        cursor.execute(
            f"SELECT {projection.columns} FROM {source} WHERE {sql} "
            f"ORDER BY {order} LIMIT ? OFFSET ?",
            (*where.values, taken, offset),
        )
        results = [projection.record(row) for row in cursor]
    answer: dict[str, Any] = {"total": total, "results": results}
    if offset + len(results) < total and results:
        answer["paging"] = {"next": {"after": str(offset + len(results))}}
    return 200, answer


def _plans(sql: str, kind: Kind, order: str) -> tuple[str, str]:
    """The condition written so that SQLite counts, and picks many rows, by the better index.

    Counting a window of time walks the index of that window; picking by ascending id out of very
    many walks the records in their own order.
    """
    window = f'"{kind.modified}"'
    if window not in sql:
        return sql, sql
    picked = sql.replace(window, f"+{window}") if order == "_id ASC" else sql
    return sql.replace("_id >", "+_id >"), picked


def _number(given: Any, name: str, default: int) -> int:
    if given is None or given == "":
        return default
    try:
        value = int(given)
    except (TypeError, ValueError):
        raise invalid(f"{name} must be a whole number, but was {given}") from None
    if value < 0:
        raise invalid(f"{name} must not be negative, but was {value}")
    return value


def matching(portal: Portal, kind: Kind, body: dict[str, Any]) -> Condition:
    """The live records that a search body's filters and query mean; 400 beyond its limits."""
    groups = body.get("filterGroups") or []
    if body.get("filters"):
        groups = [*groups, {"filters": body["filters"]}]
    if len(groups) > GROUPS:
        raise invalid(f"A search may have at most {GROUPS} filter groups, but had {len(groups)}")
    sizes = [len(group.get("filters") or []) for group in groups]
    if any(size > FILTERS_PER_GROUP for size in sizes):
        raise invalid(f"A filter group may have at most {FILTERS_PER_GROUP} filters")
    if sum(sizes) > FILTERS:
        raise invalid(f"A search may have at most {FILTERS} filters, but had {sum(sizes)}")
    alternatives = []
    values: list[Any] = []
    for group in groups:
        parts = [condition(portal, kind, each) for each in group.get("filters") or []]
        if parts:
            alternatives.append("(" + " AND ".join(part.sql for part in parts) + ")")
            values += [value for part in parts for value in part.values]
    sql = "_archived IS NULL"
    if alternatives:
        sql += f" AND ({' OR '.join(alternatives)})"
    query = body.get("query")
    if query:
        if len(str(query)) > LONGEST_QUERY:
            raise invalid(f"query may have at most {LONGEST_QUERY} characters")
        text = full_text(kind, str(query))
        sql += f" AND {text.sql}"
        values += text.values
    return Condition(sql, tuple(values))


def _order(portal: Portal, kind: Kind, sorts: list[Any]) -> str:
    if len(sorts) > 1:
        raise invalid("Only one sort is supported")
    if not sorts:
        return f'"{kind.created}", _id'
    given = sorts[0]
    if isinstance(given, str):
        name, direction = given.lstrip("-"), "DESCENDING" if given.startswith("-") else "ASCENDING"
    else:
        name = str(given.get("propertyName"))
        direction = str(given.get("direction", "ASCENDING")).upper()
    if direction not in ("ASCENDING", "DESCENDING"):
        raise invalid(f"Unknown sort direction {direction}")
    way = direction.removesuffix("ENDING")
    if name == "hs_object_id":
        return f"_id {way}"
    known = portal.schema.properties(kind).get(name)
    if known is None:
        raise invalid(f"Cannot sort by the unknown property {name}")
    if known.type == "number":
        return f'"{name}" IS NULL, CAST("{name}" AS REAL) {way}, _id'
    if known.type == "string":
        return f'"{name}" IS NULL, "{name}" COLLATE NOCASE {way}, _id'
    return f'"{name}" {way}, _id'
