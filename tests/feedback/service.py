"""A running service over a real socket: its intake, its database and its worker's steps."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import requests
from sqlalchemy import select
from werkzeug.serving import make_server

from jobs.answers import read_answers
from jobs.serve import web_app
from jobs.wiring import House
from store.connections import save_connection
from store.hooks import HookSecrets, SigningSecret
from store.models import Connection, Hook, RawEvent, Response, Run
from store.records import store_rows
from store.runs import start_run
from tests.feedback.vectors import Vector
from tests.jobs.lines import make_house
from web.sources import new_source

_NUMBERS = count(1)
# the CRM's people whom the samples are about: id, account, e-mail
PEOPLE = [
    ("0037Q00000fGhIjQAK", "0017Q00000aBcDeQAK", "maren.okoye@brightloom.example"),
    ("0037Q00000pQrStQAK", "0017Q00000kLmNoQAK", "tobias.fjell@tallgrass.example"),
    ("0037Q00000zAbCdQAK", "0017Q00000uVwXyQAK", "zoe.hartmann@kestrelbyrne.example"),
]


@dataclass
class Source:
    """One source of the service, and the sample as its tool sends it there."""

    service: "Service"
    id: int
    url: str
    sample: Vector

    def send(self, sample: Vector | None = None, **request: Any) -> requests.Response:
        """Post a delivery, by default the sample signed as of now."""
        one = sample or self.fresh()
        given = {"data": one.body, "headers": dict(one.headers), **request}
        return requests.post(given.pop("url", one.url), timeout=30, **given)

    def fresh(self, at: datetime | None = None) -> Vector:
        """The sample, signed with its own secret for this source's address."""
        return self.sample.signed(at=at or datetime.now(UTC))

    def events(self) -> list[RawEvent]:
        with self.service.house.sessions() as session:
            query = select(RawEvent).where(RawEvent.hook_id == self.id).order_by(RawEvent.id)
            return list(session.scalars(query))

    def answers(self) -> list[Response]:
        with self.service.house.sessions() as session:
            query = select(Response).where(Response.hook_id == self.id)
            return list(session.scalars(query.order_by(Response.response_id)))

    def answer(self) -> Response:
        (only,) = self.answers()
        return only


@dataclass
class Service:
    """A house with one connection whose CRM rows are stored, served on a port."""

    house: House
    url: str
    connection_id: int

    def source(
        self,
        sample: Vector,
        *,
        settings: Mapping[str, Any] | None = None,
        api: Mapping[str, str] | None = None,
    ) -> Source:
        """A new source for this sample's tool, with the sample's secrets."""
        now = datetime.now(UTC)
        with self.house.sessions.begin() as session:
            shown = new_source(
                session,
                self.house.vault,
                self.connection_id,
                sample.provider_name,
                name=f"source {next(_NUMBERS)}",
                settings=settings if settings is not None else sample.settings,
                secret=sample.keys[0].text,
                api=api or {},
                base_url=self.url,
                by="tests",
                now=now,
            )
            hook_id, url = shown.hook.id, shown.url or ""
        query = urlsplit(sample.url).query
        return Source(self, hook_id, url, replace(sample, url=f"{url}?{query}" if query else url))

    def keys(self, source: Source, *keys: SigningSecret) -> None:
        """Let the source know these secrets instead of its own."""
        with self.house.sessions.begin() as session:
            hook = session.get_one(Hook, source.id)
            opened = HookSecrets.opened(self.house.vault, hook.secrets)
            hook.secrets = replace(opened, signing=keys).sealed(self.house.vault)

    def read(self) -> Run:
        """What the worker does with the deliveries that wait; returns its run."""
        with self.house.sessions.begin() as session:
            now = datetime.now(UTC)
            run = start_run(session, self.connection_id, "answers", "command", now=now)
            connection = session.get_one(Connection, self.connection_id)
        read_answers(self.house, connection, run)
        with self.house.sessions() as session:
            return session.get_one(Run, run.id)


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The address of a WSGI application on a port of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def running(folder: Path, url: str | None = None, **sections: Any) -> Iterator[Service]:
    """A service over a database of its own, by default an SQLite file in `folder`."""
    house = make_house(url or f"sqlite:///{folder / 'barometer.db'}", folder, **sections)
    now = datetime.now(UTC)
    with house.sessions.begin() as session:
        connection = save_connection(
            session, house.vault, name="acme", vendor="hubspot", settings={}, secrets={}, now=now
        )
        people = pd.DataFrame(PEOPLE, columns=["contact_id", "account_id", "email"])
        accounts = pd.DataFrame(
            {
                "account_id": people["account_id"],
                "name": ["Brightloom", "Tallgrass", "Kestrel & Byrne"],
                "domain": people["email"].str.split("@").str[1],
            }
        )
        for name, frame in (("accounts", accounts), ("contacts", people)):
            store_rows(session, connection.id, name, frame, source=name, read_at=now)
    with served(web_app(house)) as address:
        yield Service(house, address, connection.id)
    house.engine.dispose()
