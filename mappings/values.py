"""One value of a CRM or a CSV file → the catalogue's type; a value that does not fit says why.

What a column holds after reading, and so what a frame, SQL and JSON see:

=============  ==============================================  ==================
type           Python value                                    pandas dtype
=============  ==============================================  ==================
id text choice str, trimmed                                    object (None)
money          float, nearest cent, exact below 10^13          float64 (NaN)
number share   float                                           float64 (NaN)
bool           bool                                            boolean (NA)
instant        datetime, aware, UTC                            datetime64[us, UTC]
date           date; of an instant its UTC date                object (None)
=============  ==============================================  ==================

Absent, null, "" and blanks are all one thing: missing, never 0, false or a date.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import pandas as pd

from mappings.catalogue import Column, Type

LONGEST_ID = 80  # characters an id column of the store takes
MOST_MONEY = 1e16  # Numeric(18, 2)

_WORDS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
_CODE = re.compile(r"[A-Za-z]{3}")


class Misfit(ValueError):
    """A value that does not fit its column: `code`, the reason, and what a person can do."""

    def __init__(self, code: str, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.code, self.reason, self.remedy = code, reason, remedy


@dataclass(frozen=True)
class Refused:
    """One value that could not be read from or written to a record, and what to do about it.

    object, field  canonical when read, the CRM's kind and field when written
    value          as it stood, as text, at most 200 characters
    """

    object: str
    record_id: str
    field: str
    value: str | None
    reason: str
    remedy: str
    code: str


def refusal(object: str, record_id: str, field: str, value: Any, misfit: "Misfit") -> Refused:
    """`misfit` as a row: which record and field it was."""
    text = None if value is None else str(value)[:200]
    return Refused(object, record_id, field, text, misfit.reason, misfit.remedy, misfit.code)


@dataclass(frozen=True)
class Rejected:
    """The value at `position` of a list did not fit its column."""

    position: int
    value: Any
    misfit: Misfit


def parse(column: Column, value: Any) -> Any:
    """One raw value as `column` holds it, None when missing. Raises Misfit."""
    return _reader(column)(value)


def parse_all(column: Column, values: Sequence[Any]) -> tuple[list[Any], list[Rejected]]:
    """A whole column at once: the values, None where missing or rejected, and the rejected."""
    read = _reader(column)
    try:
        return list(map(Remembered(read).__getitem__, values)), []
    except (Misfit, TypeError):  # TypeError: a list or an object, which no dict remembers
        parsed: list[Any] = []
        rejected: list[Rejected] = []
        for position, value in enumerate(values):
            try:
                parsed.append(read(value))
            except Misfit as misfit:
                parsed.append(None)
                rejected.append(Rejected(position, value, misfit))
        return parsed, rejected


def series(column: Column, values: Sequence[Any]) -> "pd.Series[Any]":
    """Parsed values as a typed pandas column (the table in this module's docstring)."""
    typed: pd.Series[Any] = pd.Series(values, dtype=_DTYPES[column.type], name=column.name)
    return typed


def missing(value: Any) -> bool:
    """True for None, NaN, NaT, NA and blank text."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value or value.isspace()
    return value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def word(value: Any) -> str:
    """A raw value as maps compare it: trimmed, lower case; "" when missing, true for True."""
    return "" if missing(value) else str(value).strip().casefold()


class Remembered(dict[Any, Any]):
    """`read` of each text, called once per distinct text. Numbers are read anew each time,
    since 1, 1.0 and True are one key."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, value: Any) -> Any:
        result = self._read(value)
        if value is None or type(value) is str:
            self[value] = result
        return result


def _reader(column: Column) -> Callable[[Any], Any]:
    if column.name == "currency":
        return _currency
    if column.type is Type.CHOICE:
        return _choice(column.choices)
    return _READERS[column.type]


def _text(value: Any) -> str | None:
    if type(value) is str:
        stripped = value.strip()
        if not stripped.isascii():  # half a surrogate pair, which no database takes
            stripped = stripped.encode("utf-8", "replace").decode()
        return stripped.replace("\x00", "") or None
    if missing(value):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool | int | float | date):
        return str(value).lower() if isinstance(value, bool) else str(value)
    raise Misfit("not_text", "it is no text", "map a field that holds one text value")


def _id(value: Any) -> str | None:
    text = _text(value)
    if text is not None and len(text) > LONGEST_ID:
        raise Misfit(
            "id_too_long",
            f"an id has at most {LONGEST_ID} characters",
            "map a field that holds a record id",
        )
    return text


def _currency(value: Any) -> str | None:
    text = _text(value)
    if text is not None and not _CODE.fullmatch(text):
        raise Misfit(
            "not_a_currency",
            "it is no ISO 4217 currency code",
            "enter a code of three letters, such as EUR",
        )
    return None if text is None else text.upper()


def _choice(choices: Sequence[str]) -> Callable[[Any], str | None]:
    known: dict[str, str | None] = {choice: choice for choice in choices}
    known[""] = None

    def read(value: Any) -> str | None:
        text = word(value)
        try:
            return known[text]
        except KeyError:
            raise Misfit(
                "unknown_value",
                f"it is none of {', '.join(choices)}",
                "add the value to `values` of this column in the map, or correct the record",
            ) from None

    return read


def _number(value: Any) -> float | None:
    if type(value) is float and math.isfinite(value):
        return value
    if missing(value):
        return None
    try:
        if isinstance(value, bool) or (isinstance(value, str) and "_" in value):
            raise ValueError
        number = float(value)
        if not math.isfinite(number):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise Misfit(
            "not_a_number",
            "it is no number",
            "correct the record, or map a number field (decimal point, no separators)",
        ) from None
    return number


def _money(value: Any) -> float | None:
    number = _number(value)
    if number is None:
        return None
    if abs(number) >= MOST_MONEY:
        raise Misfit(
            "too_large", "an amount has at most 16 digits before the point", "correct the record"
        )
    return round(number, 2)


def _share(value: Any) -> float | None:
    number = _number(value)
    if number is not None and not 0 <= number <= 1:
        raise Misfit(
            "not_a_share",
            "it lies outside 0…1",
            "correct the record, or set `scale = 0.01` when the CRM keeps percent",
        )
    return number


def _bool(value: Any) -> bool | None:
    if value is True or value is False:
        return value
    if missing(value):
        return None
    known = _WORDS.get(word(value))
    if known is None:
        raise Misfit(
            "not_a_bool",
            "it is neither true nor false",
            "list what the value means under `values` of this column in the map",
        )
    return known


def _instant(value: Any) -> datetime | None:
    if missing(value):
        return None
    try:
        moment = datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, time())
        if moment.tzinfo is UTC:
            return moment
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise Misfit(
            "not_an_instant",
            "it is no point in time",
            "correct the record; expected is ISO 8601 such as 2026-11-20T16:05:11Z",
        ) from None


def _date(value: Any) -> date | None:
    if isinstance(value, str) and len(value) == 10:
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # said below
    elif type(value) is date:
        return value
    try:
        moment = _instant(value)
    except Misfit:
        raise Misfit(
            "not_a_date", "it is no date", "correct the record; expected is 2026-11-20"
        ) from None
    return None if moment is None else moment.date()


_READERS: dict[Type, Callable[[Any], Any]] = {
    Type.ID: _id,
    Type.TEXT: _text,
    Type.MONEY: _money,
    Type.NUMBER: _number,
    Type.SHARE: _share,
    Type.BOOL: _bool,
    Type.INSTANT: _instant,
    Type.DATE: _date,
}

_DTYPES: dict[Type, Any] = {
    Type.ID: object,
    Type.TEXT: object,
    Type.CHOICE: object,
    Type.MONEY: "float64",
    Type.NUMBER: "float64",
    Type.SHARE: "float64",
    Type.BOOL: "boolean",
    Type.INSTANT: "datetime64[us, UTC]",
    Type.DATE: object,
}
