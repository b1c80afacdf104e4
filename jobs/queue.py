"""The queue: rows in `runs`. The clock asks for runs, workers take and do them."""

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from jobs.alone import Busy
from jobs.answers import ask_waiting, forget_bodies, read_answers
from jobs.checks import run_check
from jobs.clock import utc_now
from jobs.connect import run_connect, run_disconnect, run_provision
from jobs.drift import run_schema
from jobs.notify import notify_of
from jobs.preview import execute_preview, run_preview
from jobs.reconcile import reconcile
from jobs.sync import Order, run_sync
from jobs.what_if import run_what_if
from jobs.wiring import House
from store.connections import all_connections
from store.locks import take_lock
from store.models import Connection, Run
from store.runs import ask_again, claim_run, request_run

log = structlog.get_logger()

_CLOCK_EXPIRES = timedelta(seconds=90)
_BEAT_SECONDS = 30
_POLL_SECONDS = 0.2
_LOOK_SECONDS = 5  # between two looks for deliveries that wait for another try


def start_clock(house: House, owner: str) -> BackgroundScheduler:
    """Ask for runs on schedule; of several clocks the one that holds the lock does."""
    schedule = house.settings.schedule
    scheduler = BackgroundScheduler(timezone=schedule.time_zone)

    def ask(kind: str) -> Callable[[], None]:
        def job() -> None:
            with house.sessions() as session:
                if not take_lock(
                    session, "clock", owner, now=utc_now(), expires_after=_CLOCK_EXPIRES
                ):
                    return
            with house.sessions.begin() as session:
                for connection in all_connections(session):
                    request_run(session, connection.id, kind, "schedule", now=utc_now())

        return job

    def beat() -> None:
        with house.sessions() as session:
            take_lock(
                session, "heartbeat:clock", owner, now=utc_now(), expires_after=_CLOCK_EXPIRES
            )

    beat()
    scheduler.add_job(beat, "interval", seconds=_BEAT_SECONDS, max_instances=1, coalesce=True)
    lines = (
        ("sync", schedule.sync),
        ("full_sync", schedule.full_read),
        ("schema", schedule.schema_read),
        ("loops", schedule.loops),
        ("reconcile", schedule.reconcile),
    )
    for kind, line in lines:
        trigger = CronTrigger.from_crontab(line, timezone=schedule.time_zone)
        scheduler.add_job(
            ask(kind), trigger, max_instances=1, coalesce=True, misfire_grace_time=300
        )
    scheduler.add_job(
        lambda: ask_waiting(house),
        "interval",
        seconds=_LOOK_SECONDS,
        max_instances=1,
        coalesce=True,
    )
    nightly = CronTrigger.from_crontab(schedule.full_read, timezone=schedule.time_zone)
    scheduler.add_job(lambda: forget_bodies(house), nightly, max_instances=1, coalesce=True)
    scheduler.start()
    return scheduler


def work(house: House, stop: threading.Event) -> None:
    """Take and do requested runs until `stop` is set."""
    while not stop.is_set():
        if not work_once(house):
            stop.wait(_POLL_SECONDS)


def work_once(house: House) -> bool:
    """Do the oldest requested run that can be done now; False when there is none.

    A run whose connection is busy waits on, and holds up no other connection.
    """
    waits = 0
    while True:
        with house.sessions() as session:
            run = claim_run(session, after=waits, now=utc_now())
            connection = None if run is None else session.get(Connection, run.connection_id)
        if run is None or connection is None:
            return False
        try:
            WORK[run.kind](house, connection, run)
        except Busy as busy:
            log.info("run waits", connection=connection.name, run=run.id, reason=str(busy))
            with house.sessions.begin() as session:
                ask_again(session, run.id)
            waits = run.id
        else:
            notify_of(house, connection, run)
            return True


def _sync(house: House, connection: Connection, run: Run) -> None:
    preview_id = run.order.get("preview_id")
    if preview_id is not None:
        execute_preview(house, connection, preview_id, run_id=run.id)
        return
    order = Order(full=run.kind == "full_sync", trigger=run.trigger)
    run_sync(house, connection, order, run_id=run.id)


def _loops(house: House, connection: Connection, run: Run) -> None:
    """What survey answers, loops and pages changed, onto the CRM's records; nothing is read."""
    order = Order(steps=("compute", "write_back"), trigger=run.trigger)
    run_sync(house, connection, order, run_id=run.id)


# what a requested run of each kind does; every job closes its own row in `runs`
WORK: dict[str, Callable[[House, Connection, Run], None]] = {
    "sync": _sync,
    "full_sync": _sync,
    "preview": run_preview,
    "what_if": run_what_if,
    "loops": _loops,
    "connect": run_connect,
    "check": run_check,
    "provision": run_provision,
    "schema": run_schema,
    "disconnect": run_disconnect,
    "answers": read_answers,
    "deliver": _loops,
    "reconcile": reconcile,
}
