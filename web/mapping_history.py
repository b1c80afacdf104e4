"""The versions of a map that were in use: who published what and why, and the way back."""

from dataclasses import dataclass

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from mappings.wording import Change, changes
from store import publishing
from store.models import Publication
from store.publishing import DraftConflict
from web import access, wiring
from web.mapping_draft import stored_map
from web.mapping_state import one_connection, open_desk, save_draft

bp = Blueprint("mapping_history", __name__, url_prefix="/mapping/history")


@dataclass(frozen=True)
class Version:
    """One publication; `changes` is None when a version it tells of no longer loads."""

    number: int  # the first publication is 1
    publication: Publication
    changes: list[Change] | None
    in_use: bool


@bp.get("")
def show() -> str:
    """Every publication, the newest first, with what it changed."""
    with wiring().sessions() as session:
        connection = one_connection(session)
        desk = open_desk(session, connection)
        found = publishing.publications(session, connection.id, publishing.MAPPING)
        versions = []
        for place, publication in enumerate(found):
            after = stored_map(session, connection, publication.hash)
            before = stored_map(session, connection, publication.replaces or "")
            changed = changes(before, after) if before and after else None
            versions.append(Version(len(found) - place, publication, changed, place == 0))
        first = found[-1].replaces if found else None
        return render_template(
            "mapping_history.html",
            desk=desk,
            connection=connection,
            versions=versions,
            first=publishing.map_version(session, connection.id, first) if first else None,
        )


@bp.post("/rollback")
def rollback() -> Response:
    """Begin a draft that says what an older version said; it goes the way of every draft."""
    with wiring().sessions.begin() as session:
        connection = one_connection(session)
        desk = open_desk(session, connection)
        if desk.draft is not None:
            abort(
                409, "You have a draft already. Publish or discard it first; nothing was changed."
            )
        hash = request.form.get("hash", "")
        former = stored_map(session, connection, hash)
        if former is None:
            abort(404, "There is no such version any more. Nothing was changed.")
        if hash == desk.used_hash:
            abort(409, "This version is the one in use. Nothing was changed.")
        try:
            save_draft(session, desk, former, base=desk.used_hash, seen=0)
        except DraftConflict:
            abort(409, "You began a draft elsewhere at this moment. Open it; nothing was changed.")
        access.audit(session, "mapping.rollback", connection.id, hash, replaces=desk.used_hash)
        address = url_for("mapping_draft.show", connection=connection.name)
    return make_response(redirect(address, 303))
