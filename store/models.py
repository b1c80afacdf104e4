"""The tables of our database, the same on SQLite and PostgreSQL.

Money is Numeric(18, 2) beside its ISO currency, instants are UTC, CRM ids are text. Rows of a
CRM are keyed by (connection_id, id). `content_hash` tells a changed row from one that was only
read again; `read_at` says when we last saw it.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant; stored without zone, refused when naive."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"instant without time zone: {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


Money = Numeric(18, 2)


class Base(DeclarativeBase):
    """Naming conventions, so that migrations can name every constraint."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy's own protocol)
        datetime: Instant,
        date: Date,
        Decimal: Money,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        bytes: LargeBinary,
        float: Float,
    }


class Connection(Base):
    """One CRM organisation we read from and write to."""

    __tablename__ = "connections"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    vendor: Mapped[str] = mapped_column(String(20))  # salesforce | hubspot
    settings: Mapped[dict[str, Any]]  # URLs, API version, credential kind; nothing secret
    secrets: Mapped[bytes]  # encrypted JSON: client secret, tokens
    organisation_id: Mapped[str | None] = mapped_column(String(40))
    organisation_name: Mapped[str | None] = mapped_column(String(255))
    instance_url: Mapped[str | None] = mapped_column(String(255))
    user_name: Mapped[str | None] = mapped_column(String(255))
    currency: Mapped[str | None] = mapped_column(String(3))
    time_zone: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20), default="new")  # new | working | failed
    problem: Mapped[str | None] = mapped_column(Text)  # one sentence, while failed
    day_calls_used: Mapped[int | None]
    day_calls_limit: Mapped[int | None]
    created_at: Mapped[datetime]


class Lock(Base):
    """Who works on a connection now; a dead owner's lock expires."""

    __tablename__ = "locks"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    owner: Mapped[str] = mapped_column(String(120))
    expires_at: Mapped[datetime]


class Pulled:
    """Columns of every table that holds rows of a CRM."""

    connection_id: Mapped[int] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True, sort_order=-1
    )
    source: Mapped[str] = mapped_column(String(80))  # CRM object the row came from
    modified_at: Mapped[datetime | None]  # the CRM's stamp
    read_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    merged_into: Mapped[str | None] = mapped_column(String(80))
    content_hash: Mapped[str] = mapped_column(String(40))


def _id(primary_key: bool = False) -> Any:
    return mapped_column(String(80), primary_key=primary_key)


class Account(Pulled, Base):
    __tablename__ = "accounts"
    __table_args__ = (Index(None, "connection_id", "owner_id"),)

    account_id: Mapped[str] = _id(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[str | None] = _id()
    owner_id: Mapped[str | None] = _id()
    domain: Mapped[str | None] = mapped_column(Text)
    segment: Mapped[str | None] = mapped_column(Text)
    industry: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str | None] = mapped_column(String(3))
    annual_value: Mapped[Decimal | None]
    annual_value_corporate: Mapped[Decimal | None]
    is_customer: Mapped[bool | None]
    customer_since: Mapped[date | None]
    renewal_date: Mapped[date | None]
    churned_at: Mapped[date | None]
    churn_reason: Mapped[str | None] = mapped_column(Text)
    remote: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # our fields as the CRM has


class Contact(Pulled, Base):
    __tablename__ = "contacts"
    __table_args__ = (
        Index(None, "connection_id", "account_id"),
        Index(None, "connection_id", "email"),
    )

    contact_id: Mapped[str] = _id(primary_key=True)
    account_id: Mapped[str | None] = _id()
    name: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    role: Mapped[str | None] = mapped_column(Text)
    level: Mapped[str | None] = mapped_column(String(20))
    is_active: Mapped[bool | None]
    left_at: Mapped[date | None]
    bounced_at: Mapped[datetime | None]
    opted_out: Mapped[bool | None]


class ContactRole(Pulled, Base):
    __tablename__ = "contact_roles"
    __table_args__ = (Index(None, "connection_id", "contact_id"),)

    role_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    contact_id: Mapped[str] = _id()
    account_id: Mapped[str | None] = _id()
    opportunity_id: Mapped[str | None] = _id()
    role: Mapped[str | None] = mapped_column(Text)


class Opportunity(Pulled, Base):
    __tablename__ = "opportunities"
    __table_args__ = (Index(None, "connection_id", "account_id"),)

    opportunity_id: Mapped[str] = _id(primary_key=True)
    account_id: Mapped[str | None] = _id()
    owner_id: Mapped[str | None] = _id()
    name: Mapped[str | None] = mapped_column(Text)
    type: Mapped[str | None] = mapped_column(String(20))
    stage: Mapped[str | None] = mapped_column(Text)
    amount: Mapped[Decimal | None]
    amount_corporate: Mapped[Decimal | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    probability: Mapped[float | None]
    is_closed: Mapped[bool | None]
    is_won: Mapped[bool | None]
    created_at: Mapped[datetime | None]
    close_date: Mapped[date | None]
    product: Mapped[str | None] = mapped_column(Text)
    loss_reason: Mapped[str | None] = mapped_column(Text)


class Product(Pulled, Base):
    __tablename__ = "products"
    __table_args__ = (Index(None, "connection_id", "opportunity_id"),)

    line_id: Mapped[str] = _id(primary_key=True)
    opportunity_id: Mapped[str | None] = _id()
    product: Mapped[str | None] = mapped_column(Text)
    family: Mapped[str | None] = mapped_column(Text)
    quantity: Mapped[float | None]
    amount: Mapped[Decimal | None]


class Case(Pulled, Base):
    __tablename__ = "cases"
    __table_args__ = (Index(None, "connection_id", "account_id"),)

    case_id: Mapped[str] = _id(primary_key=True)
    account_id: Mapped[str | None] = _id()
    contact_id: Mapped[str | None] = _id()
    priority: Mapped[str | None] = mapped_column(String(20))
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    escalated: Mapped[bool | None]


class Activity(Pulled, Base):
    __tablename__ = "activities"
    __table_args__ = (Index(None, "connection_id", "account_id"),)

    activity_id: Mapped[str] = _id(primary_key=True)
    account_id: Mapped[str | None] = _id()
    contact_id: Mapped[str | None] = _id()
    kind: Mapped[str | None] = mapped_column(String(20))
    direction: Mapped[str | None] = mapped_column(String(20))
    occurred_at: Mapped[datetime | None]
    count: Mapped[float | None]


class CrmUser(Pulled, Base):
    """Our colleagues, as the CRM knows them."""

    __tablename__ = "crm_users"

    user_id: Mapped[str] = _id(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    manager_id: Mapped[str | None] = _id()
    is_active: Mapped[bool | None]
    time_zone: Mapped[str | None] = mapped_column(String(64))


class TeamMember(Pulled, Base):
    __tablename__ = "team_members"
    __table_args__ = (Index(None, "connection_id", "account_id"),)

    member_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    account_id: Mapped[str] = _id()
    user_id: Mapped[str] = _id()
    role: Mapped[str] = mapped_column(Text)


class Response(Pulled, Base):
    """One survey answer, attached to contact and account."""

    __tablename__ = "responses"
    __table_args__ = (Index(None, "connection_id", "account_id"),)

    response_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    account_id: Mapped[str | None] = _id()
    contact_id: Mapped[str | None] = _id()
    email: Mapped[str | None] = mapped_column(Text)  # as the survey tool gave it
    matched_by: Mapped[str | None] = mapped_column(String(20))  # contact_id | email | domain
    survey_type: Mapped[str | None] = mapped_column(String(20))
    metric: Mapped[str | None] = mapped_column(String(10))
    score: Mapped[float | None]
    scale_min: Mapped[float | None]
    scale_max: Mapped[float | None]
    comment: Mapped[str | None] = mapped_column(Text)
    drivers: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
    campaign: Mapped[str | None] = mapped_column(Text)


class Invitation(Pulled, Base):
    """Who was asked, when, by which campaign."""

    __tablename__ = "invitations"
    __table_args__ = (Index(None, "connection_id", "account_id"),)

    invitation_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    account_id: Mapped[str | None] = _id()
    contact_id: Mapped[str | None] = _id()
    email: Mapped[str | None] = mapped_column(Text)
    matched_by: Mapped[str | None] = mapped_column(String(20))
    campaign: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None]


class Cursor(Base):
    """Where the pull of one CRM object stands. Committed with the rows it covers."""

    __tablename__ = "cursors"

    connection_id: Mapped[int] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True, sort_order=-1
    )
    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    read_until: Mapped[datetime | None]  # everything modified before is stored
    window_since: Mapped[datetime | None]  # of a pull that is under way
    window_until: Mapped[datetime | None]
    window_started: Mapped[datetime | None]  # rows read before are gone, after a full read
    window_full: Mapped[bool] = mapped_column(default=False)
    resume: Mapped[dict[str, Any] | None]
    full_read_at: Mapped[datetime | None]  # last complete full read
    map_version: Mapped[str | None] = mapped_column(String(40))  # a changed map reads all again


class CrmFact(Base):
    """What the CRM said of itself, kept for a while: field descriptions, exchange rates."""

    __tablename__ = "crm_facts"

    connection_id: Mapped[int] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    content: Mapped[Any] = mapped_column(JSON)
    read_at: Mapped[datetime]


class DirtyAccount(Base):
    """An account whose rows changed since it was last assessed."""

    __tablename__ = "dirty_accounts"

    connection_id: Mapped[int] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[str] = _id(primary_key=True)
    marked_at: Mapped[datetime]


class MapVersion(Base):
    """A mapping as it was used; immutable."""

    __tablename__ = "mapping_versions"
    __table_args__ = (UniqueConstraint("connection_id", "hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    hash: Mapped[str] = mapped_column(String(64))
    content: Mapped[str] = mapped_column(Text)  # TOML
    author: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime]


class ModelVersion(Base):
    """A scoring model as it was used; immutable."""

    __tablename__ = "model_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    content: Mapped[dict[str, Any]]
    author: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime]


class Assessment(Base):
    """What an account's numbers were from `valid_from` on; written only when they differ.

    `inputs` is the zlib-compressed canonical JSON of every record the numbers came from, so
    that they can be computed again from this row and the model version alone.
    """

    __tablename__ = "assessments"
    __table_args__ = (Index(None, "connection_id", "account_id", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    account_id: Mapped[str] = _id()
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
    account_id: Mapped[str] = _id(primary_key=True)
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"))
    confirmed_at: Mapped[datetime]  # as_of of the last computation with this result
    figures: Mapped[dict[str, Any]]  # what the account contributes to portfolio-relative figures


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
    account_id: Mapped[str] = _id()
    kind: Mapped[str] = mapped_column(String(40))
    episode: Mapped[int] = mapped_column(Integer)  # 1, 2 … each time it opens
    message: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class CrmTask(Base):
    """The CRM task of one alert episode."""

    __tablename__ = "crm_tasks"
    __table_args__ = (UniqueConstraint("connection_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"))
    account_id: Mapped[str] = _id()
    key: Mapped[str] = mapped_column(String(80))
    task_id: Mapped[str | None] = _id()
    state: Mapped[str] = mapped_column(String(20))  # queued | open | closing | completed | refused


class OutboxRow(Base):
    """One thing to send: the field changes of a record, a task to make, a task to complete."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "connection_id", "state", "action", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    assessment_id: Mapped[int | None]
    action: Mapped[str] = mapped_column(String(20))  # update | create_task | complete_task
    kind: Mapped[str] = mapped_column(String(40))  # CRM object
    record_id: Mapped[str] = _id()  # the account
    key: Mapped[str | None] = mapped_column(String(80))  # of a task
    fields: Mapped[dict[str, Any]]  # CRM field → value to send
    before: Mapped[dict[str, Any]]  # CRM field → value the CRM held when this was queued
    state: Mapped[str] = mapped_column(String(20))  # queued | sending | sent | refused | withdrawn
    tries: Mapped[int] = mapped_column(default=0)
    code: Mapped[str | None] = mapped_column(String(80))  # the CRM's own
    reason: Mapped[str | None] = mapped_column(Text)
    queued_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class WrittenField(Base):
    """What we last wrote into one field of one record, and why."""

    __tablename__ = "written_fields"

    connection_id: Mapped[int] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True
    )
    record_id: Mapped[str] = _id(primary_key=True)
    field: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    sent_at: Mapped[datetime]
    assessment_id: Mapped[int | None]


class RefusedValue(Base):
    """One value that could not be read or written, and what to do about it."""

    __tablename__ = "refusals"
    __table_args__ = (
        UniqueConstraint("connection_id", "direction", "object", "record_id", "field"),
        Index(None, "connection_id", "resolved_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    direction: Mapped[str] = mapped_column(String(10))  # read | write
    object: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[str] = mapped_column(String(200))
    field: Mapped[str] = mapped_column(String(80))
    value: Mapped[str | None] = mapped_column(Text)
    code: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text)
    remedy: Mapped[str] = mapped_column(Text)
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    times: Mapped[int] = mapped_column(default=1)
    resolved_at: Mapped[datetime | None]


class Run(Base):
    """What ran, why, and what it did."""

    __tablename__ = "runs"
    __table_args__ = (Index(None, "connection_id", "started_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int | None] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE")
    )
    kind: Mapped[str] = mapped_column(String(20))  # sync | pull | compute | write_back | provision
    trigger: Mapped[str] = mapped_column(String(20))  # command | schedule | page
    state: Mapped[str] = mapped_column(
        String(20)
    )  # requested | running | done | refusals | stopped | failed
    requested_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    calls_planned: Mapped[int | None]
    calls_spent: Mapped[int | None]
    calls_least: Mapped[int | None]
    seconds: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # by stage
    problem: Mapped[str | None] = mapped_column(Text)
    mapping_hash: Mapped[str | None] = mapped_column(String(64))
    model_hash: Mapped[str | None] = mapped_column(String(64))
