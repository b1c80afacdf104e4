"""Two models beside each other: bands, money, and the accounts that move, each with its reason.

Rule: docs/scoring.md, "What if".
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from insights.explain import CAP_WORDS
from insights.model import BANDS, CAP_RULES, COMPONENTS, Model
from insights.portfolio import plain
from insights.what_if import Judged
from insights.world import Floats, Ints

SHOWN = 20  # movers each way
_LEAST = 0.05  # points; what is less is no move
_UNKNOWN = BANDS.index("unknown")


def compare(before: Judged, after: Judged, model: Model) -> dict[str, Any]:
    """The customers under the model in use and under the draft, as plain JSON.

    model    the draft
    Returns  customers, bands {band: [before, after]}, revenue_at_risk and expected_loss
             [before, after] (corporate currency per year, None when no value is known),
             changed_band and changed_score (accounts), up and down (movers, the furthest first)
    """
    customer = before.accounts["is_customer"].to_numpy(bool)
    pair = [one.accounts[customer].reset_index(drop=True) for one in (before, after)]
    change = (pair[1]["health"] - pair[0]["health"]).to_numpy()
    ranks = [_rank(one["band"]) for one in pair]
    steps = ranks[1] - ranks[0]
    way = np.where(steps != 0, np.sign(steps), np.sign(np.nan_to_num(change)))
    moved = (steps != 0) | (np.abs(change) >= _LEAST)
    order = np.lexsort((pair[0]["account_id"], -np.abs(np.nan_to_num(change)), -np.abs(steps)))
    known = pair[0]["annual_value"].notna().any()
    at = np.flatnonzero(customer)
    points = [_points(one) for one in (before, after)]

    def furthest(direction: int) -> list[dict[str, Any]]:
        chosen = [n for n in order if moved[n] and way[n] == direction][:SHOWN]
        rows = zip(at[chosen], *(one.iloc[chosen].to_dict("records") for one in pair), strict=True)
        return [
            _mover(was, now, points[0][:, row], points[1][:, row], model) for row, was, now in rows
        ]

    return {
        "customers": len(at),
        "bands": {name: [int((one["band"] == name).sum()) for one in pair] for name in BANDS},
        **{
            name: [float(one[name].sum()) if known else None for one in pair]
            for name in ("revenue_at_risk", "expected_loss")
        },
        "changed_band": int((steps != 0).sum()),
        "changed_score": int((np.abs(change) >= _LEAST).sum()),
        "up": furthest(1),
        "down": furthest(-1),
    }


def _rank(band: pd.Series) -> Ints:
    """At risk, watch, healthy upwards; less than all of them is to know too little."""
    codes = band.cat.codes.to_numpy().astype(np.int64)
    return np.where(codes == _UNKNOWN, -1, codes)


def _mover(
    was: Mapping[Any, Any], now: Mapping[Any, Any], before: Floats, after: Floats, model: Model
) -> dict[str, Any]:
    """One account's row under both models, and the points that its components give."""
    words = _component_words(before, after)
    for rule in CAP_RULES:
        if was[f"cap_{rule}"] and was["health"] != now["health"]:
            at_most = model.caps[rule].at_most
            words.append(f"{CAP_WORDS[rule]}, which holds the score at {at_most:g} or less")
    if was["confidence"] != now["confidence"]:
        words.append(f"confidence {was['confidence']:.0%} becomes {now['confidence']:.0%}")
    if not words and was["band"] != now["band"]:
        words.append("the score is the same, the edges of the bands moved")
    return {
        "account_id": was["account_id"],
        "health": [plain(was["health"]), plain(now["health"])],
        "band": [was["band"], now["band"]],
        "why": "; ".join(words),
    }


def _component_words(before: Floats, after: Floats) -> list[str]:
    """The two components whose points change most."""
    size = np.abs(after - before)
    return [
        f"{COMPONENTS[n]} gives {after[n]:.1f} points instead of {before[n]:.1f}"
        for n in np.argsort(-size, kind="stable")[:2]
        if size[n] >= _LEAST
    ]


def _points(judged: Judged) -> Floats:
    """What each component gives each account, shape (components, accounts); 0 without data."""
    parts = [judged.components[name]["contribution"].to_numpy() for name in COMPONENTS]
    points: Floats = np.nan_to_num(np.stack(parts))
    return points
