"""Rules that hold the health score down, whatever the components say.

Source: responses, contacts. Rule: docs/insights.md, "Caps".
"""

import numpy as np

from insights.contacts import Contacts
from insights.loops import decision_maker_detractors
from insights.model import LEVELS
from insights.sentiment import Answers
from insights.world import Bools, World


def caps(world: World, contacts: Contacts | None, relationship: Answers | None) -> dict[str, Bools]:
    """By rule: accounts whose score it holds down."""
    return {
        "decision_maker_detractor": _detractor(world, relationship),
        "decision_maker_left": _left(world, contacts),
    }


def _detractor(world: World, relationship: Answers | None) -> Bools:
    """Accounts where a decision maker's latest answer is a detractor's and recent."""
    policy = world.model.caps.get("decision_maker_detractor")
    if relationship is None or policy is None:
        return np.zeros(world.n, bool)
    recent = world.within(relationship.answered, policy.within_days)
    unhappy = decision_maker_detractors(relationship) & recent
    held: Bools = world.count(relationship.account, unhappy) > 0
    return held


def _left(world: World, contacts: Contacts | None) -> Bools:
    """Accounts that a decision maker left lately."""
    policy = world.model.caps.get("decision_maker_left")
    if contacts is None or policy is None:
        return np.zeros(world.n, bool)
    gone = world.within(contacts.left_at, policy.within_days)
    gone &= contacts.level == LEVELS.index("decision_maker")
    held: Bools = world.count(contacts.account, gone) > 0
    return held
