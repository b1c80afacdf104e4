"""The JSON API /api/v1: what the pages show, for programs with a bearer token.

Money is text with its currency beside it, instants are ISO 8601 in UTC, unknown is null.
Errors are application/problem+json. openapi.json describes all of it.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request, url_for
from sqlalchemy.orm import Session

from store import account_pages, operations, pages
from store.connections import all_connections
from store.models import Connection, Run
from store.runs import request_run
from web import access, wiring
from web.access import public, scope
from web.openapi import description
from web.pager import Pager, chosen_connection
from web.runs import duration

bp = Blueprint("api", __name__, url_prefix="/api/v1")

REQUESTABLE = ("sync", "full_sync")


@bp.get("/openapi.json")
@public
def describe() -> Response:
    """What there is to ask, and what comes back."""
    return jsonify(description(wiring().version))


@bp.get("/connections")
@scope("read")
def connections() -> Response:
    """The CRM organisations connected."""
    with wiring().sessions() as session:
        return jsonify(items=[_connection(one) for one in all_connections(session)])


@bp.get("/accounts")
@scope("read")
def accounts() -> Response:
    """Live accounts of a connection, the largest annual value first, 50 a page."""
    with wiring().sessions() as session:
        connection = _chosen(session)
        band, search = request.args.get("band", ""), request.args.get("search", "")
        chosen = pages.Selection(band=band, search=search)
        pager = Pager.of_request(pages.count_accounts(session, connection.id, chosen)[0])
        rows = pages.list_accounts(
            session, connection.id, chosen, offset=pager.offset, limit=pager.size
        )
        items = [
            {
                "account_id": row.account_id,
                "name": row.name,
                "segment": row.segment,
                "owner": row.owner,
                "annual_value": _plain(row.value),
                "currency": connection.currency,
                "health": row.health,
                "band": row.band,
                "url": url_for(
                    "api.account", connection=connection.name, account_id=row.account_id
                ),
            }
            for row in rows
        ]
    return _page(pager, items)


@bp.get("/accounts/<connection>/<account_id>")
@scope("read")
def account(connection: str, account_id: str) -> Response:
    """One account with its current report: every figure of docs/insights.md."""
    with wiring().sessions() as session:
        found = _named(session, connection)
        row = account_pages.find_account(session, found.id, account_id)
        if row is None:
            abort(404, "There is no account of this id in the connection.")
        current = account_pages.current_assessment(session, found.id, account_id)
        assessment, confirmed_at = current or (None, None)
        return jsonify(
            account_id=row.account_id,
            connection=found.name,
            name=row.name,
            segment=row.segment,
            owner_id=row.owner_id,
            annual_value=_plain(row.annual_value_corporate),
            currency=found.currency,
            deleted_at=_plain(row.deleted_at),
            merged_into=row.merged_into,
            report=None
            if assessment is None
            else {
                "as_of": _plain(confirmed_at),
                "computed_at": _plain(assessment.valid_from),
                "model_hash": assessment.model_hash,
                "inputs_hash": assessment.inputs_hash,
                "figures": assessment.result,
            },
        )


@bp.get("/portfolio")
@scope("read")
def portfolio() -> Response:
    """The totals of a connection's newest computation."""
    with wiring().sessions() as session:
        connection = _chosen(session)
        stored = pages.latest_figures(session, connection.id)
        return jsonify(
            connection=connection.name,
            currency=(stored.currency if stored else None) or connection.currency,
            as_of=_plain(stored.as_of if stored else None),
            figures=stored.figures if stored else None,
        )


@bp.get("/alerts")
@scope("read")
def alerts() -> Response:
    """Open alerts of a connection, those of the largest annual value first."""
    kind = request.args.get("kind", "")
    with wiring().sessions() as session:
        connection = _chosen(session)
        counts = operations.count_alerts(session, connection.id)
        pager = Pager.of_request(counts.get(kind, 0) if kind else sum(counts.values()))
        found = operations.open_alerts(
            session, connection.id, kind=kind, offset=pager.offset, limit=pager.size
        )
        items = [
            {
                "id": one.alert.id,
                "kind": one.alert.kind,
                "account_id": one.alert.account_id,
                "account": one.name,
                "annual_value": _plain(one.value),
                "currency": connection.currency,
                "owner": one.owner,
                "message": one.alert.message,
                "opened_at": _plain(one.alert.opened_at),
                "task_id": one.task.task_id if one.task else None,
                "task_state": one.task.state if one.task else None,
            }
            for one in found
        ]
    return _page(pager, items)


@bp.get("/runs")
@scope("read")
def runs() -> Response:
    """Runs of every connection, the newest first."""
    state, kind = request.args.get("state", ""), request.args.get("kind", "")
    with wiring().sessions() as session:
        pager = Pager.of_request(operations.count_runs(session, state=state, kind=kind))
        found = operations.list_runs(
            session, state=state, kind=kind, offset=pager.offset, limit=pager.size
        )
        return _page(pager, [_run(run, name) for run, name in found])


@bp.get("/runs/<int(max=2147483647):run_id>")
@scope("read")
def run(run_id: int) -> Response:
    """One run."""
    with wiring().sessions() as session:
        found = operations.find_run(session, run_id)
        if found is None:
            abort(404, "There is no run of this number.")
        one, connection = found
        return jsonify(_run(one, connection.name if connection else None))


@bp.post("/runs")
@scope("write")
def ask() -> tuple[Response, int, dict[str, str]]:
    """Ask for a sync; one that waits already is answered instead of a second."""
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict) or not isinstance(asked.get("connection"), str):
        abort(400, 'Send JSON such as {"connection": "salesforce", "kind": "sync"}.')
    kind = asked.get("kind", "sync")
    if kind not in REQUESTABLE:
        abort(422, f"kind is one of {', '.join(REQUESTABLE)}.")
    with wiring().sessions.begin() as session:
        connection = _named(session, asked["connection"])
        one = request_run(session, connection.id, kind, "api", now=access.now(), by=access.actor())
        access.audit(session, "run.request", connection.id, subject=f"run {one.id}", kind=kind)
        answer = _run(one, connection.name)
    return jsonify(answer), 202, {"Location": url_for("api.run", run_id=answer["id"])}


def _chosen(session: Session) -> Connection:
    return chosen_connection(all_connections(session)) or abort(404, "No CRM is connected yet.")


def _named(session: Session, name: str) -> Connection:
    found = (one for one in all_connections(session) if one.name == name)
    return next(found, None) or abort(404, "There is no connection of this name.")


def _connection(one: Connection) -> dict[str, Any]:
    return {
        "name": one.name,
        "crm": one.vendor,
        "organisation_id": one.organisation_id,
        "organisation_name": one.organisation_name,
        "currency": one.currency,
        "state": one.state,
        "problem": one.problem,
    }


def _run(one: Run, connection: str | None) -> dict[str, Any]:
    return {
        "id": one.id,
        "connection": connection,
        "kind": one.kind,
        "trigger": one.trigger,
        "requested_by": one.requested_by,
        "state": one.state,
        "problem": one.problem,
        "requested_at": _plain(one.requested_at),
        "started_at": _plain(one.started_at),
        "finished_at": _plain(one.finished_at),
        "seconds": duration(one),
        "counts": one.counts,
        "calls_spent": one.calls_spent,
        "url": url_for("api.run", run_id=one.id),
    }


def _page(pager: Pager, items: list[dict[str, Any]]) -> Response:
    return jsonify(page=pager.page, pages=pager.pages, total=pager.total, items=items)


def _plain(value: Decimal | datetime | None) -> str | None:
    """Money as text, an instant as ISO 8601 in UTC."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    return None if value is None else str(value)
