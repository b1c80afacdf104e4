"""Survey answers, who was asked, and what the survey tools sent."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from store.models.base import Base, crm_id
from store.models.crm import Pulled


class Response(Pulled, Base):
    """One survey answer, attached to contact and account."""

    __tablename__ = "responses"
    __table_args__ = (Index(None, "connection_id", "account_id"),)

    response_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    account_id: Mapped[str | None] = crm_id()
    contact_id: Mapped[str | None] = crm_id()
    email: Mapped[str | None] = mapped_column(Text)  # as the survey tool gave it
    matched_by: Mapped[str | None] = mapped_column(
        String(20)
    )  # contact_id | email | link | account_id | domain | person
    survey_type: Mapped[str | None] = mapped_column(String(20))
    metric: Mapped[str | None] = mapped_column(String(10))
    score: Mapped[float | None]
    scale_min: Mapped[float | None]
    scale_max: Mapped[float | None]
    comment: Mapped[str | None] = mapped_column(Text)
    drivers: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
    campaign: Mapped[str | None] = mapped_column(Text)
    hook_id: Mapped[int | None] = mapped_column(ForeignKey("hooks.id", ondelete="SET NULL"))
    is_partial: Mapped[bool] = mapped_column(default=False)  # the person may still be answering
    version: Mapped[int] = mapped_column(default=1)
    claims: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # ids the payload named
    sequence: Mapped[float | None]  # the tool's own order of an answer's versions
    # answers to single questions that arrive one by one: field → [sequence, value]
    parts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class ResponseVersion(Base):
    """What an answer was before it was corrected; the newest version is the row in responses."""

    __tablename__ = "response_versions"

    connection_id: Mapped[int] = mapped_column(
        ForeignKey("connections.id", ondelete="CASCADE"), primary_key=True
    )
    response_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]
    raw_event_id: Mapped[int | None]
    replaced_at: Mapped[datetime]


class Invitation(Pulled, Base):
    """Who was asked, when, by which campaign."""

    __tablename__ = "invitations"
    __table_args__ = (Index(None, "connection_id", "account_id"),)

    invitation_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    account_id: Mapped[str | None] = crm_id()
    contact_id: Mapped[str | None] = crm_id()
    email: Mapped[str | None] = mapped_column(Text)
    matched_by: Mapped[str | None] = mapped_column(String(20))
    campaign: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None]


class Hook(Base):
    """One source of survey answers: a tool's webhook, its secrets and how its payload is read."""

    __tablename__ = "hooks"
    __table_args__ = (UniqueConstraint("connection_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    provider: Mapped[str] = mapped_column(String(40))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)  # of the URL's last part
    secrets: Mapped[bytes]  # encrypted JSON: URL token, signing secrets with their end, API keys
    settings: Mapped[dict[str, Any]]  # scheme, field mapping, survey type; nothing secret
    state: Mapped[str] = mapped_column(String(20), default="working")  # working | paused
    cursor: Mapped[dict[str, Any] | None]  # how far the reconciling pull has read
    reconciled_at: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]


class RawEvent(Base):
    """One delivery as it was received; `event_key` drops the ones that come again."""

    __tablename__ = "raw_events"
    __table_args__ = (
        UniqueConstraint("hook_id", "event_key"),
        Index(None, "state", "next_try_at", "id"),
        Index(None, "hook_id", "received_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    hook_id: Mapped[int] = mapped_column(ForeignKey("hooks.id", ondelete="CASCADE"))
    received_at: Mapped[datetime]
    event_key: Mapped[str | None] = mapped_column(String(200))  # None: refused, not to be matched
    content: Mapped[bytes]  # encrypted: headers that matter, and the body
    size: Mapped[int]  # bytes of the body
    verdict: Mapped[str] = mapped_column(String(40))  # accepted, or why it was refused
    state: Mapped[str] = mapped_column(String(20))  # waiting | done | ignored | refused | dead
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(Text)
    response_ids: Mapped[list[Any]] = mapped_column(JSON, default=list)
    settled_at: Mapped[datetime | None]
