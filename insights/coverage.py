"""Do we know enough people, on every level, and do they answer?

Source: accounts.annual_value, contacts, activities, responses. Rule: docs/insights.md, "Coverage".
"""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from insights.contacts import UNASSIGNED_CODE, Contacts
from insights.model import LEVELS, UNASSIGNED, RequiredContacts
from insights.world import Bools, Floats, Ints, World

ALL_LEVELS = (*LEVELS, UNASSIGNED)

# upper edge of each band in thousands; the n-th band calls for n contacts
_LIVE_EDGES = (
    *(2, 5, 10, 22, 46, 100, 215, 460, 1_000, 2_200, 4_700, 10_200),
    *(21_800, 47_000, 102_000, 220_000, 475_000, 1_020_000),
)
_MOST = 45  # the book's rule at 10**18, beyond any annual value


@cache
def bands(policy: RequiredContacts) -> tuple[tuple[float, int], ...]:
    """(lowest annual value, contacts) of each band, rising; below the first: the first's, if > 0.

    The live preset's edges belong to the lower band, so a band begins one cent above the edge.
    """
    if policy.preset == "custom":
        return policy.bands
    if policy.preset == "customergauge_live":
        lowest = (0.0, *(edge * 1000 + 0.01 for edge in _LIVE_EDGES[:-1]))
        return tuple((value, n) for n, value in enumerate(lowest, 1))
    return ((0.0, 1), *((_power(n), n) for n in range(2, _MOST + 1)))


def _power(contacts: int) -> float:
    """1000 * 10^(contacts/3), exact where it is a whole number."""
    whole, thirds = divmod(contacts + 9, 3)
    return float(10**whole) if thirds == 0 else float(10**whole * 10 ** (thirds / 3))


def required_contacts(annual_value: Floats, policy: RequiredContacts) -> Floats:
    """Contacts that each annual value calls for.

    annual_value  [corporate currency per year]; NaN = unknown
    Returns       whole numbers; 0 for a value of 0 or less, NaN where the value is unknown
    """
    lowest, contacts = (np.array(column) for column in zip(*bands(policy), strict=True))
    band = np.searchsorted(lowest, annual_value, side="right") - 1
    required = np.where(band >= 0, contacts[np.maximum(band, 0)], 0).astype(np.float64)
    required[annual_value <= 0] = 0
    required[np.isnan(annual_value)] = np.nan
    return required


def next_threshold(annual_value: Floats, policy: RequiredContacts) -> Floats:
    """Lowest annual value that calls for more contacts than now; NaN at the top or unknown."""
    lowest = np.array([value for value, _ in bands(policy)])
    above = np.searchsorted(lowest, annual_value, side="right")
    following = np.append(lowest, np.nan)[np.minimum(above, len(lowest))]
    result: Floats = np.where(np.isnan(annual_value) | (annual_value <= 0), np.nan, following)
    return result


def split_levels(required: Floats) -> Floats:
    """Required contacts per level, shape (n, 3): evenly, the remainder to the higher levels."""
    each, over = np.divmod(required, len(LEVELS))
    return np.column_stack([each + (over > position) for position in range(len(LEVELS))])


def covered_contacts(known: Floats, required: Floats) -> Floats:
    """How many of the required places are filled.

    known, required  per level, shapes (n, >= 3) and (n, 3)
    Spare influencers may stand in for missing decision makers; users stand in for nobody.
    """
    short = np.maximum(required[:, 0] - known[:, 0], 0)
    filled: Floats = (
        np.minimum(known[:, 0], required[:, 0])
        + np.minimum(known[:, 1], required[:, 1] + short)
        + np.minimum(known[:, 2], required[:, 2])
    )
    return filled


def share_of(part: Floats, required: Floats) -> Floats:
    """min(1, part / required); NaN where nothing is required or either is unknown."""
    with np.errstate(divide="ignore", invalid="ignore"):
        shares: Floats = np.where(required > 0, np.minimum(part / required, 1), np.nan)
    return shares


def by_level(world: World, contacts: Contacts, chosen: Bools) -> Floats:
    """Chosen contacts per account and level, shape (n, 4); the last column is unassigned."""
    width = UNASSIGNED_CODE + 1
    kept = chosen & (contacts.account >= 0)
    cell = contacts.account[kept] * width + contacts.level[kept]
    counts = np.bincount(cell, minlength=world.n * width).reshape(world.n, width)
    return counts.astype(np.float64)


def coverage(
    world: World,
    contacts: Contacts | None,
    required: Floats,
    engaged: Bools | None,
    responded: Bools | None,
    strangers: Floats | None,
) -> pd.DataFrame:
    """Coverage columns of the account frame (docs/insights.md lists them).

    required   contacts per account, NaN unknown
    engaged, responded  by contact; None = no source for it was provided
    strangers  respondents per account when no contacts were provided to check them against
    """
    result: dict[str, Any] = {"required": required}
    needed = split_levels(required)
    _spread(result, "required", needed, LEVELS)
    nobody = np.full((world.n, len(ALL_LEVELS)), np.nan)
    counts = {"known": nobody, "engaged": nobody, "respondents": nobody}
    if contacts is not None:
        counts["known"] = by_level(world, contacts, contacts.active)
        if engaged is not None:
            counts["engaged"] = by_level(world, contacts, contacts.active & engaged)
        if responded is not None:
            counts["respondents"] = by_level(world, contacts, contacts.active & responded)
    for name, count in counts.items():
        result[name] = count.sum(axis=1)
        _spread(result, name, count, ALL_LEVELS)
    if contacts is None and strangers is not None:
        result["respondents"] = strangers
    known = counts["known"]
    result["covered"] = covered_contacts(known, needed)
    result["top_level_thin"] = known[:, 0] < needed[:, 0]
    result["gap"] = np.maximum(required - known.sum(axis=1), 0)
    result |= shares(result["known"], result["respondents"], required)
    return pd.DataFrame(result)


def shares(known: Floats, respondents: Floats, required: Floats) -> dict[str, Floats]:
    """contact_coverage, respondent_coverage and their mean, coverage, 0..1."""
    by_contacts, by_respondents = share_of(known, required), share_of(respondents, required)
    return {
        "contact_coverage": by_contacts,
        "respondent_coverage": by_respondents,
        "coverage": (by_contacts + by_respondents) / 2,
    }


def _spread(result: dict[str, Any], name: str, values: Floats, levels: tuple[str, ...]) -> None:
    for position, level in enumerate(levels):
        result[f"{name}_{level}"] = values[:, position]


def distinct(at: Ints, people: Ints, n: int) -> Floats:
    """Number of different people per account; records without account or person left out."""
    kept = (at >= 0) & (people >= 0)
    pairs = np.unique(at[kept] * (people.max(initial=0) + 1) + people[kept])
    return np.bincount(pairs // (people.max(initial=0) + 1), minlength=n).astype(np.float64)
