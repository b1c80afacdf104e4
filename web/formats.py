"""How values are written on pages. What is unknown reads "no data", never 0."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_compact_decimal, format_currency, format_decimal
from flask import Flask, has_request_context
from markupsafe import Markup

from web import access, charts, links, words
from web.pager import here

NO_DATA = Markup('<span class="unknown">no data</span>')
Amount = float | Decimal


def locale() -> str:
    """How the person signed in reads dates and numbers."""
    found = access.person() if has_request_context() else None
    return (found.locale if found else None) or "en"


def time_zone() -> str:
    """IANA name of the person's time zone."""
    found = access.person() if has_request_context() else None
    return (found.time_zone if found else None) or "UTC"


def is_known(value: Any) -> bool:
    """Whether there is a value; None and NaN are none."""
    return value is not None and not (isinstance(value, float | Decimal) and math.isnan(value))


def money(value: Amount | None, currency: str | None) -> str:
    """The ISO code, then the amount: whole units from 1,000 on, else the currency's decimals."""
    if value is None or not is_known(value):
        return NO_DATA
    if not currency:
        return f"{number(round(value))} (currency unknown)"
    if abs(float(value)) >= 1000:
        text = format_currency(
            round(value),
            currency,
            "¤¤\u00a0#,##0;¤¤\u00a0-#,##0",
            locale=locale(),
            currency_digits=False,
        )
    else:
        text = format_currency(
            value, currency, "¤¤\u00a0#,##0.00;¤¤\u00a0-#,##0.00", locale=locale()
        )
    return _minus(text)


def short_money(value: Amount | None, currency: str | None) -> str:
    """The amount in few digits, the full one as its title; for tiles only."""
    if value is None or not is_known(value):
        return NO_DATA
    few = _minus(format_compact_decimal(value, locale=locale(), fraction_digits=1))
    unit = f"{currency}\u00a0" if currency else ""
    return Markup('<span title="{}">{}{}</span>').format(money(value, currency), unit, few)


def number(value: Amount | None, digits: int = 0) -> str:
    """A number with grouping and at most `digits` decimals."""
    if value is None or not is_known(value):
        return NO_DATA
    rounded = round(value, digits) if isinstance(value, Decimal) else round(float(value), digits)
    return _minus(format_decimal(rounded + 0, locale=locale()))  # + 0: never a minus zero


def signed(value: Amount | None, digits: int = 0) -> str:
    """A number with its sign, 0 without one."""
    text = number(value, digits)
    return (
        f"+{text}"
        if value is not None and is_known(value) and float(value) > 0 and text != "0"
        else text
    )


def percent(share: Amount | None, digits: int = 0) -> str:
    """A share of 0..1 in percent."""
    return (
        f"{number(float(share) * 100, digits)}\u00a0%"
        if is_known(share) and share is not None
        else NO_DATA
    )


def instant(when: datetime | None) -> str:
    """An instant with its zone, the exact ISO time in the element."""
    if when is None:
        return NO_DATA
    local = when.astimezone(ZoneInfo(time_zone()))
    text = format_datetime(local, "d MMM y, HH:mm", locale=locale())
    iso = when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}">{}\u00a0{}</time>').format(iso, text, local.tzname())


def day(when: date | None) -> str:
    """A calendar day."""
    if when is None:
        return NO_DATA
    text = format_date(when, "d MMM y", locale=locale())
    return Markup('<time datetime="{}">{}</time>').format(when.isoformat(), text)


def seconds(value: Amount | None) -> str:
    """A duration in words, from milliseconds to days."""
    if value is None or not is_known(value):
        return NO_DATA
    spent = float(value)
    if spent < 1:
        return f"{round(spent * 1000)} ms"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if spent >= 2 * size:
            return f"{number(spent / size)} {unit}"
    return f"{number(spent, 1)} s"


def text(value: Any) -> str:
    """Any stored value as people read it: yes and no, numbers grouped, lists with commas."""
    if not is_known(value) or value == "":
        return NO_DATA
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float | int | Decimal):
        return number(value, 3)
    if isinstance(value, list | tuple):
        return ", ".join(str(text(one)) for one in value) or NO_DATA
    return str(value)


def _minus(text: str) -> str:
    return text.replace("-", "\u2212")


def install(app: Flask, version: str) -> None:
    """Make the formats and the words known to the templates."""
    for write in (money, short_money, number, signed, percent, instant, day, seconds, text):
        app.jinja_env.filters["text_value" if write is text else write.__name__] = write
    app.jinja_env.globals.update(
        NO_DATA=NO_DATA,
        band_mark=charts.band_mark,
        charts=charts,
        here=here,
        is_known=is_known,
        links=links,
        time_zone=time_zone,
        version=version,
        words=words,
    )
