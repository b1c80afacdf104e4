"""Our figures → what a CRM stores, and whether it stores that already.

Source: docs/mapping.md, "What is written".
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache, cached_property
from typing import Any, Literal

from mappings.catalogue import Column, Type
from mappings.transforms import domain
from mappings.values import Misfit, Refused, missing, parse, refusal, word
from mappings.written import WrittenField

_INSTANT = Column("instant", Type.INSTANT, "")
_DATE = Column("date", Type.DATE, "")
_NUMBERS = ("number", "percent", "currency")


@dataclass(frozen=True)
class Target:
    """A figure of ours in its field of the CRM; length and scale are what the CRM takes."""

    field: WrittenField
    name: str
    length: int | None
    scale: int | None


@dataclass(frozen=True)
class WriteMap:
    """Which CRM fields of an account hold which of our figures."""

    vendor: Literal["salesforce", "hubspot"]
    kind: str
    targets: tuple[Target, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """CRM names of the written fields."""
        return tuple(target.name for target in self.targets)

    @property
    def only_with_others(self) -> frozenset[str]:
        """CRM fields whose change alone is no reason to write, such as computed-at."""
        return frozenset(target.name for target in self.targets if target.field.accompanies)

    @cached_property
    def _by_figure(self) -> Mapping[str, Target]:
        return {target.field.name: target for target in self.targets}

    @cached_property
    def _by_name(self) -> Mapping[str, Target]:
        return {target.name: target for target in self.targets}

    def to_remote(
        self,
        values: Mapping[str, Any],
        *,
        currency: str | None,
        rates: Mapping[str, Decimal],
        record_id: str = "",
    ) -> tuple[dict[str, Any], list[Refused]]:
        """Figures by their names in `written.WRITTEN` → JSON values by CRM field name.

        values     points; shares 0…1 for percent fields; money in the corporate currency; any
                   kind of missing (None, NaN, NaT, NA) clears the field
        currency   the record's own, None = corporate
        rates      units of each currency per corporate unit; empty in an org of one currency
        record_id  whose figures they are, for the refusals
        Figures without a field in this map are left out. What cannot be written (no rate, not
        a choice, too large) is refused and left as it is in the CRM.
        A Salesforce checkbox cannot be empty: a missing flag is an unticked one.
        """
        sent: dict[str, Any] = {}
        refused: list[Refused] = []
        rate = _rate(self.vendor, currency, rates)
        for name, value in values.items():
            target = self._by_figure.get(name)
            if target is None:
                continue
            try:
                sent[target.name] = self._value(target, value, rate)
            except Misfit as misfit:
                refused.append(refusal(self.kind, record_id, target.name, value, misfit))
        return sent, refused

    def same(self, name: str, remote: Any, desired: Any) -> bool:
        """Whether the CRM's value of field `name` already is the `desired` one from `to_remote`.

        Numbers are compared at the field's scale, instants to the second, texts without outer
        blanks; null and "" are equal. A value of the CRM that does not fit its type differs.
        """
        if type(remote) is type(desired) and remote == desired:
            return True
        return bool(self.normal(name, remote) == self.normal(name, desired))

    def normal(self, name: str, value: Any) -> Any:
        """A value of field `name`, sent or read back, in one spelling; JSON, missing is None.

        Numbers at the field's scale, instants to the second, texts without outer blanks. What
        does not fit the field's type stays as it is.
        """
        if missing(value):
            return None
        try:
            return _comparable(self._by_name[name], value)
        except (Misfit, InvalidOperation, ValueError):
            return value

    def _value(self, target: Target, value: Any, rate: Decimal | None) -> Any:
        kind = target.field.type
        as_text = self.vendor == "hubspot"
        if missing(value):
            return False if kind == "bool" and not as_text else None
        if kind in _NUMBERS:
            return _number_value(target, value, rate, as_text)
        if kind == "bool":
            flag = bool(value)
            return str(flag).lower() if as_text else flag
        return _WRITERS[kind](target, value)


def _rate(vendor: str, currency: str | None, rates: Mapping[str, Decimal]) -> Decimal | None:
    """Record units per corporate unit, None when unknown. A HubSpot number has no currency of
    its own and shows the portal's, so it stays corporate."""
    if vendor == "hubspot" or currency is None or not rates:
        return Decimal(1)
    return rates.get(currency)


def _number_value(target: Target, value: Any, rate: Decimal | None, as_text: bool) -> Any:
    number = Decimal(value) if isinstance(value, Decimal) else Decimal(str(float(value)))
    if target.field.type == "percent":
        number *= 100
    elif target.field.type == "currency":
        if rate is None:
            raise Misfit(
                "no_rate",
                "there is no exchange rate from the corporate currency to the record's",
                "add the currency with its rate in the CRM",
            )
        number *= rate
    digits = (target.field.precision or 18) - (target.scale or 0)
    limit = _power(digits)
    if abs(number) >= limit or abs(rounded := _round(number, target.scale)) >= limit:
        raise Misfit(
            "too_large",
            f"the field takes {digits} digits before the point",
            "check the record's annual value",
        )
    if as_text:
        return format(rounded, "f")
    return float(rounded) if target.scale else int(rounded)


def _round(number: Decimal, scale: int | None) -> Decimal:
    """Half away from zero; -0 is 0."""
    return number.quantize(_power(-(scale or 0)), ROUND_HALF_UP) + 0


@cache
def _power(exponent: int) -> Decimal:
    return Decimal(1).scaleb(exponent)


def _text_value(target: Target, value: Any) -> str | None:
    text = str(value).replace("\r\n", "\n").replace("\x00", "").strip()
    length = target.length
    if length is not None and len(text) > length:
        text = text[: length - 1].rstrip() + "…"
    return text or None


def _url_value(target: Target, value: Any) -> str | None:
    text = str(value).strip()
    if (target.length is not None and len(text) > target.length) or domain(text) is None:
        raise Misfit(
            "not_a_link",
            f"it is no link of at most {target.length} characters",
            "set a shorter public address for Barometer",
        )
    return text


@cache
def _by_word(choices: tuple[str, ...]) -> Mapping[str, str]:
    return {word(choice): choice for choice in choices}


def _choice_value(target: Target, value: Any) -> str:
    choice = _by_word(target.field.choices).get(word(value).replace("_", " "))
    if choice is None:
        raise Misfit(
            "unknown_value",
            f"it is none of {', '.join(target.field.choices)}",
            "report this as a fault of Barometer",
        )
    return choice


def _datetime_value(target: Target, value: Any) -> str:
    moment: datetime = parse(_INSTANT, value)
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + ".000Z"


def _date_value(target: Target, value: Any) -> str:
    day: date = parse(_DATE, value)
    return day.isoformat()


_WRITERS: Mapping[str, Callable[[Target, Any], Any]] = {
    "text": _text_value,
    "long_text": _text_value,
    "url": _url_value,
    "choice": _choice_value,
    "datetime": _datetime_value,
    "date": _date_value,
}


def _comparable(target: Target, value: Any) -> Any:
    kind = target.field.type
    if kind in _NUMBERS:
        number = Decimal(str(value).strip())
        if not math.isfinite(number):
            raise InvalidOperation
        return str(_round(number, target.scale))
    if kind == "bool":
        return word(value)
    if kind == "datetime":
        return parse(_INSTANT, value).replace(microsecond=0).isoformat()
    if kind == "date":
        return parse(_DATE, value).isoformat()
    return _text_value(target, value)
