"""Rows of the store, each with sensible columns unless a test gives its own."""

import zlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from insights.model import Model
from store import models
from store.database import open_engine, open_sessions
from store.results import canonical

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
HEAD = "0001"


def open_store(file: Path) -> sessionmaker[Session]:
    """Sessions on a new database file whose tables are at HEAD."""
    engine = open_engine(f"sqlite:///{file}")
    models.Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
    return open_sessions(engine)


def connection(session: Session, name: str = "acme", **given: Any) -> models.Connection:
    """A stored connection, Salesforce unless told otherwise."""
    facts: dict[str, Any] = {
        "vendor": "salesforce",
        "settings": {},
        "secrets": b"sealed-secret",
        "organisation_id": "00D000000000001EAA",
        "organisation_name": "Acme",
        "instance_url": "http://127.0.0.1:9001",
        "user_name": "integration@acme.example",
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "state": "working",
        "day_calls_used": 1940,
        "day_calls_limit": 100_000,
        "created_at": NOW - timedelta(days=90),
    }
    row = models.Connection(name=name, **{**facts, **given})
    session.add(row)
    session.flush()
    return row


def pulled(connection_id: int, source: str, **columns: Any) -> dict[str, Any]:
    """Columns that every pulled row has, and `columns`."""
    return {
        "connection_id": connection_id,
        "source": source,
        "modified_at": NOW,
        "read_at": NOW,
        "content_hash": "0" * 40,
        **columns,
    }


def account(
    session: Session, connection_id: int, account_id: str, name: str, **columns: Any
) -> models.Account:
    """A stored account of EUR 1,000,000 a year unless told otherwise."""
    value = columns.pop("annual_value", Decimal("1000000"))
    facts = {
        "owner_id": "005B",
        "segment": "Enterprise",
        "currency": "EUR",
        "annual_value": value,
        "annual_value_corporate": value,
        "is_customer": True,
    }
    row = models.Account(
        **pulled(connection_id, "Account", account_id=account_id, name=name, **{**facts, **columns})
    )
    session.add(row)
    session.flush()
    return row


def assessment(
    session: Session,
    of: models.Account,
    result: dict[str, Any],
    *,
    at: datetime = NOW,
    inputs: dict[str, Any] | None = None,
    current: bool = True,
) -> models.Assessment:
    """A stored assessment of the account; `current` makes it the one that pages show."""
    row = models.Assessment(
        connection_id=of.connection_id,
        account_id=of.account_id,
        valid_from=at,
        model_hash=Model().hash() if inputs else "no model",
        inputs_hash="i" * 64,
        inputs=zlib.compress(canonical(inputs or {}).encode()),
        health=result.get("health"),
        band=result.get("band", "unknown"),
        annual_value=of.annual_value_corporate,
        result=result,
        place={},
    )
    session.add(row)
    session.flush()
    if current:
        session.add(
            models.CurrentAssessment(
                connection_id=of.connection_id,
                account_id=of.account_id,
                assessment_id=row.id,
                confirmed_at=at,
                figures={},
            )
        )
        session.flush()
    return row


def figures(
    required: int, known: int, respondents: int, band: str, health: float | None, **more: Any
) -> dict[str, Any]:
    """The result of one assessment in the names of docs/insights.md."""
    third, over = divmod(required, 3)
    return {
        "required_contacts": required,
        "required_by_level": {
            level: third + (over > place)
            for place, level in enumerate(("decision_maker", "influencer", "user"))
        },
        "known": known,
        "engaged": min(known, respondents + 1),
        "respondents": respondents,
        "responses": respondents,
        "health": health,
        "band": band,
        **more,
    }
