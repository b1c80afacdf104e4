"""The queue: rows in `runs`. The clock asks for runs, workers take and do them."""

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from jobs.clock import utc_now
from jobs.sync import Busy, Order, run_sync
from jobs.wiring import House
from store.connections import all_connections
from store.locks import take_lock
from store.models import Connection, Run
from store.runs import ask_again, claim_run, request_run

log = structlog.get_logger()

_CLOCK_EXPIRES = timedelta(seconds=90)
_BEAT_SECONDS = 30
_POLL_SECONDS = 1.0


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
    for kind, line in (("sync", schedule.sync), ("full_sync", schedule.full_read)):
        trigger = CronTrigger.from_crontab(line, timezone=schedule.time_zone)
        scheduler.add_job(
            ask(kind), trigger, max_instances=1, coalesce=True, misfire_grace_time=300
        )
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
            return True


def _sync(house: House, connection: Connection, run: Run) -> None:
    order = Order(full=run.kind == "full_sync", trigger=run.trigger)
    run_sync(house, connection, order, run_id=run.id)


# what a requested run of each kind does; every job closes its own row in `runs`
WORK: dict[str, Callable[[House, Connection, Run], None]] = {
    "sync": _sync,
    "full_sync": _sync,
}
