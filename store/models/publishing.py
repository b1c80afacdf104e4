"""Mappings and scoring models, from draft to use, and how the CRM drifts away from them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from store.models.base import Base


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


class MapDraft(Base):
    """A mapping that somebody edits; nothing reads by it until it is published."""

    __tablename__ = "mapping_drafts"
    __table_args__ = (UniqueConstraint("connection_id", "author"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    author: Mapped[str] = mapped_column(String(255))
    base_hash: Mapped[str] = mapped_column(String(64))  # the version it was begun from
    hash: Mapped[str] = mapped_column(String(64))  # of what it says, as a version's
    content: Mapped[str] = mapped_column(Text)  # TOML
    revision: Mapped[int] = mapped_column(default=1)  # a save names the one it saw
    updated_at: Mapped[datetime]


class ModelDraft(Base):
    """A scoring model that somebody edits."""

    __tablename__ = "model_drafts"
    __table_args__ = (UniqueConstraint("connection_id", "author"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    author: Mapped[str] = mapped_column(String(255))
    base_hash: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]


class Publication(Base):
    """When a connection began to use a mapping or a model; the newest of its kind is in use."""

    __tablename__ = "publications"
    __table_args__ = (Index(None, "connection_id", "kind", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))  # mapping | model
    hash: Mapped[str] = mapped_column(String(64))
    replaces: Mapped[str | None] = mapped_column(String(64))
    author: Mapped[str] = mapped_column(String(255))
    reason: Mapped[str] = mapped_column(Text)
    preview_id: Mapped[int | None] = mapped_column(ForeignKey("previews.id", ondelete="SET NULL"))
    published_at: Mapped[datetime]


class SchemaChange(Base):
    """A field of the CRM that is no longer as it was, and the numbers that hang on it."""

    __tablename__ = "schema_changes"
    __table_args__ = (Index(None, "connection_id", "resolved_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connections.id", ondelete="CASCADE"))
    object: Mapped[str] = mapped_column(String(80))
    field: Mapped[str] = mapped_column(String(120))
    change: Mapped[str] = mapped_column(String(40))
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    affects: Mapped[list[Any]]  # mapping rows and the numbers made from them
    breaks: Mapped[bool]  # a sync will fail or lose something
    found_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
