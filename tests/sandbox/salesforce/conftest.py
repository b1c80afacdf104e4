"""A small org behind real sockets, and a plain HTTP caller for it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from sandbox import salesforce
from sandbox.server import Server
from sandbox.world import World


@dataclass
class Api:
    """REST calls as the integration user, below /services/data/v<version>."""

    server: Server
    world: World
    version: str = "59.0"
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {self.world.salesforce.access_token}"

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """One call; a path with `/services` is taken as it is."""
        base = "" if path.startswith("/services") else f"/services/data/v{self.version}"
        options.setdefault("timeout", 20)
        return self.session.request(method, f"{self.server.url}{base}{path}", **options)

    def get(self, path: str, status: int = 200, **options: Any) -> Any:
        """The JSON of a GET that answers `status`."""
        return self._json(self.send("GET", path, **options), status)

    def post(self, path: str, body: Any, status: int = 200, **options: Any) -> Any:
        """The JSON of a POST that answers `status`."""
        return self._json(self.send("POST", path, json=body, **options), status)

    def patch(self, path: str, body: Any, status: int = 200, **options: Any) -> Any:
        """The JSON of a PATCH that answers `status`."""
        return self._json(self.send("PATCH", path, json=body, **options), status)

    def delete(self, path: str, status: int = 204) -> Any:
        """The JSON of a DELETE that answers `status`."""
        return self._json(self.send("DELETE", path), status)

    def query(
        self, text: str, status: int = 200, path: str = "/query", batch: int | None = None
    ) -> Any:
        """The JSON of a query, with a batch size if one is given."""
        headers = {"Sforce-Query-Options": f"batchSize={batch}"} if batch else {}
        return self.get(path, status, params={"q": text}, headers=headers)

    def rows(self, text: str, path: str = "/query") -> list[dict[str, Any]]:
        """The records of a query's first page, without attributes."""
        records = self.query(text, path=path)["records"]
        return [{k: v for k, v in r.items() if k != "attributes"} for r in records]

    def create(self, kind: str, **fields: Any) -> str:
        """A new record's id."""
        return str(self.post(f"/sobjects/{kind}", fields, 201)["id"])

    @staticmethod
    def _json(response: requests.Response, status: int) -> Any:
        assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
        return response.json() if response.content else None


@pytest.fixture
def api(server: Server, world: World) -> Iterator[Api]:
    """Calls to a fresh org."""
    api = Api(server, world)
    yield api
    api.session.close()


def person(
    world: World, action: str, kind: str, record_id: str | None = None, **fields: Any
) -> Any:
    """What somebody does in the CRM's pages."""
    return salesforce.person(world, action, kind, record_id, fields)


def code_of(answer: Any) -> str:
    """The errorCode of a refusal."""
    return str(answer[0]["errorCode"])
