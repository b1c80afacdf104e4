"""Pulling one object type: the full walk, increments, the recycle bin, merges and owners.

Source: HubSpot API reference, list and paging, incremental pull that does not lose or loop.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.base import Deletion, Page, Resume, Span
from connector.hubspot.associations import Associations
from connector.hubspot.door import Door
from connector.hubspot.kinds import (
    KEY,
    MERGEABLE,
    MERGED,
    OWNERS,
    id_order,
    is_linked,
    modified_property,
)
from connector.hubspot.objects import Objects, Slice

Json = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEARCHED = "searched"  # phases of an increment, as they stand in a Resume
_ARCHIVED = "archived"
_LISTED = "listed"  # the full read

GATHERED = 1000  # records to a page of ours; as many as one call reads associations of


class Puller:
    """Pulls records of one account."""

    def __init__(self, door: Door, objects: Objects, associations: Associations) -> None:
        self._door = door
        self._objects = objects
        self._associations = associations

    def pull(
        self, kind: str, fields: Sequence[str], span: Span, resume: Resume | None
    ) -> Iterator[Page]:
        """See `connector.base.Crm.pull`.

        Owners come whole each time, archived ones too (`archived` true): HubSpot's own time
        stamp of an owner does not move with every change of the person behind it.
        """
        if kind == OWNERS:
            yield Page(list(self.owners().values()), (), None)
        elif span.since is None:
            yield from self._walk(kind, fields, (resume or {}).get(_LISTED))
        else:
            if resume is None or _SEARCHED in resume:
                yield from self._changed(kind, fields, span, (resume or {}).get(_SEARCHED, "0"))
                resume = None
            yield from self._gone(kind, span, (resume or {}).get(_ARCHIVED))

    def owners(self) -> dict[str, Json]:
        """All owners by id, live and archived."""
        found: dict[str, Json] = {}
        operation = self._door.library.owners.get_page
        for archived in (True, False):
            after: str | None = None
            while True:
                query: Json = {"limit": 100, "archived": archived}
                if after is not None:
                    query["after"] = after
                answer = self._door.call(operation, purpose="read", **query)
                found |= {str(owner["id"]): owner for owner in answer["results"]}
                after = ((answer.get("paging") or {}).get("next") or {}).get("after")
                if not after:
                    break
        return found

    def _walk(self, kind: str, fields: Sequence[str], after: str | None) -> Iterator[Page]:
        """Every record; some pages of the CRM make one of ours, which is what storing costs."""
        names = _with_merges(kind, fields)
        going_on = True
        while going_on:
            records: list[Json] = []
            while going_on and len(records) < GATHERED:
                part = self._objects.page(kind, names, after)
                records += part.records
                after = part.after
                going_on = after is not None
            yield Page(records, _merges(records), {_LISTED: after} if going_on else None)

    def _changed(self, kind: str, fields: Sequence[str], span: Span, after: str) -> Iterator[Page]:
        """Records changed inside the span; a thousand at a time, as associations are read."""
        names, linked = _with_merges(kind, fields), [f for f in fields if is_linked(f)]
        filters = _window(kind, span)
        going_on: str | None = after
        while going_on is not None:
            records: list[Json] = []
            while going_on is not None and len(records) < GATHERED:
                part = self._objects.search(kind, names, filters, going_on)
                records += part.records
                going_on = part.after
            for field in linked if records else ():
                ids = [record[KEY] for record in records]
                targets = self._associations.first_targets(kind, field[1:], ids)
                for record in records:
                    record[field] = targets.get(record[KEY])
            resume = {_ARCHIVED: None} if going_on is None else {_SEARCHED: going_on}
            yield Page(records, _merges(records), resume)

    def _gone(self, kind: str, span: Span, after: str | None) -> Iterator[Page]:
        """What was archived inside the span: a walk over the recycle bin, which has no filter."""
        while True:
            part = self._objects.archived(kind, after)
            deletions = _archived(part, span)
            after = part.after
            if after is None:
                yield Page((), deletions, None)
                return
            if deletions:
                yield Page((), deletions, {_ARCHIVED: after})


def _with_merges(kind: str, fields: Sequence[str]) -> list[str]:
    return [*fields, MERGED] if kind in MERGEABLE and MERGED not in fields else list(fields)


def _window(kind: str, span: Span) -> list[Json]:
    """Filters for [since, until), in whole milliseconds as HubSpot keeps time."""
    assert span.since is not None
    name = modified_property(kind)
    return [
        {"propertyName": name, "operator": "GTE", "value": _milliseconds(span.since)},
        {"propertyName": name, "operator": "LT", "value": _milliseconds(span.until)},
    ]


def _milliseconds(instant: datetime) -> str:
    return str((instant - _EPOCH) // timedelta(milliseconds=1))


def _merges(records: Sequence[Mapping[str, Any]]) -> list[Deletion]:
    """Records that were merged into the given ones; HubSpot does not say when."""
    return [
        Deletion(loser, None, merged_into=record[KEY])
        for record in records
        if record.get(MERGED)
        for loser in sorted(str(record[MERGED]).split(";"), key=id_order)
        if loser and loser != record[KEY]
    ]


def _archived(part: Slice, span: Span) -> list[Deletion]:
    found = []
    for item in part.items:
        at = datetime.fromisoformat(item["archivedAt"]) if item.get("archivedAt") else None
        if at is None or (span.since is not None and span.since <= at < span.until):
            found.append(Deletion(item["id"], at))
    return found
