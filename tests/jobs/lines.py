"""A CRM line under test: the sandbox serving a small world, and a house of ours beside it.

What every test needs in the same state is made once in a session, and copied: a world and our
database, connected and provisioned, with the survey tool's export, and if wished synchronised.
"""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from connector.retry import Patience
from jobs.connect import Access, connect, provision
from jobs.intake import import_feedback
from jobs.report import Report
from jobs.sync import Order, run_sync
from jobs.wiring import House, open_house
from sandbox.server import Server
from sandbox.world import World
from settings import Database, HubSpot, Secrets, Settings
from store.connections import find_connection
from store.models import Account, Connection

NOW = datetime.now(UTC).replace(microsecond=0)
ACCOUNTS = 12
KINDS = {"salesforce": "Account", "hubspot": "companies"}
FIELDS = {
    "salesforce": {
        "health": "AX_Health_Score__c",
        "value": "ARR__c",
        "left": "Left_Company_On__c",
    },
    "hubspot": {
        "health": "ax_health_score",
        "value": "annual_recurring_revenue",
        "left": "left_company_on",
    },
}


HASTY = Patience(tries=2, first=0.01, longest=0.02, jitter=0.0)
UNPACED = HubSpot(searches_per_second=1000)  # with a sandbox whose limits are lifted
_STANDS: dict[tuple[str, bool], Path] = {}


def access(sandbox: Server, vendor: str) -> Access:
    """The credentials that the sandbox hands out, as an admin would enter them."""
    where: Mapping[str, Any] = sandbox.credentials()[vendor]
    if vendor == "salesforce":
        settings = {"credentials": "client_credentials", "login_url": where["https_url"]}
        secrets = {name: where[name] for name in ("client_id", "client_secret")}
    else:
        settings = {"credentials": "private_app", "base_url": where["https_url"]}
        secrets = {"access_token": where["access_token"]}
    return Access(vendor, {**settings, "ca_file": where["ca_file"], "currency": "USD"}, secrets)


@dataclass(frozen=True)
class Line:
    """One connected, provisioned CRM with its answers imported."""

    vendor: str
    house: House
    sandbox: Server
    connection: Connection

    @property
    def world(self) -> World:
        return self.sandbox.world

    @property
    def kind(self) -> str:
        return KINDS[self.vendor]

    @property
    def people(self) -> str:
        return {"salesforce": "Contact", "hubspot": "contacts"}[self.vendor]

    @property
    def fields(self) -> dict[str, str]:
        return FIELDS[self.vendor]

    def sync(self, **order: Any) -> Report:
        return run_sync(self.house, self.connection, Order(**order))

    def account_named(self, name: str) -> str:
        """The CRM's id of the account that we have read under this name."""
        with self.house.sessions() as session:
            return session.scalars(select(Account.account_id).where(Account.name == name)).one()

    def person(self, action: str, kind: str, record_id: str, **fields: Any) -> dict[str, Any]:
        """What a person does in the CRM's own pages."""
        answer = requests.post(
            f"{self.sandbox.url}/__sandbox__/records",
            json={
                "crm": self.vendor,
                "action": action,
                "kind": kind,
                "id": record_id,
                "fields": fields,
            },
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    def read(self, record_id: str) -> dict[str, Any]:
        """The account as a person sees it, field by field."""
        record = self.person("read", self.kind, record_id)
        properties: dict[str, Any] = record.get("properties", record)
        return properties

    def fault(self, name: str, **parameters: Any) -> None:
        """Arm a fault of the sandbox for this CRM."""
        rule = {"name": name, "crm": self.vendor, **parameters}
        answer = requests.post(f"{self.sandbox.url}/__sandbox__/faults", json=rule, timeout=30)
        assert answer.status_code in (200, 201), answer.text

    def calm(self) -> None:
        """Clear every fault."""
        requests.delete(f"{self.sandbox.url}/__sandbox__/faults", timeout=30)

    def writes(self) -> int:
        """API calls of the CRM that were writes, since the last look."""
        url = f"{self.sandbox.url}/__sandbox__/stats"
        calls = requests.get(url, timeout=30).json()
        requests.delete(url, timeout=30)
        return int(calls[self.vendor]["write"])


def make_house(url: str, folder: Path, **sections: Any) -> House:
    """A house on the database at `url`; its key is in `folder`."""
    settings = Settings(
        database=Database(url=url),
        secrets=Secrets(key_file=folder / "secret.key"),
        **{"hubspot": UNPACED, **sections},
    )
    return open_house(settings)


def join_line(house: House, sandbox: Server, vendor: str, folder: Path) -> Line:
    """A connected, provisioned line with the survey tool's export, not yet synchronised."""
    connection = connect(house, vendor, access(sandbox, vendor))
    provision(house, connection, dry_run=False)
    for name in ("invitations", "responses"):
        file = folder / f"{name}.csv"
        url = f"{sandbox.url}/__sandbox__/survey/{name}.csv"
        file.write_bytes(requests.get(url, timeout=30).content)
        import_feedback(house.sessions, connection.id, name, file, now=NOW)
    return Line(vendor, house, sandbox, connection)


def prepare_stand(
    vendor: str, loaded: Path, folders: pytest.TempPathFactory, *, synced: bool = True
) -> Path:
    """A folder with a joined world and our database, after one sync or none; made once."""
    if (vendor, synced) not in _STANDS:
        made, stand = folders.mktemp(f"made-{vendor}"), folders.mktemp(f"stand-{vendor}")
        world = World(shutil.copy(loaded, made / "world.sqlite"))
        house = make_house(f"sqlite:///{made / 'barometer.db'}", made)
        with Server(world) as sandbox:
            world.switches["hubspot.limits.enforced"] = False  # syncs follow each other closely
            line = join_line(house, sandbox, vendor, made)
            if synced:
                report = line.sync(as_of=NOW)
                assert (report.state, report.problem) == ("done", None)
        house.engine.dispose()
        world.release()
        for name in ("world.sqlite", "barometer.db"):  # whole, whoever still has the file open
            with closing(sqlite3.connect(made / name)) as source:
                source.execute("VACUUM INTO ?", (str(stand / name),))
        shutil.copy(made / "secret.key", stand)
        _STANDS[vendor, synced] = stand
    return _STANDS[vendor, synced]


@contextmanager
def standing_line(
    vendor: str, stand: Path, folder: Path, home: Path | None = None
) -> Iterator[Line]:
    """A copy of the stand, served, with little patience so that a failure comes soon.

    home  where our database and its key go; `folder` unless told otherwise
    """
    home = home or folder
    for name in ("world.sqlite", "barometer.db", "secret.key"):
        shutil.copy(stand / name, (folder if name == "world.sqlite" else home) / name)
    world = World(folder / "world.sqlite")
    house = replace(make_house(f"sqlite:///{home / 'barometer.db'}", home), patience=HASTY)
    with Server(world) as sandbox:
        yield Line(vendor, house, sandbox, _moved(house, sandbox, vendor))
    house.engine.dispose()
    world.release()


def _moved(house: House, sandbox: Server, vendor: str) -> Connection:
    """The connection, led to where the CRM is served now."""
    where = sandbox.credentials()[vendor]
    url = "login_url" if vendor == "salesforce" else "base_url"
    with house.sessions.begin() as session:
        connection = find_connection(session, vendor)
        assert connection is not None
        moved = {url: where["https_url"], "ca_file": where["ca_file"]}
        connection.settings = {**connection.settings, **moved}
        secrets = house.vault.open(connection.secrets)
        if "instance_url" in secrets:
            secrets["instance_url"] = where["https_url"]
        connection.secrets = house.vault.seal(secrets)
    return connection
