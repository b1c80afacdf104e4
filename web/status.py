"""The state of the service: for people /status, for machines /healthz, /readyz and /metrics."""

from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter

from alembic.runtime.migration import MigrationContext
from flask import Blueprint, Response, jsonify, make_response, render_template, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from store import operations
from store.connections import all_connections
from store.models import Base
from store.schema_changes import count_breaking
from web import access, wiring, words
from web.access import public
from web.formats import instant, number, seconds
from web.guard import comes_from_here, proxied
from web.metrics import StoreMetrics

bp = Blueprint("status", __name__)

HEARTBEAT = "heartbeat:clock"  # a lock that a living clock keeps renewing


@dataclass(frozen=True)
class Part:
    """One part of the service and how it does."""

    name: str
    state: str  # ok | waiting | degraded | failed | unknown
    detail: str


@bp.get("/status")
def show() -> Response:
    now = datetime.now(UTC)
    with wiring().sessions() as session:
        parts = _service(session, now)
        if parts[0].state == "ok":
            parts += _crms(session, now)
        page = render_template(
            "status.html", parts=parts, now=now, live=request.args.get("live") != "0"
        )
    return make_response(page)


@bp.get("/healthz")
@public
def healthz() -> Response:
    """200 while the process answers."""
    return jsonify(state="ok")


@bp.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """200 when database, migrations and the clock (if one has run) are well, else 503."""
    with wiring().sessions() as session:
        parts = _service(session, datetime.now(UTC))
    ready = all(part.state in ("ok", "unknown") for part in parts)
    answer = {part.name.lower(): {"state": part.state, "detail": part.detail} for part in parts}
    return jsonify(ready=ready, parts=answer), 200 if ready else 503


@bp.get("/metrics")
@public
def metrics() -> Response:
    """Figures of the service and of each connection in Prometheus' text format.

    For this machine, and for bearer tokens with the scope metrics.
    """
    if proxied() or not comes_from_here():
        access.check_token("metrics")
    registry = CollectorRegistry()
    with wiring().sessions() as session:
        registry.register(StoreMetrics(session, datetime.now(UTC)))
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _service(session: Session, now: datetime) -> list[Part]:
    started = perf_counter()
    try:
        database = session.connection()
        missing = set(Base.metadata.tables) - set(inspect(database).get_table_names())
        heads = MigrationContext.configure(database).get_current_heads()
    except SQLAlchemyError:
        return [Part("Database", "failed", "does not answer; check that it runs and its address")]
    took = seconds(perf_counter() - started)
    return [
        Part("Database", "ok", f"answers in {took}"),
        _migrations(missing, heads, wiring().schema_head),
        *([] if missing else [_clock(session, now)]),
    ]


def _migrations(missing: set[str], heads: tuple[str, ...], wanted: str | None) -> Part:
    at = ", ".join(heads) or "none"
    if missing or (wanted is not None and wanted not in heads):
        return Part("Migrations", "failed", f"at {at}; run: barometer db upgrade")
    return Part("Migrations", "ok", f"at {at}" + (", the newest" if wanted else ""))


def _clock(session: Session, now: datetime) -> Part:
    beat = operations.find_lock(session, HEARTBEAT)
    if beat is None:
        return Part("Clock", "unknown", "has not run; syncs start by command only")
    if beat.expires_at < now:
        return Part("Clock", "failed", f"no sign of life since {instant(beat.expires_at)}")
    return Part("Clock", "ok", f"alive, next sign of life before {instant(beat.expires_at)}")


def _crms(session: Session, now: datetime) -> list[Part]:
    parts = []
    breaking = count_breaking(session)
    for connection in all_connections(session):
        queue = operations.outbox_queue(session, connection.id)
        if queue.oldest is None:
            parts.append(Part(f"Queue to {connection.name}", "ok", "nothing waits"))
        else:
            age = seconds((now - queue.oldest).total_seconds())
            detail = f"{number(queue.waiting)} to send, the oldest for {age}"
            parts.append(Part(f"Queue to {connection.name}", "waiting", detail))
        synced = operations.last_sync(session, connection.id)
        last = instant(synced) if synced else "never"
        state = {"working": "ok", "new": "waiting"}.get(connection.state, "degraded")
        problem = f"{connection.problem} " if connection.problem else ""
        parts.append(Part(connection.name, state, f"{problem}Last successful sync: {last}"))
        if lost := breaking.get(connection.id):
            detail = f"{words.breaking(lost)}: see its page Schema under Connections"
            parts.append(Part(f"Schema of {connection.name}", "degraded", detail))
    return parts
