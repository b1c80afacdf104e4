"""The figures of the whole portfolio: what the customers of today add up to.

Rule: docs/insights.md, "Portfolio". Rates are 0..1, NPS -100..100, money corporate currency per
year. A figure is None where nothing is known to work it out from.
"""

import math
from typing import Any

import numpy as np
import pandas as pd

from insights.drivers import driver_contributions
from insights.model import ALERTS, BANDS, Model
from insights.risk import QUADRANTS
from insights.sentiment import nps, nps_interval
from insights.value import retention


def portfolio(
    accounts: pd.DataFrame, placed: pd.DataFrame, drivers: pd.DataFrame, model: Model
) -> dict[str, Any]:
    """Portfolio figures by name, plain numbers, lists and dicts.

    accounts  one row per account with PORTFOLIO_COLUMNS of `insights.assess`
    placed    `Placed.accounts` of the same accounts
    drivers   `Assessed.drivers` of the same accounts
    """
    is_customer = accounts["is_customer"].to_numpy(bool)
    mine = accounts[is_customer]
    place = placed.set_index("account_id").reindex(mine["account_id"])
    worth = mine["annual_value"]
    answered = mine["respondents"] > 0
    fully = (mine["respondents"] >= mine["required"]) & answered
    return {
        "accounts": len(mine),
        "accounts_not_customers": len(accounts) - len(mine),
        "accounts_without_value": int(worth.isna().sum()),
        "annual_value": _money(worth, worth),
        **_sentiment(mine),
        "responses": plain(mine["responses"].sum(min_count=1)),
        "invitations": plain(mine["invitations"].sum(min_count=1)),
        "response_rate": _response_rate(mine),
        "account_coverage": plain(_share(answered, mine["respondents"])),
        "revenue_coverage": plain(_revenue_share(answered, mine)),
        "revenue_coverage_full": plain(_revenue_share(fully, mine)),
        "silent_revenue": _silent_revenue(mine),
        "unknown_revenue": _money(worth[mine["band"] == "unknown"], worth),
        "revenue_at_risk": _money(mine["revenue_at_risk"], worth),
        "expected_loss": _money(mine["expected_loss"], worth),
        "expected_loss_basis": "assumed",
        "by_band": _groups(worth, mine["band"], BANDS),
        "by_quadrant": _groups(worth, place["quadrant"], QUADRANTS),
        "drivers": _drivers(mine, drivers),
        "retention": _retention(accounts),
        "growth_rate": plain(_over(mine["added_deals"].sum(), mine["won_deals"].sum())),
        "alerts": {kind: int(mine[f"alert_{kind}"].sum()) for kind in ALERTS},
        "upsell_accounts": int(place["upsell"].sum()),
        "model": model.name,
    }


def plain(number: float) -> float | None:
    """A number for JSON: None instead of NaN."""
    return None if math.isnan(number) else float(number)


def weighted_nps(accounts: pd.DataFrame) -> float:
    """NPS in which each account counts with its annual value, shared by its respondents.

    NaN without respondents in accounts of known value above 0.
    """
    answers = accounts["promoters"] + accounts["passives"] + accounts["detractors"]
    heard = (answers > 0) & (accounts["annual_value"] > 0)
    worth = accounts["annual_value"][heard]
    net = (accounts["promoters"] - accounts["detractors"])[heard] / answers[heard]
    return 100 * _over(math.fsum(worth * net), math.fsum(worth))


def _sentiment(accounts: pd.DataFrame) -> dict[str, Any]:
    counts = [
        np.array([accounts[name].sum(min_count=1)])
        for name in ("promoters", "passives", "detractors")
    ]
    low, high = nps_interval(*counts)
    score = plain(nps(*counts)[0])
    return {
        "nps": score,
        "nps_interval": None if score is None else [float(low[0]), float(high[0])],
        "nps_n": int(np.nansum(counts)),
        "revenue_weighted_nps": plain(weighted_nps(accounts)),
    }


def _response_rate(accounts: pd.DataFrame) -> float | None:
    """Responses over invitations of the window, at most 1."""
    answered = accounts["responses"].sum(min_count=1)
    rate = plain(_over(answered, accounts["invitations"].sum(min_count=1)))
    return None if rate is None else min(rate, 1.0)


def _share(chosen: pd.Series, known: pd.Series) -> float:
    if known.isna().all():
        return math.nan
    return _over(float(chosen.sum()), float(len(chosen)))


def _revenue_share(chosen: pd.Series, accounts: pd.DataFrame) -> float:
    if accounts["respondents"].isna().all():
        return math.nan
    worth = accounts["annual_value"]
    return _over(math.fsum(worth[chosen].dropna()), math.fsum(worth.dropna()))


def _silent_revenue(accounts: pd.DataFrame) -> float | None:
    if len(accounts) and accounts["responses"].isna().all():
        return None
    worth = accounts["annual_value"]
    return _money(worth[accounts["responses"] == 0], worth)


def _money(amounts: pd.Series, worth: pd.Series) -> float | None:
    """Sum of the known amounts; None when no customer's annual value is known at all."""
    if len(worth) and worth.isna().all():
        return None
    return math.fsum(amounts.dropna())


def _groups(worth: pd.Series, group: pd.Series, names: tuple[str, ...]) -> dict[str, Any]:
    """Accounts and annual value of each group; those of no group as "unknown" when there are."""
    labels = group.to_numpy(object)
    outside = pd.isna(labels)
    groups = {name: labels == name for name in names}
    if outside.any():
        groups["unknown"] = outside
    return {
        name: {"accounts": int(chosen.sum()), "annual_value": _money(worth[chosen], worth)}
        for name, chosen in groups.items()
    }


def _drivers(accounts: pd.DataFrame, drivers: pd.DataFrame) -> list[dict[str, Any]]:
    respondents = accounts[["promoters", "passives", "detractors"]].sum(axis=1, min_count=1)
    respondents.index = pd.Index(accounts["account_id"])
    worth = accounts.set_index("account_id")["annual_value"]
    found = driver_contributions(drivers, respondents, worth)
    return [
        {
            "tier1": row["tier1"],
            "tier2": row["tier2"] if isinstance(row["tier2"], str) else None,
            "mentions": int(row["mentions"]),
            "nps_contribution": row["nps_contribution"],
            "revenue_contribution": plain(row["revenue_contribution"]),
        }
        for row in found.to_dict("records")
    ]


def _retention(accounts: pd.DataFrame) -> dict[str, float | None]:
    rates = retention(
        accounts["customer_at_start"].to_numpy(bool),
        accounts["is_customer"].to_numpy(bool),
        accounts["value_at_start"].to_numpy(),
        accounts["won_prior"].to_numpy(),
        accounts["won_current"].to_numpy(),
    )
    return {name: plain(rate) for name, rate in rates.items()}


def _over(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan
