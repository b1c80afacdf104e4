"""What ran, what it did, and what was refused."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from store import operations
from store.connections import all_connections
from store.models import Run
from store.previews import preview_of
from store.runs import ask_cancel, request_run
from web import wiring
from web.access import actor, audit, needs, now
from web.download import csv_response
from web.pager import Pager, chosen_connection

bp = Blueprint("runs", __name__)

SHOWN = 200
UNDER_WAY = ("requested", "running")
_CSV_HEADER = (
    "Connection",
    "Direction",
    "Object",
    "Record id",
    "Field",
    "Value",
    "Code",
    "Reason",
    "Remedy",
    "First seen",
    "Last seen",
    "Times",
)


@bp.get("/runs")
def show() -> str:
    state, kind = request.args.get("state", ""), request.args.get("kind", "")
    with wiring().sessions() as session:
        pager = Pager.of_request(operations.count_runs(session, state=state, kind=kind))
        runs = operations.list_runs(
            session, state=state, kind=kind, offset=pager.offset, limit=pager.size
        )
        return render_template(
            "runs.html",
            runs=[(run, name, totals(run.counts), duration(run)) for run, name in runs],
            pager=pager,
            state=state,
            kind=kind,
        )


@bp.get("/runs/<int(max=2147483647):run_id>")
def one(run_id: int) -> str:
    with wiring().sessions() as session:
        run, connection = _found(operations.find_run(session, run_id))
        return render_template(
            "run.html",
            run=run,
            connection=connection,
            took=duration(run),
            preview=preview_of(session, run),
            counts=flat(run.counts),
            causes=operations.refusal_causes(session, run_id=run_id),
            refusals=list(operations.list_refusals(session, run_id=run_id, limit=SHOWN)),
            shown=SHOWN,
        )


@bp.get("/runs/<int(max=2147483647):run_id>.csv")
def refusals_of_run(run_id: int) -> Response:
    """The open refusals that this run met last."""
    with wiring().sessions() as session:
        _found(operations.find_run(session, run_id))
    return csv_response(f"barometer-run-{run_id}-refusals", _CSV_HEADER, _rows(run_id, ""))


@bp.post("/runs/<int(max=2147483647):run_id>/cancel")
@needs("analyst")
def cancel(run_id: int) -> Response:
    """Stop the run at its next safe point; what it stored and sent by then stands."""
    with wiring().sessions.begin() as session:
        run, _ = _found(operations.find_run(session, run_id))
        if run.state in UNDER_WAY:
            ask_cancel(session, run.id)
            audit(session, "run.cancel", run.connection_id, f"run {run.id}")
    return make_response(redirect(url_for("runs.one", run_id=run_id), 303))


@bp.post("/runs/<int(max=2147483647):run_id>/retry")
@needs("analyst")
def retry(run_id: int) -> Response:
    """Ask for a sync of the run's connection: it tries again what is not settled."""
    with wiring().sessions.begin() as session:
        run, connection = _found(operations.find_run(session, run_id))
        if connection is None:
            abort(409, "This run was of no single connection. Start a sync on a connection's page.")
        again = request_run(session, connection.id, "sync", "page", now=now(), by=actor())
        audit(session, "run.retry", connection.id, f"run {run.id}")
        address = url_for("runs.one", run_id=again.id)
    flash("A sync was asked for. It tries again what was refused or not sent.")
    return make_response(redirect(address, 303))


@bp.get("/refusals")
def refusals() -> str:
    with wiring().sessions() as session:
        connections = all_connections(session)
        connection = chosen_connection(connections)
        name = connection.name if connection else ""
        causes = operations.refusal_causes(session, connection=name) if connection else []
        pager = Pager.of_request(sum(cause.records for cause in causes))
        rows = operations.list_refusals(
            session, connection=name, offset=pager.offset, limit=pager.size
        )
        return render_template(
            "refusals.html",
            connections=connections,
            connection=connection,
            causes=causes,
            pager=pager,
            refusals=list(rows),
        )


@bp.get("/refusals.csv")
def all_refusals() -> Response:
    """The open refusals of the chosen connection."""
    with wiring().sessions() as session:
        connection = chosen_connection(all_connections(session)) or abort(404)
    name = connection.name
    return csv_response(f"barometer-{name}-refusals", _CSV_HEADER, _rows(None, name))


def _rows(run_id: int | None, connection: str) -> Iterator[list[Any]]:
    with wiring().sessions() as session:
        for row, found in operations.list_refusals(session, run_id=run_id, connection=connection):
            yield [
                found.name,
                row.direction,
                row.object,
                row.record_id,
                row.field,
                row.value,
                row.code,
                row.reason,
                row.remedy,
                row.first_seen,
                row.last_seen,
                row.times,
            ]


def _found(run: Any) -> Any:
    return run or abort(
        404, "There is no run of this number. The runs page lists those that exist."
    )


def duration(run: Run) -> float | None:
    """Seconds from start to end; None while it has not ended."""
    if run.started_at is None or run.finished_at is None:
        return None
    return (run.finished_at - run.started_at).total_seconds()


def totals(counts: Mapping[str, Any]) -> dict[str, int | None]:
    """Rows read, records written and values refused of one run; None where it does not say."""
    return {
        "read": _total(counts.get("pulled")),
        "written": _total(counts.get("written_records")),
        "refused": _total(counts.get("refused")),
    }


def _total(value: Any) -> int | None:
    if isinstance(value, Mapping):
        numbers = [n for n in map(_total, value.values()) if n is not None]
        return sum(numbers) if numbers else None
    if isinstance(value, list):
        return len(value)
    return int(value) if isinstance(value, int | float) else None


def flat(counts: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    """The counts as (name, value), nested names joined by a comma."""
    lines: list[tuple[str, Any]] = []
    for name, value in counts.items():
        label = f"{above}, {name}" if above else str(name)
        if isinstance(value, Mapping):
            lines += flat(value, label)
        else:
            lines.append((label, len(value) if isinstance(value, list) else value))
    return lines
