"""The connected CRM organisations and what we hold of each; nothing secret."""

from flask import Blueprint, render_template

from store import operations
from store.connections import all_connections
from web import wiring

bp = Blueprint("connections", __name__)


@bp.get("/connections")
def show() -> str:
    with wiring().sessions() as session:
        facts = [
            {
                "one": connection,
                "cursors": operations.read_cursors(session, connection.id),
                "rows": operations.count_rows(session, connection.id),
                "queue": operations.outbox_queue(session, connection.id),
                "refused": sum(operations.count_refusals(session, connection.id).values()),
                "synced": operations.last_sync(session, connection.id),
            }
            for connection in all_connections(session)
        ]
        return render_template("connections.html", facts=facts)
