"""A small world in both CRMs, served over real sockets, and a house of ours beside it."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from jobs.connect import Access, connect, provision
from jobs.intake import import_feedback
from jobs.sync import Order, Report, run_sync
from jobs.wiring import House, open_house
from sandbox.portfolio import generate
from sandbox.server import Server, load
from sandbox.world import World
from settings import Database, Secrets, Settings
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


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a world with a dozen accounts, to be copied: loading takes a while."""
    world = World(tmp_path_factory.mktemp("loaded") / "world.sqlite")
    load(world, generate(ACCOUNTS, 7, NOW))
    world.release()
    return world.path


@pytest.fixture
def world(loaded: Path, tmp_path: Path) -> Iterator[World]:
    world = World(shutil.copy(loaded, tmp_path / "world.sqlite"))
    yield world
    world.release()


@pytest.fixture
def sandbox(world: World) -> Iterator[Server]:
    with Server(world) as running:
        yield running


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = Settings(
        database=Database(url=f"sqlite:///{tmp_path / 'ours.db'}"),
        secrets=Secrets(key_file=tmp_path / "secret.key"),
    )
    house = open_house(settings)
    yield house
    house.engine.dispose()


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


@pytest.fixture
def open_line(house: House, sandbox: Server, tmp_path: Path) -> Callable[[str], Line]:
    """open_line(vendor): connect, provision, import the survey tool's export."""

    def open_one(vendor: str) -> Line:
        connection = connect(house, vendor, access(sandbox, vendor))
        provision(house, connection, dry_run=False)
        for name in ("invitations", "responses"):
            file = tmp_path / f"{name}.csv"
            url = f"{sandbox.url}/__sandbox__/survey/{name}.csv"
            file.write_bytes(requests.get(url, timeout=30).content)
            import_feedback(house.sessions, connection.id, name, file, now=NOW)
        return Line(vendor, house, sandbox, connection)

    return open_one


@pytest.fixture(params=["salesforce", "hubspot"])
def line(request: pytest.FixtureRequest, open_line: Callable[[str], Line]) -> Line:
    """The line of each CRM in turn."""
    return open_line(request.param)
