"""A portfolio: the canonical rows of one pretend company's customers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any

from sandbox import answers, deals, people, touchpoints
from sandbox.profiles import Population, Profile

Rows = Callable[[], Iterator[dict[str, Any]]]

_KEPT_ACCOUNTS = 10_000


@dataclass(frozen=True)
class Portfolio:
    """Canonical tables, each a function that gives a fresh iterator over its rows.

    Values are str, int, float, Decimal, bool, date, datetime (aware, UTC, whole seconds) or
    None; every row has every column of its table in `COLUMNS`; unknown stays None. A row
    refers only to records that the portfolio holds, though perhaps to later ones.
    problems says, a sentence each, what of the source could not be loaded.
    """

    tables: Mapping[str, Rows]
    as_of: datetime
    currency: str
    problems: tuple[str, ...] = ()

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """The rows of `table`; none when the portfolio lacks it."""
        return self.tables[table]() if table in self.tables else iter(())


COLUMNS: dict[str, tuple[str, ...]] = {
    "users": ("user_id", "name", "email", "manager_id", "is_active", "time_zone"),
    "accounts": (
        "account_id", "name", "parent_id", "owner_id", "domain", "segment", "industry", "country",
        "currency", "annual_value", "is_customer", "customer_since", "renewal_date", "churned_at",
        "churn_reason",
    ),
    "contacts": (
        "contact_id", "account_id", "name", "email", "title", "role", "level", "is_active",
        "left_at", "bounced_at", "opted_out",
    ),
    "opportunities": (
        "opportunity_id", "account_id", "owner_id", "name", "type", "stage", "amount", "currency",
        "probability", "is_closed", "is_won", "created_at", "close_date", "product", "loss_reason",
    ),
    "products": ("line_id", "opportunity_id", "product", "family", "quantity", "amount"),
    "contact_roles": ("role_id", "contact_id", "account_id", "opportunity_id", "role"),
    "cases": (
        "case_id", "account_id", "contact_id", "priority", "opened_at", "closed_at", "escalated",
    ),
    "activities": (
        "activity_id", "account_id", "contact_id", "kind", "direction", "occurred_at", "count",
    ),
    "team_members": ("member_id", "account_id", "user_id", "role"),
    "responses": (
        "response_id", "account_id", "contact_id", "survey_type", "metric", "score", "scale_min",
        "scale_max", "comment", "drivers", "answered_at", "campaign",
    ),
    "invitations": ("invitation_id", "account_id", "contact_id", "campaign", "sent_at"),
}  # fmt: skip


def generate(accounts: int, seed: int, now: datetime) -> Portfolio:
    """A plausible B2B portfolio with two years of history, the same for the same arguments.

    accounts  how many; never fewer than the book's six, which are the first of them
    now       the instant to count back from (aware); cut to whole seconds
    Rows are made while they are read, account by account, so memory does not grow with the size;
    up to ten thousand accounts are made once and kept.
    """
    population = Population(accounts, seed, now.astimezone(UTC).replace(microsecond=0))

    @lru_cache(maxsize=_KEPT_ACCOUNTS)
    def dossier(index: int) -> _Dossier:
        return _Dossier(population, index)

    def per_account(rows: Callable[[_Dossier], Iterable[dict[str, Any]]]) -> Rows:
        def iterate() -> Iterator[dict[str, Any]]:
            for index in range(population.accounts):
                for row in rows(dossier(index)):
                    yield dict(row)  # a copy, for the kept one must stay as it is

        return iterate

    return Portfolio(
        tables={
            "users": lambda: people.users(population),
            "accounts": per_account(lambda one: (_account(one.profile),)),
            "contacts": per_account(lambda one: one.contacts),
            "opportunities": per_account(lambda one: one.deals),
            "products": per_account(lambda one: deals.products(population, one.profile, one.deals)),
            "contact_roles": per_account(
                lambda one: people.contact_roles(population, one.profile, one.contacts, one.deals)
            ),
            "cases": per_account(lambda one: one.cases),
            "activities": per_account(lambda one: touchpoints.activities(population, one.profile)),
            "team_members": per_account(lambda one: people.team_members(population, one.profile)),
            "responses": per_account(
                lambda one: answers.responses(population, one.profile, one.asked)
            ),
            "invitations": per_account(
                lambda one: answers.invitations(population, one.profile, one.asked)
            ),
        },
        as_of=population.as_of,
        currency="USD",
    )


class _Dossier:
    """What several tables need to know of one account, made when first asked for."""

    def __init__(self, population: Population, index: int) -> None:
        self._population = population
        self.profile = population.profile(index)

    @cached_property
    def contacts(self) -> list[dict[str, Any]]:
        return list(people.contacts(self._population, self.profile))

    @cached_property
    def deals(self) -> list[dict[str, Any]]:
        return list(deals.opportunities(self._population, self.profile))

    @cached_property
    def cases(self) -> list[dict[str, Any]]:
        return list(touchpoints.cases(self._population, self.profile))

    @cached_property
    def asked(self) -> list[answers.Asked]:
        return list(answers.asked(self._population, self.profile, self.contacts, self.cases))


def _account(profile: Profile) -> dict[str, Any]:
    return {
        "account_id": profile.account_id,
        "name": profile.name,
        "parent_id": profile.parent_id,
        "owner_id": profile.owner_id,
        "domain": profile.domain,
        "segment": profile.segment,
        "industry": profile.industry,
        "country": profile.country,
        "currency": "USD",
        "annual_value": profile.annual_value,
        "is_customer": profile.state == "customer",
        "customer_since": profile.customer_since,
        "renewal_date": profile.renewal_date,
        "churned_at": profile.churned_at,
        "churn_reason": profile.churn_reason,
    }
