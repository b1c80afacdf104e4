"""Alembic's entry: runs migrations on the engine that `migrations.upgrade` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Engine

from store.models import Base, Instant

engine: Engine = context.config.attributes["engine"]


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Migrations stand alone: our own column type is written as what it is in the database."""
    return "sa.DateTime()" if kind == "type" and isinstance(item, Instant) else False


with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
