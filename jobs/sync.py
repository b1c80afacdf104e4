"""Sync: pull, compute, write back, as one run of one connection at a time."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from connector.base import Crm
from connector.errors import (
    CrmAllowanceReached,
    CrmError,
    CrmUnknownField,
    CrmUnknownObject,
)
from insights.model import ModelError
from jobs import calls
from jobs.clock import utc_now
from jobs.compute import Computed, compute
from jobs.intake import attach_waiting
from jobs.pull import Pulled, PullPlan, pull
from jobs.schema import MapRejected, Schema, SchemaPlan, read_schema
from jobs.send_tasks import TasksDone, send_tasks
from jobs.wiring import House, map_file, open_crm
from jobs.write_back import Sent, write_back
from mappings import MapError
from store import cursors, outbox, refusals, runs
from store.facts import forget_facts
from store.locks import drop_lock, take_lock
from store.models import Connection
from store.secrets import SecretsUnreadable

log = structlog.get_logger()

STEPS = ("pull", "compute", "write_back")


class Busy(Exception):
    """Another process works on this connection."""


@dataclass
class Report:
    """What one run did, for a person and as JSON (docs/cli.md)."""

    name: str
    crm: str
    state: str = "running"  # done | refusals | stopped | failed
    problem: str | None = None
    pulled: Pulled = field(default_factory=Pulled)
    computed: Computed = field(default_factory=Computed)
    sent: Sent = field(default_factory=Sent)
    tasks: TasksDone = field(default_factory=TasksDone)
    refused: list[dict[str, Any]] = field(default_factory=list)
    calls: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    mapping_hash: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The stable form of `sync --json`."""
        return {
            "name": self.name,
            "crm": self.crm,
            "state": self.state,
            "problem": self.problem,
            "pulled": self.pulled.rows,
            "changed": self.pulled.changed,
            "read_in_full": [source.name for source in self.pulled.read if source.full],
            "deleted": self.pulled.deleted,
            "assessed": self.computed.assessed,
            "written": {
                "fields": self.sent.fields,
                "records": self.sent.records,
                "tasks": self.tasks.created,
                "tasks_completed": self.tasks.completed,
            },
            "unchanged": self.computed.unchanged,
            "refused": self.refused,
            "notes": self.notes,
            "api_calls": self.calls,
            "seconds": {
                **{name: round(value, 3) for name, value in self.seconds.items()},
                "total": round(sum(self.seconds.values()), 3),
            },
        }


@dataclass(frozen=True)
class Order:
    """What to run and how."""

    steps: tuple[str, ...] = STEPS
    full: bool = False
    dry_run: bool = False
    trigger: str = "command"
    as_of: datetime | None = None
    progress: Callable[[str, int], None] = lambda _what, _count: None


def run_sync(
    house: House, connection: Connection, order: Order, run_id: int | None = None
) -> Report:
    """Run the steps of `order` for one connection; returns what happened, also on failure.

    run_id  the requested run to do; without one a new run is noted.
    Raises Busy when another process works on the connection. The run's row tells the same as
    the report. A reached API allowance ends the run as `stopped`; the next one goes on.
    """
    report = Report(connection.name, connection.vendor)
    with _alone(house, connection) as renew:
        with house.sessions.begin() as session:
            runs.fail_abandoned(session, connection.id, but=run_id, now=utc_now())
            if run_id is None:
                kind = "sync" if order.steps == STEPS else order.steps[0]
                run = runs.start_run(session, connection.id, kind, order.trigger, now=utc_now())
                run_id = run.id
        crm: Crm | None = None
        try:
            crm = open_crm(house, connection)
            _steps(house, connection, crm, order, run_id, report, renew)
            report.state = "refusals" if report.refused else "done"
        except CrmAllowanceReached as error:
            report.state, report.problem = "stopped", str(error)
        except (Busy, CrmError, MapRejected, MapError, ModelError, SecretsUnreadable) as error:
            report.state, report.problem = "failed", str(error)
            if isinstance(error, (CrmUnknownField, CrmUnknownObject)):
                with house.sessions.begin() as session:  # the next run describes the CRM anew
                    forget_facts(session, connection.id)
        except Exception as error:
            report.state, report.problem = "failed", f"{type(error).__name__}: {error}"
            log.exception("sync failed", connection=connection.name, run=run_id)
        finally:
            if report.state == "running":
                report.state, report.problem = (
                    "failed",
                    "interrupted; the next run goes on from here",
                )
            _finish(house, connection, crm, run_id, report)
    return report


@contextmanager
def _alone(house: House, connection: Connection) -> Iterator[Callable[[], None]]:
    """Hold the connection's lock; yields a function that renews it, or raises Busy when it is lost.

    It is renewed beside the work too, which may compute, or wait for the CRM, for long.
    """
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
    name = f"sync:{connection.id}"
    expires = timedelta(seconds=house.settings.sync.lock_expires_seconds)

    def renew() -> None:
        with house.sessions() as session:
            if not take_lock(session, name, owner, now=utc_now(), expires_after=expires):
                raise Busy(
                    f"{connection.name} is being synchronised by another process; "
                    "wait for it to end, or for its lock to expire"
                )

    def keep() -> None:
        while not ended.wait(expires.total_seconds() / 3):
            with suppress(Busy, OperationalError):  # the work itself meets what lasts
                renew()

    renew()
    ended = threading.Event()
    keeper = threading.Thread(target=keep, name=name, daemon=True)
    keeper.start()
    try:
        yield renew
    finally:
        ended.set()
        keeper.join()
        with house.sessions() as session:
            drop_lock(session, name, owner)


def _steps(
    house: House,
    connection: Connection,
    crm: Crm,
    order: Order,
    run_id: int,
    report: Report,
    renew: Callable[[], None],
) -> None:
    settings, sessions = house.settings, house.sessions

    def progress(what: str, count: int) -> None:
        renew()
        order.progress(what, count)

    with _timed(report, "schema"):
        schema = read_schema(
            crm,
            sessions,
            connection.id,
            connection.currency,
            bool(connection.settings.get("multi_currency")),
            SchemaPlan(
                map_file(settings, connection.vendor),
                timedelta(hours=settings.sync.schema_max_age_hours),
                utc_now(),
            ),
        )
        report.mapping_hash = schema.map.version
        report.notes += [
            f"{finding.sentence}; {finding.fix}"
            for finding in schema.notes
            if finding.level == "warning"
        ]
    if "pull" in order.steps:
        with _timed(report, "pull"):
            plan = PullPlan(
                overlap=timedelta(seconds=settings.sync.overlap_seconds),
                full=order.full or _full_read_due(house, connection, schema),
                run_id=run_id,
                progress=progress,
            )
            pull(crm, sessions, connection.id, schema, plan, report.pulled)
            report.notes += report.pulled.notes
        attach_waiting(sessions, connection.id, now=utc_now())
    if "compute" in order.steps:
        with _timed(report, "compute"):
            compute(
                house,
                connection.id,
                schema,
                as_of=order.as_of or utc_now(),
                run_id=run_id,
                everything=order.full,
                dry_run=order.dry_run,
                computed=report.computed,
            )
            progress("assessed", report.computed.assessed)
    report.calls = _planned(crm, house, connection, report)
    if "write_back" in order.steps and not order.dry_run:
        with _timed(report, "write_back"):
            write_back(
                crm,
                sessions,
                connection.id,
                schema,
                run_id=run_id,
                sent=report.sent,
                progress=lambda count: progress("written", count),
            )
        with _timed(report, "tasks"):
            send_tasks(crm, sessions, connection.id, schema, run_id=run_id, done=report.tasks)
            progress("tasks", report.tasks.created)


def _full_read_due(house: House, connection: Connection, schema: Schema) -> bool:
    kinds = sorted({source.kind for source in schema.map.sources})
    with house.sessions() as session:
        last = cursors.oldest_full_read(session, connection.id, kinds)
    age = timedelta(hours=house.settings.sync.full_read_after_hours)
    return last is None or utc_now() - last >= age


@contextmanager
def _timed(report: Report, stage: str) -> Iterator[None]:
    started = time.perf_counter()
    try:
        yield
    finally:
        report.seconds[stage] = report.seconds.get(stage, 0) + time.perf_counter() - started


def _planned(crm: Crm, house: House, connection: Connection, report: Report) -> dict[str, Any]:
    """Calls spent so far and those that the outbox will cost."""
    with house.sessions() as session:
        waiting = outbox.count_unsettled(session, connection.id)
    return {"planned": crm.usage.spent + calls.to_send(crm, waiting)}


def _finish(
    house: House, connection: Connection, crm: Crm | None, run_id: int, report: Report
) -> None:
    now = utc_now()
    with house.sessions.begin() as session:
        report.refused = [
            {
                "direction": row.direction,
                "object": row.object,
                "record_id": row.record_id,
                "field": row.field,
                "value": row.value,
                "code": row.code,
                "reason": row.reason,
                "remedy": row.remedy,
            }
            for row in refusals.open_refusals(session, connection.id)
            if row.run_id == run_id
        ]
        if report.state == "done" and report.refused:
            report.state = "refusals"
        spent = crm.usage.spent if crm is not None else 0
        report.calls = {
            "planned": report.calls.get("planned"),
            "spent": spent,
            "least": _least(crm, report),
            "by_purpose": dict(crm.usage.by_purpose) if crm is not None else {},
        }
        runs.finish_run(
            session,
            run_id,
            state=report.state,
            now=now,
            problem=report.problem,
            counts={
                "pulled": report.pulled.rows,
                "changed": report.pulled.changed,
                "deleted": report.pulled.deleted,
                **report.computed.counts(),
                "written_records": report.sent.records,
                "written_fields": report.sent.fields,
                "tasks_created": report.tasks.created,
                "tasks_completed": report.tasks.completed,
                "refused": len(report.refused),
            },
            mapping_hash=report.mapping_hash,
            model_hash=report.computed.model_hash,
            calls_planned=report.calls["planned"],
            calls_spent=spent,
            calls_least=report.calls["least"],
            seconds={name: round(value, 3) for name, value in report.seconds.items()},
        )
        _note_state(session, connection.id, crm, report)
    log.info(
        "run ended",
        connection=connection.name,
        run=run_id,
        state=report.state,
        calls=spent,
        refused=len(report.refused),
    )


def _least(crm: Crm | None, report: Report) -> int:
    return 0 if crm is None else calls.least(crm, report.pulled, report.sent, report.tasks)


def _note_state(session: Session, connection_id: int, crm: Crm | None, report: Report) -> None:
    stored = session.get_one(Connection, connection_id)
    stored.state = "failed" if report.state == "failed" else "working"
    stored.problem = report.problem
    if crm is not None:
        stored.day_calls_used = crm.usage.day_used
        stored.day_calls_limit = crm.usage.day_limit
