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

import migrations
from connector.base import Crm
from connector.budget import Allowance
from connector.retry import Patience
from connector.tokens import Tokens
from jobs.clock import utc_now
from settings import Settings, secret_keys
from store.database import open_engine, open_sessions
from store.locks import drop_lock, take_lock
from store.models import Connection
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
    return House(settings, engine, open_sessions(engine), Vault(secret_keys(settings)))


class StoredTokens:
    """A connection's tokens in our database, shared by every process (connector.tokens)."""

    def __init__(self, house: House, connection_id: int) -> None:
        self._house, self._id = house, connection_id
        self._thread_lock = threading.Lock()
        self._owner = uuid4().hex

    def _secrets(self, session: Session) -> tuple[Connection, dict[str, str]]:
        connection = session.get_one(Connection, self._id, with_for_update=True)
        return connection, self._house.vault.open(connection.secrets)

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
            connection.secrets = self._house.vault.seal(secrets)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One renewal at a time, across threads and processes."""
        name = f"tokens:{self._id}"
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


def open_crm(house: House, connection: Connection) -> Crm:
    """A client for the connection, with its credentials, allowance and patience."""
    secrets = house.vault.open(connection.secrets)
    facts: dict[str, Any] = connection.settings
    tokens = StoredTokens(house, connection.id)
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
        )
    return crm


def map_file(settings: Settings, vendor: str) -> Path | None:
    """The map of the deployment's own, when it has one."""
    chosen = settings.salesforce.mapping if vendor == "salesforce" else settings.hubspot.mapping
    return Path(chosen) if chosen else None


def model_file(settings: Settings) -> Path | None:
    """The scoring model of the deployment's own, when it has one."""
    return Path(settings.model.file) if settings.model.file else None
