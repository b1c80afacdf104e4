"""The raw measure behind each health component, and how much of it is known.

Source: responses, invitations, activities, opportunities, cases. Rule: docs/insights.md,
"Health". Four states: observed; stale (counts in the score, less in the confidence); missing
(not known); not applicable (there is nothing to know, the component drops out).
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from insights.model import LEVELS, PRIORITIES, Component
from insights.sentiment import Answers, weighted_score
from insights.world import (
    Bools,
    Floats,
    Ints,
    Times,
    World,
    denies,
    holds,
    is_choice,
    never,
    times,
)

TWO_WAY = "two_way"


class State(IntEnum):
    """What is known of one input of one account."""

    OBSERVED = 0
    STALE = 1
    MISSING = 2
    NOT_APPLICABLE = 3


@dataclass(frozen=True)
class Evidence:
    """One component of every account.

    raw    the measure in its own unit, NaN where there is none
    score  0..100, NaN where the component is not available
    state  `State` codes
    """

    raw: Floats
    score: Floats
    state: Ints


def _judge(raw: Floats, component: Component, age: Floats | None = None) -> Evidence:
    """Score by the curve; missing where raw is, stale where the evidence is too old."""
    state = np.where(np.isnan(raw), State.MISSING, State.OBSERVED)
    if age is not None and component.fresh_days is not None:
        state[(age > component.fresh_days) & ~np.isnan(raw)] = State.STALE
    return scored(raw, state, component)


def scored(raw: Floats, state: Ints, component: Component, silence_score: float = 0) -> Evidence:
    """Score by the curve; what is observed without a raw measure is silence, and scores as such."""
    xs, ys = (np.array(axis, dtype=float) for axis in zip(*component.curve, strict=True))
    quiet = np.isnan(raw) & (state == State.OBSERVED)
    return Evidence(raw, np.where(quiet, silence_score, np.interp(raw, xs, ys)), state)


def said(
    world: World, answers: Answers | None, relationship: Answers | None, component: Component
) -> Evidence:
    """Sentiment: weighted mean of answers, 0..10.

    An account whose invitation has waited long enough without any response is observed silence:
    it has no raw measure but a score of its own.
    """
    if answers is None or relationship is None:
        return _judge(world.unknown(), component)
    newest = world.latest(relationship.account, relationship.answered)
    evidence = _judge(weighted_score(world, relationship), component, world.age(newest))
    quiet = silence(world, answers) & np.isnan(evidence.raw)
    state = np.where(quiet, State.OBSERVED, evidence.state)
    return scored(evidence.raw, state, component, world.model.sentiment.silence_score)


def silence(world: World, answers: Answers) -> Bools:
    """Accounts asked inside the sentiment window, long enough ago, without any response in it."""
    invitations = world.frames.invitations
    if invitations is None:
        return np.zeros(world.n, bool)
    windows = world.model.windows
    sent = times(invitations["sent_at"])
    due = world.between(sent, windows.sentiment_days, windows.answer_days)
    asked = world.count(world.whose("invitations").account, due) > 0
    heard = world.count(answers.account, world.within(answers.answered, windows.sentiment_days))
    quiet: Bools = asked & (heard == 0)
    return quiet


def known(coverage: Floats, required: Floats, component: Component) -> Evidence:
    """Coverage: mean of contact and respondent coverage, 0..1; none needed = not applicable."""
    evidence = _judge(coverage, component)
    state = np.where(required == 0, State.NOT_APPLICABLE, evidence.state)
    return Evidence(evidence.raw, evidence.score, state)


def engaged(world: World, last_two_way: Times | None, component: Component) -> Evidence:
    """Engagement: days since the last two-way activity; missing without one."""
    if last_two_way is None:
        return _judge(world.unknown(), component)
    return _judge(world.age(last_two_way), component)


def used(world: World, component: Component) -> Evidence:
    """Usage: signals of the last 30 days over the monthly mean of the 90 days before.

    Missing where the 90 days before have no signal to compare with.
    """
    activities = world.frames.activities
    if activities is None:
        return _judge(world.unknown(), component)
    sign = is_choice(activities["kind"], "usage", "login")
    frame = activities[sign]
    at = world.whose("activities").account[sign]
    when = times(frame["occurred_at"])
    amount = frame["count"].fillna(1).to_numpy()
    recent = world.total(at, amount, world.within(when, 30))
    monthly = world.total(at, amount, world.between(when, 120, 30)) / 3
    return _judge(ratio(recent, monthly), component)


def spent(current: Floats, prior: Floats, component: Component) -> Evidence:
    """Spend: won revenue of the last year over that of the year before; missing without one."""
    return _judge(ratio(current, prior), component)


def supported(world: World, component: Component) -> Evidence:
    """Support: open cases, each weighing its priority times a factor for its age."""
    cases = world.frames.cases
    if cases is None:
        return _judge(world.unknown(), component)
    policy = world.model.support
    by_code = np.array([policy.priority[name] for name in PRIORITIES] + [policy.priority["normal"]])
    weight = by_code[cases["priority"].cat.codes.to_numpy()]
    days, factor = (np.array(axis, dtype=float) for axis in zip(*policy.age_curve, strict=True))
    age = np.nan_to_num(world.age(times(cases["opened_at"])))
    load = weight * np.interp(age, days, factor)
    at = world.whose("cases").account
    return _judge(world.total(at, load, open_cases(world)), component)


def open_cases(world: World) -> Bools:
    """By case: opened (or of unknown age) and not closed at as_of."""
    cases = world.frames.cases
    assert cases is not None
    opened, closed = times(cases["opened_at"]), times(cases["closed_at"])
    unopened, closed_by_now = opened > world.now, closed <= world.now
    still_open: Bools = ~unopened & ~closed_by_now
    return still_open


def committed(world: World, renewal: "Renewal", component: Component) -> Evidence:
    """Commitment: probability of the open renewal; stale once its date is long past."""
    overdue = np.maximum(world.age(renewal.close_date), 0)
    return _judge(renewal.probability, component, overdue)


@dataclass(frozen=True)
class Renewal:
    """The open renewal opportunity of each account; of several the next to close.

    row  row in the opportunities frame, -1 without one
    """

    row: Ints
    probability: Floats
    close_date: Times


def open_renewal(world: World) -> Renewal:
    """Each account's open renewal opportunity at as_of."""
    row = np.full(world.n, -1)
    deals = world.frames.opportunities
    nothing = Renewal(row, world.unknown(), never(world.n))
    if deals is None:
        return nothing
    rows = np.flatnonzero(open_deals(world, "renewal"))
    at = world.whose("opportunities").account[rows]
    rows, at = rows[at >= 0], at[at >= 0]
    if not len(rows):
        return nothing
    close = times(deals["close_date"])[rows]
    names = np.unique(deals["opportunity_id"].iloc[rows].to_numpy(str), return_inverse=True)[1]
    order = np.lexsort((names, close, at))  # NaT sorts last
    first = np.append(True, at[order][1:] != at[order][:-1])
    chosen = order[first]
    row[at[chosen]] = rows[chosen]
    probability = world.unknown()
    probability[at[chosen]] = deals["probability"].to_numpy()[rows[chosen]]
    date = nothing.close_date
    date[at[chosen]] = close[chosen]
    return Renewal(row, probability, date)


def open_deals(world: World, *kinds: str) -> Bools:
    """By opportunity: of one of the kinds, known to be open, created by as_of."""
    deals = world.frames.opportunities
    assert deals is not None
    future = times(deals["created_at"]) > world.now
    still_open: Bools = denies(deals["is_closed"]) & ~holds(deals["is_won"]) & ~future
    return still_open & is_choice(deals["type"], *kinds)


def ratio(part: Floats, whole: Floats) -> Floats:
    """part / whole; NaN where whole is not above 0 or either is unknown."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Floats = np.where(whole > 0, part / whole, np.nan)
    return quotient


def influential(level: Ints) -> Bools:
    """True for decision makers and influencers."""
    high: Bools = level < LEVELS.index("user")
    return high
