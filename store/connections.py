"""Connections to CRM organisations."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.models import Connection
from store.secrets import Vault


def find_connection(session: Session, name: str) -> Connection | None:
    """The connection called `name`."""
    return session.scalar(select(Connection).where(Connection.name == name))


def all_connections(session: Session) -> list[Connection]:
    """Every connection, by name."""
    return list(session.scalars(select(Connection).order_by(Connection.name)))


def save_connection(
    session: Session,
    vault: Vault,
    *,
    name: str,
    vendor: str,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    now: datetime,
) -> Connection:
    """Make the connection `name`, or give an existing one new settings and credentials."""
    found = find_connection(session, name)
    if found is None:
        found = Connection(name=name, vendor=vendor, created_at=now, state="new")
        session.add(found)
    found.vendor = vendor
    found.settings = dict(settings)
    found.secrets = vault.seal(secrets)
    session.flush()
    return found
