"""Faults and counting over real sockets, with a one-route CRM that notes what it committed."""

import json
import time
from collections.abc import Iterator

import pytest
import requests
from flask import Flask, g, request

from sandbox import traffic
from sandbox.stats import normalised
from sandbox.wire import ConnectionServer
from sandbox.world import World

COMPANY = "/crm/v3/objects/companies/123456"


@pytest.fixture
def url(world: World) -> Iterator[str]:
    """A server whose every API call appends its path to the world's state."""
    app = Flask(__name__)

    @app.route("/<path:path>", methods=["GET", "POST", "PATCH"])
    def answer(path: str) -> dict[str, object]:
        with world.transaction():
            world.write_state("done", [*world.read_state("done", []), path])
        if path.endswith("composite/batch"):
            g.api_calls = 25
        port = request.environ["REMOTE_PORT"]
        return {"path": path, "length": len(request.get_data()), "port": port}

    traffic.install(app, world)
    server = ConnectionServer(0, app, on_close=world.release)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


@pytest.fixture
def client() -> Iterator[requests.Session]:
    """One connection, reused."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def test_one_connection_serves_many_requests(url: str, client: requests.Session) -> None:
    answers = [client.post(url + COMPANY, data=b"x" * size).json() for size in (0, 10, 100_000)]
    assert [answer["length"] for answer in answers] == [0, 10, 100_000]
    assert len({answer["port"] for answer in answers}) == 1


def test_a_body_sent_in_chunks_is_read(url: str, client: requests.Session) -> None:
    answer = client.post(url + COMPANY, data=iter([b"abc", b"defg"]))
    assert answer.json()["length"] == 7


def test_cut_before_the_handler_nothing_happened(
    url: str, world: World, client: requests.Session
) -> None:
    world.faults.arm({"name": "cut_before", "count": 1})
    with pytest.raises(requests.ConnectionError):
        client.patch(url + COMPANY)
    assert world.read_state("done", []) == []
    assert world.stats.total("hubspot") == 0
    assert client.patch(url + COMPANY).status_code == 200


def test_cut_after_the_handler_the_write_stands(
    url: str, world: World, client: requests.Session
) -> None:
    world.faults.arm({"name": "cut_after", "crm": "hubspot", "count": 1, "method": "PATCH"})
    with pytest.raises(requests.ConnectionError):
        client.patch(url + COMPANY)
    assert world.read_state("done", []) == [COMPANY[1:]]
    assert client.get(url + COMPANY).status_code == 200


def test_unavailable_answers_html_and_does_not_reach_the_handler(
    url: str, world: World, client: requests.Session
) -> None:
    world.faults.arm({"name": "unavailable", "crm": "salesforce", "count": 1})
    answer = client.get(f"{url}/services/data/v65.0/query")
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "text/html")
    assert world.read_state("done", []) == []
    assert client.get(f"{url}/services/data/v65.0/query").status_code == 200


def test_a_status_comes_with_the_body_and_headers_asked_for(
    url: str, world: World, client: requests.Session
) -> None:
    world.faults.arm(
        {"name": "status", "status": 429, "body": "{}", "headers": {"Retry-After": "2"}}
    )
    answer = client.get(url + COMPANY)
    assert (answer.status_code, answer.text) == (429, "{}")
    assert answer.headers["Retry-After"] == "2"


def test_malformed_json_cannot_be_read(url: str, world: World, client: requests.Session) -> None:
    world.faults.arm({"name": "malformed_json", "count": 1})
    with pytest.raises(requests.exceptions.JSONDecodeError):
        client.get(url + COMPANY).json()


def test_a_slow_answer_is_whole(url: str, world: World, client: requests.Session) -> None:
    world.faults.arm({"name": "slow", "count": 1, "seconds": 0.3})
    begun = time.monotonic()
    assert client.get(url + COMPANY).json()["length"] == 0
    assert time.monotonic() - begun >= 0.3


def test_latency_delays_only_the_matching_path(
    url: str, world: World, client: requests.Session
) -> None:
    rule = {"name": "latency", "seconds": 0.3, "path": r"q=SELECT Id FROM Contact", "count": 1}
    world.faults.arm(rule)
    client.get(f"{url}/services/data/v65.0/query", params={"q": "SELECT Id FROM Account"})
    begun = time.monotonic()
    client.get(f"{url}/services/data/v65.0/query", params={"q": "SELECT Id FROM Contact"})
    assert time.monotonic() - begun >= 0.3


def test_an_answer_is_packed_for_who_asks_for_it(
    url: str, world: World, client: requests.Session
) -> None:
    answer = client.get(url + COMPANY)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json()["path"] == COMPANY[1:]
    for plain in ("identity", "gzip;q=0, *"):
        answer = client.get(url + COMPANY, headers={"Accept-Encoding": plain}, stream=True)
        assert "Content-Encoding" not in answer.headers
        assert json.loads(answer.raw.read())["path"] == COMPANY[1:]
    head = client.head(url + COMPANY)
    assert (head.headers.get("Content-Encoding"), head.content) == (None, b"")
    world.switches["http.gzip"] = False
    assert "Content-Encoding" not in client.get(url + COMPANY).headers


def test_calls_are_counted_as_the_vendors_would(
    url: str, world: World, client: requests.Session
) -> None:
    api = f"{url}/services/data"
    client.get(api)  # versions: not counted
    client.get(f"{api}/")
    client.get(f"{api}/v65.0/query")
    client.get(f"{api}/v65.0/sobjects/Account/describe")
    client.patch(f"{api}/v65.0/composite/sobjects")
    client.post(f"{api}/v65.0/composite/batch")  # one call per sub-request
    client.post(f"{url}/services/Soap/u/65.0")
    client.post(f"{url}/services/oauth2/token")  # signing in: not counted
    client.post(f"{url}/crm/v3/objects/companies/search")
    client.post(f"{url}/crm/v3/objects/companies/batch/update")
    client.get(f"{url}/contacts/1/record/0-2/5")  # a record page

    counted = world.stats.snapshot()

    kinds = ("total", "read", "write", "login", "meta")
    assert [counted["salesforce"][k] for k in kinds] == [29, 1, 26, 1, 1]
    assert [counted["hubspot"][k] for k in kinds] == [2, 1, 1, 0, 0]
    assert counted["salesforce"]["paths"]["POST /services/data/vN/composite/batch"] == 25


def test_paths_are_counted_without_record_ids() -> None:
    salesforce = normalised("/services/data/v65.0/sobjects/Account/0015g00000XyzABAA0")
    assert salesforce == "/services/data/vN/sobjects/Account/{id}"
    assert normalised(COMPANY) == "/crm/v3/objects/companies/{id}"
    role = "/services/data/vN/sobjects/OpportunityContactRole"
    assert normalised(role) == role
