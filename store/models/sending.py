"""What runs, what it would send, what it sends, and what was refused."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from store.models.base import Base, crm_id


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
    order: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # what exactly to do
    requested_by: Mapped[str | None] = mapped_column(String(255))
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    progress: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # while it runs
    state: Mapped[str] = mapped_column(
        String(20)
    )  # requested | running | done | refusals | stopped | cancelled | failed
    requested_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    calls_planned: Mapped[int | None]
    calls_spent: Mapped[int | None]
    calls_least: Mapped[int | None]
    seconds: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # by stage
    problem: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[list[Any]] = mapped_column(JSON, default=list)  # sentences for the reader
    mapping_hash: Mapped[str | None] = mapped_column(String(64))
    model_hash: Mapped[str | None] = mapped_column(String(64))


class Preview(Base):
    """Every field change, task and call that a sync would make; its hash is what is approved."""

    __tablename__ = "previews"
    __table_args__ = (Index(None, "connection_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    author: Mapped[str] = mapped_column(String(255))
    draft_id: Mapped[int | None]  # the mapping draft it was made for; None: the map in use
    mapping_hash: Mapped[str] = mapped_column(String(64))
    model_hash: Mapped[str] = mapped_column(String(64))
    # making | ready | approved | done | differed | cancelled | failed
    state: Mapped[str] = mapped_column(String(20))
    hash: Mapped[str | None] = mapped_column(String(64))
    content: Mapped[bytes | None]  # zlib-compressed canonical JSON
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime]
    approved_by: Mapped[str | None] = mapped_column(String(255))
    approved_at: Mapped[datetime | None]
    executed_run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    difference: Mapped[list[Any] | None]  # what a run found otherwise, when it stopped


class OutboxRow(Base):
    """One thing to send: the field changes of a record, a task to make, a task to complete."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "connection_id", "state", "action", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    assessment_id: Mapped[int | None]
    # update | create_task | update_task | complete_task
    action: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(40))  # CRM object
    record_id: Mapped[str] = crm_id()  # the account
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
    record_id: Mapped[str] = crm_id(primary_key=True)
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
