"""A session on each kind of database, with one connection to hold rows."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from store.database import open_sessions
from store.models import Connection

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with open_sessions(engine)() as session:
        yield session


@pytest.fixture
def connection(session: Session) -> Connection:
    made = Connection(
        name="acme", vendor="salesforce", settings={}, secrets=b"", state="new", created_at=NOON
    )
    session.add(made)
    session.commit()
    return made
