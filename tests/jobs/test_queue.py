"""The queue: the clock asks once, a worker does it, what is busy waits and holds up nobody."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from apscheduler.job import Job
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import Engine, select

from jobs.clock import utc_now
from jobs.queue import start_clock, work, work_once
from store.database import open_sessions
from store.locks import take_lock
from store.models import Connection, Run
from store.runs import claim_run, request_run
from tests.jobs import drill, lines
from tests.jobs.lines import NOW, Line


@pytest.fixture
def line(loaded: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A line that was synchronised once; its first run is done."""
    stand = lines.prepare_stand("salesforce", loaded, tmp_path_factory)
    with lines.standing_line("salesforce", stand, tmp_path) as line:
        yield line


def runs(line: Line) -> list[tuple[str, str, str]]:
    """Kind, trigger and state of every run but the first."""
    with line.house.sessions() as session:
        found = session.scalars(select(Run).order_by(Run.id)).all()
    return [(run.kind, run.trigger, run.state) for run in found[1:]]


def ask(line: Line, kind: str = "sync", connection_id: int | None = None) -> int:
    with line.house.sessions.begin() as session:
        chosen = connection_id or line.connection.id
        return request_run(session, chosen, kind, "page", now=utc_now()).id


def strike(clock: BackgroundScheduler, times: int = 1) -> None:
    """Let each cron line come due now, as often as asked, and be noticed each time."""

    def lines_of_cron() -> list[Job]:
        return [job for job in clock.get_jobs() if isinstance(job.trigger, CronTrigger)]

    for _ in range(times):
        for job in lines_of_cron():
            job.modify(next_run_time=utc_now())
        while any(job.next_run_time <= utc_now() for job in lines_of_cron()):
            time.sleep(0.01)


def test_clocks_ask_once_and_a_worker_does_it(line: Line) -> None:
    clocks = [start_clock(line.house, owner) for owner in ("one", "two")]
    try:
        for clock in clocks:
            strike(clock, times=2)
    finally:
        for clock in clocks:
            clock.shutdown(wait=True)
    asked = runs(line)
    assert len(asked) == len(set(asked))
    assert {(trigger, state) for _, trigger, state in asked} == {("schedule", "requested")}
    assert {"sync", "full_sync", "schema"} <= {kind for kind, _, _ in asked}
    while work_once(line.house):
        pass
    assert {state for _, _, state in runs(line)} == {"done"}
    with line.house.sessions() as session:
        last = {run.kind: run for run in session.scalars(select(Run).order_by(Run.id))}
    assert last["full_sync"].counts["pulled"]["contacts"] > 0
    assert last["sync"].trigger == "schedule"
    drill.assert_settled(line)


def test_a_second_request_for_the_same_is_merged_into_the_first(line: Line) -> None:
    first = ask(line)
    assert ask(line) == first
    assert ask(line, "full_sync") != first
    report = line.sync(as_of=NOW)  # a command that comes first does what was asked
    assert report.state == "done"
    assert runs(line) == [("sync", "page", "done"), ("full_sync", "page", "requested")]


def test_a_busy_connection_waits_and_holds_up_no_other(line: Line) -> None:
    with line.house.sessions.begin() as session:
        stored = session.get_one(Connection, line.connection.id)
        second = Connection(
            name="second",
            vendor=stored.vendor,
            settings=stored.settings,
            secrets=stored.secrets,
            currency=stored.currency,
            created_at=utc_now(),
        )
        session.add(second)
    with line.house.sessions() as session:
        held = f"sync:{line.connection.id}"
        assert take_lock(
            session, held, "another", now=utc_now(), expires_after=timedelta(minutes=5)
        )
    ask(line)
    ask(line, connection_id=second.id)
    assert work_once(line.house)
    assert [state for _, _, state in runs(line)] == ["requested", "done"]
    assert not work_once(line.house)
    drill.expire_locks(line.house)
    assert work_once(line.house)
    # the two write onto the same records, so each finds the other's link there
    assert [state for _, _, state in runs(line)] == ["refusals", "done"]


def test_what_a_dead_worker_had_begun_is_noted_as_failed_by_the_next(line: Line) -> None:
    ask(line)
    with line.house.sessions() as session:
        assert claim_run(session, now=utc_now()) is not None  # and there it dies
    ask(line)
    stop = threading.Event()
    worker = threading.Thread(target=work, args=(line.house, stop))
    worker.start()
    deadline = time.monotonic() + 30
    while runs(line)[-1][2] != "done" and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    worker.join()
    assert runs(line) == [("sync", "page", "failed"), ("sync", "page", "done")]


def test_of_many_workers_each_gets_another_run(engine: Engine) -> None:
    sessions = open_sessions(engine)
    with sessions.begin() as session:
        for number in range(6):
            made = Connection(
                name=f"crm {number}",
                vendor="hubspot",
                settings={},
                secrets=b"",
                created_at=utc_now(),
            )
            session.add(made)
            session.flush()
            request_run(session, made.id, "sync", "page", now=utc_now())

    def claim(_: int) -> int | None:
        with sessions() as session:
            run = claim_run(session, now=utc_now())
            return None if run is None else run.id

    with ThreadPoolExecutor(8) as workers:
        got = list(workers.map(claim, range(8)))
    assert got.count(None) == 2
    assert len(set(got)) == 7
