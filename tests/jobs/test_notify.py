"""Notices over real sockets: a small SMTP server, a small webhook."""

import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, TCPServer
from threading import Thread
from typing import Any

import pytest

from jobs.clock import utc_now
from jobs.notify import notify, notify_of
from jobs.wiring import House, open_house
from settings import Database, Notify, Secrets, Settings
from store.models import Connection, RefusedValue, Run, SchemaChange

PROBLEM = "the token was refused; connect again"


class Mailbox(StreamRequestHandler):
    """As much SMTP as a plain delivery needs; the server keeps what was sent."""

    def handle(self) -> None:
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word == "DATA":
                self._say("354 go on")
                text = b"".join(iter(self.rfile.readline, b".\r\n")).decode()
                self.server.received.append(text)  # type: ignore[attr-defined]
            self._say("221 bye" if word == "QUIT" else "250 well")
            if word == "QUIT":
                return

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class Hook(BaseHTTPRequestHandler):
    """Keeps each body with its signature."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signature = self.headers["X-Barometer-Signature"]
        self.server.received.append((body, signature))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def serving(server: Any) -> Iterator[Any]:
    server.received, server.status = [], 204
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mailbox() -> Iterator[Any]:
    yield from serving(TCPServer(("127.0.0.1", 0), Mailbox))


@pytest.fixture
def hook() -> Iterator[Any]:
    yield from serving(HTTPServer(("127.0.0.1", 0), Hook))


@pytest.fixture
def house(
    tmp_path: Path, mailbox: Any, hook: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    monkeypatch.setenv("BAROMETER_NOTIFY_SECRET", "s-1")
    place = open_house(
        Settings(
            database=Database(url=f"sqlite:///{tmp_path / 'barometer.db'}"),
            secrets=Secrets(key_file=tmp_path / "secret.key"),
            notify=Notify(
                smtp_host="127.0.0.1",
                smtp_port=mailbox.server_address[1],
                smtp_security="none",
                from_address="barometer@acme.example",
                to=("ops@acme.example", "ann@acme.example"),
                webhook_url=f"http://127.0.0.1:{hook.server_address[1]}/notices",
            ),
        )
    )
    yield place
    place.engine.dispose()


@pytest.fixture
def connection(house: House) -> Connection:
    with house.sessions.begin() as session:
        made = Connection(
            name="acme", vendor="salesforce", settings={}, secrets=b"", created_at=utc_now()
        )
        session.add(made)
    return made


def ended(house: House, connection: Connection, state: str, problem: str | None = None) -> Run:
    """A run that just ended."""
    now = utc_now()
    with house.sessions.begin() as session:
        run = Run(
            connection_id=connection.id,
            kind="sync",
            trigger="schedule",
            state=state,
            problem=problem,
            requested_at=now,
            started_at=now - timedelta(minutes=1),
            finished_at=now,
        )
        session.add(run)
    return run


def refused(house: House, connection: Connection, record_id: str, minutes_ago: int) -> None:
    seen = utc_now() - timedelta(minutes=minutes_ago)
    with house.sessions.begin() as session:
        session.add(
            RefusedValue(
                connection_id=connection.id,
                direction="write",
                object="Account",
                record_id=record_id,
                field="Rating",
                code="BAD_VALUE",
                reason="Unknown is no value of Rating.",
                remedy="Add it, or map it.",
                first_seen=seen,
                last_seen=seen,
            )
        )


def test_a_failure_is_mailed_and_posted(
    house: House, connection: Connection, mailbox: Any, hook: Any
) -> None:
    run = ended(house, connection, "failed", PROBLEM)
    notify_of(house, connection, run)
    (mail,) = mailbox.received
    assert "Subject: Barometer: acme: sync failed" in mail
    assert "To: ops@acme.example, ann@acme.example" in mail
    assert PROBLEM in mail
    ((body, signature),) = hook.received
    page = f"http://127.0.0.1:8000/runs/{run.id}"
    assert json.loads(body) == {"subject": "acme: sync failed", "lines": [PROBLEM, page]}
    assert signature == f"sha256={hmac.digest(b's-1', body, 'sha256').hex()}"


def test_the_same_failure_is_told_once_and_another_again(
    house: House, connection: Connection, hook: Any
) -> None:
    ends = (("failed", PROBLEM), ("failed", PROBLEM), ("failed", "other"), ("done", None))
    for state, problem in (*ends, ("failed", "other")):
        notify_of(house, connection, ended(house, connection, state, problem))
    told = [json.loads(body)["lines"][0] for body, _ in hook.received]
    assert told == [PROBLEM, "other", "other"]


def test_only_new_refusals_are_told(house: House, connection: Connection, hook: Any) -> None:
    refused(house, connection, "001A", minutes_ago=30)
    notify_of(house, connection, ended(house, connection, "refusals"))
    assert hook.received == []
    refused(house, connection, "001B", minutes_ago=0)
    refused(house, connection, "001C", minutes_ago=0)
    notify_of(house, connection, ended(house, connection, "refusals"))
    ((body, _),) = hook.received
    told = json.loads(body)
    assert told["subject"] == "acme: 2 values newly refused"
    assert told["lines"][0] == (
        "2 x Account Rating (write, BAD_VALUE): Unknown is no value of Rating. Add it, or map it."
    )


def test_a_change_of_the_crm_that_breaks_something_is_told(
    house: House, connection: Connection, hook: Any
) -> None:
    with house.sessions.begin() as session:
        for field, breaks in (("Rating", True), ("Industry", False)):
            session.add(
                SchemaChange(
                    connection_id=connection.id,
                    object="Account",
                    field=field,
                    change="removed",
                    affects=[],
                    breaks=breaks,
                    found_at=utc_now(),
                )
            )
    notify_of(house, connection, ended(house, connection, "done"))
    ((body, _),) = hook.received
    told = json.loads(body)
    assert told["subject"] == "acme: fields of the CRM changed that the mapping needs"
    assert told["lines"][:-1] == ["Account.Rating: removed"]


def test_one_way_that_fails_does_not_hold_up_the_other(
    house: House, mailbox: Any, hook: Any
) -> None:
    hook.status = 500
    notify(house, "a\r\nBcc: evil@example.com", ["b"])
    (mail,) = mailbox.received
    assert "\nBcc:" not in mail
    mailbox.shutdown()
    mailbox.server_close()
    hook.status = 204
    notify(house, "again", ["b"])
    assert len(hook.received) == 2
