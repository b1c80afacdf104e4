"""What one run of a connection did: for a person, as JSON, and in the run's row."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.orm import Session

from connector.base import Crm
from jobs import calls
from jobs.clock import utc_now
from jobs.compute import Computed
from jobs.pull import Pulled
from jobs.send_tasks import TasksDone
from jobs.wiring import House
from jobs.write_back import Sent
from store import refusals, runs
from store.models import Connection

log = structlog.get_logger()


@dataclass
class Report:
    """What one run did, for a person and as JSON (docs/cli.md)."""

    name: str
    crm: str
    state: str = "running"  # done | refusals | stopped | cancelled | failed
    problem: str | None = None
    pulled: Pulled = field(default_factory=Pulled)
    computed: Computed = field(default_factory=Computed)
    sent: Sent = field(default_factory=Sent)
    tasks: TasksDone = field(default_factory=TasksDone)
    refused: list[dict[str, Any]] = field(default_factory=list)
    calls: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    would_write: list[dict[str, Any]] = field(default_factory=list)  # by a dry run
    difference: list[dict[str, Any]] = field(default_factory=list)  # from the approved preview
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
                "tasks_changed": self.tasks.changed,
                "tasks_completed": self.tasks.completed,
            },
            "unchanged": self.computed.unchanged,
            "refused": self.refused,
            "notes": self.notes,
            "difference": self.difference,
            "api_calls": self.calls,
            "seconds": {
                **{name: round(value, 3) for name, value in self.seconds.items()},
                "total": round(sum(self.seconds.values()), 3),
            },
        }


def close_run(
    house: House,
    connection: Connection,
    crm: Crm | None,
    run_id: int,
    report: Report,
    also: Callable[[Session, Report], None] | None,
) -> None:
    """Complete the report and close the run's row with it; `also` joins that transaction."""
    now = utc_now()
    with house.sessions.begin() as session:
        report.refused = _refused(session, connection.id, run_id)
        if report.state == "done" and report.refused:
            report.state = "refusals"
        _count_calls(crm, report)
        _note_run(session, run_id, report, now)
        _note_state(session, connection.id, crm, report)
        if also is not None:
            also(session, report)
    log.info(
        "run ended",
        connection=connection.name,
        run=run_id,
        state=report.state,
        calls=report.calls["spent"],
        refused=len(report.refused),
    )


def _refused(session: Session, connection_id: int, run_id: int) -> list[dict[str, Any]]:
    """What this run met that is still refused."""
    columns = ("direction", "object", "record_id", "field", "value", "code", "reason", "remedy")
    return [
        {name: getattr(row, name) for name in columns}
        for row in refusals.open_refusals(session, connection_id)
        if row.run_id == run_id
    ]


def _count_calls(crm: Crm | None, report: Report) -> None:
    least = 0
    if crm is not None:
        least = calls.least(crm, report.pulled, report.sent, report.tasks)
    report.calls = {
        "planned": report.calls.get("planned"),
        "spent": crm.usage.spent if crm is not None else 0,
        "least": least,
        "by_purpose": dict(crm.usage.by_purpose) if crm is not None else {},
    }


def _note_run(session: Session, run_id: int, report: Report, now: datetime) -> None:
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
            "tasks_changed": report.tasks.changed,
            "tasks_completed": report.tasks.completed,
            "refused": len(report.refused),
        },
        notes=report.notes,
        mapping_hash=report.mapping_hash,
        model_hash=report.computed.model_hash,
        calls_planned=report.calls["planned"],
        calls_spent=report.calls["spent"],
        calls_least=report.calls["least"],
        seconds={name: round(value, 3) for name, value in report.seconds.items()},
    )


def _note_state(session: Session, connection_id: int, crm: Crm | None, report: Report) -> None:
    stored = session.get_one(Connection, connection_id)
    stored.state = "failed" if report.state == "failed" else "working"
    stored.problem = report.problem
    if crm is not None:
        stored.day_calls_used = crm.usage.day_used
        stored.day_calls_limit = crm.usage.day_limit
