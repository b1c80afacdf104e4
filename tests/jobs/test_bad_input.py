"""What is wrong outside ends in one sentence with the remedy, and nothing is lost or given away."""

import json
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy import func, select

from jobs.wiring import House
from sandbox.server import Server
from store.models import Account, Assessment, Base, Lock, OutboxRow
from tests.jobs import drill
from tests.jobs.lines import ACCOUNTS, Line
from tests.jobs.shell import Shell, sandbox_secrets

WRONG = "wrong-5ecret-of-nobody"
CREDENTIALS = {"salesforce": "check the consumer key", "hubspot": "Copy the token"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder in which the commands run; nothing else is in it."""
    place = tmp_path / "place"
    place.mkdir()
    return place


@pytest.fixture
def home(place: Path) -> Path:
    """Where the settings that nobody changed put the database and its key."""
    home = place / "var"
    home.mkdir()
    return home


@pytest.fixture
def shell(place: Path, home: Path) -> Iterator[Shell]:
    """The command line in `place`; at the end no secret may stand anywhere."""
    shell = Shell(place)
    yield shell
    shell.keeps([WRONG, *sandbox_secrets()])


def rows(house: House, model: type[Base]) -> int:
    """How many rows of `model` are stored."""
    with house.sessions() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.parametrize("vendor", ["salesforce", "hubspot"])
def test_wrong_credentials(shell: Shell, sandbox: Server, vendor: str) -> None:
    shell.connect(sandbox.credentials(), vendor, secret=WRONG).says(1, CREDENTIALS[vendor])
    shell.run("sync").says(1, vendor, CREDENTIALS[vendor])
    assert "FAILS" in shell.run("doctor").well(1)


@pytest.mark.parametrize("vendor", ["salesforce", "hubspot"])
def test_a_working_connection_survives_wrong_credentials(
    shell: Shell, open_line: Callable[[str], Line], vendor: str
) -> None:
    line = open_line(vendor)
    shell.connect(line.sandbox.credentials(), vendor, secret=WRONG).says(1, CREDENTIALS[vendor])
    assert f"{ACCOUNTS} accounts" in shell.run("pull").well()


def test_another_crm_does_not_replace_the_one_that_was_read(
    shell: Shell, open_line: Callable[[str], Line]
) -> None:
    where = open_line("salesforce").sandbox.credentials()["hubspot"]
    secret = {"BAROMETER_HUBSPOT_ACCESS_TOKEN": where["access_token"]}
    options = ["--base-url", where["https_url"], "--ca-file", where["ca_file"]]
    shell.run("connect", "hubspot", "salesforce", *options, settings=secret).says(
        1, "belongs to a connection to another CRM", "choose another name"
    )
    assert f"{ACCOUNTS} accounts" in shell.run("pull").well()


def test_no_secret_and_nobody_to_ask(shell: Shell) -> None:
    shell.run("connect", "hubspot").says(2, "BAROMETER_HUBSPOT_ACCESS_TOKEN")
    shell.run("connect", "salesforce", "--login-url", "https://x", "--client-id", "y").says(
        2, "BAROMETER_SALESFORCE_CLIENT_SECRET"
    )


@pytest.mark.parametrize(
    ("address", "code", "says"),
    [("acme", 2, "write it in full"), ("https://127.0.0.1:1", 1, "check the address")],
)
def test_an_address_that_leads_nowhere(shell: Shell, address: str, code: int, says: str) -> None:
    secret = {"BAROMETER_HUBSPOT_ACCESS_TOKEN": WRONG}
    shell.run("connect", "hubspot", "--base-url", address, settings=secret).says(code, says)


def test_a_scope_that_hubspot_did_not_grant(shell: Shell, open_line: Callable[[str], Line]) -> None:
    line = open_line("hubspot")
    granted = ["crm.objects.companies.read", "crm.schemas.companies.read"]
    line.world.switches["hubspot.scopes"] = granted
    shell.run("sync").says(1, "scope")
    line.world.switches["hubspot.scopes"] = None
    shell.run("sync").well()
    assert rows(line.house, Assessment) == ACCOUNTS


def test_a_field_that_salesforce_hides(shell: Shell, open_line: Callable[[str], Line]) -> None:
    line = open_line("salesforce")
    line.fault("field_hidden", object="Account", field="SystemModstamp")
    shell.run("sync").says(1, "Account", "SystemModstamp", "let the integration user see it")
    line.calm()
    shell.run("sync").well()
    assert rows(line.house, Assessment) == ACCOUNTS


def own_map(vendor: str, place: Path, *change: str) -> dict[str, str]:
    """Settings that name a copy of our map in which `change` was made."""
    text = files("mappings").joinpath(f"{vendor}.toml").read_text("utf-8")
    assert change[0] in text
    (place / "own.toml").write_text(text.replace(change[0], change[1], 1), encoding="utf-8")
    return {f"BAROMETER_{vendor.upper()}__MAPPING": "own.toml"}


@pytest.mark.parametrize(
    ("vendor", "there", "instead", "says"),
    [
        ("salesforce", 'name = "Name"', 'name = "Nmae__c"', "Nmae__c"),
        ("hubspot", 'name = "dealname"', 'name = "dealnmae"', "dealnmae"),
        ("salesforce", 'name = "Name"', 'name = "Name', "no valid TOML"),
        ("hubspot", 'name = "dealname"', 'nmae = "dealname"', "nmae"),
    ],
)
def test_a_map_with_a_mistake(
    shell: Shell,
    place: Path,
    open_line: Callable[[str], Line],
    vendor: str,
    there: str,
    instead: str,
    says: str,
) -> None:
    open_line(vendor)
    settings = own_map(vendor, place, there, instead)
    shell.run("sync", settings=settings).says(1, says)


def test_a_map_that_is_not_there(shell: Shell, open_line: Callable[[str], Line]) -> None:
    open_line("hubspot")
    shell.run("pull", settings={"BAROMETER_HUBSPOT__MAPPING": "nope.toml"}).says(1, "nope.toml")


@pytest.mark.parametrize(
    ("vendor", "fault"), [("salesforce", "html"), ("hubspot", "malformed_json")]
)
def test_a_crm_that_answers_what_cannot_be_read(
    shell: Shell, open_line: Callable[[str], Line], vendor: str, fault: str
) -> None:
    line = open_line(vendor)
    people = {"salesforce": "FROM Contact", "hubspot": "/objects/(contacts|0-1)"}
    line.fault(fault, path=people[vendor])
    remedies = ("not whole JSON", "shows maintenance", "let the proxy pass", "correct it")
    shell.run("sync").says(1, vendor, *remedies)
    kept = rows(line.house, Account)
    line.calm()
    shell.run("sync").well()
    assert kept == rows(line.house, Assessment) == ACCOUNTS


def test_a_database_that_cannot_be_reached(shell: Shell) -> None:
    url = f"postgresql+psycopg://someone:{WRONG}@127.0.0.1:1/barometer"
    shell.run("sync", settings={"BAROMETER_DATABASE__URL": url}).says(1, "database.url", "refused")


def test_a_file_that_is_no_database(shell: Shell, place: Path) -> None:
    (place / "other.db").write_bytes(b"a letter to a friend, not a database at all" * 100)
    settings = {"BAROMETER_DATABASE__URL": "sqlite:///other.db"}
    shell.run("sync", settings=settings).says(1, "not a database", "database.url")


def test_a_database_of_a_newer_version(shell: Shell, house: House, place: Path) -> None:
    with sqlite3.connect(place / "var" / "barometer.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    shell.run("sync").says(1, "newer version")


def test_a_key_file_that_others_may_read(shell: Shell, house: House, place: Path) -> None:
    (place / "var" / "secret.key").chmod(0o644)
    shell.run("sync").says(2, "chmod 600")


def test_a_lost_key(shell: Shell, open_line: Callable[[str], Line], place: Path) -> None:
    open_line("hubspot")
    (place / "var" / "secret.key").unlink()
    shell.run("sync").says(1, "former key", "connect the CRM again")
    assert "former key" in shell.run("doctor").well(1)


def test_connections_that_are_not_there(shell: Shell, house: House) -> None:
    shell.run("sync").says(2, "barometer connect --help")
    shell.run("explain", "acme", "A").says(2, "'acme'", "none yet")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sync", "--jsn", "x"], "--jsn"),
        (["snyc"], "snyc"),
        (["score"], "DIRECTORY"),
        (["sync", "--json", "no/such/folder/x.json"], "no/such/folder"),
        (["compute", "--as-of", "tomorrow"], "2026-11-22T09:00Z"),
        (["compute", "--as-of", "9999-12-31"], "2026-11-22T09:00Z"),
        (["demo", "--port", "70000"], "70000"),
        (["import", "acme"], "--responses FILE"),
        (["--settings", "nope.toml", "sync"], "nope.toml"),
    ],
)
def test_wrong_use(shell: Shell, arguments: list[str], says: str) -> None:
    shell.run(*arguments).says(2, says)


def test_a_wrong_setting_stops_every_command(shell: Shell) -> None:
    shell.run("sync", settings={"BAROMETER_SYNC__API_SHARE": "all"}).says(2, "sync.api_share")


def test_a_report_that_cannot_be_written(shell: Shell, open_line: Callable[[str], Line]) -> None:
    line = open_line("salesforce")
    shell.run("pull", "--json", "/dev/full").says(1, "/dev/full", "No space left")
    assert rows(line.house, Account) == ACCOUNTS


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system whose size can be changed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    if subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(shell: Shell, sandbox: Server, small_disk: Path) -> None:
    """By processes, so that nothing holds the disk at its end."""
    shell.environment["BAROMETER_DATABASE__URL"] = f"sqlite:///{small_disk / 'barometer.db'}"
    shell.connect(sandbox.credentials(), "hubspot", run=shell.spawn).well()
    little_more = shutil.disk_usage(small_disk).used + 100_000  # bytes
    subprocess.run(["mount", "-o", f"remount,size={little_more}", str(small_disk)], check=True)
    shell.spawn("sync").says(1, "disk", "room")
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert f"assessed  {ACCOUNTS} accounts" in shell.spawn("sync").out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run(
    shell: Shell, open_line: Callable[[str], Line], number: signal.Signals
) -> None:
    line = open_line("salesforce")
    line.fault("latency", seconds=60, path="FROM Contact")
    with shell.start("sync") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"salesforce: Account {ACCOUNTS}\n"
        shell.end(process, number).says(1, "interrupted", "run it again")
    assert (rows(line.house, Account), rows(line.house, Lock)) == (ACCOUNTS, 0)
    line.calm()
    shell.run("sync").well()
    with line.house.sessions() as session:
        sent = session.scalars(select(OutboxRow.state).where(OutboxRow.action == "update")).all()
    assert sent == ["sent"] * rows(line.house, Assessment) == ["sent"] * ACCOUNTS


def test_a_killed_run_is_waited_for_and_then_taken_over(
    shell: Shell, open_line: Callable[[str], Line]
) -> None:
    line = open_line("salesforce")
    line.fault("latency", seconds=60, path="FROM Contact")
    with shell.start("pull") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    line.calm()
    with line.house.sessions() as session:
        dead = session.scalars(select(Lock)).one()
    expires = f"expires at {dead.expires_at:%H:%M:%S} UTC: start again then"
    busy = shell.run("pull", "--json", "report.json")
    busy.says(1, "another process", f":{process.pid}", expires)
    assert json.loads((shell.folder / "report.json").read_text()) == {"connections": []}
    drill.expire_locks(line.house)
    assert f"{ACCOUNTS} accounts" in shell.run("pull").well()
