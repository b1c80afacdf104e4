"""The three stages: each account by itself, its place among the others, the portfolio.

    assessed = assess_accounts(frames, model, as_of=as_of, previous=previous)
    placed = place(assessed.accounts, assessed.owned, model)
    figures = portfolio(assessed.accounts, placed, assessed.drivers, model)

Stage 1 looks at one account at a time, so a subset of accounts gives the subset of results.
Stages 2 and 3 need one row per account of the whole portfolio, new or stored (`PLACE_COLUMNS`,
`PORTFOLIO_COLUMNS`). Columns, types and meanings: docs/insights.md, "The account frame".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from insights import alerts, evidence, growth, health, risk, value
from insights.caps import caps
from insights.contacts import Contacts, read_contacts
from insights.coverage import coverage, next_threshold, required_contacts
from insights.drivers import driver_shares
from insights.engagement import in_touch, respondents, traffic
from insights.evidence import Evidence, Renewal
from insights.frames import Frames, complete
from insights.loops import decision_maker_loops, open_loops
from insights.model import ALERTS, Model
from insights.sentiment import (
    Answers,
    dissatisfied,
    latest_nps,
    read_answers,
    satisfaction,
    sentiment,
)
from insights.world import Bools, Floats, Times, World, category

PLACE_COLUMNS = (
    "account_id",
    "segment",
    "annual_value",
    "is_customer",
    "band",
    "confidence",
    "nps",
    "detractors",
    "promoters_decision_maker",
    "promoters_influencer",
    "open_high_cases",
    "open_loops",
    "contact_coverage",
    "open_growth",
    "renewal_due",
    "renewal_committed",
    "referral_candidates",
    "review_candidates",
)
PORTFOLIO_COLUMNS = (
    "account_id",
    "annual_value",
    "is_customer",
    "required",
    "respondents",
    "responses",
    "invitations",
    "promoters",
    "passives",
    "detractors",
    "band",
    "revenue_at_risk",
    "expected_loss",
    "customer_at_start",
    "value_at_start",
    "won_current",
    "won_prior",
    "won_deals",
    "added_deals",
    *(f"alert_{kind}" for kind in ALERTS),
)


@dataclass(frozen=True)
class Assessed:
    """Stage 1 of a set of accounts.

    accounts    one row per account, in the order given; docs/insights.md lists the columns
    components  by component name, one row per account: raw, score, weight, availability,
                freshness, state, contribution
    drivers     account_id, tier1, tier2, mentions, promoters, detractors
    owned       account_id, product
    """

    as_of: datetime
    accounts: pd.DataFrame
    components: Mapping[str, pd.DataFrame]
    drivers: pd.DataFrame
    owned: pd.DataFrame


@dataclass(frozen=True)
class Placed:
    """Stage 2 of the whole portfolio.

    accounts    account_id, quadrant, upsell, why_not_<test>, upsell_size, cross_sell (the best
                product), referral, review; one row per account, in the order given
    cross_sell  account_id, product, share; every offer, best first
    """

    accounts: pd.DataFrame
    cross_sell: pd.DataFrame


def assess_accounts(
    frames: Frames, model: Model, *, as_of: datetime, previous: pd.DataFrame | None = None
) -> Assessed:
    """Everything that can be said of each account by itself.

    frames    records of these accounts, at least; those of others do no harm
    as_of     aware instant; nothing dated later counts
    previous  account_id, band, plain_band (of the last run), earlier_health (the score one trend
              window before as_of); None or missing rows: no hysteresis, no trend
    Raises    FramesError where a frame cannot be read
    """
    world = World(complete(frames), model, as_of)
    said = _hear(world)
    accounts = world.frames.accounts
    customer = value.customers(world)
    worth, source = value.annual_value(world)
    needed = required_contacts(np.where(customer, worth, 0.0), model.required_contacts)
    last_two_way, engaged = in_touch(world, said.contacts, said.answers)
    answered = respondents(world, said.contacts, said.answers)
    covered = coverage(world, said.contacts, needed, engaged, *answered)
    spend = value.yearly_spend(world)
    renewal = evidence.open_renewal(world)
    parts = _components(world, said, covered, spend, last_two_way, renewal)
    combined, parts = health.combine(parts)
    capped = health.cap(combined, caps(world, said.contacts, said.relationship), model)
    judged = health.bands_and_trend(
        accounts["account_id"],
        capped["health"].to_numpy(),
        capped["confidence"].to_numpy(),
        previous,
        model.bands,
    )
    scores = sentiment(world, said.relationship, said.transactional)
    loops = pd.DataFrame(
        {"open_loops": open_loops(world, scores, dissatisfied(world, said.answers))}
    )
    risks = {
        "band_at_risk": (judged["band"] == "at_risk").to_numpy(),
        "nps_below_zero": (scores["nps"] < 0).to_numpy(),
        "decision_maker_loop_open": decision_maker_loops(world, said.relationship),
    }
    leaving = risk.churn_probability(judged["band"], model)
    kept_value = value.retained_value(
        worth * model.value.gross_margin,
        1 - leaving,
        model.value.discount_rate,
        model.value.discounting,
    )
    silent = alerts.silent(world, said.answers, last_two_way)
    raised = alerts.coverage_alerts(covered) | {
        "contact_left": alerts.departures(world, said.contacts),
        "silent_account": silent,
    }
    team = alerts.team_gaps(world, worth)
    missing_roles = {} if team is None else team
    raised["team_role_missing"] = _any(missing_roles, world.n)
    identity = pd.DataFrame(
        {
            "account_id": accounts["account_id"],
            "parent_id": accounts["parent_id"],
            "segment": accounts["segment"],
            "is_customer": customer,
            "annual_value": worth,
            "value_source": category(source, value.VALUE_SOURCES),
            "next_threshold": next_threshold(
                np.where(customer, worth, np.nan), model.required_contacts
            ),
        }
    )
    money = pd.DataFrame(
        {
            **{f"risk_{name}": risks[name] & customer for name in risk.RISKS},
            "revenue_at_risk": risk.revenue_at_risk(worth, risks, customer),
            "churn_probability": leaving,
            "expected_loss": risk.expected_loss(worth, leaving, customer),
            "clv": np.where(customer, kept_value, np.nan),
        }
    )
    flags = pd.DataFrame(
        {
            **{f"alert_{kind}": raised[kind] & customer for kind in ALERTS},
            **{f"lacks_{role}": gap & customer for role, gap in missing_roles.items()},
        }
    )
    columns = [
        identity,
        covered,
        scores,
        satisfaction(world, said.answers),
        traffic(world, said.answers, last_two_way),
        capped,
        judged,
        money,
        flags,
        loops,
        growth.openings(world, said.contacts, said.relationship, renewal),
        _history(world, customer, worth, spend),
    ]
    return Assessed(
        as_of=world.as_of,
        accounts=pd.concat(columns, axis=1),
        components=parts,
        drivers=driver_shares(world, said.relationship),
        owned=growth.owned_products(world),
    )


def place(accounts: pd.DataFrame, owned: pd.DataFrame, model: Model) -> Placed:
    """What depends on the other accounts: quadrant, up-sell size, cross-sell; and who to ask.

    accounts  one row per account of the portfolio with PLACE_COLUMNS
    owned     account_id, product of the portfolio
    """
    customer = accounts["is_customer"].to_numpy(bool)
    worth = accounts["annual_value"]
    tests = growth.upsell_tests(accounts, model)
    offers = growth.cross_sell(accounts, owned, model)
    best = offers.drop_duplicates("account_id").set_index("account_id")["product"]
    askable = customer & ~(accounts["open_loops"] > 0).to_numpy()
    threshold = risk.value_threshold(worth[customer], model)
    nps = accounts["nps"].to_numpy()
    placed = pd.DataFrame(
        {
            "account_id": accounts["account_id"].to_numpy(),
            "quadrant": risk.quadrants(worth.to_numpy(), nps, customer, threshold),
            "upsell": ~_any(tests, len(accounts)),
            **{f"why_not_{name}": failed for name, failed in tests.items()},
            "upsell_size": growth.upsell_size(accounts).to_numpy(),
            "cross_sell": best.reindex(accounts["account_id"]).to_numpy(),
            "referral": askable & (accounts["referral_candidates"] > 0).to_numpy(),
            "review": askable
            & (accounts["review_candidates"] > 0).to_numpy()
            & ~(accounts["detractors"] > 0).to_numpy(),
        }
    )
    return Placed(placed, offers)


@dataclass(frozen=True)
class _Heard:
    """Contacts and answers of one world; None where the frame was not provided."""

    contacts: Contacts | None
    answers: Answers | None
    relationship: Answers | None
    transactional: Answers | None


def _hear(world: World) -> _Heard:
    contacts = read_contacts(world)
    answers = read_answers(world, contacts)
    return _Heard(
        contacts,
        answers,
        latest_nps(world, answers, "relationship"),
        latest_nps(world, answers, "transactional"),
    )


def _components(
    world: World,
    said: _Heard,
    covered: pd.DataFrame,
    spend: tuple[Floats, Floats],
    last_two_way: Times | None,
    renewal: Renewal,
) -> dict[str, pd.DataFrame]:
    model = world.model
    component = model.components
    required = covered["required"].to_numpy()
    found: dict[str, Evidence] = {
        "sentiment": evidence.said(world, said.answers, said.relationship, component["sentiment"]),
        "coverage": evidence.known(covered["coverage"].to_numpy(), required, component["coverage"]),
        "engagement": evidence.engaged(world, last_two_way, component["engagement"]),
        "usage": evidence.used(world, component["usage"]),
        "spend": evidence.spent(*spend, component["spend"]),
        "support": evidence.supported(world, component["support"]),
        "commitment": evidence.committed(world, renewal, component["commitment"]),
    }
    return {name: health.weigh(part, component[name], model.bands) for name, part in found.items()}


def _history(
    world: World, customer: Bools, worth: Floats, spend: tuple[Floats, Floats]
) -> pd.DataFrame:
    """What retention over the last year and the growth rate are worked out from."""
    current, prior = spend
    won, added = growth.won_deals(world)
    return pd.DataFrame(
        {
            "customer_at_start": value.customers_before(world, customer),
            "value_at_start": value.value_before(world, worth, prior),
            "won_current": current,
            "won_prior": prior,
            "won_deals": won,
            "added_deals": added,
        }
    )


def _any(flags: Mapping[str, Bools], n: int) -> Bools:
    """True where any of the flags is; False everywhere without flags."""
    together = np.zeros(n, bool)
    for flag in flags.values():
        together |= flag
    return together
