"""Parent accounts: every figure for one account or for it and all below it.

Source: accounts.parent_id. Rule: docs/insights.md, "Hierarchy".
"""

import math
from collections.abc import Mapping

import pandas as pd

from insights.drivers import known_sum
from insights.portfolio import plain

SUMS = (
    "annual_value",
    "revenue_at_risk",
    "expected_loss",
    "required",
    "known",
    "engaged",
    "respondents",
    "open_loops",
    "promoters",
    "passives",
    "detractors",
)


def cycles(accounts: pd.DataFrame) -> list[list[str]]:
    """Rings of parent links, each as its account ids in order, beginning with the smallest.

    accounts  account_id, parent_id
    """
    parent = _parents(accounts)
    done: set[str] = set()
    rings = []
    for start in sorted(parent):
        path: dict[str, None] = {}
        node: str | None = start
        while node is not None and node not in done and node not in path:
            path[node] = None
            node = parent.get(node)
        if node is not None and node in path:
            ring = list(path)[list(path).index(node) :]
            first = ring.index(min(ring))
            rings.append(ring[first:] + ring[:first])
        done.update(path)
    return rings


def below(accounts: pd.DataFrame, account_id: str) -> list[str]:
    """The account and all its descendants, each once, sorted; a ring is walked once."""
    children: dict[str, list[str]] = {}
    for child, parent in _parents(accounts).items():
        children.setdefault(parent, []).append(child)
    found = {account_id}
    waiting = [account_id]
    while waiting:
        fresh = [child for child in children.get(waiting.pop(), []) if child not in found]
        found.update(fresh)
        waiting.extend(fresh)
    return sorted(found)


def roll_up(accounts: pd.DataFrame, account_id: str) -> dict[str, float | int | None]:
    """Figures of an account and everything below it.

    accounts  columns of the account frame
    Returns   accounts (how many, the account itself included), the SUMS over known values, nps
              from the counts of respondents, health weighted by annual value over the accounts
              where both are known; None where nothing is known. Non-customers hold no money.
    """
    family = accounts[accounts["account_id"].isin(below(accounts, account_id))]
    if family.empty:
        raise KeyError(f"no account {account_id!r}")
    family = family.assign(annual_value=family["annual_value"].where(family["is_customer"]))
    totals = {name: plain(known_sum(family[name])) for name in SUMS}
    answers = [totals[name] or 0.0 for name in ("promoters", "passives", "detractors")]
    heard = sum(answers)
    weighed = family[(family["annual_value"] > 0) & family["health"].notna()]
    weight = math.fsum(weighed["annual_value"])
    return {
        "accounts": len(family),
        **totals,
        "nps": 100 * (answers[0] - answers[2]) / heard if heard else None,
        "health": math.fsum(weighed["annual_value"] * weighed["health"]) / weight
        if weight
        else None,
    }


def _parents(accounts: pd.DataFrame) -> Mapping[str, str]:
    linked = accounts[accounts["parent_id"].notna()]
    return dict(zip(linked["account_id"], linked["parent_id"], strict=True))
