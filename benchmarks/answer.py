"""`python -m benchmarks.answer [REPORT.json]`: from a signed NPS 3 to the CRM's own record.

ours   posted → the sandbox's account record carries another NPS and health; median and p95
floor  the bare intake and one update call to the CRM, one after the other, in the same run
"""

import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.intake import SECRET, signed_post
from jobs.connect import Access, connect, provision
from jobs.queue import work
from jobs.serve import web_app
from jobs.sync import Order, run_sync
from jobs.wiring import House, open_crm, open_house
from sandbox.portfolio import generate
from sandbox.server import Server, load
from sandbox.world import World
from settings import Database, Secrets, Settings
from store.models import Connection, Contact
from web.sources import new_source

_FIELDS = ("AX_NPS__c", "AX_Health_Score__c")
_PATIENCE = 60.0  # seconds until an answer that has not arrived counts as lost


@click.command()
@click.argument("report", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--accounts", default=500, show_default=True, help="Accounts in the CRM.")
@click.option("--posts", default=200, show_default=True, help="Answers, one after the other.")
def main(report: Path | None, accounts: int, posts: int) -> None:
    """Measure how soon an answer stands on the record; embedded deployment on SQLite."""
    with tempfile.TemporaryDirectory(prefix="barometer-bench-") as scratch:
        folder = Path(scratch)
        world = World(folder / "world.sqlite")
        load(world, generate(accounts, 7, datetime.now(UTC)))
        with Server(world) as sandbox, _house(folder) as house:
            world.switches["hubspot.limits.enforced"] = False
            connection = _connected(house, sandbox)
            people = _people(house, connection, posts)
            with _served(house) as url:
                path = _source(house, connection)
                floor = _floor(house, connection, url, path, people)
                with _working(house):
                    ours = [_ours(sandbox, url, path, one) for one in people]
        world.release()
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "accounts": accounts,
        "posts": len(people),
        "lost": sum(one is None for one in ours),
        "ours_seconds": _spread([one for one in ours if one is not None]),
        "floor_seconds": _spread(floor),
    }
    click.echo(json.dumps(result, indent=1))
    if report is not None:
        report.write_text(json.dumps(result, indent=1) + "\n")


def _spread(seconds: list[float]) -> dict[str, float]:
    p95 = statistics.quantiles(seconds, n=20)[-1]
    return {"median": round(statistics.median(seconds), 3), "p95": round(p95, 3)}


@contextmanager
def _house(folder: Path) -> Iterator[House]:
    settings = Settings(
        database=Database(url=f"sqlite:///{folder / 'barometer.db'}"),
        secrets=Secrets(key_file=folder / "secret.key"),
    )
    house = open_house(settings)
    yield house
    house.engine.dispose()


def _connected(house: House, sandbox: Server) -> Connection:
    where = sandbox.credentials()["salesforce"]
    facts = {
        "credentials": "client_credentials",
        "login_url": where["https_url"],
        "ca_file": where["ca_file"],
        "currency": "USD",
    }
    secrets = {name: where[name] for name in ("client_id", "client_secret")}
    connection = connect(house, "salesforce", Access("salesforce", facts, secrets))
    provision(house, connection, dry_run=False)
    run_sync(house, connection, Order())
    return connection


def _people(house: House, connection: Connection, count: int) -> list[Contact]:
    """One contact of each account; the accounts repeat when there are fewer than posts."""
    with house.sessions() as session:
        found = session.scalars(
            select(Contact)
            .where(Contact.connection_id == connection.id, Contact.deleted_at.is_(None))
            .where(Contact.account_id.is_not(None), Contact.email.is_not(None))
            .order_by(Contact.contact_id)
        ).all()
    first = {one.account_id: one for one in reversed(found)}
    return list(first.values())[:count]


def _source(house: House, connection: Connection) -> str:
    with house.sessions.begin() as session:
        return _made(session, house, connection)


def _made(session: Session, house: House, connection: Connection) -> str:
    shown = new_source(
        session,
        house.vault,
        connection.id,
        "typeform",
        name=f"bench {time.monotonic_ns()}",
        settings={"metric": "nps", "survey_type": "relationship"},
        secret=SECRET,
        api={},
        base_url="",
        by="benchmark",
        now=datetime.now(UTC),
    )
    return shown.url or ""


def _post(url: str, path: str, person: Contact, key: str) -> None:
    at = datetime.now(UTC) - timedelta(seconds=1)
    body, headers = signed_post(key, email=person.email or "", at=at)
    answer = requests.post(f"{url}{path}", data=body, headers=headers, timeout=30)
    answer.raise_for_status()


def _ours(sandbox: Server, url: str, path: str, person: Contact) -> float | None:
    """Seconds until the record's NPS or health differs from before; None when it never does."""
    read = _reader(sandbox, str(person.account_id))
    before = read()
    started = time.perf_counter()
    _post(url, path, person, f"ours-{person.contact_id}")
    while time.perf_counter() - started < _PATIENCE:
        if read() != before:
            return time.perf_counter() - started
        time.sleep(0.02)
    return None


def _reader(sandbox: Server, account_id: str) -> Callable[[], list[Any]]:
    asked = {"crm": "salesforce", "action": "read", "kind": "Account", "id": account_id}

    def read() -> list[Any]:
        url = f"{sandbox.url}/__sandbox__/records"
        record = requests.post(url, json={**asked, "fields": {}}, timeout=30).json()
        return [record.get(name) for name in _FIELDS]

    return read


def _floor(
    house: House, connection: Connection, url: str, path: str, people: list[Contact]
) -> list[float]:
    """The same post, and one update of one field by hand; nothing in between."""
    crm = open_crm(house, connection)
    seconds = []
    for one in people[: min(50, len(people))]:
        nobody = _nobody(one)
        started = time.perf_counter()
        _post(url, path, nobody, f"floor-{one.contact_id}")
        crm.update("Account", {str(one.account_id): {"Description": f"bench {started}"}})
        seconds.append(time.perf_counter() - started)
    return seconds


def _nobody(person: Contact) -> Contact:
    """The same contact with the address of nobody, so that its post changes no record."""
    return Contact(contact_id=person.contact_id, email="nobody@bench.example")


@contextmanager
def _served(house: House) -> Iterator[str]:
    from waitress.server import create_server

    server: Any = create_server(web_app(house), host="127.0.0.1", port=0, threads=8)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()


@contextmanager
def _working(house: House) -> Iterator[None]:
    stop = threading.Event()
    worker = threading.Thread(target=work, args=(house, stop))
    worker.start()
    yield
    stop.set()
    worker.join()


if __name__ == "__main__":
    main()
