"""A Salesforce connector signed in to the sandbox, and a person who works in the same org."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

import pytest

from connector.base import Page, Span
from connector.retry import Patience
from connector.salesforce import Salesforce, SalesforceCredentials
from sandbox import salesforce as pretend
from sandbox.server import Server
from sandbox.world import World
from tests.connector.conftest import MemoryTokens

QUICK = Patience(tries=4, first=0.01, longest=0.1, jitter=0.0)
Connect = Callable[..., Salesforce]


@dataclass
class Org:
    """The org behind the API: its people, its faults, its counters."""

    server: Server
    world: World

    def add(self, kind: str, **fields: Any) -> str:
        """A record made by a person; its id."""
        made: str = pretend.person(self.world, "create", kind, None, fields)["Id"]
        return made

    def act(self, action: str, kind: str, record_id: str, **fields: Any) -> dict[str, Any]:
        """What a person does with a record: read, update, delete, undelete, merge."""
        record: dict[str, Any] = pretend.person(self.world, action, kind, record_id, fields)
        return record

    def add_many(self, kind: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Records made through the API by somebody else; their ids."""
        ids: list[str] = []
        for start in range(0, len(rows), 200):
            records = [{"attributes": {"type": kind}, **row} for row in rows[start : start + 200]]
            answer = self.post("/services/data/v64.0/composite/sobjects", {"records": records})
            assert all(result["success"] for result in answer), answer[0]
            ids += [result["id"] for result in answer]
        return ids

    def at_one_instant(self, kind: str, ids: Sequence[str], stamp: datetime) -> None:
        """As after a mass update: all bear the same SystemModstamp."""
        text = stamp.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        with self.world.transaction() as db:
            db.executemany(
                f"UPDATE sf_{kind} SET SystemModstamp = ? WHERE Id = ?",
                [(text, one) for one in ids],
            )

    def fault(self, name: str, **parameters: Any) -> None:
        """Let something go wrong."""
        rule = {"name": name, "crm": "salesforce", **parameters}
        self.post("/__sandbox__/faults", rule)

    def fired(self, name: str) -> int:
        """How often the faults of a name took effect."""
        with urlopen(f"{self.server.url}/__sandbox__/faults") as answer:
            rules = json.load(answer)
        return sum(rule["fired"] for rule in rules if rule["name"] == name)

    def switch(self, name: str, value: Any) -> None:
        """Let the org behave in another way that Salesforce knows."""
        self.post("/__sandbox__/switches", {f"salesforce.{name}": value})

    def calls(self) -> int:
        """API calls made so far, as Salesforce counts them."""
        return self.world.stats.total("salesforce")

    def post(self, path: str, body: Any) -> Any:
        """A call beside the connector's."""
        request = Request(
            f"{self.server.url}{path}",
            json.dumps(body).encode(),
            {
                "Content-Type": "application/json",
                "Authorization": f"Bearer {self.world.salesforce.access_token}",
            },
        )
        with urlopen(request) as answer:
            return json.load(answer)


@pytest.fixture
def org(server: Server, world: World) -> Org:
    """The pretend org."""
    return Org(server, world)


@pytest.fixture
def credentials(world: World) -> SalesforceCredentials:
    """Of the sandbox's connected app."""
    known = world.salesforce
    return SalesforceCredentials("client_credentials", known.client_id, known.client_secret)


@pytest.fixture
def connect(server: Server, credentials: SalesforceCredentials) -> Connect:
    """connect(**other arguments) gives a connector to the sandbox."""

    def make(**arguments: Any) -> Salesforce:
        chosen: dict[str, Any] = {
            "credentials": credentials,
            "tokens": MemoryTokens(),
            "login_url": server.url,
            "patience": QUICK,
        } | arguments
        return Salesforce(chosen.pop("credentials"), **chosen)

    return make


@pytest.fixture
def crm(connect: Connect) -> Salesforce:
    """A connector to the sandbox."""
    return connect()


@pytest.fixture
def today(world: World) -> Span:
    """The window of everything that happens in a test."""
    now = world.clock.now()
    return Span(now - timedelta(hours=1), now + timedelta(hours=1))


def ids_of(pages: Sequence[Page]) -> list[str]:
    """The ids of all records, in the order they came."""
    return [record["Id"] for page in pages for record in page.records]


FULL = Span(None, datetime(2100, 1, 1, tzinfo=UTC))
