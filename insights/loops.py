"""Feedback that waits to be followed up: which answers ask for it, how urgently, how it went.

Source: loops, responses. Without loops each detractor's latest answer is an open loop, and each
low latest CSAT or CES answer. Rule: docs/insights.md, "Loops".
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from insights.contacts import read_contacts
from insights.coverage import ALL_LEVELS
from insights.frames import Frames, complete
from insights.model import LEVELS, Model
from insights.sentiment import PASSIVE_FROM, PROMOTER_FROM, Answers, read_answers, scale, standing
from insights.value import annual_value
from insights.world import NOWHERE, Bools, Floats, World, is_choice, times

KINDS = ("detractor", "passive", "promoter", "csat", "ces")
COMPLAINTS = ("detractor", "csat", "ces")  # what counts as an open loop in an assessment
ESCALATIONS = ("account", "management", "executive")
_LEAST_SEVERITY = 0.05
_CAUSES = (
    *("response_id", "kind", "account_id", "contact_id", "score"),
    *("severity", "influence", "annual_value", "priority", "recent"),
)


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


def causes(frames: Frames, model: Model, *, as_of: datetime) -> pd.DataFrame:
    """What the standing answers ask for: the latest of each respondent to each kind of question.

    Returns  response_id, kind (of KINDS), account_id, contact_id (missing when anonymous), score,
             severity and influence, annual_value and priority [corporate currency per year; NaN =
             unknown], recent (inside the sentiment window)
    """
    world = World(complete(frames), model, as_of)
    responses = world.frames.responses
    contacts = read_contacts(world)
    answers = read_answers(world, contacts)
    if responses is None or answers is None:
        return pd.DataFrame(columns=list(_CAUSES))
    low, high = scale(responses)
    worth = annual_value(world)[0]
    people = world.frames.contacts
    ids = np.array([], object) if people is None else people["contact_id"].to_numpy(object)
    parts = [
        _caused(world, said, kinds, (low, high), worth, ids)
        for said, kinds in _asked(answers, responses, low, high)
    ]
    return pd.concat(parts, ignore_index=True)


def _asked(
    answers: Answers, responses: pd.DataFrame, low: Floats, high: Floats
) -> Iterator[tuple[Answers, "np.ndarray[Any, Any]"]]:
    """Standing answers to each kind of question, and the kind of loop that each asks for."""
    nps = is_choice(responses["metric"], "nps")
    for survey in ("relationship", "transactional"):
        said = standing(answers, responses, nps & is_choice(responses["survey_type"], survey))
        happy, content = said.score >= PROMOTER_FROM, said.score >= PASSIVE_FROM
        yield said, np.where(happy, "promoter", np.where(content, "passive", "detractor"))
    for metric in ("csat", "ces"):
        said = standing(answers, responses, is_choice(responses["metric"], metric))
        said = said.only(2 * said.score < (low + high)[said.row])
        yield said, np.full(len(said.row), metric)


def _caused(
    world: World,
    said: Answers,
    kinds: "np.ndarray[Any, Any]",
    bounds: tuple[Floats, Floats],
    worth: Floats,
    people: "np.ndarray[Any, Any]",
) -> pd.DataFrame:
    responses = world.frames.responses
    assert responses is not None
    low, high = (bound[said.row] for bound in bounds)
    severity = np.maximum(1 - (said.score - low) / (high - low), _LEAST_SEVERITY)
    influence = np.array([world.model.sentiment.influence[one] for one in ALL_LEVELS])[said.level]
    contact = np.full(len(said.row), None, object)
    known = said.contact != NOWHERE
    contact[known] = people[said.contact[known]]
    return pd.DataFrame(
        {
            "response_id": responses["response_id"].to_numpy(object)[said.row],
            "kind": kinds,
            "account_id": world.frames.accounts["account_id"].to_numpy(object)[said.account],
            "contact_id": contact,
            "score": said.score,
            "severity": severity,
            "influence": influence,
            "annual_value": worth[said.account],
            "priority": worth[said.account] * severity * influence,
            "recent": world.within(said.answered, world.model.windows.sentiment_days),
        },
        columns=list(_CAUSES),
    )


def loop_metrics(
    loops: pd.DataFrame, *, now: datetime, days: float = 30
) -> dict[str, dict[str, Any]]:
    """How loops fare, by the highest level each reached; None where there is nothing to tell from.

    loops    level, is_open, is_done, opened_at, closed_at (instants), is_overdue, reopened_at
    days     how far back closings and reopenings count
    Returns  by level and for "all": open, overdue, closed (numbers of loops), closed_share =
             closed / (closed + open), median_days from opening to closing, reopened
    """
    since = now - timedelta(days=days)
    groups: Mapping[str, Any] = {
        "all": np.ones(len(loops), bool),
        **{level: (loops["level"] == level).to_numpy() for level in ESCALATIONS},
    }
    return {name: _fared(loops[chosen], since) for name, chosen in groups.items()}


def _fared(loops: pd.DataFrame, since: datetime) -> dict[str, Any]:
    if loops.empty:
        names = ("open", "overdue", "closed", "closed_share", "median_days", "reopened")
        return dict.fromkeys(names)
    closed = loops[loops["is_done"] & (loops["closed_at"] >= since)]
    took = (closed["closed_at"] - closed["opened_at"]).dt.total_seconds() / 86_400
    still_open = int(loops["is_open"].sum())
    base = len(closed) + still_open
    return {
        "open": still_open,
        "overdue": int(loops["is_overdue"].sum()),
        "closed": len(closed),
        "closed_share": len(closed) / base if base else None,
        "median_days": float(took.median()) if len(took) else None,
        "reopened": int((loops["reopened_at"] >= since).sum()),
    }
