"""Sync: pull, compute, write back, as one run of one connection at a time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
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
from jobs.alone import Busy, alone
from jobs.clock import utc_now
from jobs.compute import compute
from jobs.intake import attach_waiting
from jobs.mirror import read_back
from jobs.model import model_in_use
from jobs.noted import Cancelled
from jobs.overseer import Differs, Overseer, Planned
from jobs.planned import changes_planned
from jobs.problems import sentence_of
from jobs.pull import PullPlan, pull
from jobs.report import Report, close_run
from jobs.schema import MapRejected, Schema, SchemaPlan, read_schema
from jobs.send_tasks import send_tasks
from jobs.wiring import House, map_in_use, open_crm
from jobs.write_back import write_back
from mappings import MapError
from store import cursors, outbox, runs
from store.facts import forget_facts
from store.models import Connection
from store.previews import PreviewRefused
from store.secrets import SecretsUnreadable

log = structlog.get_logger()

STEPS = ("pull", "compute", "write_back")
EXPECTED = (
    *(Busy, CrmError, MapRejected, MapError, ModelError),
    *(SecretsUnreadable, PreviewRefused),
)
_TOLD_EVERY = 1.0  # seconds between two looks at the run's row
NOT_APPROVED = (
    "nothing was sent: this connection writes to the CRM only after a person has approved a "
    "preview. Make one, look at it and approve it (docs/preview.md)"
)


@dataclass(frozen=True)
class Order:
    """What to run and how."""

    steps: tuple[str, ...] = STEPS
    full: bool = False
    dry_run: bool = False
    trigger: str = "command"
    as_of: datetime | None = None
    progress: Callable[[str, int], None] = lambda _what, _count: None
    kind: str | None = None  # of a new run's row; None: named by the steps
    by: str | None = None
    overseer: Overseer | None = None


def run_sync(
    house: House, connection: Connection, order: Order, run_id: int | None = None
) -> Report:
    """Run the steps of `order` for one connection; returns what happened, also on failure.

    run_id  the requested run to do; without one a new run is noted.
    Raises Busy when another process works on the connection. The run's row tells the same as
    the report. A reached API allowance ends the run as `stopped`; the next one goes on. Asked
    to cancel, it ends after the page or batch it is at.
    """
    report = Report(connection.name, connection.vendor)
    with alone(house, connection) as renew:
        with house.sessions.begin() as session:
            runs.fail_abandoned(session, connection.id, but=run_id, now=utc_now())
            if run_id is None:
                kind = order.kind or ("sync" if order.steps == STEPS else order.steps[0])
                run = runs.start_run(session, connection.id, kind, order.trigger, now=utc_now())
                run.requested_by = order.by
                run_id = run.id
        crm: Crm | None = None
        overseer = order.overseer
        try:
            if overseer is not None:
                with house.sessions.begin() as session:
                    overseer.begun(session, run_id)
            crm = open_crm(house, connection)
            work = _Work(house, connection, crm, order, run_id, report)
            _steps(work, _telling(work, renew))
            report.state = "refusals" if report.refused else "done"
        except Cancelled:
            report.state = "cancelled"
        except (CrmAllowanceReached, Differs) as error:
            report.state, report.problem = "stopped", str(error)
        except EXPECTED as error:
            report.state, report.problem = "failed", str(error)
            if isinstance(error, (CrmUnknownField, CrmUnknownObject)):
                with house.sessions.begin() as session:  # the next run describes the CRM anew
                    forget_facts(session, connection.id)
        except Exception as error:
            report.state, report.problem = "failed", sentence_of(error)
            if report.problem is None:
                report.problem = f"{type(error).__name__}: {error}"
                log.exception("sync failed", connection=connection.name, run=run_id)
        finally:
            if report.state == "running":
                report.state, report.problem = (
                    "failed",
                    "interrupted; the next run goes on from here",
                )
            also = overseer.ended if overseer is not None else None
            close_run(house, connection, crm, run_id, report, also)
    return report


@dataclass(frozen=True)
class _Work:
    """One run under way."""

    house: House
    connection: Connection
    crm: Crm
    order: Order
    run_id: int
    report: Report

    @property
    def rows(self) -> House:
        """Where records are read into and computed on."""
        apart = self.order.overseer.rows if self.order.overseer else None
        return apart or self.house


Progress = Callable[[str, int], None]


def _telling(work: _Work, renew: Callable[[], None]) -> Progress:
    """Renew the lock and count what was done; at most once a second the run's row tells it too.

    The result raises Cancelled when somebody asked the run to stop.
    """
    done: dict[str, int] = {}
    told = float("-inf")

    def progress(what: str, count: int) -> None:
        nonlocal told
        renew()
        work.order.progress(what, count)
        done[what] = done.get(what, 0) + count
        if time.monotonic() - told < _TOLD_EVERY:
            return
        total = work.report.computed.planned_records if what == "written" else None
        with work.house.sessions.begin() as session:
            cancelled = runs.note_progress(session, work.run_id, what, done[what], total)
        told = time.monotonic()
        if cancelled:
            raise Cancelled

    return progress


def _steps(work: _Work, progress: Progress) -> None:
    order, report, rows = work.order, work.report, work.rows
    with _timed(report, "schema"):
        schema = _schema(work)
        report.mapping_hash = schema.version
        report.notes += [
            f"{finding.sentence}; {finding.fix}"
            for finding in schema.notes
            if finding.level == "warning"
        ]
        progress("fields described", 0)
    if "pull" in order.steps:
        with _timed(report, "pull"):
            _pull(work, schema, progress)
        attach_waiting(rows.sessions, work.connection.id, now=utc_now())
        with _timed(report, "tasks"):
            report.tasks.looked_at = read_back(
                work.crm,
                rows,
                work.connection,
                now=order.as_of or utc_now(),
                run_id=work.run_id,
            )
    send = "write_back" in order.steps and not order.dry_run
    if "compute" in order.steps:
        progress("accounts to assess", 0)
        with _timed(report, "compute"):
            send = _compute(work, schema) and send
            progress("assessed", report.computed.assessed)
    else:
        with rows.sessions() as session:
            _plan_calls(work, session)
    if not send:
        return
    if not _may_send(work):
        report.notes.append(NOT_APPROVED)
        return
    with _timed(report, "write_back"):
        write_back(
            work.crm,
            work.house.sessions,
            work.connection.id,
            schema,
            run_id=work.run_id,
            sent=report.sent,
            progress=lambda count: progress("written", count),
        )
    with _timed(report, "tasks"):
        send_tasks(
            work.crm,
            work.house.sessions,
            work.connection.id,
            schema,
            run_id=work.run_id,
            done=report.tasks,
        )
        order.progress("tasks", report.tasks.created)


def _schema(work: _Work) -> Schema:
    settings, connection, overseer = work.house.settings, work.connection, work.order.overseer
    hours = 0 if overseer and overseer.fresh else settings.sync.schema_max_age_hours
    return read_schema(
        work.crm,
        work.rows.sessions,
        connection.id,
        connection.currency,
        bool(connection.settings.get("multi_currency")),
        SchemaPlan(
            map_in_use(work.house, connection, overseer.map_text if overseer else None),
            timedelta(hours=hours),
            utc_now(),
        ),
    )


def _pull(work: _Work, schema: Schema, progress: Progress) -> None:
    rows, report = work.rows, work.report
    plan = PullPlan(
        overlap=timedelta(seconds=rows.settings.sync.overlap_seconds),
        full=work.order.full or _full_read_due(rows, work.connection, schema),
        run_id=work.run_id,
        progress=progress,
    )
    pull(work.crm, rows.sessions, work.connection.id, schema, plan, report.pulled)
    report.notes += report.pulled.notes


def _compute(work: _Work, schema: Schema) -> bool:
    """Assess and plan; whether what was planned stands."""
    order, report = work.order, work.report
    as_of = order.as_of or utc_now()
    stands = not order.dry_run

    def keep(session: Session) -> bool:
        nonlocal stands
        _plan_calls(work, session)
        if order.overseer is not None:
            plan = Planned(schema, as_of, work.run_id, report)
            stands = order.overseer.judge(session, plan)
        elif order.dry_run:
            report.would_write = changes_planned(session, work.connection.id)
        return stands

    compute(
        work.rows,
        work.connection.id,
        schema,
        model_in_use(work.house, work.connection.id),
        as_of=as_of,
        run_id=work.run_id,
        everything=order.full,
        computed=report.computed,
        keep=keep,
        pinned=order.overseer is not None,
    )
    return stands


def _may_send(work: _Work) -> bool:
    """Whether somebody has approved that this connection writes to its CRM."""
    if work.order.overseer is not None:
        return True
    with work.house.sessions() as session:
        return session.get_one(Connection, work.connection.id).writes_approved


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


def _plan_calls(work: _Work, session: Session) -> None:
    """Calls spent so far and those that the outbox will cost."""
    waiting = outbox.count_unsettled(session, work.connection.id)
    to_send = calls.to_send(work.connection.vendor, waiting)
    work.report.calls = {"planned": work.crm.usage.spent + to_send}
