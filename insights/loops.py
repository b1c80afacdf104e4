"""Feedback that waits to be followed up.

Source: loops; without them each detractor's latest answer is an open loop, and each low latest
CSAT or CES answer. Rule: docs/insights.md, "Loops".
"""

import numpy as np
import pandas as pd

from insights.model import LEVELS
from insights.sentiment import PASSIVE_FROM, Answers
from insights.world import NOWHERE, Bools, Floats, World, times


def open_loops(world: World, scores: pd.DataFrame, dissatisfied: Floats) -> Floats:
    """Open loops per account; NaN without loops and without responses.

    scores        detractors and transactional_detractors per account
    dissatisfied  respondents per account whose latest CSAT or CES answer is low
    """
    loops = world.frames.loops
    if loops is None:
        unhappy = scores["detractors"] + scores["transactional_detractors"]
        unsolved: Floats = unhappy.to_numpy() + dissatisfied
        return unsolved
    return world.count(world.whose("loops").account, _still_open(world, loops))


def decision_maker_loops(world: World, relationship: Answers | None) -> Bools:
    """Accounts with a decision maker who is a detractor and whose loop is open."""
    if relationship is None:
        return np.zeros(world.n, bool)
    unhappy = decision_maker_detractors(relationship)
    loops = world.frames.loops
    if loops is not None:
        waiting = world.whose("loops").contact[_still_open(world, loops)]
        unhappy &= np.isin(relationship.contact, waiting[waiting != NOWHERE])
    exposed: Bools = world.count(relationship.account, unhappy) > 0
    return exposed


def decision_maker_detractors(answers: Answers) -> Bools:
    """By answer: a decision maker's, and a detractor's."""
    decision_maker = answers.level == LEVELS.index("decision_maker")
    unhappy: Bools = decision_maker & (answers.score < PASSIVE_FROM)
    return unhappy


def _still_open(world: World, loops: pd.DataFrame) -> Bools:
    unopened = times(loops["opened_at"]) > world.now
    closed = times(loops["closed_at"]) <= world.now
    still_open: Bools = ~unopened & ~closed
    return still_open
