"""Single values of payloads as ours: scores, instants, texts, drivers. Nothing is guessed."""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from feedback.shapes import Unreadable

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_MILLISECONDS = 100_000_000_000  # unix seconds reach this in the year 5138
LONGEST = 20_000  # characters of a text that are kept


def text(value: Any) -> str | None:
    """A text or number as text, without outer blanks; None when empty. Lists are joined."""
    if isinstance(value, list):
        return "; ".join(filter(None, map(text, value))) or None
    if value is None or isinstance(value, dict | bool):
        return None
    return str(value).replace("\0", "").strip()[:LONGEST] or None


def number(value: Any, words: Mapping[str, float], what: str) -> float | None:
    """A finite number, one written as text, or one of `words`."""
    if value is None or value == "" or value == []:
        return None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        word = value.strip().casefold()
        if word in words:
            return words[word]
        if _NUMBER.fullmatch(word) and len(word) < 20:
            return float(word)
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    known = f" and no word of {', '.join(words)}" if words else ""
    raise Unreadable(f"{what} is {str(value)[:40]!r}, which is no number{known}")


def instant(value: Any, zone: str, date_format: str, what: str) -> datetime | None:
    """An aware UTC instant from ISO 8601, unix seconds or milliseconds, or `date_format`.

    A time without zone is read in `zone`; without that it is not read at all.
    """
    if value is None or value == "":
        return None
    try:
        moment = _moment(value, date_format)
        if moment.tzinfo is None:
            if not zone:
                raise Unreadable(
                    f"{what} is {value!r}, a time without zone; set `zone` in the source's mapping "
                    "to the zone that the tool writes in"
                )
            moment = moment.replace(tzinfo=ZoneInfo(zone))
        return moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, OSError, ZoneInfoNotFoundError) as error:
        raise Unreadable(
            f"{what} is {str(value)[:40]!r}, which is no time; map a field with ISO 8601, or set "
            "`date_format` in the source's mapping"
        ) from error


def _moment(value: Any, date_format: str) -> datetime:
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        if date_format:
            return datetime.strptime(value.strip(), date_format)  # noqa: DTZ007 (zone follows)
        return datetime.fromisoformat(value.strip())
    seconds = float(value)
    return datetime.fromtimestamp(seconds / (1000 if seconds >= _MILLISECONDS else 1), UTC)


def drivers(tier1: Any, tier2: Any) -> str | None:
    """`tier1` or `tier1>tier2`, several split by `;`.

    A second tier belongs to the first one when there is one only; else what belongs together is
    not known, and the first tier stands alone. A text may name both: `Support>Onboarding`.
    """
    first, second = list(_labels(tier1)), list(_labels(tier2))
    if len(first) == 1 and ">" not in first[0]:
        return ";".join(f"{first[0]}>{one}" for one in second) or first[0]
    return ";".join(first) or None


def _labels(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _labels(one)
    elif isinstance(value, str) and value.strip():
        yield value.strip().replace(";", ",")[:200]
