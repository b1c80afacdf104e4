"""Health 0..100 from spend, say and do; confidence, interval, caps, band and trend.

Rule: docs/insights.md, "Health".
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from insights.evidence import Evidence, State
from insights.model import BANDS, Bands, Component, Model
from insights.world import Bools, Floats, Ints, category

STATES = tuple(state.name.lower() for state in State)
BAND = pd.CategoricalDtype(list(BANDS))
TRENDS = ("down", "flat", "up")
_UNKNOWN = BANDS.index("unknown")


def weigh(evidence: Evidence, component: Component, bands: Bands) -> pd.DataFrame:
    """One component of every account, by account.

    Returns  raw [its own unit], score [0-100], weight, availability [0-1], freshness [0-1],
             state
    """
    available = evidence.state <= State.STALE
    freshness = np.where(evidence.state == State.STALE, bands.stale_freshness, 1.0)
    weight = np.where(evidence.state == State.NOT_APPLICABLE, 0.0, component.weight)
    return pd.DataFrame(
        {
            "raw": evidence.raw,
            "score": np.where(available, evidence.score, np.nan),
            "weight": weight,
            "availability": available.astype(np.float64),
            "freshness": np.where(available, freshness, np.nan),
            "state": category(evidence.state, STATES),
        }
    )


def combine(
    parts: Mapping[str, pd.DataFrame],
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Score, confidence and interval, and the parts with their contribution to the score.

    Returns  health [0-100], NaN when nothing is available; confidence [0-1];
             health_low, health_high [0-100]: the score if all that is missing were worst or best;
             and each part with `contribution` [points]: the available ones add up to health
    """
    frames = list(parts.values())
    weight = np.stack([part["weight"].to_numpy() for part in frames])
    score = np.stack([part["score"].fillna(0).to_numpy() for part in frames])
    available = np.stack([part["availability"].to_numpy() for part in frames])
    freshness = np.stack([part["freshness"].fillna(0).to_numpy() for part in frames])
    present = weight * available
    points = present * score
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = weight.sum(axis=0)
        contribution = np.where(present > 0, points / present.sum(axis=0), np.nan)
        health = np.where(present.sum(axis=0) > 0, points.sum(axis=0) / present.sum(axis=0), np.nan)
        confidence = np.where(whole > 0, (present * freshness).sum(axis=0) / whole, 0.0)
        low = np.where(whole > 0, points.sum(axis=0) / whole, 0.0)
        spare = 100 * (weight * (1 - available)).sum(axis=0)
        high = np.where(whole > 0, (points.sum(axis=0) + spare) / whole, 100.0)
    combined = pd.DataFrame(
        {"health": health, "confidence": confidence, "health_low": low, "health_high": high}
    )
    shared = zip(parts.items(), contribution, strict=True)
    return combined, {name: part.assign(contribution=share) for (name, part), share in shared}


def cap(combined: pd.DataFrame, applies: Mapping[str, Bools], model: Model) -> pd.DataFrame:
    """The score and its interval held down by the rules that apply.

    Returns  as `combine`, plus health_uncapped and one bool `cap_<rule>` per rule of the model
    """
    result = combined.assign(health_uncapped=combined["health"])
    for rule, policy in model.caps.items():
        result[f"cap_{rule}"] = applies[rule]
        for column in ("health", "health_low", "health_high"):
            held = np.minimum(result[column], policy.at_most)
            result[column] = np.where(applies[rule], held, result[column])
    return result


def band(health: Floats, confidence: Floats, policy: Bands) -> Ints:
    """Band codes of the scores alone: unknown below the least confidence or without a score."""
    codes = np.where(health >= policy.watch_from, BANDS.index("watch"), BANDS.index("at_risk"))
    codes = np.where(health >= policy.healthy_from, BANDS.index("healthy"), codes)
    unknown = np.isnan(health) | (confidence < policy.min_confidence)
    return np.where(unknown, _UNKNOWN, codes)


def settle(plain: Ints, health: Floats, before: Ints, plain_before: Ints, policy: Bands) -> Ints:
    """Band codes with hysteresis: an edge is crossed by enough points or on the second run.

    plain         band of this score alone
    before        band after the previous run, plain_before the band of its score alone; -1 none
    """
    settled = before.copy()
    for edge_code, edge in ((1, policy.watch_from), (2, policy.healthy_from)):
        again_above = (plain_before >= edge_code) & (plain_before != _UNKNOWN)
        rise = (health >= edge + policy.hysteresis_points) | again_above
        settled = np.where(
            (settled == edge_code - 1) & (plain >= edge_code) & rise, edge_code, settled
        )
    for edge_code, edge in ((2, policy.healthy_from), (1, policy.watch_from)):
        again_below = (plain_before < edge_code) & (plain_before >= 0)
        fall = (health <= edge - policy.hysteresis_points) | again_below
        settled = np.where(
            (settled == edge_code) & (plain < edge_code) & fall, edge_code - 1, settled
        )
    fresh_start = (before < 0) | (before == _UNKNOWN) | (plain == _UNKNOWN)
    return np.where(fresh_start, plain, settled)


def bands_and_trend(
    account_id: pd.Series,
    health: Floats,
    confidence: Floats,
    previous: pd.DataFrame | None,
    policy: Bands,
) -> pd.DataFrame:
    """Band, its change and the trend of every account.

    previous  account_id, band, plain_band (as returned here by the previous run) and
              earlier_health [0-100] (the score one trend window before as_of); rows and columns
              may be missing
    Returns   band, plain_band, previous_band, band_changed, trend_points, trend
    """
    then = _align(previous, account_id)
    before = then["band"].cat.codes.to_numpy().astype(np.int64)
    plain = band(health, confidence, policy)
    plain_before = then["plain_band"].cat.codes.to_numpy().astype(np.int64)
    settled = settle(plain, health, before, plain_before, policy)
    points = health - then["earlier_health"].to_numpy()
    direction = np.where(points >= policy.trend_points, 2, 1)
    direction = np.where(points <= -policy.trend_points, 0, direction)
    direction = np.where(np.isnan(points), -1, direction)
    return pd.DataFrame(
        {
            "band": category(settled, BANDS),
            "plain_band": category(plain, BANDS),
            "previous_band": then["band"],
            "band_changed": (before >= 0) & (settled != before),
            "trend_points": points,
            "trend": category(direction, TRENDS),
        }
    )


def _align(previous: pd.DataFrame | None, account_id: pd.Series) -> pd.DataFrame:
    given = pd.DataFrame({"account_id": []}) if previous is None else previous
    columns = given.set_index("account_id").reindex(
        index=account_id, columns=["band", "plain_band", "earlier_health"]
    )
    return pd.DataFrame(
        {
            "band": columns["band"].astype(object).astype(BAND),
            "plain_band": columns["plain_band"].astype(object).astype(BAND),
            "earlier_health": columns["earlier_health"].astype(np.float64),
        }
    ).reset_index(drop=True)
