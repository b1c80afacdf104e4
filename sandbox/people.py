"""Seeded people: the customers' contacts and their roles, our colleagues and account teams."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sandbox import book
from sandbox.names import FIRST_NAMES, LAST_NAMES, ROLES, TEAM_ROLES, TIME_ZONES, TITLES
from sandbox.profiles import Population, Profile, account_id, user_id

Row = dict[str, Any]

_LEVELS = ("decision_maker", "influencer", "user")
_TEAM_FROM = 250_000  # USD per year: smaller accounts have an owner only


def contact_id(profile: Profile, number: int) -> str:
    """The canonical id of an account's contact (`number` from 0)."""
    return f"C{profile.account_id[1:]}-{number + 1:02}"


def users(population: Population) -> Iterator[Row]:
    """Our colleagues: a tree of managers, seven to each; some have left."""
    for index in range(population.users):
        dice = population.dice(index, 1)
        first, last = _name(dice)
        yield {
            "user_id": user_id(index),
            "name": f"{first} {last}",
            "email": f"{first}.{last}.{index + 1}@vendor.example".lower(),
            "manager_id": user_id((index - 1) // 7) if index else None,
            "is_active": index < 8 or dice.random() >= 0.03,
            "time_zone": TIME_ZONES[int(dice.random() * len(TIME_ZONES))],
        }


def contacts(population: Population, profile: Profile) -> Iterator[Row]:
    """The people of one account; what is unknown about them is missing."""
    if profile.index < len(book.ACCOUNTS):
        yield from _book_contacts(population, profile)
        return
    dice = population.dice(profile.index, 2)
    roll = dice.random
    domain = profile.domain or f"mail-{profile.account_id.lower()}.example"
    twin = ".2" if profile.duplicate_of is not None else ""  # two accounts share the domain
    taken: set[str] = set()
    for number in range(profile.contacts):
        first, last = _name(dice)
        local = f"{first}.{last}{twin}".lower()
        local = f"{local}{number + 1}" if local in taken else local
        taken.add(local)
        true_level = _pick_level(roll())
        told = roll()  # where the level can be read: a field, the role, the title, nowhere
        titles = TITLES[true_level]
        left = int(roll() * 700) if roll() < 0.04 else None
        yield {
            "contact_id": contact_id(profile, number),
            "account_id": profile.account_id,
            "name": f"{first} {last}",
            "email": f"{local}@{domain}" if roll() < 0.97 else None,
            "title": titles[int(roll() * len(titles))] if told < 0.90 else None,
            "role": _pick_role(dice, true_level) if 0.65 <= told < 0.72 or told >= 0.96 else None,
            "level": true_level if told < 0.65 else None,
            "is_active": roll() >= 0.02,
            "left_at": population.today - timedelta(days=left) if left is not None else None,
            "bounced_at": population.days_ago(roll() * 400) if roll() < 0.02 else None,
            "opted_out": roll() < 0.03,
        }


def contact_roles(
    population: Population, profile: Profile, people: list[Row], deals: list[Row]
) -> Iterator[Row]:
    """Who plays which part: on an opportunity of the account, or in the account itself."""
    if not people:
        return
    dice = population.dice(profile.index, 3)
    number = 0
    for deal in [*deals, None]:
        if dice.random() >= (0.5 if deal else 0.3):
            continue
        person = people[int(dice.random() * len(people))]
        number += 1
        yield {
            "role_id": f"R{profile.account_id[1:]}-{number:02}",
            "contact_id": person["contact_id"],
            "account_id": profile.account_id,
            "opportunity_id": deal["opportunity_id"] if deal else None,
            "role": person["role"] or _pick_role(dice, person["level"] or _pick_level(0.5)),
        }


def team_members(population: Population, profile: Profile) -> Iterator[Row]:
    """Our people around a larger account, each in a role of their own."""
    dice = population.dice(profile.index, 4)
    if profile.index < len(book.ACCOUNTS):
        roles: tuple[str, ...] = book.ACCOUNTS[profile.index].team
    elif profile.state == "customer" and (profile.annual_value or 0) >= _TEAM_FROM:
        roles = tuple(role for role in TEAM_ROLES if dice.random() < 0.55)
    else:
        roles = ()
    for number, role in enumerate(roles, 1):
        yield {
            "member_id": f"M{profile.account_id[1:]}-{number}",
            "account_id": profile.account_id,
            "user_id": user_id(int(dice.random() * min(8, population.users))),
            "role": role,
        }


def _book_contacts(population: Population, profile: Profile) -> Iterator[Row]:
    story = book.ACCOUNTS[profile.index]
    left = dict(story.left)
    for number, (first, last, title, level) in enumerate(story.contacts):
        yield {
            "contact_id": contact_id(profile, number),
            "account_id": account_id(profile.index),
            "name": f"{first} {last}",
            "email": f"{first}.{last}@{story.domain}".lower(),
            "title": title,
            "role": None,
            "level": level,
            "is_active": True,
            "left_at": (
                population.today - timedelta(days=left[number]) if number in left else None
            ),
            "bounced_at": None,
            "opted_out": False,
        }


def _name(dice: random.Random) -> tuple[str, str]:
    first = FIRST_NAMES[int(dice.random() * len(FIRST_NAMES))]
    return first, LAST_NAMES[int(dice.random() * len(LAST_NAMES))]


def _pick_level(share: float) -> str:
    return _LEVELS[0] if share < 0.22 else _LEVELS[1] if share < 0.55 else _LEVELS[2]


def _pick_role(dice: random.Random, level: str) -> str:
    roles = ROLES[level]
    return roles[int(dice.random() * len(roles))]
