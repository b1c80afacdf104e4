"""Why respondents score as they do: what each named touch point adds to and takes from the NPS.

Source: responses.drivers (`tier1` or `tier1>tier2`, several split by ;). Rule: docs/insights.md,
"Drivers". A response that names k drivers gives each 1/k; one that names none gives its share to
"none given", so that all contributions add up to the NPS.
"""

import math

import numpy as np
import pandas as pd

from insights.sentiment import PASSIVE_FROM, PROMOTER_FROM, Answers
from insights.world import World

NONE_GIVEN = "none given"
COLUMNS = ("account_id", "tier1", "tier2", "mentions", "promoters", "detractors")
_DTYPES = dict.fromkeys(COLUMNS[:3], "str") | dict.fromkeys(COLUMNS[3:], "float64")
CONTRIBUTIONS = ["tier1", "tier2", "mentions", "nps_contribution", "revenue_contribution"]


def named_drivers(text: str | None) -> list[tuple[str, str | None]]:
    """The different (tier 1, tier 2 or None) of one response, in order; none given if empty."""
    pairs = []
    for part in (text or "").split(";"):
        tier1, _, tier2 = (piece.strip() for piece in part.partition(">"))
        if tier1:
            pairs.append((tier1, tier2 or None))
    return list(dict.fromkeys(pairs)) or [(NONE_GIVEN, None)]


def driver_shares(world: World, relationship: Answers | None) -> pd.DataFrame:
    """Shares of promoters and detractors by account and driver; adds up over accounts.

    Returns  account_id, tier1, tier2 (missing without a second tier), mentions (responses that
             name it), promoters and detractors (sums of 1/k); one row per account and driver,
             in the order of accounts and names
    """
    frame = world.frames.responses
    if relationship is None or frame is None or not len(relationship.row):
        return pd.DataFrame(columns=COLUMNS).astype(_DTYPES)
    texts = frame["drivers"].iloc[relationship.row].fillna("")
    codes, uniques = pd.factorize(texts.to_numpy(object))
    named = [named_drivers(text) for text in uniques]
    pairs = sorted({pair for pairs in named for pair in pairs}, key=lambda p: (p[0], p[1] or ""))
    drivers = {pair: code for code, pair in enumerate(pairs)}
    width = np.array([len(pairs) for pairs in named])[codes]
    answer = np.repeat(np.arange(len(codes)), width)
    code = np.concatenate([[drivers[p] for p in named[c]] for c in range(len(named))])
    start = np.concatenate([[0], np.cumsum([len(pairs) for pairs in named])])
    step = np.arange(len(answer)) - np.repeat(np.cumsum(width) - width, width)
    driver = code[start[codes[answer]] + step].astype(np.int64)
    share = 1.0 / width[answer]
    score = relationship.score[answer]
    cell = relationship.account[answer] * len(drivers) + driver
    order = np.lexsort((share, cell))
    key, where = np.unique(cell[order], return_inverse=True)
    share, score = share[order], score[order]
    account, driver = np.divmod(key, len(drivers))
    return pd.DataFrame(
        {
            "account_id": world.frames.accounts["account_id"].to_numpy(object)[account],
            "tier1": np.array([tier1 for tier1, _ in pairs], object)[driver],
            "tier2": np.array([tier2 for _, tier2 in pairs], object)[driver],
            "mentions": np.bincount(where).astype(np.float64),
            "promoters": np.bincount(where, weights=share * (score >= PROMOTER_FROM)),
            "detractors": np.bincount(where, weights=share * (score < PASSIVE_FROM)),
        }
    ).astype(_DTYPES)


def driver_contributions(
    shares: pd.DataFrame, respondents: pd.Series, annual_value: pd.Series
) -> pd.DataFrame:
    """What each driver adds to the NPS of the accounts given, and the revenue behind it.

    shares        as `driver_shares` returns them
    respondents   NPS respondents by account_id
    annual_value  [corporate currency per year] by account_id; missing = unknown, left out
    Returns       tier1, tier2, mentions, nps_contribution [NPS points], revenue_contribution
                  [corporate currency per year], worst NPS contribution first
    """
    mine = shares[shares["account_id"].isin(respondents.index)]
    net = mine["promoters"] - mine["detractors"]
    share = (annual_value / respondents.where(respondents > 0)).reindex(mine["account_id"])
    money = pd.Series(net.to_numpy() * share.to_numpy(), index=mine.index)
    rows = [
        {
            "tier1": each["tier1"].iloc[0],
            "tier2": each["tier2"].iloc[0],
            "mentions": math.fsum(each["mentions"]),
            "nps_contribution": 100 * math.fsum(net.loc[each.index]) / respondents.sum(),
            "revenue_contribution": known_sum(money.loc[each.index]),
        }
        for _, each in mine.groupby(["tier1", "tier2"], dropna=False)
    ]
    order = ["nps_contribution", "revenue_contribution", "tier1", "tier2"]
    return pd.DataFrame(rows, columns=CONTRIBUTIONS).sort_values(order, ignore_index=True)


def known_sum(amounts: pd.Series) -> float:
    """Sum of the known amounts, the same in any order; NaN when none is known, 0 of nothing."""
    known = amounts.dropna()
    return math.nan if len(amounts) and not len(known) else math.fsum(known)
