"""The report of each account: every figure under one name, plain JSON values, missing None.

The same dicts are the `accounts` of `barometer score --json` and what the store keeps.
Names and units: docs/insights.md, "The account report".
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from insights.assess import Assessed, Placed
from insights.drivers import NONE_GIVEN
from insights.explain import (
    alert_sentences,
    caps,
    component_rows,
    flags,
    interval,
    number,
    reasons,
    risks,
    rows,
)
from insights.model import ALERTS, LEVELS, Model

_COUNTS = (
    "known",
    "engaged",
    "respondents",
    "covered",
    "gap",
    "promoters",
    "passives",
    "detractors",
    "responses",
    "invitations",
    "csat_n",
    "ces_n",
    "open_loops",
    "open_high_cases",
)
_FIGURES = (
    "annual_value",
    "next_threshold",
    "contact_coverage",
    "respondent_coverage",
    "coverage",
    "nps",
    "transactional_nps",
    "csat",
    "ces",
    "response_rate",
    "health",
    "health_uncapped",
    "confidence",
    "trend_points",
    "revenue_at_risk",
    "expected_loss",
    "churn_probability",
    "clv",
)
_INTERVALS = ("nps", "csat", "ces", "health")
_COUNTED_BY_LEVEL = ("required", "known", "engaged", "respondents")


def account_reports(assessed: Assessed, placed: Placed, model: Model) -> list[dict[str, Any]]:
    """One dict per assessed account, in order.

    placed  stage 2 of these accounts; it may cover others too
    """
    accounts = assessed.accounts
    places = placed.accounts.set_index("account_id").loc[accounts["account_id"]].reset_index()
    offers = placed.cross_sell.groupby("account_id", sort=False)["product"].agg(list).to_dict()
    drivers = _top_drivers(assessed.drivers)
    why_not, lacking = flags(places, "why_not_"), flags(accounts, "lacks_")
    together = zip(
        rows(accounts), rows(places), component_rows(assessed), why_not, lacking, strict=True
    )
    return [
        {
            **_figures(row),
            "components": parts,
            "caps": caps(row, model),
            "risk_reasons": risks(row),
            "expected_loss_basis": "assumed",
            "alerts": [kind for kind in ALERTS if row[f"alert_{kind}"]],
            "alert_sentences": alert_sentences(row, model),
            "team_roles_lacking": lacks,
            **_place(row, place, offers.get(row["account_id"], [])),
            "why_not": against,
            "top_driver": drivers.get(row["account_id"]),
            "reasons": reasons(row, parts, model),
        }
        for row, place, parts, against, lacks in together
    ]


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of one account by itself."""
    answers = row["promoters"] + row["passives"] + row["detractors"]
    return {
        "account_id": row["account_id"],
        "is_customer": bool(row["is_customer"]),
        "annual_value_from": row["value_source"],
        "required_contacts": _whole(row["required"]),
        **{name: _whole(row[name]) for name in _COUNTS},
        **{name: number(row[name]) for name in _FIGURES},
        **{f"{name}_interval": interval(row, name) for name in _INTERVALS},
        **{
            f"{name}_by_level": {level: _whole(row[f"{name}_{level}"]) for level in LEVELS}
            for name in _COUNTED_BY_LEVEL
        },
        "nps_n": _whole(answers),
        "nps_by_level": {level: number(row[f"nps_{level}"]) for level in LEVELS},
        "levels_differ": bool(row["levels_differ"]),
        "top_level_thin": bool(row["top_level_thin"]),
        "last_response_at": _instant(row["last_response_at"]),
        "last_two_way_at": _instant(row["last_two_way_at"]),
        "band": row["band"],
        "trend": _or_none(row["trend"]),
    }


def _place(row: Mapping[str, Any], place: Mapping[str, Any], offers: list[str]) -> dict[str, Any]:
    """What depends on the other accounts. Without a segment there are no peers to compare."""
    return {
        "quadrant": _or_none(place["quadrant"]),
        "upsell": bool(place["upsell"]),
        "upsell_size": number(place["upsell_size"]),
        "cross_sell": None if _or_none(row["segment"]) is None else offers,
        "referral": bool(place["referral"]),
        "review": bool(place["review"]),
    }


def _whole(value: float) -> int | None:
    known = number(value)
    return None if known is None else round(known)


def _or_none(value: Any) -> Any:
    return None if pd.isna(value) else value


def _instant(value: Any) -> str | None:
    return None if pd.isna(value) else str(value.isoformat())


def _top_drivers(drivers: pd.DataFrame) -> dict[str, str]:
    """The driver each account's respondents named most; of equals the first by name."""
    named = drivers[drivers["tier1"].notna() & (drivers["tier1"] != NONE_GIVEN)]
    ordered = named.sort_values(["mentions", "tier1"], ascending=[False, True])
    first = ordered.drop_duplicates("account_id")
    return dict(zip(first["account_id"], first["tier1"], strict=True))
