"""Date literals: TODAY, LAST_N_DAYS:30, THIS_FISCAL_QUARTER ... as ranges of days."""

import re
from datetime import date, timedelta

from sandbox.salesforce.errors import ApiError

_FIXED = re.compile(r"(LAST|THIS|NEXT)_(FISCAL_)?(WEEK|MONTH|QUARTER|YEAR)\Z")
_ROLLING = re.compile(r"(LAST|NEXT)_(?:N_DAYS:(\d+)|(90)_DAYS)\Z")
_COUNTED = re.compile(r"(LAST|NEXT)_N_(FISCAL_)?(WEEK|MONTH|QUARTER|YEAR)S:(\d+)\Z")
_AGO = re.compile(r"N_(FISCAL_)?(DAY|WEEK|MONTH|QUARTER|YEAR)S_AGO:(\d+)\Z")
_NEAR = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}


def days_of(literal: str, today: date, fiscal_start: int = 1) -> tuple[date, date]:
    """(first day, day after the last) of a date literal; ApiError when it is none.

    Weeks begin on Sunday; fiscal periods count from month `fiscal_start`. LAST_N_DAYS ends with
    today, LAST_N_MONTHS and the like with the last whole period, NEXT_N begins tomorrow or with
    the next period.
    """
    if literal in _NEAR:
        start = today + timedelta(days=_NEAR[literal])
        return start, start + timedelta(days=1)
    if match := _ROLLING.match(literal):
        span = int(match[2] or match[3])
        if match[1] == "LAST":
            return today - timedelta(days=span), _after(today)
        return _after(today), _after(today) + timedelta(days=span)
    if match := _FIXED.match(literal):
        shift = {"LAST": -1, "THIS": 0, "NEXT": 1}[match[1]]
        return _span(match[3], bool(match[2]), today, shift, 1, fiscal_start)
    if match := _COUNTED.match(literal):
        n = int(match[4])
        first = -n if match[1] == "LAST" else 1
        return _span(match[3], bool(match[2]), today, first, n, fiscal_start)
    if match := _AGO.match(literal):
        n = int(match[3])
        if match[2] == "DAY":
            return today - timedelta(days=n), today - timedelta(days=n - 1)
        return _span(match[2], bool(match[1]), today, -n, 1, fiscal_start)
    raise ApiError("MALFORMED_QUERY", f"unexpected token: '{literal}'")


def _span(
    unit: str, fiscal: bool, today: date, shift: int, count: int, fiscal_start: int
) -> tuple[date, date]:
    if unit == "WEEK":
        sunday = today - timedelta(days=(today.weekday() + 1) % 7)
        start = sunday + timedelta(weeks=shift)
        return start, start + timedelta(weeks=count)
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]
    origin = fiscal_start - 1 if fiscal else 0
    index = today.year * 12 + today.month - 1 - origin
    begin = (index // months + shift) * months + origin
    return _month(begin), _month(begin + count * months)


def _month(index: int) -> date:
    return date(index // 12, index % 12 + 1, 1)


def _after(day: date) -> date:
    return day + timedelta(days=1)
