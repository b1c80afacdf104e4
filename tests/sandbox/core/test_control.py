"""The control interface over a real socket."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from sandbox import survey
from sandbox.portfolio import generate
from sandbox.server import Server
from sandbox.world import World


class Control:
    """Calls under /__sandbox__/."""

    def __init__(self, server: Server) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._base = f"{server.url}/__sandbox__"

    def __call__(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self._session.request(method, f"{self._base}/{path}", json=body)

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()


@pytest.fixture
def control(server: Server) -> Iterator[Control]:
    """A client of the control interface."""
    calls = Control(server)
    yield calls
    calls.close()


def test_faults_are_armed_listed_and_cleared(control: Control) -> None:
    armed = control("POST", "faults", {"name": "latency", "crm": "hubspot", "seconds": 1}).json()
    assert armed["id"] == 1
    assert [rule["name"] for rule in control("GET", "faults").json()] == ["latency"]
    assert control("DELETE", "faults?name=other").json() == {"cleared": 0}
    assert control("DELETE", "faults").json() == {"cleared": 1}


def test_a_wrong_fault_is_explained(control: Control) -> None:
    answer = control("POST", "faults", {"crm": "hubspot"})
    assert answer.status_code == 400
    assert 'needs a "name"' in answer.json()["error"]
    assert control("POST", "faults").json()["error"] == "send a JSON object"


def test_the_clock_moves(control: Control, world: World) -> None:
    control("POST", "clock", {"set": "2030-01-01T00:00:00Z"})
    control("POST", "clock", {"advance": 86_400})
    assert world.clock.now().date() == datetime(2030, 1, 2, tzinfo=UTC).date()
    assert control("GET", "clock").json()["now"].startswith("2030-01-02T00:00")
    assert control("POST", "clock", {"set": "noon"}).status_code == 400


def test_switches_are_shown_and_set(control: Control, world: World) -> None:
    assert control("POST", "switches", {"http.gzip": False}).json()["http.gzip"] is False
    assert world.switches["http.gzip"] is False
    refused = control("POST", "switches", {"no.such": 1})
    assert refused.status_code == 400
    assert "no switch 'no.such'" in refused.json()["error"]


def test_ids_are_translated(control: Control, world: World) -> None:
    world.note_ids("salesforce", "accounts", [("A1", "001x")])
    found = control("GET", "ids?crm=salesforce&object=accounts&canonical_id=A1").json()
    assert found["crm_id"] == "001x"
    back = control("GET", "ids?crm=salesforce&object=accounts&crm_id=001x").json()
    assert back == found
    assert control("GET", "ids?crm=hubspot&object=accounts&canonical_id=A1").status_code == 404


def test_stats_start_again(control: Control, world: World) -> None:
    world.stats.count("hubspot", "read", "GET", "/crm/v3/owners")
    assert control("GET", "stats").json()["hubspot"]["read"] == 1
    assert control("DELETE", "stats").json()["hubspot"]["total"] == 0


def test_control_itself_is_not_counted_and_meets_no_fault(control: Control, world: World) -> None:
    world.faults.arm({"name": "unavailable"})
    assert control("GET", "stats").json()["salesforce"]["total"] == 0
    assert control("GET", "stats").status_code == 200


def test_the_survey_tool_exports_answers_by_email(control: Control, world: World) -> None:
    portfolio = generate(6, seed=1, now=world.clock.now())
    survey.load(world, portfolio)

    answers = list(csv.DictReader(io.StringIO(control("GET", "survey/responses.csv").text)))
    asked = list(csv.DictReader(io.StringIO(control("GET", "survey/invitations.csv").text)))

    express = [row for row in answers if row["company_domain"] == "expresslogistics.example"]
    assert [(row["email"], row["score"]) for row in express] == [
        ("astrid.svensson@expresslogistics.example", "4"),
        ("benedikt.keller@expresslogistics.example", "9"),
    ]
    assert express[0]["contact_name"] == "Astrid Svensson"
    assert datetime.fromisoformat(express[0]["answered_at"]).tzinfo is not None
    assert len(answers) == len(list(portfolio.rows("responses")))
    assert len(asked) == len(list(portfolio.rows("invitations")))
    assert list(asked[0]) == ["invitation_id", "email", "company_domain", "campaign", "sent_at"]


def test_an_empty_survey_tool_exports_nothing(control: Control) -> None:
    assert control("GET", "survey/responses.csv").text == ""
    assert control("GET", "survey/scores.csv").status_code == 404


def test_both_ports_serve_the_same_world(server: Server, control: Control) -> None:
    control("POST", "faults", {"name": "html"})
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(server.ca_file)
        assert len(session.get(f"{server.https_url}/__sandbox__/faults").json()) == 1
        by_name = server.https_url.replace("127.0.0.1", "localhost")
        assert session.get(f"{by_name}/__sandbox__/stats").status_code == 200
