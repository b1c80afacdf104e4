"""What we read from a CRM: connections, their records, and how far the reading is.

Rows of a CRM are keyed by (connection_id, id). `content_hash` tells a changed row from one that was
only read again; `read_at` says when we last saw it.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.models.base import Base, crm_id


class Connection(Base):
    """One CRM organisation we read from and write to."""

    __tablename__ = "connections"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    vendor: Mapped[str] = mapped_column(String(20))  # salesforce | hubspot
    settings: Mapped[dict[str, Any]]  # URLs, API version, credential kind; nothing secret
    secrets: Mapped[bytes]  # encrypted JSON: client secret, tokens
    # what somebody entered and nobody has tried yet; the same two, and the code of a consent page
    proposed_settings: Mapped[dict[str, Any] | None]
    proposed_secrets: Mapped[bytes | None]
    organisation_id: Mapped[str | None] = mapped_column(String(40))
    organisation_name: Mapped[str | None] = mapped_column(String(255))
    instance_url: Mapped[str | None] = mapped_column(String(255))
    user_name: Mapped[str | None] = mapped_column(String(255))
    currency: Mapped[str | None] = mapped_column(String(3))
    time_zone: Mapped[str | None] = mapped_column(String(64))
    # False: what was computed is written only after somebody approved a preview
    writes_approved: Mapped[bool] = mapped_column(default=True)
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


class Account(Pulled, Base):
    __tablename__ = "accounts"
    __table_args__ = (Index(None, "connection_id", "owner_id"),)

    account_id: Mapped[str] = crm_id(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    parent_id: Mapped[str | None] = crm_id()
    owner_id: Mapped[str | None] = crm_id()
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

    contact_id: Mapped[str] = crm_id(primary_key=True)
    account_id: Mapped[str | None] = crm_id()
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
    contact_id: Mapped[str] = crm_id()
    account_id: Mapped[str | None] = crm_id()
    opportunity_id: Mapped[str | None] = crm_id()
    role: Mapped[str | None] = mapped_column(Text)


class Opportunity(Pulled, Base):
    __tablename__ = "opportunities"
    __table_args__ = (Index(None, "connection_id", "account_id"),)

    opportunity_id: Mapped[str] = crm_id(primary_key=True)
    account_id: Mapped[str | None] = crm_id()
    owner_id: Mapped[str | None] = crm_id()
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

    line_id: Mapped[str] = crm_id(primary_key=True)
    opportunity_id: Mapped[str | None] = crm_id()
    product: Mapped[str | None] = mapped_column(Text)
    family: Mapped[str | None] = mapped_column(Text)
    quantity: Mapped[float | None]
    amount: Mapped[Decimal | None]


class Case(Pulled, Base):
    __tablename__ = "cases"
    __table_args__ = (Index(None, "connection_id", "account_id"),)

    case_id: Mapped[str] = crm_id(primary_key=True)
    account_id: Mapped[str | None] = crm_id()
    contact_id: Mapped[str | None] = crm_id()
    priority: Mapped[str | None] = mapped_column(String(20))
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    escalated: Mapped[bool | None]


class Activity(Pulled, Base):
    __tablename__ = "activities"
    __table_args__ = (Index(None, "connection_id", "account_id"),)

    activity_id: Mapped[str] = crm_id(primary_key=True)
    account_id: Mapped[str | None] = crm_id()
    contact_id: Mapped[str | None] = crm_id()
    kind: Mapped[str | None] = mapped_column(String(20))
    direction: Mapped[str | None] = mapped_column(String(20))
    occurred_at: Mapped[datetime | None]
    count: Mapped[float | None]


class CrmUser(Pulled, Base):
    """Our colleagues, as the CRM knows them."""

    __tablename__ = "crm_users"

    user_id: Mapped[str] = crm_id(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    manager_id: Mapped[str | None] = crm_id()
    is_active: Mapped[bool | None]
    time_zone: Mapped[str | None] = mapped_column(String(64))


class TeamMember(Pulled, Base):
    __tablename__ = "team_members"
    __table_args__ = (Index(None, "connection_id", "account_id"),)

    member_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    account_id: Mapped[str] = crm_id()
    user_id: Mapped[str] = crm_id()
    role: Mapped[str] = mapped_column(Text)


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
    account_id: Mapped[str] = crm_id(primary_key=True)
    marked_at: Mapped[datetime]
