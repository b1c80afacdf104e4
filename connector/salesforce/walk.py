"""Where a pull stands, and the query that goes on from there."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.base import FieldInfo, Resume, Span
from connector.errors import CrmRejected, CrmUnavailable, CrmUnknownField

_STAMPS = ("SystemModstamp", "LastModifiedDate")
_FIELD = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*")
_NARROWEST = timedelta(seconds=1)
_FIRST_LIMIT = 50_000  # rows, once a walk by id has timed out
_LAST_LIMIT = 200


@dataclass(frozen=True)
class Walk:
    """One pull's place among the rows, ordered by (stamp, Id), or by Id in a full read.

    stamp   field with the modification time; None = all rows, by Id
    until   end of the window, exclusive
    upper   end of the part of the window that is asked for now
    since   start of that part
    after   (stamp, Id) of the last row had; the stamp is empty in a walk by Id
    url     the next page of the query under way
    limit   rows to ask for at a time; None = all
    had     rows of the query under way
    """

    kind: str
    columns: tuple[str, ...]
    stamp: str | None
    since: datetime | None
    upper: datetime
    until: datetime
    after: tuple[str, str] | None = None
    url: str | None = None
    limit: int | None = None
    had: int = 0

    def soql(self) -> str:
        """The query for the rows after `after`."""
        where = self._where()
        return (
            f"SELECT {','.join(self.columns)} FROM {self.kind}"
            + (f" WHERE {where}" if where else "")
            + f" ORDER BY {f'{self.stamp},' if self.stamp else ''}Id"
            + (f" LIMIT {self.limit}" if self.limit else "")
        )

    def following(self, answer: Mapping[str, Any]) -> "Walk | None":
        """The place after a page; None when it was the last."""
        rows = answer["records"]
        after = self._key(rows[-1]) if rows else self.after
        had = self.had + len(rows)
        if answer.get("nextRecordsUrl"):
            return replace(self, after=after, url=answer["nextRecordsUrl"], had=had)
        if not answer.get("done", True):
            if not rows:
                raise CrmUnavailable(f"Salesforce stopped in the middle of {self.kind}.")
            return replace(self, after=after, url=None, had=0)
        if self.limit is not None and had >= self.limit:
            return replace(self, after=after, url=None, had=0)
        if self.upper < self.until:
            return replace(
                self, since=self.upper, upper=self.until, after=None, url=None, had=0, limit=None
            )
        return None

    def restarted(self) -> "Walk":
        """The same place without the cursor."""
        return replace(self, url=None, had=0)

    def narrowed(self) -> "Walk":
        """The same place, asking for less; CrmUnavailable when there is no less."""
        if self.stamp is None:
            limit = _FIRST_LIMIT if self.limit is None else self.limit // 2
            if limit >= _LAST_LIMIT:
                return replace(self, url=None, had=0, limit=limit)
        else:
            start = _instant(self.after[0]) if self.after else self.since
            assert start is not None
            half = (self.upper - start) / 2
            if half >= _NARROWEST:
                return replace(self, url=None, had=0, upper=_whole(start + half))
        raise CrmUnavailable(
            f"Salesforce runs out of time on {self.kind}, even for few rows: ask Salesforce for an "
            "index, or read fewer formula fields."
        )

    def resume(self) -> Resume:
        """This place as JSON, without the cursor, which dies with the session."""
        return {
            "since": None if self.since is None else self.since.isoformat(),
            "after": None if self.after is None else list(self.after),
        }

    def _where(self) -> str:
        if self.stamp is None:
            return f"Id > '{self.after[1]}'" if self.after else ""
        end = f"{self.stamp} < {_literal(self.upper)}"
        if self.after is None:
            assert self.since is not None
            return f"{self.stamp} >= {_literal(self.since)} AND {end}"
        at = _literal(_instant(self.after[0]))
        return (
            f"(({self.stamp} = {at} AND Id > '{self.after[1]}') OR {self.stamp} > {at}) AND {end}"
        )

    def _key(self, row: Mapping[str, Any]) -> tuple[str, str]:
        return ("" if self.stamp is None else row[self.stamp]), row["Id"]


def walk_of(
    kind: str,
    fields: Sequence[str],
    described: Mapping[str, FieldInfo],
    span: Span,
    resume: Resume | None,
) -> Walk:
    """Where to begin.

    A full read goes by Id: what changes meanwhile is neither left out nor met twice. So does
    an object without a time of modification, whose increments are full reads.
    """
    stamps = [name for name in _STAMPS if name in described and described[name].filterable]
    stamp = stamps[0] if stamps else None
    marks = [name for name in ("IsDeleted", "MasterRecordId") if name in described]
    columns = dict.fromkeys([*_checked(kind, fields, described), "Id", *stamps[:1], *marks])
    start = Walk(
        kind=kind,
        columns=tuple(columns),
        stamp=None if span.since is None else stamp,
        since=span.since,
        upper=span.until,
        until=span.until,
    )
    if resume is None:
        return start
    since, after = resume["since"], resume["after"]
    if start.stamp is not None and since is None:
        raise CrmRejected(f"A full read of {kind} cannot be resumed as an increment.")
    return replace(
        start,
        since=None if since is None else datetime.fromisoformat(since),
        after=None if after is None else (after[0], after[1]),
    )


def _checked(kind: str, fields: Sequence[str], described: Mapping[str, FieldInfo]) -> Sequence[str]:
    spelt = {name.lower(): name for name in described}
    for name in fields:
        if not _FIELD.fullmatch(name):
            raise CrmUnknownField(f"“{name}” is no name of a field of Salesforce's {kind}.")
        if spelt.get(name.lower(), name) != name:
            raise CrmUnknownField(
                f"Salesforce spells the field {name} of {kind} as {spelt[name.lower()]}: "
                "write it so in the map."
            )
    return fields


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _whole(instant: datetime) -> datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _literal(instant: datetime) -> str:
    """A SOQL datetime; milliseconds, since that is what Salesforce keeps."""
    utc = instant.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"
