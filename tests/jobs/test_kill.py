"""A sync that is killed at any instant, or started twice: the next one ends what it began.

DRILL_KILLS says how often it is killed at each CRM (default 4); at more than that, on each
kind of database too. DRILL_SEED chooses other instants.
"""

import os
import random
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, select, text, update

from jobs.alone import Busy
from jobs.wiring import House
from sandbox.server import Server
from settings import Sync
from store.models import Account, Contact, CrmTask, Lock, Run
from tests.jobs import drill, lines
from tests.jobs.lines import NOW, Line

KILLS = int(os.environ.get("DRILL_KILLS", "4"))
SEED = os.environ.get("DRILL_SEED", "1")
FEW = [("salesforce", "sqlite"), ("hubspot", "postgresql")]
MANY = [(vendor, kind) for vendor in ("salesforce", "hubspot") for kind in ("sqlite", "postgresql")]
CALLS = {"salesforce": 8, "hubspot": 27}  # of a first sync
STOPPED = "the process stopped before the run ended"
LATER = NOW + timedelta(days=1)
LONGEST = 0.4  # seconds after a call; computing takes less


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of our database."""
    return str(request.param)


@pytest.fixture
def vendor() -> str:
    """The CRM of a test that needs but one."""
    return "salesforce"


@pytest.fixture
def own_house(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A house on an empty database of this kind, whose locks expire soon."""
    url = f"sqlite:///{tmp_path / 'ours.db'}"
    name = f"drill_{uuid4().hex}"
    if kind == "postgresql":
        server: str = request.getfixturevalue("postgres")
        admin = create_engine(server, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        url = server.replace("/postgres?", f"/{name}?")
    house = lines.make_house(url, tmp_path, sync=Sync(lock_expires_seconds=10))
    yield house
    house.engine.dispose()


@pytest.fixture
def line(vendor: str, own_house: House, sandbox: Server, tmp_path: Path) -> Line:
    """A line that has never been synchronised."""
    return lines.join_line(own_house, sandbox, vendor, tmp_path)


@pytest.mark.parametrize(("vendor", "kind"), MANY if KILLS > 4 else FEW)
def test_after_any_kill_the_next_run_loses_nothing_and_doubles_nothing(
    line: Line, tmp_path: Path
) -> None:
    dice = random.Random(f"{SEED} {line.vendor}")
    died = 0
    for number in range(KILLS):
        move_everything(line, dice)
        died += killed_somewhere(line, tmp_path, dice)
        if held(line):  # a dead owner's lock counts until it expires, and no longer
            with pytest.raises(Busy, match="being synchronised by another process"):
                line.sync(as_of=NOW)
            drill.expire_locks(line.house)
        report = line.sync(as_of=NOW)
        assert (report.state, report.problem) == ("done", None), number
        with line.house.sessions() as session:
            runs = session.scalars(select(Run).order_by(Run.id)).all()
        assert {run.state for run in runs} <= {"done", "failed"}
        assert runs[-1].state == "done"
        problems = {str(run.problem) for run in runs if run.state == "failed"}
        assert {problem.partition(";")[0] for problem in problems} <= {STOPPED}
        drill.assert_settled(line)
    assert died >= KILLS / 2
    line.writes()
    assert line.sync(as_of=NOW).sent.records == 0
    assert line.writes() == 0
    ours = drill.live_rows(line.house, line.connection.id)
    assert ours == drill.rows_read_afresh(line, tmp_path / "fresh")


def killed_somewhere(line: Line, folder: Path, dice: random.Random) -> bool:
    """Kill a sync a moment after some call of it; whether it was still at work."""
    calls = line.world.stats.total(line.vendor) + dice.randint(1, CALLS[line.vendor])
    process = start_sync(line, folder)
    while line.world.stats.total(line.vendor) < calls and process.poll() is None:
        time.sleep(0.001)
    time.sleep(dice.uniform(0, LONGEST))
    process.kill()
    process.communicate(timeout=30)
    return process.returncode == -9


def start_sync(line: Line, folder: Path) -> "subprocess.Popen[str]":
    arguments = ("sync", line.connection.name, "--as-of", NOW.isoformat())
    return drill.start_command(line.house, folder, *arguments)


def move_everything(line: Line, dice: random.Random) -> None:
    """People change every account's value and let somebody leave, so that much is to be sent."""
    with line.house.sessions() as session:
        accounts = session.scalars(select(Account.account_id)).all()
        people = session.scalars(select(Contact.contact_id)).all()
    for account_id in accounts:
        value = dice.choice([1, 40_000, 900_000, 7_000_000])
        line.person("update", line.kind, account_id, **{line.fields["value"]: value})
    if people:
        line.person(
            "update", line.people, dice.choice(people), **{line.fields["left"]: "2026-01-05"}
        )


# two at a time


def test_of_two_syncs_at_once_one_says_busy_and_nothing_is_doubled(
    line: Line, tmp_path: Path
) -> None:
    line.fault("latency", seconds=4, count=1)  # whoever is first holds on for a while
    processes = [start_sync(line, tmp_path) for _ in range(2)]
    told = [process.communicate(timeout=60) for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 1]
    (busy,) = [err for process, (_, err) in zip(processes, told, strict=True) if process.returncode]
    assert busy.strip().splitlines()[-1].startswith("barometer: salesforce is being synchronised")
    assert "Traceback" not in busy
    with line.house.sessions() as session:
        assert [run.state for run in session.scalars(select(Run))] == ["done"]
        assert session.scalars(select(CrmTask)).all()
    drill.assert_settled(line)


@pytest.mark.parametrize("kind", ["postgresql"])
def test_a_lock_outlives_a_long_call_of_its_owner_and_is_lost_to_who_took_it_over(
    line: Line,
) -> None:
    sync = line.house.settings.sync.model_copy(update={"lock_expires_seconds": 0.6})
    settings = line.house.settings.model_copy(update={"sync": sync})
    brief = replace(line, house=replace(line.house, settings=settings))
    line.fault("latency", seconds=4, count=1)
    with ThreadPoolExecutor(1) as other:
        owner = other.submit(brief.sync, as_of=NOW)
        while not held(line) and not owner.done():
            time.sleep(0.01)
        time.sleep(1)  # longer than the lock lasts that is not renewed
        with pytest.raises(Busy):
            brief.sync(as_of=NOW)
        with line.house.sessions.begin() as session:  # as after a sleep of the whole machine
            session.execute(update(Lock).values(owner="another", expires_at=LATER))
        report = owner.result(timeout=30)
    assert report.state == "failed"
    assert "another process" in str(report.problem)
    drill.expire_locks(line.house)
    assert line.sync(as_of=NOW).state == "done"
    drill.assert_settled(line)


def held(line: Line) -> bool:
    with line.house.sessions() as session:
        return session.get(Lock, f"sync:{line.connection.id}") is not None


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_reached_allowance_leaves_with_its_own_exit_code(line: Line, tmp_path: Path) -> None:
    line.fault("api_limit", max=2 * line.world.stats.total("salesforce") + 4)
    process = start_sync(line, tmp_path)
    process.communicate(timeout=60)
    assert process.returncode == 4
    line.calm()
    assert line.sync(as_of=NOW).state == "done"
    drill.assert_settled(line)
