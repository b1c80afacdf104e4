"""The scoring models that were in use: who published what and why, and the way back."""

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

from store import model_drafts, publishing
from store.models import Publication
from store.publishing import DraftConflict
from web import access, wiring
from web.scoring_fields import Change, differences
from web.scoring_state import chosen, open_desk, save_draft, stored_model

bp = Blueprint("scoring_history", __name__, url_prefix="/scoring/history")


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
        if chosen(session)[1] is None:
            return render_template("welcome.html")
        desk = open_desk(session)
        found = publishing.publications(session, desk.connection.id, publishing.MODEL)
        versions = []
        for place, publication in enumerate(found):
            after = stored_model(session, publication.hash)
            before = stored_model(session, publication.replaces or "")
            changed = differences(before, after) if before and after else None
            versions.append(Version(len(found) - place, publication, changed, place == 0))
        first = found[-1].replaces if found else None
        return render_template(
            "scoring_history.html",
            desk=desk,
            connection=desk.connection,
            versions=versions,
            first=model_drafts.model_version(session, first) if first else None,
        )


@bp.post("/rollback")
@access.needs("analyst")
def rollback() -> Response:
    """Begin a draft that says what an older version said; it is published like any."""
    with wiring().sessions.begin() as session:
        desk = open_desk(session)
        if desk.draft is not None:
            abort(
                409, "You have a draft already. Publish or discard it first; nothing was changed."
            )
        hash = request.form.get("hash", "")
        former = stored_model(session, hash)
        if former is None:
            abort(404, "There is no such version any more. Nothing was changed.")
        if hash == desk.used_hash:
            abort(409, "This version is the one in use. Nothing was changed.")
        try:
            save_draft(session, desk, former, base=desk.used_hash, seen=0)
        except DraftConflict:
            abort(409, "You began a draft elsewhere at this moment. Open it; nothing was changed.")
        access.audit(session, "model.rollback", desk.connection.id, hash, replaces=desk.used_hash)
        address = url_for("scoring_draft.show", connection=desk.connection.name)
    return make_response(redirect(address, 303))
