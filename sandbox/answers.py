"""Seeded feedback: who was asked in each campaign, and what they answered."""

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from sandbox import book
from sandbox.names import COMMENTS, DRIVERS
from sandbox.profiles import Population, Profile

Row = dict[str, Any]

_WAVES = (("Relationship 1", 610), ("Relationship 2", 430), ("Relationship 3", 250))
_LATEST = ("Relationship 4", 70)  # name, days before as_of
_LEVEL_MOOD = {"decision_maker": -0.3, "influencer": 0.0, "user": 0.3}


class Asked(NamedTuple):
    """One person asked once; score and the rest are missing when no answer came."""

    contact_id: str
    campaign: str
    survey_type: str
    metric: str
    sent_days: float
    answered_days: float | None = None
    score: int | None = None
    comment: str | None = None
    drivers: str | None = None


_SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}


def invitations(population: Population, profile: Profile, requests: list[Asked]) -> Iterator[Row]:
    """Every request for an answer that one account's people got."""
    for number, request in enumerate(requests, 1):
        yield {
            "invitation_id": f"I{profile.account_id[1:]}-{number:03}",
            "account_id": profile.account_id,
            "contact_id": request.contact_id,
            "campaign": request.campaign,
            "sent_at": population.days_ago(request.sent_days),
        }


def responses(population: Population, profile: Profile, requests: list[Asked]) -> Iterator[Row]:
    """The answers of one account's people, oldest campaign first."""
    answered = (request for request in requests if request.answered_days is not None)
    for number, answer in enumerate(answered, 1):
        low, high = _SCALES[answer.metric]
        yield {
            "response_id": f"S{profile.account_id[1:]}-{number:03}",
            "account_id": profile.account_id,
            "contact_id": answer.contact_id,
            "survey_type": answer.survey_type,
            "metric": answer.metric,
            "score": answer.score,
            "scale_min": low,
            "scale_max": high,
            "comment": answer.comment,
            "drivers": answer.drivers,
            "answered_at": population.days_ago(answer.answered_days or 0),
            "campaign": answer.campaign,
        }


def asked(
    population: Population, profile: Profile, contacts: list[Row], cases: list[Row]
) -> Iterator[Asked]:
    """Whom the campaigns and the closed cases of two years asked, and who answered what."""
    if profile.index < len(book.ACCOUNTS):
        yield from _book_asked(profile, contacts)
        return
    if profile.state == "prospect":
        return
    dice = population.dice(profile.index, 9)
    people = [
        row
        for row in contacts
        if row["email"] and row["is_active"] and not row["opted_out"] and not row["bounced_at"]
    ]
    ended = (population.today - profile.churned_at).days if profile.churned_at else 0
    willing = 0.0 if profile.silent else 0.15 + 0.5 * profile.attention
    for campaign, days in (*_WAVES, _LATEST):
        if days < ended:
            continue
        for person in people:
            gone = person["left_at"]
            if gone and (population.today - gone).days > days:
                continue
            sent = days + dice.random() * 3
            if dice.random() < 0.6:  # a campaign asks part of the people
                yield _reply(dice, profile, person, campaign, sent, willing)
    reachable = {person["contact_id"] for person in people}
    for case in cases:
        if case["closed_at"] is not None and case["contact_id"] in reachable:
            days = (population.as_of - case["closed_at"]).total_seconds() / 86_400
            yield _after_case(dice, profile, case, days)


def _reply(
    dice: random.Random, profile: Profile, person: Row, campaign: str, sent: float, willing: float
) -> Asked:
    request = Asked(person["contact_id"], campaign, "relationship", "nps", sent)
    if dice.random() >= willing:
        return request
    mood = 3.2 + 7 * profile.happiness + _LEVEL_MOOD.get(person["level"], 0.0)
    score = max(0, min(10, round(dice.gauss(mood, 1.4))))
    return request._replace(
        answered_days=max(0.1, sent - dice.expovariate(1 / 3)),
        score=score,
        comment=_pick_comment(dice, score) if dice.random() < 0.45 else None,
        drivers=_pick_drivers(dice),
    )


def _after_case(dice: random.Random, profile: Profile, case: Row, days: float) -> Asked:
    """Asked for satisfaction or effort when the case was closed, `days` before as_of."""
    metric = "csat" if dice.random() < 0.65 else "ces"
    request = Asked(case["contact_id"], "After support", "transactional", metric, days)
    if dice.random() >= 0.4 or profile.silent or days <= 1:
        return request
    low, high = _SCALES[metric]
    ideal = low + (high - low) * (0.25 + 0.75 * profile.happiness)
    score = max(low, min(high, round(dice.gauss(ideal, 0.9))))
    return request._replace(answered_days=days - 0.9, score=score)


def _book_asked(profile: Profile, contacts: list[Row]) -> Iterator[Asked]:
    story = book.ACCOUNTS[profile.index]
    people = [row["contact_id"] for row in contacts]
    answered: set[int] = set()
    for person, days, score, comment, drivers in story.answers:
        campaign, sent = _LATEST if days < 150 else _WAVES[-1]
        if days < 150:
            answered.add(person)
        yield Asked(
            people[person],
            campaign,
            "relationship",
            "nps",
            max(sent, days + 1),
            days,
            score,
            comment,
            drivers,
        )
    for person in story.invited:
        if person not in answered:
            yield Asked(people[person], _LATEST[0], "relationship", "nps", _LATEST[1])


def _pick_comment(dice: random.Random, score: int) -> str:
    band = "promoter" if score >= 9 else "passive" if score >= 7 else "detractor"
    return COMMENTS[band][int(dice.random() * len(COMMENTS[band]))]


def _pick_drivers(dice: random.Random) -> str | None:
    if dice.random() < 0.3:
        return None
    picked = []
    for _ in range(1 if dice.random() < 0.75 else 2):
        tier1, tiers2 = DRIVERS[int(dice.random() * len(DRIVERS))]
        tier2 = tiers2[int(dice.random() * len(tiers2))]
        picked.append(f"{tier1}>{tier2}" if dice.random() < 0.8 else tier1)
    return ";".join(dict.fromkeys(picked))
