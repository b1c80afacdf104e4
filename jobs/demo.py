"""The demo: a sandbox with both CRMs in its own process, and the product's main job on it."""

import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from jobs.cli import exit_code, write_json
from jobs.clock import utc_now
from jobs.connect import Access, connect, provision
from jobs.intake import import_feedback
from jobs.people import demo_link
from jobs.report import Report
from jobs.screen import console, progress, show_report, show_steps
from jobs.serve import serve
from jobs.sync import Order, run_sync
from jobs.wiring import House, open_crm, open_house
from mappings import load
from settings import Database, Secrets, Settings, Web
from store.connections import find_connection
from store.models import Connection
from store.results import most_at_risk


def run_demo(*, once: bool, accounts: int, port: int, json_file: Path | None) -> int:
    """Run the whole line against the sandbox; returns the exit code.

    Everything it makes lives in a folder of its own that goes when it ends; settings.toml and
    the deployment's database are not touched.
    """
    started = time.perf_counter()
    if not once:
        _check_port(port)
    with tempfile.TemporaryDirectory(prefix="barometer-demo-") as folder:
        place = Path(folder)
        console.print(f"Starting a sandbox CRM with {accounts:,} accounts …")
        with _sandbox(place, accounts) as where:
            house = open_house(_settings(place, port))
            reports = [
                _first_sync(house, where, place, access)
                for access in (_salesforce(where["salesforce"]), _hubspot(where["hubspot"]))
            ]
            _summary(house, reports, where["salesforce"], time.perf_counter() - started)
            write_json(json_file, {"connections": [report.as_json() for report in reports]})
            if not once:
                # the link signs in once; not wrapped, so that it can be copied
                console.print("\nPages, signed in by this link (Ctrl-C stops everything):")
                console.print(demo_link(house), soft_wrap=True)
                serve(house)
    return exit_code(report.state for report in reports)


def _settings(place: Path, port: int) -> Settings:
    return Settings(
        database=Database(url=f"sqlite:///{place / 'barometer.db'}"),
        secrets=Secrets(key_file=place / "secret.key"),
        web=Web(port=port),
    )


def _check_port(port: int) -> None:
    """Raise OSError now, rather than after the work, when the pages' port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((Web().host, port))


@contextmanager
def _sandbox(place: Path, accounts: int) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "sandbox", "--accounts", str(accounts)]
    command += ["--database", str(place / "sandbox.db")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise OSError(0, f"the sandbox did not start (exit code {process.wait()})")
        yield json.loads(line)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _salesforce(where: dict[str, Any]) -> Access:
    settings = {
        "credentials": "client_credentials",
        "login_url": where["https_url"],
        "currency": "USD",
        "ca_file": where["ca_file"],
    }
    return Access(
        "salesforce",
        settings,
        {"client_id": where["client_id"], "client_secret": where["client_secret"]},
    )


def _hubspot(where: dict[str, Any]) -> Access:
    settings = {
        "credentials": "private_app",
        "base_url": where["https_url"],
        "ca_file": where["ca_file"],
    }
    return Access("hubspot", settings, {"access_token": where["access_token"]})


def _first_sync(house: House, where: dict[str, Any], place: Path, access: Access) -> Report:
    name = access.vendor
    connection = connect(house, name, access)
    console.print(f"\n{name}: connected to {connection.organisation_name}", style="bold")
    show_steps(provision(house, connection, dry_run=False))
    _import_answers(house, connection, where["control"], place)
    with progress(name) as advance:
        report = run_sync(house, connection, Order(progress=advance))
    show_report(report)
    return report


def _import_answers(house: House, connection: Connection, control: str, place: Path) -> None:
    """The survey tool's export, as the sandbox offers it."""
    for name in ("invitations", "responses"):
        answer = requests.get(f"{control}/survey/{name}.csv", timeout=60)
        answer.raise_for_status()
        file = place / f"{name}.csv"
        file.write_bytes(answer.content)
        done = import_feedback(house.sessions, connection.id, name, file, now=utc_now())
        console.print(f"  imported  {done.rows:,} {name} from the survey tool's export")


def _summary(house: House, reports: list[Report], where: dict[str, Any], seconds: float) -> None:
    console.print(f"\nDone in {seconds:.1f} s.", style="bold")
    for report in reports:
        with house.sessions() as session:
            connection = find_connection(session, report.name)
            account = None if connection is None else most_at_risk(session, connection.id)
        if connection is None or account is None:
            continue
        kind = load(connection.vendor).account.kind
        url = open_crm(house, connection).record_url(kind, account.account_id)
        # a browser does not know the sandbox's throw-away authority: the plain port
        url = url.replace(where["https_url"], where["url"])
        console.print(f"  {account.name} in {report.name}: {url}")
