"""Who each seeded account is: everything the other tables of its portfolio follow from."""

import math
import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox import book
from sandbox.names import CHURN_REASONS, COUNTRIES, ENDINGS, INDUSTRIES, LEGAL_FORMS, SECTORS, STEMS

_NAMES = len(STEMS) * len(ENDINGS) * len(SECTORS)
_STEP = 611_953  # prime, so that stepping through the names meets each of them once
_SEGMENTS = (  # name, share of accounts up to here, median annual value [USD], its log's sigma
    ("Enterprise", 0.15, 900_000, 0.9),
    ("Mid-Market", 0.50, 120_000, 0.8),
    ("Small Business", 1.00, 12_000, 0.9),
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One account: its own fields and the temper that shapes its contacts, answers and deals.

    state is customer, prospect or former; annual_value is in USD per year; happiness and
    attention run from 0 to 1; a silent account neither answers nor talks to us.
    """

    index: int
    account_id: str
    name: str
    domain: str | None
    segment: str | None
    industry: str | None
    country: str
    owner_id: str
    parent_id: str | None
    duplicate_of: int | None
    state: str
    annual_value: float | None
    customer_since: date | None
    renewal_date: date | None
    churned_at: date | None
    churn_reason: str | None
    contacts: int
    happiness: float
    attention: float
    silent: bool


class Population:
    """The accounts of one seed: each is made from (seed, index) alone, so any can be made first.

    accounts  how many; the book's six are the first of them and always there
    as_of     the instant all dates are counted from, UTC, whole seconds
    """

    def __init__(self, accounts: int, seed: int, as_of: datetime) -> None:
        self.accounts = max(accounts, len(book.ACCOUNTS))
        self.seed = seed
        self.as_of = as_of
        self.today = as_of.date()
        self.users = min(2_000, max(8, self.accounts // 60))

    def dice(self, index: int, stream: int) -> random.Random:
        """Random numbers of one account for one purpose (`stream`, 0..15)."""
        return random.Random(((self.seed * 16 + stream) << 40) + index)

    def days_ago(self, days: float) -> datetime:
        """The instant that many days before `as_of`, whole seconds."""
        return self.as_of - timedelta(seconds=round(days * 86_400))

    def profile(self, index: int) -> Profile:
        """The account at `index` (from 0)."""
        if index < len(book.ACCOUNTS):
            return self._book_profile(index)
        dice = self.dice(index, 0)
        roll = dice.random
        original = self._earlier(index, roll(), 3) if roll() < 0.01 else None
        segment, value = _segment_and_value(dice)
        state = _pick_state(roll())
        country = COUNTRIES[int(roll() * len(COUNTRIES))]
        since, renewal, churned = self._dates(dice, state)
        parent = self._earlier(index, roll(), 40) if roll() < 0.12 else None
        silent = state == "customer" and roll() < 0.08
        name, domain = _company(self.seed, index if original is None else original)
        forms = LEGAL_FORMS[country]
        legal_form = f" {forms[int(roll() * len(forms))]}" if roll() < 0.6 else ""
        return Profile(
            index=index,
            account_id=account_id(index),
            name=name.upper() if original is not None else name + legal_form,
            domain=domain if roll() < 0.97 else None,
            segment=segment if roll() < 0.97 else None,
            industry=INDUSTRIES[int(roll() * len(INDUSTRIES))] if roll() < 0.95 else None,
            country=country,
            owner_id=user_id(int(roll() * self.users)),
            parent_id=account_id(parent) if parent is not None else None,
            duplicate_of=original,
            state=state,
            annual_value=None if state == "prospect" or roll() < 0.02 else value,
            customer_since=since,
            renewal_date=renewal if roll() < 0.95 else None,
            churned_at=churned,
            churn_reason=(
                CHURN_REASONS[int(roll() * len(CHURN_REASONS))]
                if churned and roll() < 0.8
                else None
            ),
            contacts=_contact_count(dice, state, value),
            happiness=dice.betavariate(1.6, 4) if state == "former" else dice.betavariate(5, 2.4),
            attention=0.0 if silent else roll(),
            silent=silent,
        )

    def _book_profile(self, index: int) -> Profile:
        story = book.ACCOUNTS[index]
        since = _no_leap_day(self.today - timedelta(days=story.customer_days))
        return Profile(
            index=index,
            account_id=account_id(index),
            name=story.name,
            domain=story.domain,
            segment="Enterprise",
            industry=story.industry,
            country=story.country,
            owner_id=user_id(index % 3 + 1),
            parent_id=None,
            duplicate_of=None,
            state="customer",
            annual_value=float(story.annual_value),
            customer_since=since,
            renewal_date=self.today + timedelta(days=story.renewal_in_days),
            churned_at=None,
            churn_reason=None,
            contacts=len(story.contacts),
            happiness=0.5,
            attention=0.5,
            silent=False,
        )

    def _earlier(self, index: int, share: float, reach: int) -> int | None:
        """One of the `reach` accounts before `index`; none of the book's, which stay as told."""
        found = index - 1 - int(share * reach)
        return found if found >= len(book.ACCOUNTS) else None

    def _dates(
        self, dice: random.Random, state: str
    ) -> tuple[date | None, date | None, date | None]:
        """Customer since, next renewal, churned on."""
        if state == "prospect":
            return None, None, None
        churned = self.today - timedelta(days=1 + int(dice.random() * 729))
        end = churned if state == "former" else self.today
        since = _no_leap_day(end - timedelta(days=30 + int(dice.random() * 2_900)))
        if state == "former":
            return since, None, churned
        renewal = since.replace(year=self.today.year)
        if renewal < self.today:
            renewal = renewal.replace(year=renewal.year + 1)
        return since, renewal, None


def account_id(index: int) -> str:
    """The canonical id of the account at `index` (from 0)."""
    return f"A{index + 1:07}"


def user_id(index: int) -> str:
    """The canonical id of our colleague at `index` (from 0)."""
    return f"U{index + 1:05}"


def _company(seed: int, index: int) -> tuple[str, str]:
    """Name without legal form, and domain; no two alike among the first 1,105,920."""
    lap, place = divmod(index, _NAMES)
    place = (place * _STEP + seed * 7_919) % _NAMES
    place, sector = divmod(place, len(SECTORS))
    stem, ending = divmod(place, len(ENDINGS))
    word = STEMS[stem] + ENDINGS[ending]
    number = f" {lap + 1}" if lap else ""
    name = f"{word} {SECTORS[sector]}{number}"
    return name, f"{name.replace(' ', '-').lower()}.example"


def _segment_and_value(dice: random.Random) -> tuple[str, float]:
    share = dice.random()
    name, _, median, sigma = next(row for row in _SEGMENTS if share < row[1])
    value = min(20_000_000.0, dice.lognormvariate(math.log(median), sigma))
    return name, float(max(500, round(value)))


def _pick_state(share: float) -> str:
    if share < 0.78:
        return "customer"
    return "prospect" if share < 0.92 else "former"


def _contact_count(dice: random.Random, state: str, value: float) -> int:
    if dice.random() < 0.02:
        return 0
    if state == "prospect":
        return 1 + int(dice.random() * 4)
    expected = max(1.0, 3 * math.log10(value / 1000))
    return max(1, round(expected * (0.45 + dice.random() * 1.25)))


def _no_leap_day(day: date) -> date:
    return day.replace(day=28) if (day.month, day.day) == (2, 29) else day
