"""A HubSpot connector signed in to the sandbox, and a person who works in the same portal."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

import pytest

from connector.base import Page, Span
from connector.hubspot import HubSpot, HubSpotCredentials
from connector.retry import Patience
from connector.tokens import Tokens
from sandbox import hubspot as pretend
from sandbox.server import Server
from sandbox.world import World
from tests.connector.conftest import MemoryTokens

QUICK = Patience(tries=4, first=0.01, longest=0.1, jitter=0.0)
FULL = Span(None, datetime(2100, 1, 1, tzinfo=UTC))
Connect = Callable[..., HubSpot]


@dataclass
class Portal:
    """The portal behind the API: its people, its faults, its counters."""

    server: Server
    world: World

    def add(self, kind: str, **fields: Any) -> str:
        """A record made by a person; its id."""
        made: str = pretend.person(self.world, "create", kind, None, fields)["id"]
        return made

    def act(self, action: str, kind: str, record_id: str, **fields: Any) -> dict[str, Any]:
        """What a person does with a record: read, update, delete, undelete, merge."""
        return pretend.person(self.world, action, kind, record_id, fields)

    def value(self, kind: str, record_id: str, name: str) -> str | None:
        """A property as it stands."""
        found: str | None = self.act("read", kind, record_id)["properties"].get(name)
        return found

    def add_many(self, kind: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Records made through the API by somebody else; their ids."""
        ids: list[str] = []
        for start in range(0, len(rows), 100):
            inputs = [{"properties": row} for row in rows[start : start + 100]]
            answer = self.post(f"/crm/v3/objects/{kind}/batch/create", {"inputs": inputs})
            ids += [result["id"] for result in answer["results"]]
        return ids

    def link(self, kind: str, from_id: str, to_kind: str, to_id: str, *types: int) -> None:
        """An association with the given types of HubSpot's own; the default one without."""
        wish: dict[str, Any] = {"from": {"id": from_id}, "to": {"id": to_id}}
        how = "associate/default"
        if types:
            how = "create"
            wish["types"] = [
                {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": t} for t in types
            ]
        self.post(f"/crm/v4/associations/{kind}/{to_kind}/batch/{how}", {"inputs": [wish]})

    def at_one_instant(self, kind: str, ids: Sequence[str], stamp: datetime) -> None:
        """As after a bulk import: all bear the same modification time."""
        name = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        text = stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{stamp.microsecond // 1000:03d}Z"
        with self.world.transaction() as db:
            db.executemany(
                f"UPDATE hs_{kind} SET {name} = ? WHERE _id = ?", [(text, int(i)) for i in ids]
            )

    def fault(self, name: str, **parameters: Any) -> None:
        """Let something go wrong."""
        self.post("/__sandbox__/faults", {"name": name, "crm": "hubspot", **parameters})

    def answer(self, path: str, status: int, body: Any, count: int = 1, **more: Any) -> None:
        """Let the next calls of a path be answered so, before they are carried out."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.fault("status", path=path, status=status, body=text, count=count, **more)

    def fired(self, name: str) -> int:
        """How often the faults of a name took effect."""
        with urlopen(f"{self.server.url}/__sandbox__/faults") as answer:
            rules = json.load(answer)
        return sum(rule["fired"] for rule in rules if rule["name"] == name)

    def switch(self, name: str, value: Any) -> None:
        """Let the portal behave in another way that HubSpot knows."""
        self.post("/__sandbox__/switches", {f"hubspot.{name}": value})

    def calls(self) -> int:
        """API calls made so far, as HubSpot counts them."""
        return self.world.stats.total("hubspot")

    def post(self, path: str, body: Any) -> Any:
        """A call beside the connector's."""
        request = Request(
            f"{self.server.url}{path}",
            json.dumps(body).encode(),
            {
                "Content-Type": "application/json",
                "Authorization": f"Bearer {self.world.hubspot.access_token}",
            },
        )
        with urlopen(request) as answer:
            return json.loads(answer.read() or b"null")


@pytest.fixture
def portal(server: Server, world: World) -> Portal:
    """The pretend portal."""
    return Portal(server, world)


@pytest.fixture
def connect(server: Server, world: World) -> Connect:
    """connect(**other arguments) gives a connector to the sandbox, by its static token."""

    def make(**arguments: Any) -> HubSpot:
        chosen: dict[str, Any] = {
            "credentials": HubSpotCredentials("private_app"),
            "tokens": MemoryTokens(Tokens(world.hubspot.access_token)),
            "base_url": server.url,
            "patience": QUICK,
            "index_lag": 0.05,
        } | arguments
        return HubSpot(chosen.pop("credentials"), **chosen)

    return make


@pytest.fixture
def crm(connect: Connect) -> HubSpot:
    """A connector to the sandbox."""
    return connect()


@pytest.fixture
def today(world: World) -> Span:
    """The window of everything that happens in a test."""
    now = world.clock.now()
    return Span(now - timedelta(hours=1), now + timedelta(hours=1))


def ids_of(pages: Sequence[Page]) -> list[str]:
    """The ids of all records, in the order they came."""
    return [record["hs_object_id"] for page in pages for record in page.records]
