"""Annual value, retention, lifetime value and revenue buckets.

Rule: docs/insights.md, "Value". All money in corporate currency.
"""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from insights.evidence import ratio
from insights.world import Bools, Floats, Ints, Times, World, holds, is_choice, never, span, times

VALUE_SOURCES = ("field", "won opportunities", "none", "refused")


def won_revenue(world: World, older: float, newer: float = 0) -> tuple[Floats, Floats]:
    """Won opportunities closed in (as_of - older, as_of - newer] days.

    Returns  sum of their known amounts, and how many have one, by account; NaN and 0 when no
             opportunities were provided
    """
    deals = world.frames.opportunities
    if deals is None:
        return world.unknown(), np.zeros(world.n)
    amount = deals["amount"].to_numpy()
    won = holds(deals["is_won"]) & world.between(times(deals["close_date"]), older, newer)
    won &= ~np.isnan(amount)
    at = world.whose("opportunities").account
    return world.total(at, amount, won), world.count(at, won)


def annual_value(world: World) -> tuple[Floats, Ints]:
    """What each account pays in a year, and where that is from (index into VALUE_SOURCES).

    The mapped field; where it is empty the won opportunities closed in the revenue window up to
    as_of; without any, and where a value was given that cannot be used, NaN.
    """
    given = world.frames.accounts["annual_value"].to_numpy()
    refused = holds(world.frames.accounts["annual_value_refused"])
    won, deals = won_revenue(world, world.model.windows.revenue_days)
    source = np.where(np.isnan(given), np.where(deals > 0, 1, 2), 0)
    source = np.where(refused, 3, source)
    return np.where(source == 0, given, np.where(source == 1, won, np.nan)), source


def customers(world: World) -> Bools:
    """Accounts that pay us at as_of: not marked otherwise and not churned by then."""
    accounts = world.frames.accounts
    marked_otherwise = ~accounts["is_customer"].to_numpy(bool, na_value=True)
    churned = times(accounts["churned_at"]) <= world.now
    return ~marked_otherwise & ~churned


def first_sale(world: World) -> Times:
    """Date of each account's first won opportunity up to as_of, if it is of type new; else NaT.

    A renewal or an up-sell that comes first tells of a customer whose beginning is not on record.
    """
    deals = world.frames.opportunities
    if deals is None:
        return never(world.n)
    at, date = world.whose("opportunities").account, times(deals["close_date"])
    won = holds(deals["is_won"]) & (date <= world.now)
    new = won & is_choice(deals["type"], "new")
    first = world.earliest(at[won], date[won])
    sold: Times = np.where(world.earliest(at[new], date[new]) <= first, first, np.datetime64("NaT"))
    return sold


def yearly_spend(world: World) -> tuple[Floats, Floats]:
    """Won revenue of the revenue window and of the one before, by account."""
    days = world.model.windows.revenue_days
    return won_revenue(world, days)[0], won_revenue(world, 2 * days, days)[0]


def value_before(world: World, worth: Floats, prior: Floats) -> Floats:
    """Annual value one revenue window ago: the field keeps no history, won revenue does.

    Where the field is empty the won revenue of the window before, if any; else the value of today.
    """
    accounts = world.frames.accounts
    absent = accounts["annual_value"].isna().to_numpy() & ~holds(accounts["annual_value_refused"])
    before: Floats = np.where(absent & (prior > 0), prior, worth)
    return before


def customers_before(world: World, customer: Bools) -> Bools:
    """Accounts that were customers one revenue window before as_of.

    Customer since then or earlier (without a date: by the first sale; without one: taken as old),
    and a customer still, or churned after that day.
    """
    accounts = world.frames.accounts
    start = world.now - span(world.model.windows.revenue_days)
    since = times(accounts["customer_since"])
    since = np.where(np.isnat(since), first_sale(world), since)
    churned = times(accounts["churned_at"])
    left_later = (churned > start) & (churned <= world.now)
    before: Bools = ~(since > start) & (customer | left_later)
    return before


def retention(
    at_start: Bools, kept: Bools, value: Floats, earlier: Floats, current: Floats
) -> dict[str, float]:
    """Retention rates of one period; NaN where there is nothing to divide by.

    at_start, kept    customers at the start, and those of them still customers at the end
    value             annual value of each at the start (the last known); NaN = left out
    earlier, current  revenue of the year before the period and of the period; NaN = unknown
    Returns           crr, rrr of the customers; grr, nrr of their revenue; shares (nrr may
                      exceed 1). New customers are in none of them.
    """
    kept = kept & at_start
    start = _sum(value[at_start])
    stayed = _sum(value[kept]) if kept.any() else 0.0
    before = _sum(earlier[at_start])
    remaining = np.where(kept, current, 0.0)
    return {
        "crr": _over(float(kept.sum()), float(at_start.sum())),
        "rrr": _over(stayed, start),
        "grr": _over(_sum(np.minimum(remaining, earlier)[at_start]), before),
        "nrr": _over(_sum(remaining[at_start]), before),
    }


def lifetime_value(
    cash_flows: Sequence[float], rate: float, discounting: Literal["npv", "declining"] = "npv"
) -> float:
    """Present value of yearly cash flows, the first undiscounted.

    `npv` divides year n by (1 + rate)^n; `declining` multiplies it by (1 - rate)^n, which is how
    the book's printed table was worked out.
    """
    factor = 1 / (1 + rate) if discounting == "npv" else 1 - rate
    return math.fsum(flow * factor**year for year, flow in enumerate(cash_flows))


def retained_value(
    margin: Floats,
    retention_rate: Floats,
    rate: float,
    discounting: Literal["npv", "declining"] = "npv",
) -> Floats:
    """Lifetime value of a yearly margin that is kept with `retention_rate`, for ever.

    The sum over n = 0, 1, ... of margin * (retention_rate * d)^n with d = 1/(1 + rate) for `npv`
    and 1 - rate for `declining`.
    """
    factor = 1 / (1 + rate) if discounting == "npv" else 1 - rate
    return margin / (1 - retention_rate * factor)


def bucket(amount: float, width: float = 250_000) -> int:
    """Number of the revenue bucket, from 1; 1 holds 0 up to but not including `width`."""
    if amount < 0:
        raise ValueError(f"a revenue bucket needs an amount of 0 or more, not {amount}")
    return int(amount // width) + 1


def bucket_range(number: int, width: float = 250_000) -> tuple[float, float]:
    """Lowest amount of a bucket and the lowest of the next."""
    return (number - 1) * width, number * width


def bucket_middle(number: int, width: float = 250_000) -> float:
    """The amount that stands for a bucket in sums."""
    return (number - 0.5) * width


def _sum(amounts: Floats) -> float:
    known = amounts[~np.isnan(amounts)]
    return math.fsum(known) if len(known) else math.nan


def _over(part: float, whole: float) -> float:
    return float(ratio(np.array([part]), np.array([whole]))[0])
