"""Typed reading of CSV files whose header names are canonical columns.

A value that cannot be read becomes unknown and is reported with file, line, column, reason and
remedy; a row is left out only where it cannot be used at all: without its key, with a key already
seen, with the wrong number of fields, or an event whose date or score cannot be read. Of responses
with one key the last row counts, being the corrected answer.
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from mappings.catalogue import OBJECTS, Column, Type

# an event is nothing without these: the row is refused, not only the value
ESSENTIAL: dict[str, tuple[str, ...]] = {
    "responses": ("metric", "survey_type", "score", "scale_min", "scale_max", "answered_at"),
    "invitations": ("sent_at",),
    "activities": ("occurred_at",),
    "cases": ("opened_at", "closed_at"),
}
# objects without a key of their own, and what their rows cannot do without
LINKS: dict[str, tuple[str, ...]] = {"team_members": ("account_id", "user_id", "role")}

# objects whose later row with a key seen before is a new version of the record
VERSIONED = frozenset({"responses"})

_YES, _NO = {"true", "yes", "y", "t", "1"}, {"false", "no", "n", "f", "0"}
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
Bools = npt.NDArray[np.bool_]


class CsvFileError(Exception):
    """A file cannot be read at all; the message is one sentence with the remedy."""


@dataclass(frozen=True)
class Refusal:
    """One value, or with no column one row, that was not taken over."""

    file: str
    line: int
    column: str
    value: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class Table:
    """What could be read of one file.

    frame    the file's canonical columns: text str, numbers float64, yes/no `boolean`, instants
             datetime64 UTC, dates datetime64 at midnight without a zone; missing = unknown
    lines    line of the file on which each row begins
    refused  what was not taken over, by line
    ignored  header names that are no canonical columns
    """

    frame: pd.DataFrame
    lines: npt.NDArray[np.int64]
    refused: list[Refusal]
    ignored: list[str]


@dataclass(frozen=True)
class _Reading:
    """A column's values, and which texts could not be read, why, and what to write instead."""

    read: pd.Series
    wrong: Bools
    reason: str
    remedy: str


def read_table(path: Path, object_name: str, also: tuple[str, ...] = ()) -> Table:
    """The file at `path` as rows of the canonical object `object_name`.

    also    columns of text to keep besides the canonical ones
    Raises CsvFileError when it cannot be opened or decoded, has no header, names a column twice or
    lacks a key column.
    """
    columns = {column.name: column for column in OBJECTS[object_name]}
    columns |= {name: Column(name, Type.TEXT, "") for name in also}
    header, rows, lines, refused = _split(path)
    keys = _keys(object_name)
    _check_header(path.name, header, keys)
    texts = {name: pd.Series(cells, dtype="str") for name, cells in _by_column(header, rows)}
    dropped = np.zeros(len(rows), bool)

    def refuse(which: Bools, name: str, reason: str, remedy: str) -> None:
        for row in np.flatnonzero(which):
            value = texts[name].iloc[row]
            refused.append(Refusal(path.name, int(lines[row]), name, value, reason, remedy))

    typed: dict[str, pd.Series] = {}
    for name in (name for name in header if name in columns):
        text = texts[name].str.strip()
        reading = _READERS[columns[name].type](text.where(text != ""), columns[name])
        refuse(reading.wrong, name, reading.reason, reading.remedy)
        if name in ESSENTIAL.get(object_name, ()):
            dropped |= reading.wrong
        typed[name] = reading.read
    for name in keys:
        absent = typed[name].isna().to_numpy(bool)
        refuse(absent, name, f"the row has no {name}", f"fill in {name}")
        dropped |= absent
    again = np.zeros(len(rows), bool)
    corrected = object_name in VERSIONED
    if object_name not in LINKS:
        key = typed[keys[0]][~dropped]
        again[key.index[key.duplicated(keep="last" if corrected else "first")]] = True
    other = "a later row corrects the row with" if corrected else "an earlier row has"
    refuse(again, keys[0], f"{other} the same {keys[0]}", "keep one of them")
    kept = np.flatnonzero(~(dropped | again))
    return Table(
        frame=pd.DataFrame(typed).iloc[kept].reset_index(drop=True),
        lines=lines[kept],
        refused=sorted(refused, key=lambda refusal: refusal.line),
        ignored=[name for name in header if name not in columns],
    )


def _split(
    path: Path,
) -> tuple[list[str], list[list[str]], npt.NDArray[np.int64], list[Refusal]]:
    """Header; rows of its width with the line each begins on; the rows of another width."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    header: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    refused: list[Refusal] = []
    end = 0
    try:
        for fields in reader:
            begin, end = end + 1, reader.line_num
            if not fields:
                continue
            if not header:
                header = [name.strip() for name in fields]
            elif len(fields) == len(header):
                rows.append(fields)
                lines.append(begin)
            else:
                reason = f"the row has {len(fields)} fields, the header names {len(header)}"
                remedy = "put values that hold a comma or a line break in double quotes"
                row = ",".join(fields)[:200]
                refused.append(Refusal(path.name, begin, "", row, reason, remedy))
    except csv.Error as wrong:
        place = f"{path.name}, row beginning on line {end + 1}: {wrong}"
        raise CsvFileError(f"{place}; close the quotes or double those inside a value") from wrong
    if not header:
        raise CsvFileError(f"{path.name} is empty; its first line must name the columns")
    return header, rows, np.array(lines, dtype=np.int64), refused


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as wrong:
        place = f"{path.name} is not UTF-8 at byte {wrong.start}"
        raise CsvFileError(f"{place}; save it as CSV in UTF-8") from wrong
    except OSError as wrong:
        reason = wrong.strerror or str(wrong)
        raise CsvFileError(f"{path.name} cannot be read ({reason}); check the file") from wrong
    if "\0" in text:
        raise CsvFileError(f"{path.name} is not a text file; save it as CSV in UTF-8")
    return text


def _check_header(file: str, header: list[str], keys: tuple[str, ...]) -> None:
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise CsvFileError(f"{file} names the column {twice[0]} twice; rename or remove one")
    for key in keys:
        if key not in header:
            named = ", ".join(header)[:200]
            raise CsvFileError(f"{file} has no column {key} (it has {named}); add it to the header")


def _keys(object_name: str) -> tuple[str, ...]:
    first = OBJECTS[object_name][0]
    return LINKS.get(object_name, (first.name,))


def _by_column(
    header: list[str], rows: list[list[str]]
) -> list[tuple[str, list[str] | tuple[str, ...]]]:
    if not rows:
        return [(name, []) for name in header]
    return list(zip(header, zip(*rows, strict=True), strict=True))


def _read_text(text: pd.Series, column: Column) -> _Reading:
    return _Reading(text, np.zeros(len(text), bool), "", "")


def _read_number(text: pd.Series, column: Column) -> _Reading:
    good = text.isna().to_numpy(bool) | text.str.fullmatch(_NUMBER).to_numpy(bool, na_value=False)
    values = pd.to_numeric(text.where(good), errors="coerce").astype("float64")
    wrong = ~good | np.isinf(values.to_numpy())
    remedy = "write digits with a point, without currency or thousands signs: 1234.50"
    return _Reading(values.where(~wrong), wrong, "is not a number", remedy)


def _read_share(text: pd.Series, column: Column) -> _Reading:
    reading = _read_number(text, column)
    outside = reading.wrong | ~reading.read.fillna(0).between(0, 1).to_numpy(bool)
    values = reading.read.where(~outside)
    return _Reading(values, outside, "is not a share from 0 to 1", "write 35 % as 0.35")


def _read_bool(text: pd.Series, column: Column) -> _Reading:
    words = text.str.casefold()
    yes, no = words.isin(_YES), words.isin(_NO)
    values = yes.astype("boolean").mask(~yes & ~no)
    wrong = (text.notna() & ~yes & ~no).to_numpy(bool)
    return _Reading(values, wrong, "is neither true nor false", "write true or false")


def _read_instant(text: pd.Series, column: Column) -> _Reading:
    values = _times(text)
    wrong = (text.notna() & values.isna()).to_numpy(bool)
    remedy = "write 2026-06-30T14:05:00Z; without a zone it is read as UTC"
    return _Reading(values, wrong, "is not an ISO 8601 time", remedy)


def _read_date(text: pd.Series, column: Column) -> _Reading:
    values = _times(text).dt.tz_localize(None).dt.normalize()
    wrong = (text.notna() & values.isna()).to_numpy(bool)
    return _Reading(values, wrong, "is not an ISO 8601 date", "write 2026-06-30")


def _times(text: pd.Series) -> pd.Series:
    parsed = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
    return parsed.astype("datetime64[us, UTC]")


def _read_choice(text: pd.Series, column: Column) -> _Reading:
    words = text.str.casefold().str.replace(r"[\s-]+", "_", regex=True)
    good = words.isin(column.choices)
    wrong = (text.notna() & ~good).to_numpy(bool)
    known = ", ".join(column.choices)
    return _Reading(words.where(good), wrong, f"is none of {known}", f"write one of {known}")


_READERS: dict[Type, Callable[[pd.Series, Column], _Reading]] = {
    Type.ID: _read_text,
    Type.TEXT: _read_text,
    Type.MONEY: _read_number,
    Type.NUMBER: _read_number,
    Type.SHARE: _read_share,
    Type.BOOL: _read_bool,
    Type.INSTANT: _read_instant,
    Type.DATE: _read_date,
    Type.CHOICE: _read_choice,
}
