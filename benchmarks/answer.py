"""`python -m benchmarks.answer [REPORT.json]`: from a signed NPS 3 to the CRM's own record.

ours   posted → the account's record carries the new NPS and health, and the loop's task is open
floor  the bare intake and one update call to the CRM, one after the other, in the same run

The sandbox and `barometer serve` (web, clock and workers on SQLite) are processes of their own.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import requests
from sqlalchemy import select

from benchmarks.intake import SECRET, signed_post
from jobs.connect import Access, connect, provision
from jobs.intake import import_feedback
from jobs.sync import Order, run_sync
from jobs.wiring import House, open_crm, open_house
from settings import load_settings
from store.models import Assessment, Connection, Contact, CrmTask, Loop, Response, Run
from web.sources import new_source

CRMS = ("salesforce", "hubspot")
_RECORD = {
    "salesforce": ("Account", "AX_NPS__c", "AX_Health_Score__c"),
    "hubspot": ("companies", "ax_nps", "ax_health_score"),
}
_TASK = {"salesforce": ("Task", "Status"), "hubspot": ("tasks", "hs_task_status")}
_OPEN = ("Not Started", "NOT_STARTED")
_PATIENCE = 60.0  # seconds until an answer that has not arrived counts as lost
_PAUSE = 0.1  # seconds between two posts
_NEVER = "0 3 31 12 *"
_SETTINGS = {  # one person has many accounts here; nothing but answers is to be done
    "BAROMETER_TASKS__PER_OWNER_WEEK": "100000",
    **{f"BAROMETER_SCHEDULE__{name}": _NEVER for name in ("SYNC", "FULL_READ", "LOOPS")},
}


@click.command()
@click.argument("report", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--accounts", default=500, show_default=True, help="Accounts in the CRM.")
@click.option("--posts", default=200, show_default=True, help="Answers, one after the other.")
@click.option("--crm", type=click.Choice(CRMS), multiple=True, default=CRMS, show_default=True)
def main(report: Path | None, accounts: int, posts: int, crm: tuple[str, ...]) -> None:
    """Measure how soon an answer stands on the record; embedded deployment on SQLite."""
    result: dict[str, Any] = {"accounts": accounts, "load": [round(os.getloadavg()[0], 1)]}
    for vendor in crm:
        with tempfile.TemporaryDirectory(prefix="barometer-bench-") as scratch:
            result[vendor] = _measure(vendor, Path(scratch), accounts, posts)
    result["load"].append(round(os.getloadavg()[0], 1))
    result["at"] = datetime.now(UTC).isoformat(timespec="seconds")
    click.echo(json.dumps(result, indent=1))
    if report is not None:
        report.write_text(json.dumps(result, indent=1) + "\n")


@dataclass(frozen=True)
class _Site:
    """One CRM's connection, and where its sandbox and our service answer."""

    house: House
    connection: Connection
    control: str
    address: str  # of the source


def _measure(vendor: str, folder: Path, accounts: int, posts: int) -> dict[str, Any]:
    with _sandbox(folder, accounts) as where, _house(folder) as house:
        connection = _connected(house, vendor, where, folder)
        with _served(folder) as url:
            address = f"{url}{_source(house, connection)}"
            site = _Site(house, connection, where["control"], address)
            people = _people(site, posts)
            ours, floor = [], []
            for number, one in enumerate(people):
                ours.append(_ours(site, one))
                if number % 4 == 0:
                    floor.append(_floor(site, one))
                time.sleep(_PAUSE)
            runs = _runs(site)
    arrived = [one for one in ours if one is not None]
    if len(arrived) < 2:
        raise click.ClickException(f"{vendor}: {len(arrived)} of {len(ours)} answers arrived")
    return {
        "posts": len(people),
        "lost": len(ours) - len(arrived),
        "ours_seconds": _spread(arrived),
        "floor_seconds": _spread(floor),
        "runs_seconds": runs,
    }


def _spread(seconds: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(seconds), 3),
        "p95": round(statistics.quantiles(seconds, n=20)[-1], 3),
        "max": round(max(seconds), 3),
    }


@contextmanager
def _sandbox(folder: Path, accounts: int) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "sandbox", "--accounts", str(accounts)]
    command += ["--database", str(folder / "sandbox.db")]
    with _process(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())


@contextmanager
def _process(command: list[str], **how: Any) -> Iterator["subprocess.Popen[Any]"]:
    process = subprocess.Popen(command, **how)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


@contextmanager
def _house(folder: Path) -> Iterator[House]:
    given = {
        **_SETTINGS,
        "BAROMETER_DATABASE__URL": f"sqlite:///{folder / 'barometer.db'}",
        "BAROMETER_SECRETS__KEY_FILE": str(folder / "secret.key"),
    }
    os.environ.update(given)
    house = open_house(load_settings())
    try:
        yield house
    finally:
        house.engine.dispose()
        for name in given:
            del os.environ[name]


def _connected(house: House, vendor: str, where: Mapping[str, Any], folder: Path) -> Connection:
    """Connected, provisioned, the survey tool's history imported, synchronised."""
    mine = where[vendor]
    facts = {"ca_file": mine["ca_file"], "currency": "USD"}
    if vendor == "salesforce":
        facts |= {"credentials": "client_credentials", "login_url": mine["https_url"]}
        secrets = {name: mine[name] for name in ("client_id", "client_secret")}
    else:
        facts |= {"credentials": "private_app", "base_url": mine["https_url"]}
        secrets = {"access_token": mine["access_token"]}
    connection = connect(house, vendor, Access(vendor, facts, secrets))
    provision(house, connection, dry_run=False)
    for name in ("invitations", "responses"):
        file = folder / f"{name}.csv"
        file.write_bytes(requests.get(f"{where['control']}/survey/{name}.csv", timeout=60).content)
        import_feedback(house.sessions, connection.id, name, file, now=datetime.now(UTC))
    done = run_sync(house, connection, Order())
    if done.state not in ("done", "refusals"):
        raise click.ClickException(f"the first sync {done.state}: {done.problem}")
    return connection


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """`barometer serve` as it is deployed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        (folder / "serve.log").open("w") as log,
        _process(
            [sys.executable, "-m", "jobs", "serve"],
            env={**os.environ, "BAROMETER_WEB__PORT": str(port)},
            stdout=log,
            stderr=log,
        ),
    ):
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"


def _source(house: House, connection: Connection) -> str:
    with house.sessions.begin() as session:
        shown = new_source(
            session,
            house.vault,
            connection.id,
            "typeform",
            name="bench",
            settings={"metric": "nps", "survey_type": "relationship"},
            secret=SECRET,
            api={},
            base_url="",
            by="benchmark",
            now=datetime.now(UTC),
        )
    return shown.url or ""


def _people(site: _Site, count: int) -> list[Contact]:
    """Who never answered, one of each account whose NPS a detractor lowers."""
    mine = Contact.connection_id == site.connection.id
    said = select(Response.contact_id).where(Response.contact_id.is_not(None))
    with site.house.sessions() as session:
        found = session.scalars(
            select(Contact)
            .where(mine, Contact.deleted_at.is_(None), Contact.contact_id.not_in(said))
            .where(Contact.account_id.is_not(None), Contact.email.is_not(None))
            .order_by(Contact.contact_id.desc())
        ).all()
    first = {str(one.account_id): one for one in found}
    chosen: list[Contact] = []
    for account_id, one in first.items():
        if len(chosen) < count and _shown(site, account_id)[0] != -100:
            chosen.append(one)
    return chosen


def _read(site: _Site, kind: str, record_id: str) -> dict[str, Any]:
    """A record as the sandbox holds it."""
    asked = {"crm": site.connection.vendor, "action": "read", "kind": kind, "id": record_id}
    answer = requests.post(f"{site.control}/records", json={**asked, "fields": {}}, timeout=30)
    record: dict[str, Any] = answer.json()
    properties: dict[str, Any] = record.get("properties", record)
    return properties


def _shown(site: _Site, account_id: str) -> tuple[float | None, float | None]:
    """NPS and health on the account's record."""
    kind, nps, health = _RECORD[site.connection.vendor]
    record = _read(site, kind, account_id)
    found = [None if record.get(n) in (None, "") else float(record[n]) for n in (nps, health)]
    return found[0], found[1]


def _post(address: str, email: str, key: str) -> None:
    at = datetime.now(UTC) - timedelta(seconds=1)
    body, headers = signed_post(key, email=email, at=at)
    requests.post(address, data=body, headers=headers, timeout=30).raise_for_status()


def _ours(site: _Site, person: Contact) -> float | None:
    """Seconds until all of it stands in the CRM; None when it never does."""
    account_id, key = str(person.account_id), f"ours-{person.contact_id}"
    before, _ = _shown(site, account_id)
    started = time.perf_counter()
    _post(site.address, str(person.email), key)
    while time.perf_counter() - started < _PATIENCE:
        if _arrived(site, account_id, before, key):
            return time.perf_counter() - started
        time.sleep(0.02)
    return None


def _arrived(site: _Site, account_id: str, before: float | None, key: str) -> bool:
    """Whether the record shows another NPS and the health computed, and the loop's task is open."""
    with site.house.sessions() as session:
        made = session.execute(
            select(CrmTask.task_id)
            .join(Loop, Loop.id == CrmTask.loop_id)
            .where(Loop.account_id == account_id, Loop.response_id.endswith(key))
            .where(CrmTask.task_id.is_not(None))
        ).scalar()
        if made is None:
            return False
        health = session.scalar(
            select(Assessment.health)
            .where(Assessment.connection_id == site.connection.id)
            .where(Assessment.account_id == account_id)
            .order_by(Assessment.id.desc())
            .limit(1)
        )
    nps, shown = _shown(site, account_id)
    kind, status = _TASK[site.connection.vendor]
    is_open = _read(site, kind, made).get(status) in _OPEN
    right = (shown is None) == (health is None) and abs((shown or 0) - (health or 0)) <= 0.5
    return is_open and nps != before and right


def _floor(site: _Site, person: Contact) -> float:
    """The same post for nobody, and one update of one field by hand; nothing in between."""
    crm = open_crm(site.house, site.connection)
    kind = _RECORD[site.connection.vendor][0]
    field = "Description" if kind == "Account" else "description"
    started = time.perf_counter()
    _post(site.address, "nobody@bench.example", f"floor-{person.contact_id}")
    crm.update(kind, {str(person.account_id): {field: f"bench {started}"}})
    return time.perf_counter() - started


def _runs(site: _Site) -> dict[str, Any]:
    """What the runs themselves say of their time: medians, by kind and stage."""
    with site.house.sessions() as session:
        rows = session.scalars(select(Run).where(Run.trigger == "delivery")).all()
    found: dict[str, Any] = {}
    for kind in ("answers", "deliver"):
        mine = [row for row in rows if row.kind == kind and row.finished_at and row.started_at]
        stages = sorted({stage for row in mine for stage in row.seconds})
        found[kind] = {
            "waited": _median(lambda r: r.started_at - r.requested_at, mine),
            "whole": _median(lambda r: r.finished_at - r.started_at, mine),
            **{
                stage: round(statistics.median(row.seconds.get(stage, 0) for row in mine), 3)
                for stage in stages
            },
            "calls": statistics.median(row.calls_spent or 0 for row in mine),
        }
    return found


def _median(length: Callable[[Any], timedelta], rows: list[Run]) -> float:
    return round(statistics.median(length(row).total_seconds() for row in rows), 3)


if __name__ == "__main__":
    main()
