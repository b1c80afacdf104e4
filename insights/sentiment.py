"""What respondents said: NPS, CSAT and CES, each with its count and 95 % interval.

Source: responses, contacts. Rule: docs/insights.md, "Sentiment".
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.contacts import UNASSIGNED_CODE, Contacts
from insights.coverage import ALL_LEVELS
from insights.model import LEVELS
from insights.world import NOWHERE, Bools, Floats, Ints, Times, World, is_choice, take, times

Z95 = 1.959964
PROMOTER_FROM, PASSIVE_FROM = 9, 7
SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}


def nps(promoters: Floats, passives: Floats, detractors: Floats) -> Floats:
    """Net promoter score, -100..100; NaN without answers."""
    answers = promoters + passives + detractors
    with np.errstate(divide="ignore", invalid="ignore"):
        score: Floats = np.where(answers > 0, 100 * (promoters - detractors) / answers, np.nan)
    return score


def nps_interval(promoters: Floats, passives: Floats, detractors: Floats) -> tuple[Floats, Floats]:
    """Adjusted Wald interval of the NPS, clipped to -100..100; NaN without answers.

    Three answers are added, 3/4 of one to each end (Rocks 2016).
    """
    answers = promoters + passives + detractors
    n = answers + 3
    p, d = (promoters + 0.75) / n, (detractors + 0.75) / n
    centre = p - d
    half = Z95 * np.sqrt((p + d - centre**2) / n)
    low = np.where(answers > 0, np.clip(100 * (centre - half), -100, 100), np.nan)
    high = np.where(answers > 0, np.clip(100 * (centre + half), -100, 100), np.nan)
    return low, high


def wilson_interval(hits: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Wilson interval of the share hits/n, 0..1; NaN where n is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        p = hits / n
        scale = 1 + Z95**2 / n
        centre = (p + Z95**2 / (2 * n)) / scale
        half = Z95 * np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2)) / scale
        low = np.where(n > 0, np.clip(centre - half, 0, 1), np.nan)
        high = np.where(n > 0, np.clip(centre + half, 0, 1), np.nan)
    return low, high


def valid_scores(responses: pd.DataFrame) -> Bools:
    """True for a score inside its scale; NPS must be a whole number on 0..10.

    A missing scale is the metric's usual one: NPS 0..10, CSAT 1..5, CES 1..7. Without a metric
    or without a score there is nothing to judge, and the answer is no.
    """
    score = responses["score"].to_numpy()
    low, high = scale(responses)
    inside = (score >= low) & (score <= high) & (high > low)
    whole = (score == np.round(score)) & (low == 0) & (high == 10)
    valid: Bools = inside & (whole | ~is_choice(responses["metric"], "nps"))
    return valid


def scale(responses: pd.DataFrame) -> tuple[Floats, Floats]:
    """Lowest and highest value of each answer's scale; NaN without a metric."""
    low = responses["scale_min"].to_numpy(copy=True)
    high = responses["scale_max"].to_numpy(copy=True)
    for metric, (lowest, highest) in SCALES.items():
        of_metric = is_choice(responses["metric"], metric)
        low[of_metric & np.isnan(low)] = lowest
        high[of_metric & np.isnan(high)] = highest
    return low, high


@dataclass(frozen=True)
class Answers:
    """Responses up to as_of, one entry each; rows with a score off its scale are not among them.

    row      row in the responses frame
    account  position of the account, -1 without
    contact  position of the contact, -1 without one of the account's own
    person   number of the respondent; anonymous answers are a person each
    level    level of the contact, 3 unassigned
    """

    row: Ints
    account: Ints
    contact: Ints
    person: Ints
    level: Ints
    score: Floats
    answered: Times

    def only(self, chosen: Bools | Ints) -> "Answers":
        """The chosen entries."""
        return Answers(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def read_answers(world: World, contacts: Contacts | None) -> Answers | None:
    """Every response dated up to as_of that can be used; None when none were provided."""
    frame = world.frames.responses
    if frame is None:
        return None
    at = times(frame["answered_at"])
    usable = np.isnan(frame["score"].to_numpy()) | valid_scores(frame)
    usable |= frame["metric"].isna().to_numpy()
    rows = np.flatnonzero((at <= world.now) & usable)
    chosen = frame.iloc[rows]
    of = world.whose("responses").only(rows)
    codes, known = pd.factorize(chosen["contact_id"].to_numpy(object))
    anonymous = len(known) + np.arange(len(rows))
    level = take(contacts.level, of.contact, UNASSIGNED_CODE) if contacts else None
    return Answers(
        row=rows,
        account=of.account,
        contact=of.contact,
        person=np.where(codes == NOWHERE, anonymous, codes).astype(np.int64),
        level=np.full(len(rows), UNASSIGNED_CODE) if level is None else level,
        score=chosen["score"].to_numpy(),
        answered=at[rows],
    )


def latest_nps(world: World, answers: Answers | None, survey_type: str) -> Answers | None:
    """Each respondent's latest NPS answer to that type of survey inside the sentiment window."""
    frame = world.frames.responses
    if answers is None or frame is None:
        return None
    asked = is_choice(frame["metric"], "nps") & is_choice(frame["survey_type"], survey_type)
    return _latest_of(world, answers, frame, asked)


def dissatisfied(world: World, answers: Answers | None) -> Floats:
    """Respondents per account whose latest CSAT or CES answer is below the middle of its scale.

    Inside the sentiment window; one who is so by both counts twice. NaN without responses.
    """
    frame = world.frames.responses
    if answers is None or frame is None:
        return world.unknown()
    low, high = scale(frame)
    found = np.zeros(world.n)
    for metric in ("csat", "ces"):
        said = _latest_of(world, answers, frame, is_choice(frame["metric"], metric))
        found += world.count(said.account, 2 * said.score < (low + high)[said.row])
    return found


def _latest_of(world: World, answers: Answers, frame: pd.DataFrame, asked: Bools) -> Answers:
    """Each respondent's latest scored answer inside the window to what was asked, by response."""
    recent = world.within(answers.answered, world.model.windows.sentiment_days)
    return standing(answers.only(recent), frame, asked)


def standing(answers: Answers, frame: pd.DataFrame, asked: Bools) -> Answers:
    """Each respondent's latest scored answer to what was asked, by response; however old."""
    scored = ~np.isnan(answers.score) & (answers.account >= 0)
    return _latest(answers.only(asked[answers.row] & scored), frame["response_id"])


def _latest(answers: Answers, ids: pd.Series) -> Answers:
    """The newest answer of each person at each account; of two at one instant the later id.

    They come ordered by what they say, so that sums do not depend on the order of rows.
    """
    key = answers.account * (answers.person.max(initial=0) + 1) + answers.person
    order = np.lexsort((answers.answered, key))
    same_key = key[order][1:] == key[order][:-1]
    tied = same_key & (answers.answered[order][1:] == answers.answered[order][:-1])
    if tied.any():
        rank = pd.Series(ids.to_numpy(object)[answers.row]).rank(method="first").to_numpy()
        order = np.lexsort((rank, answers.answered, key))
    last = np.append(~same_key, True) if len(order) else np.empty(0, bool)
    newest = answers.only(order[last])
    return newest.only(np.lexsort((newest.level, newest.score, newest.answered, newest.account)))


def sentiment(
    world: World, relationship: Answers | None, transactional: Answers | None
) -> pd.DataFrame:
    """NPS columns of the account frame: counts, score and interval, in total and by level."""
    if relationship is None or transactional is None:
        counts = np.full((3, len(ALL_LEVELS), world.n), np.nan)
        beside = np.full((3, world.n), np.nan)
    else:
        counts = np.stack([by_class(world, relationship, code) for code in range(len(ALL_LEVELS))])
        counts = counts.swapaxes(0, 1)
        beside = by_class(world, transactional)
    result = {}
    for name, count in zip(("promoters", "passives", "detractors"), counts, strict=True):
        result[name] = count.sum(axis=0)
        result |= {f"{name}_{level}": count[i] for i, level in enumerate(ALL_LEVELS)}
    total = counts.sum(axis=1)
    result["nps"] = nps(*total)
    result["nps_low"], result["nps_high"] = nps_interval(*total)
    levels = np.stack([nps(*counts[:, i]) for i in range(len(ALL_LEVELS))])
    result |= {f"nps_{level}": levels[i] for i, level in enumerate(ALL_LEVELS)}
    heard = levels[: len(LEVELS)]
    spread = np.where(np.isnan(heard), -np.inf, heard).max(axis=0)
    spread = spread - np.where(np.isnan(heard), np.inf, heard).min(axis=0)
    result["levels_differ"] = spread >= world.model.sentiment.level_gap
    result["transactional_nps"] = nps(*beside)
    result["transactional_n"] = beside.sum(axis=0)
    result["transactional_detractors"] = beside[2]
    return pd.DataFrame(result)


def by_class(world: World, answers: Answers, level: int | None = None) -> Floats:
    """Promoters, passives and detractors per account, shape (3, n); of one level if given."""
    here = np.ones(len(answers.row), bool) if level is None else answers.level == level
    promoter, detractor = answers.score >= PROMOTER_FROM, answers.score < PASSIVE_FROM
    classes = (promoter, ~promoter & ~detractor, detractor)
    return np.stack([world.count(answers.account, here & chosen) for chosen in classes])


def satisfaction(world: World, answers: Answers | None) -> pd.DataFrame:
    """CSAT and CES columns: share of satisfied answers, mean ease on 1..7, intervals, counts.

    An answer is satisfied from three quarters of its scale on: 4 and 5 of 1..5. CES on another
    scale is stretched to 1..7.
    """
    frame = world.frames.responses
    if answers is None or frame is None:
        names = ("csat", "csat_low", "csat_high", "csat_n", "ces", "ces_low", "ces_high", "ces_n")
        return pd.DataFrame({name: world.unknown() for name in names})
    recent = world.within(answers.answered, world.model.windows.sentiment_days)
    recent &= ~np.isnan(answers.score)
    low, high = (bound[answers.row] for bound in scale(frame))
    position = (answers.score - low) / (high - low)
    csat = recent & is_choice(frame["metric"], "csat")[answers.row]
    ces = recent & is_choice(frame["metric"], "ces")[answers.row]
    n = world.count(answers.account, csat)
    satisfied = world.count(answers.account, csat & (position >= 0.75))
    result = {"csat": _divide(satisfied, n)}
    result["csat_low"], result["csat_high"] = wilson_interval(satisfied, n)
    result["csat_n"] = n
    n = world.count(answers.account, ces)
    ease = 1 + 6 * position
    mean = _divide(world.total(answers.account, ease, ces), n)
    spare = ease - take_float(mean, answers.account)
    variance = _divide(world.total(answers.account, spare**2, ces), n - 1)
    half = Z95 * np.sqrt(_divide(variance, n))
    result |= {"ces": mean, "ces_low": np.maximum(mean - half, 1)}
    result |= {"ces_high": np.minimum(mean + half, 7), "ces_n": n}
    return pd.DataFrame(result)


def weighted_score(world: World, relationship: Answers) -> Floats:
    """Mean answer 0..10 per account, recent and influential ones weighing more; NaN without.

    Weight: influence of the respondent's level times 0.5 ^ (age / half-life).
    """
    policy = world.model.sentiment
    influence = np.array([policy.influence[level] for level in ALL_LEVELS])[relationship.level]
    weight = influence * 0.5 ** (world.age(relationship.answered) / policy.half_life_days)
    total = world.total(relationship.account, weight)
    return _divide(world.total(relationship.account, weight * relationship.score), total)


def take_float(values: Floats, positions: Ints) -> Floats:
    """values[positions], NaN where the position is -1."""
    found: Floats = np.where(positions >= 0, values[np.maximum(positions, 0)], np.nan)
    return found


def _divide(part: Floats, whole: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient: Floats = np.where(whole > 0, part / whole, np.nan)
    return quotient
