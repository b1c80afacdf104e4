"""What the pages about loops ask. Read-only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from store.loops import DONE, OPEN
from store.models import (
    Account,
    Contact,
    CrmTask,
    CrmUser,
    Loop,
    LoopEvent,
    Opportunity,
    Response,
)

TASK_PREFIX = "ax:loop:"


@dataclass(frozen=True)
class Filters:
    """Which loops to show.

    owner_id  of this colleague only; "" = of everybody
    state     open | snoozed | done | withdrawn, or one state of a loop; "open" leaves out snoozed
    unsent    those that got no CRM task
    """

    today: date
    owner_id: str = ""
    state: str = "open"
    level: str = ""
    overdue: bool = False
    unsent: bool = False
    account_id: str = ""


@dataclass(frozen=True)
class InboxRow:
    """One loop with what a list says of it."""

    loop: Loop
    account: str | None
    value: Decimal | None  # corporate currency per year
    person: str | None
    owner: str | None
    answer: Response | None
    task: CrmTask | None


def list_loops(
    session: Session, connection_id: int, chosen: Filters, *, offset: int = 0, limit: int = 50
) -> list[InboxRow]:
    """Loops by priority, the highest first; those of unknown priority come after all others."""
    query = _rows(connection_id).where(*_of(chosen))
    query = query.order_by(Loop.priority.desc().nulls_last(), Loop.due_on, Loop.opened_at, Loop.id)
    return [InboxRow(*row) for row in session.execute(query.offset(offset).limit(limit))]


def count_loops(session: Session, connection_id: int, chosen: Filters) -> int:
    """How many loops match."""
    query = select(func.count()).select_from(Loop)
    return session.scalar(query.where(Loop.connection_id == connection_id, *_of(chosen))) or 0


def find_loop(session: Session, connection_id: int, key: str) -> InboxRow | None:
    """The loop with this key."""
    row = session.execute(_rows(connection_id).where(Loop.key == key)).one_or_none()
    return None if row is None else InboxRow(*row)


def _rows(connection_id: int) -> Any:
    def of(model: Any, column: Any, value: Any) -> Any:
        return and_(model.connection_id == connection_id, column == value)

    return (
        select(
            Loop,
            Account.name,
            Account.annual_value_corporate,
            Contact.name,
            func.coalesce(CrmUser.name, Loop.owner_id),
            Response,
            CrmTask,
        )
        .outerjoin(Account, of(Account, Account.account_id, Loop.account_id))
        .outerjoin(Contact, of(Contact, Contact.contact_id, Loop.contact_id))
        .outerjoin(CrmUser, of(CrmUser, CrmUser.user_id, Loop.owner_id))
        .outerjoin(Response, of(Response, Response.response_id, Loop.response_id))
        .outerjoin(CrmTask, of(CrmTask, CrmTask.key, TASK_PREFIX + Loop.key))
        .where(Loop.connection_id == connection_id)
    )


def _of(chosen: Filters) -> Iterator[ColumnElement[bool]]:
    if chosen.owner_id:
        yield Loop.owner_id == chosen.owner_id
    if chosen.account_id:
        yield Loop.account_id == chosen.account_id
    if chosen.level:
        yield Loop.level == chosen.level
    if chosen.overdue:
        yield and_(Loop.due_on < chosen.today, Loop.state.in_(OPEN))
    if chosen.unsent:
        yield Loop.suppressed.is_not(None)
    if chosen.state == "open":
        yield and_(Loop.state.in_(OPEN), Loop.snoozed_until.is_(None))
    elif chosen.state == "snoozed":
        yield Loop.snoozed_until.is_not(None)
    elif chosen.state == "done":
        yield Loop.state.in_(DONE)
    elif chosen.state:
        yield Loop.state == chosen.state


def loop_history(session: Session, loop_id: int) -> Sequence[LoopEvent]:
    """Every step of the loop, oldest first."""
    query = select(LoopEvent).where(LoopEvent.loop_id == loop_id).order_by(LoopEvent.id)
    return session.scalars(query).all()


def loop_tasks(session: Session, loop_id: int) -> Sequence[CrmTask]:
    """The CRM tasks of the loop, in the order they were made."""
    query = select(CrmTask).where(CrmTask.loop_id == loop_id).order_by(CrmTask.id)
    return session.scalars(query).all()


def active_colleagues(session: Session, connection_id: int) -> Sequence[CrmUser]:
    """Who may be given a loop, by name."""
    query = select(CrmUser).where(
        CrmUser.connection_id == connection_id,
        CrmUser.deleted_at.is_(None),
        CrmUser.is_active.is_not(False),
    )
    return session.scalars(query.order_by(CrmUser.name, CrmUser.user_id)).all()


@dataclass(frozen=True)
class ChurnReason:
    """A reason to leave, how often it was given, and the revenue behind it."""

    reason: str
    times: int
    revenue: Decimal | None  # corporate currency; None = no amount is known


def churn_reasons(session: Session, connection_id: int, since: date) -> list[ChurnReason]:
    """Why renewals closed since then were lost, and what loops say; the costliest first.

    A lost renewal weighs its amount, a loop the annual value of its account.
    """
    lost = select(Opportunity.loss_reason, Opportunity.amount_corporate).where(
        Opportunity.connection_id == connection_id,
        Opportunity.deleted_at.is_(None),
        Opportunity.type == "renewal",
        Opportunity.is_closed.is_(True),
        Opportunity.is_won.is_not(True),
        Opportunity.close_date >= since,
        Opportunity.loss_reason.is_not(None),
    )
    told = (
        select(Loop.churn_reason, Account.annual_value_corporate)
        .outerjoin(
            Account,
            and_(
                Account.connection_id == Loop.connection_id, Account.account_id == Loop.account_id
            ),
        )
        .where(Loop.connection_id == connection_id, Loop.churn_reason.is_not(None))
    )
    found: dict[str, list[Decimal | None]] = {}
    for query in (lost, told):
        for reason, amount in session.execute(query):
            found.setdefault(str(reason), []).append(amount)
    reasons = [
        ChurnReason(reason, len(amounts), _total(amounts)) for reason, amounts in found.items()
    ]
    return sorted(reasons, key=lambda one: (-(one.revenue or 0), -one.times, one.reason))


def _total(amounts: Sequence[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None
