"""What asks for a person's attention.

Source: coverage, contacts, responses, activities, team_members. Rule: docs/insights.md, "Alerts".
Only customers raise alerts, and only on what is known.
"""

import numpy as np
import pandas as pd

from insights.contacts import Contacts
from insights.evidence import influential
from insights.model import LEVELS
from insights.sentiment import Answers
from insights.world import Bools, Floats, Times, World


def coverage_alerts(coverage: pd.DataFrame) -> dict[str, Bools]:
    """Too few contacts, an empty level, too few respondents; never where a figure is unknown."""
    empty = np.zeros(len(coverage), bool)
    for level in LEVELS:
        empty |= (coverage[f"required_{level}"] > 0) & (coverage[f"known_{level}"] == 0)
    return {
        "contacts_missing": (coverage["known"] < coverage["required"]).to_numpy(),
        "level_missing": empty,
        "respondents_missing": (coverage["respondents"] < coverage["required"]).to_numpy(),
    }


def departures(world: World, contacts: Contacts | None) -> Bools:
    """Accounts a decision maker or influencer left, or was lost to, in the recent window."""
    if contacts is None:
        return np.zeros(world.n, bool)
    days = world.model.windows.recent_days
    recent = (
        world.within(contacts.left_at, days)
        | world.within(contacts.bounced_at, days)
        | world.within(contacts.gone_at, days)
    )
    lost: Bools = world.count(contacts.account, recent & influential(contacts.level)) > 0
    return lost


def silent(world: World, answers: Answers | None, last_two_way: Times | None) -> Bools:
    """Accounts without a response and without a two-way activity in the silence window.

    Where neither responses nor activities were provided silence cannot be told from ignorance.
    """
    if answers is None and last_two_way is None:
        return np.zeros(world.n, bool)
    days = world.model.windows.silence_days
    alive = np.zeros(world.n, bool)
    if answers is not None:
        alive |= world.count(answers.account, world.within(answers.answered, days)) > 0
    if last_two_way is not None:
        alive |= world.within(last_two_way, days)
    return ~alive


def team_gaps(world: World, annual_value: Floats) -> dict[str, Bools] | None:
    """By vendor-side role: accounts above the threshold that lack it; None without teams.

    The owner of an account is its account manager, whatever the team says.
    """
    team = world.frames.team_members
    if team is None:
        return None
    at = world.whose("team_members").account
    roles = team["role"].str.strip().str.casefold().str.replace(r"[\s_-]+", "_", regex=True)
    large = annual_value > world.model.team.threshold
    owned = world.frames.accounts["owner_id"].notna().to_numpy()
    gaps = {}
    for role in world.model.team.roles:
        filled = world.count(at, (roles == role).to_numpy(bool, na_value=False)) > 0
        gaps[role] = large & ~filled & ~(owned & (role == "account_manager"))
    return gaps
