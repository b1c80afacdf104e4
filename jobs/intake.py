"""Survey answers and invitations from a survey tool's CSV export, attached to CRM people."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session, sessionmaker

from mappings.catalogue import OBJECTS
from mappings.csvfiles import CsvFileError, Refusal, Table, read_table
from mappings.transforms import domain
from store.attach import attach_unmatched
from store.erasure import erased_ids
from store.people import People
from store.records import mark_accounts, store_rows
from store.refusals import Refused, note_refusals, resolve_refusals

_ROWS = 5000
_LONGEST_KEY = 200  # characters that the store keeps
_WHO = ("contact_id", "email", "company_domain")
_FOUND = ("account_id", "contact_id", "matched_by")


class IntakeError(Exception):
    """A file cannot be read at all; `str()` names it and the remedy."""


@dataclass
class Imported:
    """What an import did.

    rows       stored, whether new or not; `changed` of them are new or different
    unmatched  of nobody we know; looked up again after each pull
    refused    values and rows not taken over, by file and line
    ignored    columns that are not read
    erased     rows left out, because what they hold was erased here
    """

    rows: int = 0
    changed: int = 0
    unmatched: int = 0
    refused: list[Refusal] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    erased: int = 0


def import_feedback(
    sessions: sessionmaker[Session],
    connection_id: int,
    object_name: str,
    file: Path,
    *,
    now: datetime,
) -> Imported:
    """Read a CSV of `responses` or `invitations`; importing the same file twice changes nothing.

    Columns and refusals are those of mappings.csvfiles (docs/data.md); the person is found by
    contact_id, else `email`, else `company_domain`. An answer of nobody we know is stored
    unmatched. A refused row leaves what an earlier import stored of it; what was erased stays so.
    Raises IntakeError.
    """
    key = OBJECTS[object_name][0].name
    try:
        table = read_table(file, object_name, also=("email", "company_domain"))
    except CsvFileError as error:
        raise IntakeError(str(error)) from error
    table = _without_long_keys(table, key, file.name)
    done = Imported(refused=table.refused, ignored=table.ignored)
    with sessions() as session:
        people = People(session, connection_id)
    columns = [column.name for column in OBJECTS[object_name]]
    erased: set[str] = set()
    for whole in _slices(table.frame):
        with sessions() as session:
            erased |= erased_ids(session, connection_id, object_name, whole[key].tolist())
        frame = whole[~whole[key].isin(erased)]
        matches = [people.match(*who) for who in _who(frame)]
        kept = frame.reindex(columns=[*columns, "email"]).drop(columns=["account_id", "contact_id"])
        for name in _FOUND:
            kept[name] = pd.Series([getattr(m, name) for m in matches], kept.index, dtype=object)
        with sessions.begin() as session:
            source = f"csv:{object_name}"
            touched = store_rows(
                session, connection_id, object_name, kept, source=source, read_at=now
            )
            through = dict.fromkeys(kept[key], frozenset(columns))
            resolve_refusals(session, connection_id, "read", object_name, through, now=now)
        done.rows += touched.rows
        done.changed += touched.changed
        done.unmatched += sum(match.matched_by is None for match in matches)
    done.erased = len(erased)
    with sessions.begin() as session:
        refused = _kept_refusals(object_name, table, key, erased)
        note_refusals(session, connection_id, "read", refused, run_id=None, now=now)
    return done


def attach_waiting(sessions: sessionmaker[Session], connection_id: int, *, now: datetime) -> int:
    """Look again for whom unmatched answers and invitations belong to; returns how many found.

    Answers may arrive before the pull that brings their respondent.
    """
    with sessions.begin() as session:
        found = attach_unmatched(session, connection_id)
        mark_accounts(session, connection_id, found, now)
    return len(found)


def _without_long_keys(table: Table, key: str, file: str) -> Table:
    """The table without rows whose key the store cannot hold; each is a refusal."""
    long = (table.frame[key].str.len() > _LONGEST_KEY).to_numpy(bool)
    refused = [
        Refusal(
            file,
            int(line),
            key,
            str(value)[:_LONGEST_KEY],
            f"is longer than {_LONGEST_KEY} characters",
            "give the row a shorter one",
        )
        for line, value in zip(table.lines[long], table.frame[key][long], strict=True)
    ]
    return Table(
        table.frame[~long].reset_index(drop=True),
        table.lines[~long],
        sorted([*table.refused, *refused], key=lambda refusal: refusal.line),
        table.ignored,
    )


def _kept_refusals(object_name: str, table: Table, key: str, erased: set[str]) -> Iterator[Refused]:
    """Refused values of stored rows; a row that was left out has no record to note them on."""
    ids = dict(zip(table.lines.tolist(), table.frame[key], strict=True))
    for one in table.refused:
        if one.line in ids and ids[one.line] not in erased:
            yield Refused(
                object=object_name,
                record_id=ids[one.line],
                field=one.column,
                value=one.value,
                code="BAD_VALUE",
                reason=f"{one.file} line {one.line}: {one.reason}",
                remedy=one.remedy,
            )


def _slices(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(frame), _ROWS):
        yield frame.iloc[start : start + _ROWS]


def _who(frame: pd.DataFrame) -> Iterator[tuple[str | None, str | None, str | None]]:
    """contact_id, email and company domain of each row, None where missing."""
    given: dict[str, Any] = {
        name: frame[name].astype(object).where(frame[name].notna(), None)
        if name in frame
        else [None] * len(frame)
        for name in _WHO
    }
    for contact, email, company in zip(*(given[name] for name in _WHO), strict=True):
        yield contact, email, domain(company)
