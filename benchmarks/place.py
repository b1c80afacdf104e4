"""Where a run of the benchmarks works: its folder, the sandbox, the databases."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import requests
from sqlalchemy import create_engine, text

from connector.base import Crm, Page
from jobs.clock import utc_now
from jobs.connect import Access
from jobs.schema import Schema, SchemaPlan, read_schema
from jobs.wiring import House, map_in_use, open_crm, open_house
from mappings import Source
from settings import Database, Secrets, Settings
from store.connections import find_connection
from store.models import Connection

OBJECTS = ("accounts", "contacts", "opportunities")


@dataclass(frozen=True)
class Place:
    """What every stage is told.

    folder    scratch files; holds the prepared database of each vendor
    where     the sandbox's start-up line
    repeats   how often a stage is repeated; the median counts
    postgres  URL of a PostgreSQL server, None without one
    """

    folder: Path
    accounts: int
    repeats: int
    where: dict[str, Any]
    postgres: str | None = None


def access(place: Place, vendor: str) -> Access:
    """The credentials that the sandbox hands out, as an admin would enter them."""
    where = place.where[vendor]
    if vendor == "salesforce":
        facts = {"credentials": "client_credentials", "login_url": where["https_url"]}
        secrets = {name: where[name] for name in ("client_id", "client_secret")}
    else:
        facts = {"credentials": "private_app", "base_url": where["https_url"]}
        secrets = {"access_token": where["access_token"]}
    return Access(vendor, {**facts, "ca_file": where["ca_file"], "currency": "USD"}, secrets)


def house_at(place: Place, url: str) -> House:
    """A house over the database at `url`; all share one key file."""
    key = place.folder / "secret.key"
    return open_house(Settings(database=Database(url=url), secrets=Secrets(key_file=key)))


@contextmanager
def copied(place: Place, name: str, keep_as: str | None = None) -> Iterator[House]:
    """A house over a copy of the SQLite file `name`.db; `keep_as` keeps the copy."""
    copy = place.folder / f"{keep_as or uuid4().hex}.db"
    shutil.copy(place.folder / f"{name}.db", copy)
    house = house_at(place, f"sqlite:///{copy}")
    try:
        yield house
    finally:
        house.engine.dispose()
        if keep_as is None:
            for file in place.folder.glob(f"{copy.name}*"):
                file.unlink()


def postgres_database(place: Place, name: str) -> str:
    """The URL of a new, empty PostgreSQL database `name` (which it replaces)."""
    assert place.postgres is not None
    admin = create_engine(place.postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return postgres_url(place, name)


def postgres_url(place: Place, name: str) -> str:
    """The URL of the PostgreSQL database `name`."""
    assert place.postgres is not None
    return place.postgres.replace("/postgres?", f"/{name}?")


def connection_of(house: House, vendor: str) -> Connection:
    """The connection that the preparation made."""
    with house.sessions() as session:
        found = find_connection(session, vendor)
    assert found is not None
    return found


def opened(house: House, vendor: str) -> tuple[Crm, Connection, Schema]:
    """A client of the vendor's CRM, its connection and the fitted map."""
    connection = connection_of(house, vendor)
    crm = open_crm(house, connection)
    plan = SchemaPlan(map_in_use(house, connection), timedelta(hours=24), utc_now())
    schema = read_schema(crm, house.sessions, connection.id, connection.currency, False, plan)
    return crm, connection, schema


def crm_session(place: Place, house: House, vendor: str) -> requests.Session:
    """A bare `requests` session with the connection's access token."""
    session = requests.Session()
    session.trust_env = False
    session.verify = place.where[vendor]["ca_file"]
    token = house.vault.open(connection_of(house, vendor).secrets)["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    return session


def main_sources(schema: Schema) -> list[Source]:
    """The sources of accounts, contacts and opportunities."""
    return [s for s in schema.map.sources if s.object in OBJECTS and s.mode != "links"]


def keep_pages(place: Place, vendor: str, pages: list[tuple[str, Page]]) -> None:
    """Keep the records of pulled pages, each with the name of its source."""
    content = [[name, list(page.records)] for name, page in pages]
    (place.folder / f"{vendor}-pages.json").write_bytes(orjson.dumps(content))


def kept_pages(place: Place, vendor: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """The records of the kept pages, each with the name of its source."""
    content = orjson.loads((place.folder / f"{vendor}-pages.json").read_bytes())
    return [(name, records) for name, records in content]
