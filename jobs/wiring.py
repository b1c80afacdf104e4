"""The wiring: settings → database, vault and CRM clients. Nothing else builds them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

import mappings
import migrations
from connector.base import Crm
from connector.budget import Allowance
from connector.retry import Patience
from connector.tokens import Tokens
from jobs.clock import utc_now
from mappings import CrmMap
from settings import Settings, secret_keys
from store.database import open_engine, open_sessions
from store.locks import drop_lock, take_lock
from store.models import Connection
from store.publishing import published_map
from store.secrets import Vault


@dataclass(frozen=True)
class House:
    """Everything a job needs that is not of one CRM."""

    settings: Settings
    engine: Engine
    sessions: sessionmaker[Session]
    vault: Vault
    patience: Patience = field(default_factory=Patience)  # with a CRM that cannot answer now


def open_house(settings: Settings) -> House:
    """Open (and migrate) the database and the vault."""
    engine = open_engine(settings.database.url)
    migrations.upgrade(engine)
    patience = Patience(tries=settings.sync.tries_per_call)
    return House(settings, engine, open_sessions(engine), Vault(secret_keys(settings)), patience)


class StoredTokens:
    """A connection's tokens in our database, shared by every process (connector.tokens).

    proposed  those of credentials that are being tried, beside the ones in use
    """

    def __init__(self, house: House, connection_id: int, *, proposed: bool = False) -> None:
        self._house, self._id = house, connection_id
        self._column = "proposed_secrets" if proposed else "secrets"
        self._thread_lock = threading.Lock()
        self._owner = uuid4().hex

    def _secrets(self, session: Session) -> tuple[Connection, dict[str, str]]:
        connection = session.get_one(Connection, self._id, with_for_update=True)
        return connection, self._house.vault.open(getattr(connection, self._column))

    def load(self) -> Tokens | None:
        """The newest tokens; None when there were none yet."""
        with self._house.sessions() as session:
            _, secrets = self._secrets(session)
        if "access_token" not in secrets and "refresh_token" not in secrets:
            return None
        expires = secrets.get("expires_at")
        return Tokens(
            access_token=secrets.get("access_token", ""),
            refresh_token=secrets.get("refresh_token"),
            instance_url=secrets.get("instance_url"),
            expires_at=datetime.fromisoformat(expires) if expires else None,
        )

    def save(self, tokens: Tokens) -> None:
        """Keep these durably before they are used."""
        fresh = {
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "instance_url": tokens.instance_url,
            "expires_at": tokens.expires_at.isoformat() if tokens.expires_at else None,
        }
        with self._house.sessions.begin() as session:
            connection, secrets = self._secrets(session)
            secrets |= {name: value for name, value in fresh.items() if value is not None}
            setattr(connection, self._column, self._house.vault.seal(secrets))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One renewal at a time, across threads and processes."""
        name = f"tokens:{self._id}" + (":proposed" if self._column != "secrets" else "")
        with self._thread_lock:
            waiting = threading.Event()
            while not self._take(name):
                waiting.wait(0.2)
            try:
                yield
            finally:
                with self._house.sessions() as session:
                    drop_lock(session, name, self._owner)

    def _take(self, name: str) -> bool:
        with self._house.sessions() as session:
            return take_lock(
                session, name, self._owner, now=utc_now(), expires_after=timedelta(seconds=60)
            )


def open_crm(house: House, connection: Connection, *, proposed: bool = False) -> Crm:
    """A client for the connection, with its credentials, allowance and patience.

    proposed  with those that are to be tried, instead of the ones in use
    """
    sealed = connection.proposed_secrets if proposed else connection.secrets
    secrets = house.vault.open(sealed or b"")
    facts: dict[str, Any] = (
        connection.proposed_settings if proposed else connection.settings
    ) or {}
    tokens = StoredTokens(house, connection.id, proposed=proposed)
    allowance = Allowance(house.settings.sync.api_share)
    ca_file = Path(facts["ca_file"]) if facts.get("ca_file") else None
    crm: Crm
    if connection.vendor == "salesforce":
        from connector.salesforce import Salesforce, SalesforceCredentials

        crm = Salesforce(
            SalesforceCredentials(
                kind=facts["credentials"],
                client_id=secrets.get("client_id", ""),
                client_secret=secrets.get("client_secret"),
                username=facts.get("username"),
                private_key=secrets.get("private_key"),
            ),
            tokens=tokens,
            api_version=house.settings.salesforce.api_version,
            login_url=facts["login_url"],
            ca_file=ca_file,
            patience=house.patience,
            allowance=allowance,
        )
    else:
        from connector.hubspot import HubSpot, HubSpotCredentials

        crm = HubSpot(
            HubSpotCredentials(
                kind=facts["credentials"],
                client_id=secrets.get("client_id"),
                client_secret=secrets.get("client_secret"),
            ),
            tokens=tokens,
            base_url=facts["base_url"],
            api_version=house.settings.hubspot.api_version,
            ca_file=ca_file,
            patience=house.patience,
            allowance=allowance,
            searches_per_second=house.settings.hubspot.searches_per_second,
        )
    return crm


def map_in_use(house: House, connection: Connection, draft: str | None = None) -> CrmMap:
    """The map that the connection works by: published, else the deployment's file, else ours.

    draft  a map (TOML) to work by instead, to see what it would do
    Raises MapError when the map cannot be read or does not make sense.
    """
    if draft is not None:
        return mappings.loads(connection.vendor, draft, "the draft")
    with house.sessions() as session:
        published = published_map(session, connection.id)
    return mappings.choose(
        connection.vendor,
        None if published is None else published.content,
        house.settings.map_file(connection.vendor),
    )


def model_file(settings: Settings) -> Path | None:
    """The scoring model of the deployment's own, when it has one."""
    return Path(settings.model.file) if settings.model.file else None
