"""The connected CRM organisations: what we hold of each, their checks, and what to do with them."""

from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from store import operations
from store.connections import all_connections, find_connection, latest_run
from store.models import Connection, Run
from store.runs import request_run
from store.schema_changes import count_breaking
from web import wiring
from web.access import actor, audit, needs, now

bp = Blueprint("connections", __name__)

ASKED_FOR = {  # what a button on the page may ask for
    "sync": "connection.sync",
    "full_sync": "connection.sync",
    "check": "connection.check",
    "schema": "schema.read",
}
CHECKED = ("connect", "check")
ENDED = ("done", "refusals", "stopped", "failed")
UNDER_WAY = ("requested", "running")


@bp.get("/connections")
def show() -> str:
    """Every connection with its state, in short."""
    with wiring().sessions() as session:
        breaking = count_breaking(session)
        facts = [
            {
                "one": connection,
                "checks": checks_of(latest_run(session, connection.id, CHECKED, ENDED)),
                "at_work": latest_run(session, connection.id, (*CHECKED, "disconnect"), UNDER_WAY),
                "breaking": breaking.get(connection.id, 0),
                "refused": sum(operations.count_refusals(session, connection.id).values()),
                "synced": operations.last_sync(session, connection.id),
            }
            for connection in all_connections(session)
        ]
        return render_template("connections.html", facts=facts)


@bp.get("/connections/<name>")
def one(name: str) -> str:
    """One connection in full; the page follows a job that is under way."""
    with wiring().sessions() as session:
        connection = named(session, name)
        tried = latest_run(session, connection.id, CHECKED, ENDED)
        return render_template(
            "connection.html",
            connection=connection,
            at_work=latest_run(session, connection.id, (*ASKED_FOR, "connect"), UNDER_WAY),
            tried=tried,
            checks=checks_of(tried),
            breaking=count_breaking(session).get(connection.id, 0),
            cursors=operations.read_cursors(session, connection.id),
            rows=operations.count_rows(session, connection.id),
            queue=operations.outbox_queue(session, connection.id),
            refused=sum(operations.count_refusals(session, connection.id).values()),
            synced=operations.last_sync(session, connection.id),
        )


@bp.post("/connections/<name>/ask")
@needs("admin")
def ask(name: str) -> Response:
    """Ask the worker for one of the jobs of the page."""
    kind = request.form.get("kind", "")
    if kind not in ASKED_FOR:
        abort(400, "The page asks for no such work.")
    with wiring().sessions.begin() as session:
        connection = named(session, name)
        request_run(session, connection.id, kind, "page", now=now(), by=actor())
        audit(session, ASKED_FOR[kind], connection.id, name, full=kind == "full_sync")
    back = "schema.show" if kind == "schema" else "connections.one"
    return to(back, name=name)


@bp.get("/connections/<name>/disconnect")
@needs("admin")
def leave(name: str) -> str:
    """What will go, and the field to type the name into."""
    with wiring().sessions() as session:
        return _disconnect_page(session, named(session, name))


@bp.post("/connections/<name>/disconnect")
@needs("admin")
def disconnect(name: str) -> Response | tuple[str, int]:
    """Ask the worker to remove the connection, once its name was typed."""
    with wiring().sessions.begin() as session:
        connection = named(session, name)
        if request.form.get("typed", "").strip() != name:
            return _disconnect_page(session, connection, wrong=True), 422
        run = request_run(session, connection.id, "disconnect", "page", now=now(), by=actor())
        audit(session, "connection.disconnect", connection.id, name, crm=connection.vendor)
        return to("runs.one", run_id=run.id)


def named(session: Session, name: str) -> Connection:
    """The connection called so; 404 when there is none."""
    return find_connection(session, name) or abort(404)


def checks_of(run: Run | None) -> list[dict[str, Any]]:
    """The check list that a run brought; a run that failed before it brought none."""
    found: list[dict[str, Any]] = [] if run is None else run.counts.get("checks", [])
    return found


def to(endpoint: str, **values: Any) -> Response:
    """On to another page, after a form."""
    return redirect(url_for(endpoint, **values), 303)  # type: ignore[return-value]


def _disconnect_page(session: Session, connection: Connection, *, wrong: bool = False) -> str:
    return render_template(
        "disconnect.html",
        connection=connection,
        wrong=wrong,
        rows=operations.count_rows(session, connection.id),
        queue=operations.outbox_queue(session, connection.id),
    )
