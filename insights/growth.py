"""Where to sell more and whom to ask for a favour.

Source: opportunities, products, and the account frame. Rule: docs/insights.md, "Growth".
"""

import numpy as np
import pandas as pd

from insights.contacts import Contacts
from insights.evidence import Renewal, open_cases, open_deals
from insights.model import Model
from insights.sentiment import PASSIVE_FROM, PROMOTER_FROM, Answers
from insights.world import NOWHERE, Bools, Floats, World, holds, is_choice, span, times

WHY_NOT = (
    "not_customer",
    "band_not_healthy",
    "confidence_low",
    "nps_not_positive",
    "no_promoter",
    "detractor",
    "high_priority_case",
    "open_loop",
    "contact_coverage_low",
    "open_growth_opportunity",
    "renewal_near",
)


def upsell_tests(accounts: pd.DataFrame, model: Model) -> dict[str, Bools]:
    """By reason in WHY_NOT: True where it stands against an up-sell.

    accounts  columns of the account frame. What must be good (band, confidence, NPS, promoter,
              coverage) fails where it is unknown; what must be absent passes.
    """
    policy = model.growth
    champions = accounts["promoters_decision_maker"] + accounts["promoters_influencer"]
    near = accounts["renewal_due"] & ~accounts["renewal_committed"]
    failed = {
        "not_customer": ~accounts["is_customer"],
        "band_not_healthy": accounts["band"] != "healthy",
        "confidence_low": accounts["confidence"] < policy.min_confidence,
        "nps_not_positive": ~(accounts["nps"] > 0),
        "no_promoter": ~(champions > 0),
        "detractor": accounts["detractors"] > 0,
        "high_priority_case": accounts["open_high_cases"] > 0,
        "open_loop": accounts["open_loops"] > 0,
        "contact_coverage_low": ~(accounts["contact_coverage"] >= policy.min_contact_coverage),
        "open_growth_opportunity": accounts["open_growth"] > 0,
        "renewal_near": near,
    }
    return {name: failed[name].to_numpy(bool) for name in WHY_NOT}


def upsell_size(accounts: pd.DataFrame) -> pd.Series:
    """Median annual value of the customers in an account's segment minus its own, floor 0.

    [corporate currency per year]; missing where the segment or the own value is.
    """
    value = accounts["annual_value"].where(accounts["is_customer"])
    median = value.groupby(accounts["segment"]).transform("median")
    return (median - accounts["annual_value"]).clip(lower=0)


def owned_products(world: World) -> pd.DataFrame:
    """Products each account has won up to as_of.

    Returns  account_id, product; one row per pair. Source: the opportunity's own product and its
             product lines
    """
    deals = world.frames.opportunities
    if deals is None:
        return pd.DataFrame({"account_id": [], "product": []}, dtype="str")
    at = world.whose("opportunities").account
    won = holds(deals["is_won"]) & (times(deals["close_date"]) <= world.now) & (at != NOWHERE)
    account, product = [at[won]], [deals["product"].to_numpy(object)[won]]
    lines = world.frames.products
    if lines is not None:
        bought = pd.Series(at[won], index=deals["opportunity_id"].to_numpy(object)[won])
        buyer = bought.reindex(lines["opportunity_id"].to_numpy(object)).fillna(NOWHERE)
        account.append(buyer.to_numpy(np.int64))
        product.append(lines["product"].to_numpy(object))
    codes, names = pd.factorize(np.concatenate(product), sort=True)
    of = np.concatenate(account)
    known = (of != NOWHERE) & (codes >= 0)
    pairs = np.unique(of[known] * max(len(names), 1) + codes[known])
    of, code = np.divmod(pairs, max(len(names), 1))
    ids = world.frames.accounts["account_id"].to_numpy(object)
    return pd.DataFrame({"account_id": ids[of], "product": names[code]}, dtype="str")


def cross_sell(accounts: pd.DataFrame, owned: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Products that enough healthy customers of a customer's segment own and it does not.

    accounts  account_id, segment, is_customer, band
    owned     as `owned_products` returns them
    Returns   account_id, product, share [0-1 of the segment's healthy customers], best first
    """
    in_segment = accounts[accounts["is_customer"] & accounts["segment"].notna()]
    healthy = in_segment[in_segment["band"] == "healthy"]
    population = healthy.groupby("segment").size()
    owners = owned.merge(
        healthy[["account_id", "segment"]], on="account_id", validate="many_to_one"
    )
    share = owners.groupby(["segment", "product"]).size().rename("owners").reset_index()
    share["share"] = share["owners"] / population.reindex(share["segment"]).to_numpy()
    popular = share[share["share"] >= model.growth.cross_sell_share]
    offers = in_segment[["account_id", "segment"]].merge(popular, on="segment")
    has = pd.MultiIndex.from_frame(owned)
    offers = offers[~pd.MultiIndex.from_frame(offers[["account_id", "product"]]).isin(has)]
    order = ["account_id", "share", "product"]
    offers = offers.sort_values(order, ascending=[True, False, True], ignore_index=True)
    return offers[["account_id", "product", "share"]]


def candidates(
    world: World, contacts: Contacts | None, relationship: Answers | None
) -> tuple[Floats, Floats]:
    """Contacts who may be asked for a referral (promoters, passives) and a review (promoters).

    Counted per account: still there, not opted out, not asked lately. NaN without answers. Whether
    the account may be asked at all (open loop, detractor) is for `place` to say.
    """
    if contacts is None or relationship is None:
        return world.unknown(), world.unknown()
    known = relationship.contact != NOWHERE
    who = np.maximum(relationship.contact, 0)
    lately = world.within(contacts.asked_at, world.model.growth.ask_again_days)
    free = contacts.active & contacts.willing & ~lately
    may = known & (free[who] if len(free) else False)
    referral = world.count(relationship.account, may & (relationship.score >= PASSIVE_FROM))
    review = world.count(relationship.account, may & (relationship.score >= PROMOTER_FROM))
    return referral, review


def open_growth(world: World) -> Floats:
    """Open up-sell and cross-sell opportunities per account; NaN without opportunities."""
    deals = world.frames.opportunities
    if deals is None:
        return world.unknown()
    chosen = open_deals(world, "upsell", "cross_sell")
    return world.count(world.whose("opportunities").account, chosen)


def high_cases(world: World) -> Floats:
    """Open cases of high or critical priority per account; NaN without cases."""
    cases = world.frames.cases
    if cases is None:
        return world.unknown()
    chosen = open_cases(world) & is_choice(cases["priority"], "high", "critical")
    return world.count(world.whose("cases").account, chosen)


def won_deals(world: World) -> tuple[Floats, Floats]:
    """Won opportunities of known type in the revenue window: all, and add-ons or upgrades.

    Counted per account; NaN when no opportunities were provided.
    """
    deals = world.frames.opportunities
    if deals is None:
        return world.unknown(), world.unknown()
    recent = world.within(times(deals["close_date"]), world.model.windows.revenue_days)
    won = holds(deals["is_won"]) & recent & deals["type"].notna().to_numpy()
    added = won & is_choice(deals["type"], "upsell", "cross_sell")
    at = world.whose("opportunities").account
    return world.count(at, won), world.count(at, added)


def openings(
    world: World, contacts: Contacts | None, relationship: Answers | None, renewal: Renewal
) -> pd.DataFrame:
    """What stands for or against asking an account for more, columns of the account frame.

    The renewal is due when the account's renewal date, or without one the date of the open renewal
    opportunity, is at most the policy's days away; an overdue opportunity is due.
    """
    policy = world.model.growth
    today = world.now.astype("datetime64[D]").astype("datetime64[us]")
    until = today + span(policy.renewal_days)
    fixed = times(world.frames.accounts["renewal_date"])
    planned = (fixed >= today) & (fixed <= until)
    by_deal = np.isnat(fixed) & (renewal.close_date <= until)
    referral, review = candidates(world, contacts, relationship)
    return pd.DataFrame(
        {
            "open_high_cases": high_cases(world),
            "open_growth": open_growth(world),
            "renewal_due": planned | by_deal,
            "renewal_committed": renewal.probability >= policy.committed_probability,
            "referral_candidates": referral,
            "review_candidates": review,
        }
    )
