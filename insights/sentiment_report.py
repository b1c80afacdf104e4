"""What the customers of today say, as one picture: by level, by driver, by quarter.

The same answers and rules as the account frame's; docs/insights.md, "Sentiment".
"""

import math
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from insights.contacts import read_contacts
from insights.coverage import ALL_LEVELS
from insights.drivers import driver_contributions, driver_shares
from insights.frames import Frames, complete
from insights.model import LEVELS, Model
from insights.portfolio import plain, weighted_nps
from insights.sentiment import (
    Answers,
    by_class,
    latest_nps,
    nps,
    nps_interval,
    read_answers,
    scale,
    sentiment,
    standing,
    wilson_interval,
)
from insights.value import annual_value, customers
from insights.world import NOWHERE, Bools, World, is_choice

QUARTERS = 8
_Z95 = 1.959964


def sentiment_report(frames: Frames, model: Model, *, as_of: datetime) -> dict[str, Any] | None:
    """Figures of the customers' answers, plain numbers; None without a responses frame.

    relationship, transactional   nps, interval, n, unclear (the interval spans 0)
    revenue_weighted_nps          each account counts with its annual value
    by_level                      level, nps, interval, n of relationship answers
    levels_differ                 account_id and NPS by level where two differ by the model's gap
    csat, ces                     value, interval, n
    drivers                       as portfolio figures have them; totals adds them up
    quarters                      quarter, nps, interval, n of the last eight, oldest first
    """
    world = World(complete(frames), model, as_of)
    contacts = read_contacts(world)
    everybody = read_answers(world, contacts)
    if everybody is None:
        return None
    customer = customers(world)
    answers = everybody.only((everybody.account != NOWHERE) & customer[everybody.account])
    relationship = latest_nps(world, answers, "relationship")
    transactional = latest_nps(world, answers, "transactional")
    assert relationship is not None
    assert transactional is not None
    accounts = sentiment(world, relationship, transactional)
    accounts["account_id"] = world.frames.accounts["account_id"]
    accounts["annual_value"] = annual_value(world)[0]
    drivers = _drivers(world, relationship, accounts)
    return {
        "relationship": _scored(world, relationship),
        "transactional": _scored(world, transactional),
        "revenue_weighted_nps": plain(weighted_nps(accounts)),
        "by_level": [
            {"level": level, **_scored(world, relationship.only(relationship.level == code))}
            for code, level in enumerate(ALL_LEVELS)
        ],
        "levels_differ": _differing(accounts),
        "csat": _satisfied(world, answers),
        "ces": _effort(world, answers),
        "drivers": drivers,
        "totals": {
            name: _sum([one[name] for one in drivers])
            for name in ("nps_contribution", "revenue_contribution")
        },
        "quarters": _quarters(world, answers),
    }


def _scored(world: World, answers: Answers) -> dict[str, Any]:
    counts = by_class(world, answers).sum(axis=1, keepdims=True)
    low, high = nps_interval(*counts)
    score = plain(nps(*counts)[0])
    return {
        "nps": score,
        "interval": None if score is None else [float(low[0]), float(high[0])],
        "n": int(counts.sum()),
        "unclear": score is not None and float(low[0]) < 0 < float(high[0]),
    }


def _differing(accounts: pd.DataFrame) -> list[dict[str, Any]]:
    columns = [f"nps_{level}" for level in LEVELS]
    rows = accounts[accounts["levels_differ"]].sort_values(
        ["annual_value", "account_id"], ascending=[False, True]
    )
    return [
        {"account_id": row["account_id"], **{name: plain(row[name]) for name in columns}}
        for row in rows.to_dict("records")
    ]


def _recent(world: World, answers: Answers, metric: str) -> tuple[Answers, Any]:
    """Answers of the window to one kind of question, and where each stands on its scale, 0..1."""
    frame = world.frames.responses
    assert frame is not None
    chosen: Bools = is_choice(frame["metric"], metric)[answers.row]
    chosen &= world.within(answers.answered, world.model.windows.sentiment_days)
    mine = answers.only(chosen & ~np.isnan(answers.score))
    low, high = (bound[mine.row] for bound in scale(frame))
    return mine, (mine.score - low) / (high - low)


def _satisfied(world: World, answers: Answers) -> dict[str, Any]:
    said, position = _recent(world, answers, "csat")
    n = len(said.row)
    hits = float((position >= 0.75).sum())
    low, high = wilson_interval(np.array([hits]), np.array([float(n)]))
    return {
        "value": hits / n if n else None,
        "interval": [float(low[0]), float(high[0])] if n else None,
        "n": n,
    }


def _effort(world: World, answers: Answers) -> dict[str, Any]:
    _, position = _recent(world, answers, "ces")
    ease = 1 + 6 * np.sort(position)
    n = len(ease)
    mean = float(ease.mean()) if n else None
    half = _Z95 * float(ease.std(ddof=1)) / n**0.5 if n > 1 else None
    interval = None
    if mean is not None and half is not None:
        interval = [max(mean - half, 1.0), min(mean + half, 7.0)]
    return {"value": mean, "interval": interval, "n": n}


def _drivers(world: World, relationship: Answers, accounts: pd.DataFrame) -> list[dict[str, Any]]:
    counts = accounts[["promoters", "passives", "detractors"]].sum(axis=1)
    heard = pd.Series(counts.to_numpy(), index=accounts["account_id"].to_numpy(object))
    worth = pd.Series(accounts["annual_value"].to_numpy(), index=heard.index)
    found = driver_contributions(driver_shares(world, relationship), heard, worth)
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


def _sum(amounts: list[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return math.fsum(known) if known else None


def _quarters(world: World, answers: Answers) -> list[dict[str, Any]]:
    """NPS of each calendar quarter (UTC): each respondent's latest answer given in it."""
    frame = world.frames.responses
    assert frame is not None
    asked = is_choice(frame["metric"], "nps") & is_choice(frame["survey_type"], "relationship")
    given = pd.PeriodIndex(pd.DatetimeIndex(answers.answered), freq="Q")
    last = pd.Period(pd.Timestamp(world.now), freq="Q")
    found = []
    for quarter in pd.period_range(end=last, periods=QUARTERS, freq="Q"):
        said = standing(answers.only(np.asarray(given == quarter)), frame, asked)
        found.append({"quarter": f"{quarter.year} Q{quarter.quarter}", **_scored(world, said)})
    return found
