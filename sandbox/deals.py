"""Seeded business: new contracts, renewals, growth, losses, and the products sold."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from sandbox import book
from sandbox.names import CHURN_REASONS, PRODUCTS, STAGES
from sandbox.profiles import Population, Profile

Row = dict[str, Any]

_HISTORY_DAYS = 730
_OPEN_STAGES = tuple(STAGES)
_WORDS = {"new": "New business", "renewal": "Renewal", "upsell": "Upsell", "cross_sell": "Add-on"}


def opportunities(population: Population, profile: Profile) -> Iterator[Row]:
    """Two years of one account's opportunities, about two for the average account."""
    if profile.index < len(book.ACCOUNTS):
        yield from _book_opportunities(population, profile)
        return
    dice = population.dice(profile.index, 5)
    roll = dice.random
    today, size = population.today, profile.annual_value or 20_000.0
    number = 0

    def deal(kind: str, stage: str, amount: float, closes: date, lead: int, **more: Any) -> Row:
        nonlocal number
        number += 1
        shown = None if roll() < 0.02 else float(round(amount))
        begun = min(closes, today) - timedelta(days=lead)
        return _deal(population, profile, number, kind, stage, shown, begun, closes) | more

    since, renewal = profile.customer_since, profile.renewal_date
    if since and (today - since).days < _HISTORY_DAYS:
        yield deal("new", "Closed Won", size * (0.7 + roll() * 0.3), since, 90)
    for years_back in (2, 1):  # each anniversary so far, unless nobody noted it
        day = _anniversary(profile, years_back, today)
        if day and roll() < 0.75:
            yield deal("renewal", "Closed Won", size * (0.8 + roll() * 0.3), day, 80)
    if profile.churned_at and roll() < 0.85:
        reason = profile.churn_reason or CHURN_REASONS[int(roll() * len(CHURN_REASONS))]
        day = profile.churned_at
        yield deal("renewal", "Closed Lost", size, day, 90, loss_reason=reason)
    if profile.state == "customer" and renewal and (renewal - today).days < 180:
        lead = min(90, 185 - (renewal - today).days)
        rank = profile.happiness * len(_OPEN_STAGES) + 3 * roll() - 1.5
        stage = _OPEN_STAGES[max(0, min(len(_OPEN_STAGES) - 1, int(rank)))]
        yield deal("renewal", stage, size * (0.9 + roll() * 0.25), renewal, lead)
    if profile.state == "customer" and roll() < 0.33:
        kind = "upsell" if roll() < 0.6 else "cross_sell"
        if roll() < 0.5:
            stage, day = _OPEN_STAGES[int(roll() * 4)], today + timedelta(days=int(roll() * 120))
        else:
            stage = "Closed Won" if roll() < 0.4 + profile.happiness / 2 else "Closed Lost"
            day = max(today - timedelta(days=1 + int(roll() * 700)), since or date.min)
        yield deal(kind, stage, size * (0.05 + roll() * 0.3), day, 45)
    if profile.state == "prospect":
        stage, day = _OPEN_STAGES[int(roll() * 4)], today + timedelta(days=int(roll() * 150))
        if roll() < 0.35:
            stage, day = "Closed Lost", today - timedelta(days=1 + int(roll() * 600))
        yield deal("new", stage, size * (0.4 + roll() * 2), day, 60)


def products(population: Population, profile: Profile, deals: list[Row]) -> Iterator[Row]:
    """The lines of an account's opportunities; their amounts add up to the opportunity's."""
    dice = population.dice(profile.index, 6)
    number = 0
    for deal in deals:
        amount = deal["amount"]
        if dice.random() < 0.3 or amount is None:
            continue
        first = amount if dice.random() < 0.6 else float(round(amount * (0.5 + dice.random() / 4)))
        for part in (first, amount - first):
            if part <= 0:
                continue
            name, family = PRODUCTS[int(dice.random() * len(PRODUCTS))]
            number += 1
            yield {
                "line_id": f"L{profile.account_id[1:]}-{number:02}",
                "opportunity_id": deal["opportunity_id"],
                "product": name,
                "family": family,
                "quantity": float(1 + int(dice.random() * 20)),
                "amount": part,
            }


def _anniversary(profile: Profile, years_back: int, today: date) -> date | None:
    """The renewal that fell in the year `years_back` before the next one, if there was one."""
    since, end = profile.customer_since, profile.churned_at or today
    if since is None:
        return None
    day = since.replace(year=today.year - years_back + (1 if _passed(since, today) else 0))
    inside = (today - day).days < _HISTORY_DAYS and since < day < end
    return day if inside else None


def _passed(since: date, today: date) -> bool:
    return (since.month, since.day) < (today.month, today.day)


def _deal(
    population: Population,
    profile: Profile,
    number: int,
    kind: str,
    stage: str,
    amount: float | None,
    begun: date,
    closes: date,
) -> Row:
    won, closed = stage == "Closed Won", stage.startswith("Closed")
    return {
        "opportunity_id": f"O{profile.account_id[1:]}-{number:02}",
        "account_id": profile.account_id,
        "owner_id": profile.owner_id,
        "name": f"{profile.name} - {_WORDS[kind]} {closes.year}",
        "type": kind,
        "stage": stage,
        "amount": amount,
        "currency": "USD",
        "probability": (1.0 if won else 0.0) if closed else STAGES[stage],
        "is_closed": closed,
        "is_won": won,
        "created_at": datetime.combine(begun, time(9, 30), population.as_of.tzinfo),
        "close_date": closes,
        "product": None,
        "loss_reason": None,
    }


def _book_opportunities(population: Population, profile: Profile) -> Iterator[Row]:
    story = book.ACCOUNTS[profile.index]
    today = population.today
    for number, (kind, stage, share, created, closes) in enumerate(story.opportunities, 1):
        yield _deal(
            population,
            profile,
            number,
            kind,
            stage,
            float(round(share * story.annual_value)),
            today - timedelta(days=created),
            today + timedelta(days=closes),
        )
