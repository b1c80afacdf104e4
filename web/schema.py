"""How the CRM's fields drifted from what the map needs: each change, what it hits, the remedy."""

from typing import Any

from flask import Blueprint, render_template

from mappings.drift import told
from store.connections import latest_run
from store.models import SchemaChange
from store.schema_changes import open_changes, resolved_changes
from web import wiring
from web.connections import ENDED, UNDER_WAY, named

bp = Blueprint("schema", __name__)

KIND = ("schema",)


@bp.get("/connections/<name>/schema")
def show(name: str) -> str:
    """Open changes first; the page follows a comparison that is under way."""
    with wiring().sessions() as session:
        connection = named(session, name)
        return render_template(
            "schema.html",
            connection=connection,
            at_work=latest_run(session, connection.id, KIND, UNDER_WAY),
            compared=latest_run(session, connection.id, KIND, ENDED),
            changes=[_shown(row) for row in open_changes(session, connection.id)],
            past=[_shown(row) for row in resolved_changes(session, connection.id)],
        )


def _shown(row: SchemaChange) -> dict[str, Any]:
    return {**told(row), "found_at": row.found_at, "resolved_at": row.resolved_at}
