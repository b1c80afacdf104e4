"""Instants and dates between the wire and the store.

Stored and sent: instants as 2026-11-20T16:05:11.412Z (always three decimals, so that text order
is time order), dates as 2026-11-20. Accepted: ISO 8601 or epoch milliseconds.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = re.compile(r"-?\d{1,15}$")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}$")


def milliseconds(instant: datetime) -> int:
    """Whole milliseconds since 1970 of an aware instant."""
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def to_text(stamp: int) -> str:
    """Epoch milliseconds as stored text; OverflowError outside the years 1 to 9999."""
    days, rest = divmod(stamp, 86_400_000)
    minutes, milliseconds = divmod(rest, 60_000)
    seconds, part = divmod(milliseconds, 1000)
    return f"{_day(days)}T{minutes // 60:02}:{minutes % 60:02}:{seconds:02}.{part:03}Z"


@lru_cache(maxsize=20_000)
def _day(number: int) -> str:
    return (_EPOCH + timedelta(days=number)).date().isoformat()


def from_text(text: str) -> int:
    """Epoch milliseconds of a stored instant."""
    return milliseconds(datetime.fromisoformat(text))


def parse_instant(value: str) -> str:
    """A written instant as stored text; ValueError when it is none."""
    if _MILLISECONDS.match(value):
        return _checked(int(value))
    moment = datetime.fromisoformat(value)
    return _checked(milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC)))


def parse_date(value: str) -> str:
    """A written date as stored text; ValueError when it is none or not midnight UTC."""
    if _DATE.match(value):
        return date.fromisoformat(value).isoformat()
    text = parse_instant(value)
    if not text.endswith("T00:00:00.000Z"):
        raise ValueError(f"{value} is not midnight UTC")
    return text[:10]


def _checked(stamp: int) -> str:
    try:
        return to_text(stamp)
    except OverflowError as problem:
        raise ValueError(f"{stamp} is outside the calendar") from problem
