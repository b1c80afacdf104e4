"""A portfolio from a directory of CSV files whose header names are the canonical columns.

Any file and any column may be missing, and files that are no canonical table are ignored. What
does not fit is described in one sentence each, in the portfolio's `problems`: a row with a bad
value is left out, a reference to a record that is not there is left empty, and the rest loads.
"""

import csv
from collections import Counter
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from sandbox.portfolio import COLUMNS, Portfolio

Row = dict[str, Any]

_MONEY = {"annual_value", "amount"}
_NUMBERS = {"probability", "score", "scale_min", "scale_max", "quantity", "count"}
_FLAGS = {"is_customer", "is_active", "is_closed", "is_won", "escalated", "opted_out"}
_DATES = {"customer_since", "renewal_date", "churned_at", "left_at", "close_date"}
_INSTANTS = {
    "created_at",
    "opened_at",
    "closed_at",
    "occurred_at",
    "answered_at",
    "sent_at",
    "bounced_at",
}
_CHOICES = {
    "level": ("decision_maker", "influencer", "user"),
    "type": ("new", "renewal", "upsell", "cross_sell"),
    "priority": ("low", "normal", "high", "critical"),
    "kind": ("meeting", "call", "email", "login", "usage", "visit"),
    "direction": ("two_way", "inbound", "outbound"),
    "survey_type": ("relationship", "transactional"),
    "metric": ("nps", "csat", "ces"),
}
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_REFERENCES = {  # column -> the table it points into
    "account_id": "accounts",
    "parent_id": "accounts",
    "contact_id": "contacts",
    "opportunity_id": "opportunities",
    "owner_id": "users",
    "manager_id": "users",
    "user_id": "users",
}
_KEYS_TO_MAKE = ("products", "contact_roles", "team_members")  # their key column is optional
_NEEDS_NAME = ("accounts", "contacts", "opportunities", "users")  # a CRM refuses them without


def read_directory(path: Path | str, now: datetime | None = None) -> Portfolio:
    """The portfolio in the CSV files under `path`; times without a zone are taken as UTC.

    The files are read once to find the problems, and again by whoever iterates, so memory holds
    ids only. A missing name becomes the record's id. The corporate currency is the one most
    accounts have, or USD. Raises ValueError, in one sentence, when nothing can be read.
    """
    directory = Path(path)
    files = {name: directory / f"{name}.csv" for name in COLUMNS}
    files = {name: file for name, file in files.items() if file.is_file()}
    if not files:
        raise ValueError(
            f"{directory} holds none of {', '.join(f'{name}.csv' for name in COLUMNS)}; "
            "name the directory that has them"
        )
    problems: list[str] = []
    ids: dict[str, set[str]] = {}
    currencies: Counter[str] = Counter()
    for name, file in files.items():
        _check_header(file, name, files.keys(), problems)
        ids[name] = {row[COLUMNS[name][0]] for _, row in _typed(file, name, problems)}
    for name, file in files.items():
        for row in _rows(file, name, ids, problems):
            if name == "accounts" and row["currency"]:
                currencies[row["currency"]] += 1

    def reader(name: str, file: Path) -> Callable[[], Iterator[Row]]:
        return lambda: _rows(file, name, ids, [])

    return Portfolio(
        tables={name: reader(name, file) for name, file in files.items()},
        as_of=(now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0),
        currency=currencies.most_common(1)[0][0] if currencies else "USD",
        problems=tuple(problems),
    )


def _check_header(file: Path, table: str, present: Container[str], problems: list[str]) -> None:
    key, header = COLUMNS[table][0], _header(file)
    if key not in header and table not in _KEYS_TO_MAKE:
        problems.append(
            f"{file.name}, line 1: column {key} is missing, so no row can be loaded; add it."
        )
    for column in header:
        target = _REFERENCES.get(column)
        if column not in COLUMNS[table]:
            problems.append(
                f"{file.name}, line 1: column {column!r} is not one of {table} and was ignored; "
                f"known are {', '.join(COLUMNS[table])}."
            )
        elif target and column != key and target not in present:
            problems.append(
                f"{file.name}, column {column}: there is no {target}.csv, so it was left empty; "
                f"add {target}.csv to keep it."
            )


def _rows(file: Path, table: str, ids: dict[str, set[str]], problems: list[str]) -> Iterator[Row]:
    """The rows whose values are right, without references to records that are not there."""
    key = COLUMNS[table][0]
    for line, row in _typed(file, table, []):
        for column, target in _REFERENCES.items():
            if column == key or row.get(column) is None or row[column] in ids.get(target, ()):
                continue
            if target in ids:
                problems.append(
                    f"{file.name}, line {line}, column {column}: {row[column]!r} is not among the "
                    f"rows loaded from {target}.csv. It was left empty; add the record or correct "
                    "the id."
                )
            row[column] = None
        yield row


def _typed(file: Path, table: str, problems: list[str]) -> Iterator[tuple[int, Row]]:
    """The rows whose values are right, with their line numbers."""
    key, header = COLUMNS[table][0], _header(file)
    if key not in header and table not in _KEYS_TO_MAKE:
        return
    seen: set[str] = set()
    for line, cells in _lines(file):
        try:
            row = _row(f"{file.name}, line {line}", table, header, cells)
            row[key] = row[key] if key in header else f"{table}-{line}"
            if not row[key]:
                raise ValueError(f"{file.name}, line {line}, column {key}: it is empty; give an id")
            if row[key] in seen:
                raise ValueError(
                    f"{file.name}, line {line}, column {key}: {row[key]!r} stands twice; keep one "
                    "of the rows"
                )
        except ValueError as problem:
            problems.append(f"{problem}. The row was left out.")
            continue
        seen.add(row[key])
        if table in _NEEDS_NAME:
            row["name"] = row["name"] or row[key]
        yield line, row


def _row(where: str, table: str, header: list[str], cells: dict[Any, Any]) -> Row:
    if None in cells:
        raise ValueError(
            f"{where}: it has more cells than the header; quote cells that contain a comma"
        )
    row: Row = dict.fromkeys(COLUMNS[table])
    for column in header:
        if column in row:
            row[column] = _value(f"{where}, column {column}", column, cells.get(column, "").strip())
    return row


def _value(where: str, column: str, text: str) -> Any:
    """The typed value of a cell; None for an empty one. ValueError names place and remedy."""
    if not text:
        return None
    try:
        if column in _MONEY:
            return _finite(Decimal(text))
        if column in _NUMBERS:
            return float(_finite(Decimal(text)))
        if column in _FLAGS:
            return _WORDS[text.lower()]
        if column in _DATES:
            return date.fromisoformat(text) if len(text) == 10 else _instant(text).date()
        if column in _INSTANTS:
            return _instant(text)
    except (ValueError, KeyError, InvalidOperation):
        raise ValueError(f"{where}: {text!r} is not {_wanted(column)}") from None
    choices = _CHOICES.get(column)
    if choices and text not in choices:
        raise ValueError(f"{where}: {text!r} is not one of {', '.join(choices)}")
    return text


def _wanted(column: str) -> str:
    if column in _MONEY | _NUMBERS:
        return "a number; write it like 1234.50, without currency or thousands separators"
    if column in _FLAGS:
        return "true or false"
    if column in _DATES:
        return "a date; write it like 2026-01-31"
    return "a time; write it like 2026-01-31T09:30:00Z"


def _finite(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise ValueError("not a number")
    return number


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text).replace(microsecond=0)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _header(file: Path) -> list[str]:
    with _reading(file) as reader:
        return [name.strip() for name in next(reader, [])]


def _lines(file: Path) -> Iterator[tuple[int, dict[Any, Any]]]:
    """Each row below the header, with the number of its last line."""
    header = _header(file)
    with _reading(file) as reader:
        next(reader, None)
        for cells in reader:
            if cells:
                row: dict[Any, Any] = dict(zip(header, cells, strict=False))
                yield reader.line_num, row | ({None: cells} if len(cells) > len(header) else {})


@contextmanager
def _reading(file: Path) -> Iterator[Any]:
    """A CSV reader over `file`; ValueError when it turns out to be no CSV in UTF-8."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            yield csv.reader(stream)
    except UnicodeDecodeError:
        raise ValueError(f"{file.name} is not UTF-8; save it as UTF-8 and try again") from None
    except csv.Error as problem:
        raise ValueError(f"{file.name} is not CSV: {problem}; export it again") from None
