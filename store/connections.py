"""Connections to CRM organisations, and the credentials that are tried before they are used."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.models import Connection, Run
from store.secrets import Vault


class NameTaken(Exception):
    """A connection to another CRM bears this name already."""


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


def propose_access(
    session: Session,
    vault: Vault,
    *,
    name: str,
    vendor: str,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    now: datetime,
    writes_approved: bool = True,
) -> Connection:
    """Keep settings and credentials for connection `name` until they were tried; makes it if new.

    Those in use stay in use. Raises NameTaken when the connection is one to another CRM.
    """
    found = find_connection(session, name)
    if found is not None and found.vendor != vendor and found.organisation_id is not None:
        raise NameTaken(
            f"The name {name} belongs to a connection to another CRM: choose another name, or "
            "disconnect that one first."
        )
    if found is None or found.organisation_id is None:
        approved = writes_approved if found is None else found.writes_approved
        found = save_connection(
            session, vault, name=name, vendor=vendor, settings=settings, secrets=secrets, now=now
        )
        found.writes_approved = approved
    found.proposed_settings = dict(settings)
    found.proposed_secrets = vault.seal(secrets)
    session.flush()
    return found


def shares_organisation(
    session: Session, connection: Connection, organisation_id: str | None
) -> bool:
    """Whether another connection leads to this organisation, perhaps by the same access."""
    query = select(Connection.id).where(
        Connection.vendor == connection.vendor,
        Connection.organisation_id == organisation_id,
        Connection.id != connection.id,
    )
    return session.scalar(query.limit(1)) is not None


def latest_run(
    session: Session, connection_id: int, kinds: Sequence[str], states: Sequence[str] = ()
) -> Run | None:
    """The newest run of one of these kinds, if wished only in one of these states."""
    query = select(Run).where(Run.connection_id == connection_id, Run.kind.in_(kinds))
    if states:
        query = query.where(Run.state.in_(states))
    return session.scalar(query.order_by(Run.id.desc()).limit(1))


def drop_proposal(connection: Connection) -> None:
    """The credentials that were to be tried are of no use, or are in use by now."""
    connection.proposed_settings = connection.proposed_secrets = None


def remove_connection(session: Session, connection_id: int, *, but_run: int) -> None:
    """Delete the connection with everything read, computed and noted for it, except one run."""
    session.get_one(Run, but_run).connection_id = None
    session.flush()
    session.delete(session.get_one(Connection, connection_id))
    session.flush()
