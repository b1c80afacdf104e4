"""Reading records: pulls, single records, relations, counts."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from simple_salesforce.format import format_soql

from connector.base import Deletion, Link, Page, Record, Resume, Span
from connector.errors import CrmError, CrmRejected, CrmUnknownField
from connector.salesforce.refusals import DeadCursor, QueryTimeout
from connector.salesforce.rest import COMPOSED_QUERIES, Rest
from connector.salesforce.schema import Schema
from connector.salesforce.walk import Walk, walk_of

_IDS_PER_QUERY = 400

# (from, to) -> object between them, its field for from, for to, the label, the primary flag
_BETWEEN: dict[tuple[str, str], tuple[str, str, str, str | None, str | None]] = {
    ("Opportunity", "Contact"): (
        "OpportunityContactRole",
        "OpportunityId",
        "ContactId",
        "Role",
        "IsPrimary",
    ),
    ("Account", "Contact"): (
        "AccountContactRelation",
        "AccountId",
        "ContactId",
        "Roles",
        "IsDirect",
    ),
    ("Account", "User"): ("AccountTeamMember", "AccountId", "UserId", "TeamMemberRole", None),
}
_BETWEEN |= {
    (to, start): (between, to_field, from_field, label, primary)
    for (start, to), (between, from_field, to_field, label, primary) in _BETWEEN.items()
}


class Reader:
    """Reads records as the contract of `connector.base.Crm` says."""

    def __init__(self, rest: Rest, schema: Schema) -> None:
        self._rest = rest
        self._schema = schema
        self._ahead: dict[str, Any] = {}  # query -> its first page

    def fetch_ahead(self, pulls: Sequence[tuple[str, Sequence[str], Span]]) -> None:
        """Ask for the first pages of several pulls, five to a call; `pull` then takes them."""
        known = self._schema.look_up([kind for kind, _, _ in pulls])
        soqls = [
            walk_of(kind, fields, known[kind], span, None).soql()
            for kind, fields, span in pulls
            if kind in known
        ]
        for soql, page in zip(soqls, self._rest.queries(soqls), strict=True):
            if not isinstance(page, CrmError):  # an error is met again, and told, by the pull
                self._ahead[soql] = page

    def pull(
        self, kind: str, fields: Sequence[str], span: Span, resume: Resume | None
    ) -> Iterator[Page]:
        """See Crm.pull. Every pull goes on by itself after a dead cursor or a timed-out query."""
        walk: Walk | None = walk_of(kind, fields, self._schema.fields(kind), span, resume)
        while walk is not None:
            answer, walk = self._page(walk)
            yield _to_page(answer["records"], fields, walk)

    def read(self, kind: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, Record]:
        """See Crm.read."""
        marks = ["IsDeleted"] if "IsDeleted" in self._schema.fields(kind) else []
        columns = list(dict.fromkeys([*fields, "Id", *marks]))
        found: dict[str, Record] = {}
        for rows in self.related(kind, columns, "Id", ids):
            page = _to_page(rows, fields, None)
            found.update((record["Id"], record) for record in page.records)
        return found

    def related(
        self,
        kind: str,
        columns: Sequence[str],
        field: str,
        values: Sequence[str],
        purpose: str = "read",
    ) -> Iterator[list[dict[str, Any]]]:
        """All rows whose `field` is among `values`, 2,000 values at a time; deleted rows too."""
        unique = list(dict.fromkeys(values))
        soqls = [
            format_soql(
                f"SELECT {','.join(columns)} FROM {kind} WHERE {field} IN {{}}",
                unique[start : start + _IDS_PER_QUERY],
            )
            for start in range(0, len(unique), _IDS_PER_QUERY)
        ]
        for start in range(0, len(soqls), COMPOSED_QUERIES):
            batch = soqls[start : start + COMPOSED_QUERIES]
            rows: list[dict[str, Any]] = []
            for soql, page in zip(batch, self._rest.queries(batch, purpose=purpose), strict=True):
                if isinstance(page, CrmError):
                    raise page
                rows += self._rest.rows(soql, first=page, purpose=purpose)
            yield rows

    def links(self, kind: str, to_kind: str, ids: Sequence[str]) -> Iterator[Sequence[Link]]:
        """See Crm.links; a label with several roles holds them split by semicolons."""
        if (kind, to_kind) not in _BETWEEN:
            raise CrmRejected(
                f"Salesforce keeps no roles between {kind} and {to_kind}: map the reference field."
            )
        between, start, end, label, primary = _BETWEEN[kind, to_kind]
        columns = [name for name in ("Id", start, end, label, primary) if name]
        if "IsDeleted" in self._schema.fields(between):
            columns.append("IsDeleted")
        for rows in self.related(between, columns, start, ids):
            yield [
                Link(
                    from_id=row[start],
                    to_id=row[end],
                    label=row[label] if label else None,
                    primary=bool(row[primary]) if primary else False,
                )
                for row in rows
                if row[end] and not row.get("IsDeleted")
            ]

    def count(self, kind: str) -> int | None:
        """See Crm.count; None when Salesforce takes too long to count."""
        live = " WHERE IsDeleted = false" if "IsDeleted" in self._schema.fields(kind) else ""
        try:
            total: int = self._rest.query(f"SELECT COUNT() FROM {kind}{live}")["totalSize"]
        except QueryTimeout:
            return None
        return total

    def _page(self, walk: Walk) -> tuple[Mapping[str, Any], Walk | None]:
        while True:
            try:
                if walk.url is not None:
                    answer = self._rest.more(walk.url)
                else:
                    soql = walk.soql()
                    answer = self._ahead.pop(soql, None) or self._rest.query(soql)
                return answer, walk.following(answer)
            except DeadCursor:
                walk = walk.restarted()
            except QueryTimeout:
                walk = walk.narrowed()


def _to_page(rows: list[dict[str, Any]], fields: Sequence[str], walk: Walk | None) -> Page:
    parents = [(name, name.split(".")) for name in fields if "." in name]
    records: list[Record] = []
    deletions: list[Deletion] = []
    for row in rows:
        row.pop("attributes", None)
        if row.get("IsDeleted"):
            deletions.append(_deletion(row))
            continue
        if parents:
            _flatten(row, parents)
        records.append(row)
    return Page(records, deletions, None if walk is None else walk.resume())


def _flatten(row: dict[str, Any], parents: list[tuple[str, list[str]]]) -> None:
    values: dict[str, Any] = {}
    for name, steps in parents:
        value: Any = row
        for step in steps:
            if value is not None and step not in value:
                raise CrmUnknownField(
                    f"Salesforce spells {name} differently: write it in the map as describe does."
                )
            value = None if value is None else value[step]
        values[name] = value
    for _, steps in parents:
        row.pop(steps[0], None)
    row.update(values)


def _deletion(row: Mapping[str, Any]) -> Deletion:
    moved = row.get("SystemModstamp") or row.get("LastModifiedDate")
    return Deletion(
        record_id=row["Id"],
        deleted_at=datetime.fromisoformat(moved) if moved else None,
        merged_into=row.get("MasterRecordId"),
    )
