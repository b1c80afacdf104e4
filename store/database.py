"""Opening the database: SQLite (one file, WAL) or PostgreSQL, chosen by the URL alone."""

from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker


def open_engine(url: str) -> Engine:
    """An engine for `url`; makes the folder of an SQLite file.

    Errors never show the values of a statement: they are people's data.
    SQLite: write-ahead log, foreign keys on, a writer waits up to 30 s for another.
    """
    parsed = make_url(url)
    choices: dict[str, Any] = {
        "hide_parameters": True,
        "json_serializer": _json,
        "json_deserializer": _value,
    }
    if parsed.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, **choices)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": 30}, **choices)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _value(stored: Any) -> Any:
    """SQLite hands out a number that stands alone as a number, not as text."""
    return stored if isinstance(stored, int | float) else orjson.loads(stored)


def open_sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions whose objects stay readable after commit."""
    return sessionmaker(engine, expire_on_commit=False)
