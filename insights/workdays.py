"""Working days: due dates as plain dates of somebody's own calendar.

Rule: docs/loops.md, "Due". Holidays come from the package `holidays`, by country.
"""

from collections.abc import Container
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
from babel import Locale

NONE: Container[date] = frozenset()


@cache
def holidays_of(country: str | None) -> Container[date]:
    """The public holidays of a country, by ISO code or English name; none where it is unknown."""
    code = country_code(country)
    return NONE if code is None else holidays.country_holidays(code)


@cache
def country_code(country: str | None) -> str | None:
    """The ISO 3166 code of a country whose holidays are known; None for any other."""
    given = (country or "").strip()
    known = holidays.list_supported_countries()
    if given.upper() in known:
        return given.upper()
    names = Locale("en").territories
    wanted = given.casefold()
    return next((c for c, n in names.items() if n.casefold() == wanted and c in known), None)


def calendar_of(choice: str, country: str | None) -> Container[date]:
    """The holidays of a setting: `account` = the account's country, `none`, or a country."""
    if choice == "none":
        return NONE
    return holidays_of(country if choice == "account" else choice)


def is_working(day: date, off: Container[date]) -> bool:
    """Monday to Friday and no holiday."""
    return day.weekday() < 5 and day not in off


def working_day(start: date, days: int, off: Container[date] = NONE) -> date:
    """The date `days` working days after `start`; 0 days later is `start` itself."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= is_working(day, off)
    return day


def local_day(instant: datetime, zone: str | None) -> date:
    """The calendar day of an aware instant in a time zone (IANA); in UTC where it is unknown."""
    try:
        return instant.astimezone(ZoneInfo(zone or "UTC")).date()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return instant.astimezone(UTC).date()
