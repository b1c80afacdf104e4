"""Seeded day-to-day contact: support cases, meetings, visits, calls and e-mails."""

from collections.abc import Iterator
from typing import Any

from sandbox import book
from sandbox.people import contact_id
from sandbox.profiles import Population, Profile

Row = dict[str, Any]

_PRIORITIES = (("low", 0.25), ("normal", 0.75), ("high", 0.95), ("critical", 1.0))  # up to here
_KINDS = (("email", 0.4), ("call", 0.7), ("meeting", 0.95), ("visit", 1.0))
_HISTORY_DAYS = 730
_SILENCE_DAYS = 160


def cases(population: Population, profile: Profile) -> Iterator[Row]:
    """Support cases of one account; unhappy customers have more, and more of them open."""
    if profile.index < len(book.ACCOUNTS):
        for number, told in enumerate(book.ACCOUNTS[profile.index].cases):
            yield _case(population, profile, number, *told)
        return
    dice = population.dice(profile.index, 7)
    roll = dice.random
    if profile.state == "prospect" or not profile.contacts:
        return
    for number in range(int(roll() * (4.2 - 3 * profile.happiness))):
        opened = 0.5 + roll() * (_HISTORY_DAYS - 1)
        lasted = 0.05 + dice.expovariate(1 / (4 + 20 * (1 - profile.happiness)))
        forgotten = roll() < 0.05
        closed = None if lasted > opened or forgotten else opened - lasted
        priority = _weighted(_PRIORITIES, roll())
        escalated = priority in ("high", "critical") and roll() < 0.3
        person = int(roll() * profile.contacts) if roll() < 0.95 else None
        yield _case(population, profile, number, person, priority, opened, closed, escalated)


def activities(population: Population, profile: Profile) -> Iterator[Row]:
    """What our people did with the account, as the CRM logs it; the more attention, the more."""
    if profile.index < len(book.ACCOUNTS):
        for number, noted in enumerate(book.ACCOUNTS[profile.index].activities):
            yield _activity(population, profile, number, *noted)
        return
    dice = population.dice(profile.index, 8)
    roll = dice.random
    count = int((1 + 10 * profile.attention) * (0.6 + roll() * 0.8))
    oldest, newest = _HISTORY_DAYS, _SILENCE_DAYS if profile.silent else 0.1
    if profile.state == "former":
        newest = 60.0
    for number in range(count):
        days = newest + (oldest - newest) * roll() ** (1 + 2.5 * profile.attention)
        kind = _weighted(_KINDS, roll())
        direction = _direction(kind, roll(), profile)
        person = int(roll() * profile.contacts) if profile.contacts and roll() < 0.9 else None
        yield _activity(population, profile, number, person, kind, direction, days)


def _direction(kind: str, share: float, profile: Profile) -> str:
    if kind in ("meeting", "visit"):
        return "two_way"
    if profile.silent:
        return "outbound"
    if kind == "call":
        return "two_way" if share < 0.6 else "outbound" if share < 0.85 else "inbound"
    return "two_way" if share < 0.2 else "outbound" if share < 0.7 else "inbound"


def _case(
    population: Population,
    profile: Profile,
    number: int,
    person: int | None,
    priority: str,
    opened: float,
    closed: float | None,
    escalated: bool,
) -> Row:
    return {
        "case_id": f"K{profile.account_id[1:]}-{number + 1:02}",
        "account_id": profile.account_id,
        "contact_id": contact_id(profile, person) if person is not None else None,
        "priority": priority,
        "opened_at": population.days_ago(opened),
        "closed_at": population.days_ago(closed) if closed is not None else None,
        "escalated": escalated,
    }


def _activity(
    population: Population,
    profile: Profile,
    number: int,
    person: int | None,
    kind: str,
    direction: str,
    days: float,
) -> Row:
    return {
        "activity_id": f"E{profile.account_id[1:]}-{number + 1:02}",
        "account_id": profile.account_id,
        "contact_id": contact_id(profile, person) if person is not None else None,
        "kind": kind,
        "direction": direction,
        "occurred_at": population.days_ago(days),
        "count": None,
    }


def _weighted(choices: tuple[tuple[str, float], ...], share: float) -> str:
    return next(name for name, up_to in choices if share < up_to)
