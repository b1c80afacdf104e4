"""A portal spoken to with plain requests."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox import hubspot
from sandbox.server import Server
from sandbox.world import World


class Api:
    """Calls with the portal's static token; every answer is checked for its status."""

    def __init__(self, server: Server) -> None:
        self.url = server.url
        self.world = server.world
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {self.world.hubspot.access_token}"
        self.headers: Any = {}

    def call(
        self, method: str, path: str, json: Any = None, *, status: int = 200, **more: Any
    ) -> Any:
        """The JSON of an answer that must have `status`; None for an empty one."""
        url = path if path.startswith("http") else self.url + path
        answer = self.session.request(method, url, json=json, timeout=30, **more)
        assert answer.status_code == status, answer.text
        self.headers = answer.headers
        return answer.json() if answer.content else None

    def get(self, path: str, *, status: int = 200, **more: Any) -> Any:
        """GET."""
        return self.call("GET", path, status=status, **more)

    def post(self, path: str, json: Any, *, status: int = 200) -> Any:
        """POST of JSON."""
        return self.call("POST", path, json, status=status)

    def add(self, kind: str, **properties: Any) -> str:
        """A record made through the API; returns its id."""
        made = self.post(f"/crm/v3/objects/{kind}", {"properties": properties}, status=201)
        return str(made["id"])

    def search(self, kind: str, **body: Any) -> list[str]:
        """Ids found by a search, in its order."""
        found = self.post(f"/crm/v3/objects/{kind}/search", body)
        return [record["id"] for record in found["results"]]

    def person(self, action: str, kind: str, record_id: str | None = None, **fields: Any) -> Any:
        """What a person does in the CRM."""
        return hubspot.person(self.world, action, kind, record_id, fields)


@pytest.fixture
def api(server: Server) -> Iterator[Api]:
    """An empty portal without rate limits."""
    server.world.switches["hubspot.limits.enforced"] = False
    caller = Api(server)
    yield caller
    caller.session.close()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One portal for all tests that do not mind what else is in it; no switches, no faults."""
    world = World(tmp_path_factory.mktemp("shared") / "world.sqlite")
    with Server(world) as server:
        world.switches["hubspot.limits.enforced"] = False
        caller = Api(server)
        yield caller
        caller.session.close()
    world.release()


@pytest.fixture
def switches(world: World) -> Any:
    """The world's behaviour switches."""
    return world.switches
