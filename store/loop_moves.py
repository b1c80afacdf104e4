"""What a person does with a loop on its page. Each move is an event; the CRM's task follows."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.loops import is_open, move, note_event
from store.models import (
    Account,
    Assessment,
    Connection,
    CrmUser,
    CurrentAssessment,
    Loop,
    Opportunity,
)
from store.records import mark_accounts

LEVELS = ("management", "executive")


class NotPossible(Exception):
    """The move does not fit the loop as it stands; `str()` says what to do. Nothing was changed."""


def colleague(session: Session, connection_id: int, email: str) -> CrmUser | None:
    """The CRM user with this e-mail address: which of our people is which of the CRM's."""
    query = select(CrmUser).where(
        CrmUser.connection_id == connection_id,
        CrmUser.email.ilike(email.replace("%", r"\%").replace("_", r"\_"), escape="\\"),
        CrmUser.deleted_at.is_(None),
    )
    return session.scalar(query.order_by(CrmUser.user_id).limit(1))


def take(session: Session, loop: Loop, actor: str, now: datetime) -> None:
    """The person works on it, and owns it where the CRM knows them."""
    _must_be_open(loop)
    known = colleague(session, loop.connection_id, actor)
    if known is not None and known.user_id != loop.owner_id:
        assign(session, loop, known.user_id, actor, now)
    move(session, loop, "in_progress", "taken", actor, now=now)


def wait(session: Session, loop: Loop, actor: str, now: datetime, note: str | None) -> None:
    """Somebody else has the next step."""
    _must_be_open(loop)
    move(session, loop, "waiting", "waiting", actor, now=now, note=note)


def finish(
    session: Session, loop: Loop, state: str, actor: str, now: datetime, note: str | None
) -> None:
    """solved: done from our side; confirmed: the customer says so too."""
    if state == "solved":
        _must_be_open(loop)
    elif not is_open(loop) and loop.state != "solved":
        raise NotPossible(f"This loop is {loop.state}: reopen it first.")
    loop.level = "account"
    move(session, loop, state, state, actor, now=now, note=note)


def reopen(
    session: Session, loop: Loop, actor: str, now: datetime, due: date, note: str | None
) -> None:
    """The customer is not content after all; `due` is when it is due now."""
    if is_open(loop):
        raise NotPossible("This loop is open already.")
    loop.due_on = due
    move(session, loop, "open", "reopened", actor, now=now, note=note)


def snooze(session: Session, loop: Loop, until: date, actor: str, now: datetime) -> None:
    """Out of sight until that day; a loop due before then is due on it."""
    _must_be_open(loop)
    if until <= now.date():
        raise NotPossible("Choose a day after today to sleep until.")
    loop.snoozed_until, loop.overdue_at = until, None
    loop.due_on = max(loop.due_on, until)
    note_event(session, loop, "snoozed", actor, now=now, after=until.isoformat())


def escalate(
    session: Session, loop: Loop, level: str, question: str, actor: str, now: datetime
) -> None:
    """Ask the level above, with what is at stake; the loop waits for the answer."""
    _must_be_open(loop)
    if level not in LEVELS:
        raise NotPossible("Choose management or executive.")
    if not question:
        raise NotPossible("Write what you ask for, so that somebody can answer.")
    before, loop.level, loop.answer = loop.level, level, None
    if LEVELS.index(level) >= _rank(loop.highest_level):
        loop.highest_level = level
    loop.impact = {"asked_at": now.isoformat(), "question": question, **impact(session, loop)}
    note_event(session, loop, "escalated", actor, now=now, before=before, after=level)
    move(session, loop, "waiting", "waiting", actor, now=now, note=question)


def answer(session: Session, loop: Loop, text: str, actor: str, now: datetime) -> None:
    """What came back from above; the loop is its owner's again."""
    if loop.level not in LEVELS:
        raise NotPossible("Nobody above was asked.")
    if not text:
        raise NotPossible("Write the answer.")
    loop.answer, loop.level = text, "account"
    move(session, loop, "in_progress", "answered", actor, now=now, note=text)


def assign(session: Session, loop: Loop, user_id: str, actor: str, now: datetime) -> None:
    """Another colleague owns it, until the account's owner in the CRM changes."""
    _must_be_open(loop)
    users = select(CrmUser).where(CrmUser.connection_id == loop.connection_id)
    found = {user.user_id: user for user in session.scalars(users)}
    if user_id not in found:
        raise NotPossible("The CRM knows no such colleague.")
    before = found.get(loop.owner_id or "")
    note_event(
        session,
        loop,
        "assigned",
        actor,
        now=now,
        before=((before.name if before else None) or loop.owner_id or "nobody")[:80],
        after=(found[user_id].name or user_id)[:80],
    )
    loop.owner_id = user_id


def note_churn(session: Session, loop: Loop, reason: str, actor: str, now: datetime) -> None:
    """Why the customer leaves, or says so."""
    loop.churn_reason = reason or None
    note_event(session, loop, "churn_reason", actor, now=now, note=reason or "none")


def comment(session: Session, loop: Loop, text: str, actor: str, now: datetime) -> None:
    """A line in the history."""
    if not text:
        raise NotPossible("Write a note.")
    note_event(session, loop, "note", actor, now=now, note=text)


def impact(session: Session, loop: Loop) -> dict[str, Any]:
    """What is at stake at the loop's account: its value, what of it is at risk, open renewals.

    Money in the corporate currency; `words` says it in one line. Unknown is None.
    """
    where = {"connection_id": loop.connection_id, "account_id": loop.account_id}
    account = session.get_one(Account, where)
    currency = session.get_one(Connection, loop.connection_id).currency
    assessed = session.scalar(
        select(Assessment)
        .join(CurrentAssessment, CurrentAssessment.assessment_id == Assessment.id)
        .where(
            CurrentAssessment.connection_id == loop.connection_id,
            CurrentAssessment.account_id == loop.account_id,
        )
    )
    deals = session.scalars(
        select(Opportunity)
        .filter_by(**where, type="renewal", is_closed=False, deleted_at=None)
        .order_by(Opportunity.close_date, Opportunity.opportunity_id)
    )
    worth = assessed.annual_value if assessed else account.annual_value_corporate
    at_risk = assessed.result.get("revenue_at_risk") if assessed else None
    renewals = [
        {
            "id": deal.opportunity_id,
            "name": deal.name,
            "amount": None if deal.amount_corporate is None else float(deal.amount_corporate),
            "close_date": deal.close_date.isoformat() if deal.close_date else None,
        }
        for deal in deals
    ]
    closing = ", ".join(
        f"{one['name'] or one['id']} closes {one['close_date'] or 'on an unknown date'}"
        for one in renewals
    )
    return {
        "annual_value": None if worth is None else float(worth),
        "revenue_at_risk": at_risk,
        "currency": currency,
        "renewals": renewals,
        "words": f"Annual value {_money(worth, currency)}; revenue at risk "
        f"{_money(at_risk, currency)}; open renewals: {closing or 'none'}.",
    }


def touch(session: Session, loop: Loop, now: datetime) -> None:
    """Have the loop's account looked at in the next computation."""
    mark_accounts(session, loop.connection_id, [loop.account_id], now)


def _must_be_open(loop: Loop) -> None:
    if not is_open(loop):
        raise NotPossible(f"This loop is {loop.state}: reopen it first.")


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else -1


def _money(amount: Any, currency: str | None) -> str:
    return "unknown" if amount is None else f"{currency or ''} {float(amount):,.0f}".strip()
