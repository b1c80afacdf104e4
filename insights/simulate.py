"""What if a share of the detractors became passives? NPS, revenue and the worth of one point.

Rule: docs/insights.md, "Simulator". Accounts fall into four classes by what they say.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CLASSES = ("promoter", "passive", "detractor", "silent")


@dataclass(frozen=True)
class AccountClass:
    """Accounts that say the same.

    accounts   how many
    revenue    [corporate currency per year] of them together
    retention  share of revenue kept in a year, 0..1, observed or assumed
    growth     yearly growth of what is kept, 0.05 = 5 %
    """

    accounts: float
    revenue: float
    retention: float
    growth: float


@dataclass(frozen=True)
class Move:
    """A share (0..1) of the accounts of one class that comes to behave like another."""

    source: str
    target: str
    share: float


def simulate(classes: Mapping[str, AccountClass], moves: Sequence[Move]) -> dict[str, float]:
    """Next year with and without the moves.

    classes  all four of CLASSES
    Returns  nps_before, nps_after [-100..100], revenue_before, revenue_after [corporate currency
             of the coming year], point_worth (revenue per NPS point; NaN when the NPS stays)
    Raises   ValueError for an unknown class or a share outside 0..1, also when moves together
             take more than a class holds
    """
    _check(classes, moves)
    counts = {name: group.accounts for name, group in classes.items()}
    revenue = {name: group.revenue for name, group in classes.items()}
    for move in moves:
        origin = classes[move.source]
        for held, amount in ((counts, origin.accounts), (revenue, origin.revenue)):
            held[move.source] -= move.share * amount
            held[move.target] += move.share * amount
    before = {name: group.accounts for name, group in classes.items()}
    points = _nps(counts) - _nps(before)
    now = {name: group.revenue for name, group in classes.items()}
    gain = _next_year(revenue, classes) - _next_year(now, classes)
    return {
        "nps_before": _nps(before),
        "nps_after": _nps(counts),
        "revenue_before": _next_year(now, classes),
        "revenue_after": _next_year(revenue, classes),
        "point_worth": gain / points if points else math.nan,
    }


def _check(classes: Mapping[str, AccountClass], moves: Sequence[Move]) -> None:
    if set(classes) != set(CLASSES):
        raise ValueError(f"classes must be exactly {', '.join(CLASSES)}, not {', '.join(classes)}")
    taken = dict.fromkeys(CLASSES, 0.0)
    for move in moves:
        for name in (move.source, move.target):
            if name not in classes:
                raise ValueError(f"no class {name!r}; the classes are {', '.join(CLASSES)}")
        taken[move.source] += move.share
        if not 0 <= move.share <= 1 or taken[move.source] > 1:
            raise ValueError(f"moves take {taken[move.source]:.0%} of {move.source}; 0-100 % exist")


def _nps(counts: Mapping[str, float]) -> float:
    heard = counts["promoter"] + counts["passive"] + counts["detractor"]
    return 100 * (counts["promoter"] - counts["detractor"]) / heard if heard else math.nan


def _next_year(revenue: Mapping[str, float], classes: Mapping[str, AccountClass]) -> float:
    return math.fsum(
        amount * classes[name].retention * (1 + classes[name].growth)
        for name, amount in revenue.items()
    )
