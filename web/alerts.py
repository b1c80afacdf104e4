"""Open alerts of a connection, and the CRM task that mirrors each."""

from flask import Blueprint, render_template, request

from store import operations
from store.connections import all_connections
from web import wiring
from web.pager import Pager, chosen_connection

bp = Blueprint("alerts", __name__)


@bp.get("/alerts")
def show() -> str:
    with wiring().sessions() as session:
        connections = all_connections(session)
        connection = chosen_connection(connections)
        if connection is None:
            return render_template("alerts.html", connections=[], connection=None)
        kind = request.args.get("kind", "")
        counts = operations.count_alerts(session, connection.id)
        pager = Pager.of_request(counts.get(kind, 0) if kind else sum(counts.values()))
        alerts = operations.open_alerts(
            session, connection.id, kind=kind, offset=pager.offset, limit=pager.size
        )
        return render_template(
            "alerts.html",
            connections=connections,
            connection=connection,
            counts=counts,
            kind=kind,
            pager=pager,
            alerts=alerts,
        )
