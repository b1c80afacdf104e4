"""What we computed: assessments, alerts, loops and the tasks they ask for."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from store.models.base import Base, crm_id


class Assessment(Base):
    """What an account's numbers were from `valid_from` on; written only when they differ.

    `inputs` is the zlib-compressed canonical JSON of every record the numbers came from, so
    that they can be computed again from this row and the model version alone.
    """

    __tablename__ = "assessments"
    __table_args__ = (Index(None, "connection_id", "account_id", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    account_id: Mapped[str] = crm_id()
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    valid_from: Mapped[datetime]  # the as_of it was computed for
    model_hash: Mapped[str] = mapped_column(String(64))
    inputs_hash: Mapped[str] = mapped_column(String(64))
    health: Mapped[float | None]
    band: Mapped[str] = mapped_column(String(20))
    annual_value: Mapped[Decimal | None]  # corporate currency
    result: Mapped[dict[str, Any]]  # every figure, by the names of docs/insights.md
    place: Mapped[dict[str, Any]]  # what of `result` depends on the other accounts
    inputs: Mapped[bytes]  # last: the widest column, so that the others are read without it


class CurrentAssessment(Base):
    """The newest assessment of each account and when it was last confirmed."""

    __tablename__ = "current_assessments"

    connection_id: Mapped[int] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[str] = crm_id(primary_key=True)
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"))
    confirmed_at: Mapped[datetime]  # as_of of the last computation with this result
    figures: Mapped[dict[str, Any]]  # what the account contributes to portfolio-relative figures
    basis: Mapped[list[Any] | None]  # what another model would judge it by (insights.what_if)


class PortfolioFigures(Base):
    """The portfolio's totals after a computation."""

    __tablename__ = "portfolio_figures"
    __table_args__ = (Index(None, "connection_id", "as_of"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    as_of: Mapped[datetime]
    currency: Mapped[str | None] = mapped_column(String(3))
    figures: Mapped[dict[str, Any]]


class Alert(Base):
    """A coverage alert: opens once, keeps its history, closes when its condition is gone."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("connection_id", "account_id", "kind", "episode"),
        Index(None, "connection_id", "closed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    account_id: Mapped[str] = crm_id()
    kind: Mapped[str] = mapped_column(String(40))
    episode: Mapped[int] = mapped_column(Integer)  # 1, 2 … each time it opens
    message: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Loop(Base):
    """What a bad or thankful answer asks a person to do, until the customer confirms it."""

    __tablename__ = "loops"
    __table_args__ = (
        UniqueConstraint("connection_id", "key"),
        Index(None, "connection_id", "state", "priority"),
        Index(None, "connection_id", "account_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(80))  # stable: the answer and what it asks for
    kind: Mapped[str] = mapped_column(String(20))  # detractor | passive | promoter | csat | ces
    account_id: Mapped[str] = crm_id()
    contact_id: Mapped[str | None] = crm_id()
    response_id: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(20))  # open | in_progress | waiting | solved | ...
    priority: Mapped[float | None]  # annual value by severity by influence; None: value unknown
    severity: Mapped[float]
    influence: Mapped[float]
    owner_id: Mapped[str | None] = crm_id()  # a CRM user
    rule_owner_id: Mapped[str | None] = crm_id()  # whom the rules named last; a person may differ
    due_on: Mapped[date]
    opened_at: Mapped[datetime]
    first_touched_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    snoozed_until: Mapped[date | None]
    overdue_at: Mapped[datetime | None]  # when the owner's manager was told
    level: Mapped[str] = mapped_column(String(20), default="account")  # management | executive
    highest_level: Mapped[str] = mapped_column(String(20), default="account")  # it ever reached
    impact: Mapped[dict[str, Any] | None]  # what an escalation is about, in money
    answer: Mapped[str | None] = mapped_column(Text)  # what came back from the level above
    churn_reason: Mapped[str | None] = mapped_column(Text)
    reopened: Mapped[int] = mapped_column(default=0)
    suppressed: Mapped[str | None] = mapped_column(Text)  # why no task was made


class LoopEvent(Base):
    """One step of a loop: who moved it, from where to where, and why."""

    __tablename__ = "loop_events"
    __table_args__ = (Index(None, "loop_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    loop_id: Mapped[int] = mapped_column(ForeignKey("loops.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(255))  # a user of ours, the CRM, or Barometer
    action: Mapped[str] = mapped_column(String(20))
    before: Mapped[str | None] = mapped_column(String(80))
    after: Mapped[str | None] = mapped_column(String(80))
    note: Mapped[str | None] = mapped_column(Text)


class CrmTask(Base):
    """The CRM task of one alert episode or one loop."""

    __tablename__ = "crm_tasks"
    __table_args__ = (UniqueConstraint("connection_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"))
    loop_id: Mapped[int | None] = mapped_column(ForeignKey("loops.id", ondelete="CASCADE"))
    account_id: Mapped[str] = crm_id()
    key: Mapped[str] = mapped_column(String(80))
    task_id: Mapped[str | None] = crm_id()
    state: Mapped[str] = mapped_column(String(20))  # queued | open | closing | completed | refused
    owner_id: Mapped[str | None] = crm_id()  # as last seen or sent
    due_on: Mapped[date | None]
    queued_at: Mapped[datetime | None]
