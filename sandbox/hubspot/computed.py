"""What HubSpot sets by itself when a record is written.

Source: HubSpot API reference, deals (closed flags and amounts follow from the stage), tickets,
tasks, lifecycle stage (moves forward only).
"""

from decimal import Decimal

from sandbox.hubspot.instants import from_text
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.values import Values

LIFECYCLE = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
INPUTS = {
    "deals": ("dealstage", "pipeline", "amount", "deal_currency_code", "hs_deal_stage_probability"),
    "tickets": ("hs_pipeline_stage", "createdate", "closed_date"),
    "tasks": ("hs_task_status", "hs_task_completion_date"),
    "contacts": ("email", "firstname", "lastname", "lifecyclestage"),
    "companies": ("lifecyclestage",),
    "line_items": ("amount", "price", "quantity"),
}


def derive(portal: Portal, kind: Kind, before: Values, changes: Values, now: str) -> Values:
    """`changes` with what follows from them; `before` holds INPUTS of an existing record."""
    changes = dict(changes)
    if "lifecyclestage" in changes and _backward(before, changes):
        del changes["lifecyclestage"]
    rule = {"deals": _deal, "tickets": _ticket, "tasks": _task, "contacts": _contact}.get(kind.name)
    if rule is not None and any(name in changes for name in INPUTS[kind.name]):
        after = {**before, **changes}
        changes |= rule(portal, kind, before, after, now)
    if kind.name == "line_items" and "amount" not in changes:
        changes |= _line(before, changes)
    return changes


def deal_figures(
    probability: str | None, amount: str | None, rate: Decimal | None
) -> dict[str, str | None]:
    """Amounts that follow from a deal's probability (text), amount and exchange rate."""
    share = None if probability is None else Decimal(probability)
    value = None if amount is None else Decimal(amount)
    home = None if value is None or rate is None else value * rate
    won = share == 1
    return {
        "amount_in_home_currency": _text(home),
        "hs_exchange_rate": _text(rate),
        "hs_closed_amount": _text(value if won and value is not None else Decimal(0)),
        "hs_closed_amount_in_home_currency": _text(
            home if won and home is not None else Decimal(0)
        ),
        "hs_projected_amount": _text(None if None in (value, share) else value * share),  # type: ignore[operator]
        "hs_projected_amount_in_home_currency": _text(
            None if None in (home, share) else home * share  # type: ignore[operator]
        ),
    }


def exchange_rate(portal: Portal, currency: str | None) -> Decimal | None:
    """Units of the account's currency per unit of `currency`; None when nobody set a rate."""
    if currency is None or currency == portal.switch("currency"):
        return Decimal(1)
    rates = portal.switch("exchange_rates")
    return Decimal(rates[currency]) if currency in rates else None


def closed_flags(probability: str | None) -> dict[str, str | None]:
    """The three closed flags of a deal from its stage's probability."""
    share = None if probability is None else float(probability)
    return {
        "hs_is_closed": str(share in (0.0, 1.0)).lower(),
        "hs_is_closed_won": str(share == 1.0).lower(),
        "hs_is_closed_lost": str(share == 0.0).lower(),
    }


def _deal(portal: Portal, kind: Kind, before: Values, after: Values, now: str) -> Values:
    found: Values = {}
    stage = portal.pipelines.stage(kind, after.get("dealstage") or "")
    if stage is not None and after.get("dealstage") != before.get("dealstage"):
        share = stage[1]["metadata"]["probability"]
        found |= {"pipeline": stage[0], "hs_deal_stage_probability": share, **closed_flags(share)}
    share = found.get("hs_deal_stage_probability") or after.get("hs_deal_stage_probability")
    rate = exchange_rate(portal, after.get("deal_currency_code"))
    return found | deal_figures(share, after.get("amount"), rate)


def _ticket(portal: Portal, kind: Kind, before: Values, after: Values, now: str) -> Values:
    stage = portal.pipelines.stage(kind, after.get("hs_pipeline_stage") or "")
    if stage is None:
        return {}
    found: Values = {"hs_pipeline": stage[0]}
    closed = stage[1]["metadata"]["isClosed"] == "true"
    found["hs_is_closed"] = str(closed).lower()
    if closed and after.get("closed_date") is None:
        found["closed_date"] = now
    if not closed and after.get("hs_pipeline_stage") != before.get("hs_pipeline_stage"):
        found["closed_date"] = None
    end = found.get("closed_date", after.get("closed_date"))
    start = after.get("createdate") or now
    found["time_to_close"] = None if end is None else str(from_text(end) - from_text(start))
    return found


def _task(portal: Portal, kind: Kind, before: Values, after: Values, now: str) -> Values:
    done = after.get("hs_task_status") == "COMPLETED"
    already = before.get("hs_task_completion_date")
    return {
        "hs_task_completion_date": (already or now) if done else None,
        "hs_task_is_completed": "1" if done else "0",
    }


def _contact(portal: Portal, kind: Kind, before: Values, after: Values, now: str) -> Values:
    email = after.get("email")
    name = " ".join(filter(None, (after.get("firstname"), after.get("lastname"))))
    return {
        "hs_email_domain": None if email is None else email.rpartition("@")[2],
        "hs_full_name_or_email": name or email,
    }


def _line(before: Values, changes: Values) -> Values:
    after = {**before, **changes}
    if not {"price", "quantity"} & changes.keys():
        return {}
    price, quantity = after.get("price"), after.get("quantity")
    if price is None or quantity is None:
        return {}
    return {"amount": _text(Decimal(price) * Decimal(quantity))}


def _backward(before: Values, changes: Values) -> bool:
    old, new = before.get("lifecyclestage"), changes["lifecyclestage"]
    if old not in LIFECYCLE or new not in LIFECYCLE:
        return False
    return LIFECYCLE.index(new) < LIFECYCLE.index(old)


def _text(value: Decimal | None) -> str | None:
    if value is None:
        return None
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text
