"""A draft on its way to use: what it changes, what it costs, its preview, and conflicts."""

from typing import Any

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
from sqlalchemy.orm import Session

import mappings
from mappings import CrmMap, MapError
from mappings.wording import changes
from store import previews, publishing
from store.models import Connection, Run
from store.publishing import DraftConflict
from web import access, wiring
from web.mapping_reread import reread
from web.mapping_state import Desk, keep_used, one_connection, open_desk, save_draft

bp = Blueprint("mapping_draft", __name__, url_prefix="/mapping/draft")

LARGEST_FILE = 256 * 1024  # bytes


@bp.get("")
def show() -> str:
    """The draft against the version in use."""
    with wiring().sessions() as session:
        desk = open_desk(session, one_connection(session))
        preview, state, theirs = None, "", None
        if desk.draft is not None:
            preview = publishing.latest_preview(session, desk.draft)
            if preview is not None:
                run = session.get(Run, preview.run_id) if preview.run_id is not None else None
                state = previews.state_now(preview, run, access.now())
            begun_from = stored_map(session, desk.connection, desk.draft.base_hash)
            theirs = changes(begun_from, desk.used) if begun_from and desk.overtaken else None
        return render_template(
            "mapping_draft.html",
            desk=desk,
            connection=desk.connection,
            changes=changes(desk.used, desk.map),
            errors=[one for one in desk.findings if one.level == "error"],
            warnings=[one for one in desk.findings if one.level == "warning"],
            again=reread(session, desk),
            preview=preview,
            state=state,
            theirs=theirs,
        )


@bp.post("/preview")
def ask() -> Response:
    """Ask for a preview of the draft; it is approved, and so published, on its own page."""
    with wiring().sessions.begin() as session:
        desk = _with_draft(session)
        assert desk.draft is not None
        if not desk.fields:
            abort(422, "The CRM's fields were never read, so the draft was not checked. Read them.")
        if desk.resolved.problems:
            abort(422, "The draft has errors. Correct them first; the draft is kept.")
        if desk.overtaken or not changes(desk.used, desk.map):
            return make_response(redirect(_address(desk.connection), 303))
        asked = previews.request_preview(
            session,
            desk.connection.id,
            by=access.actor(),
            now=access.now(),
            draft_id=desk.draft.id,
        )
        access.audit(session, "preview.request", desk.connection.id, f"preview {asked.id}")
        return make_response(redirect(url_for("preview.one", preview_id=asked.id), 303))


@bp.post("/file")
def take_file() -> Response:
    """Make a file the draft, with what the rows do not show: objects, conditions, rules."""
    with wiring().sessions.begin() as session:
        desk = open_desk(session, one_connection(session))
        given = request.files.get("file")
        text = given.read(LARGEST_FILE + 1) if given is not None else b""
        if not text or len(text) > LARGEST_FILE:
            abort(422, "Choose a mapping file of at most 256 KiB. Nothing was changed.")
        try:
            taken = mappings.loads(desk.connection.vendor, text.decode(), "the file")
        except (MapError, UnicodeDecodeError) as wrong:
            abort(422, f"The file is no mapping: {wrong}. Nothing was changed.")
        base, seen = request.form.get("base", ""), request.form.get("revision", -1, int)
        try:
            save_draft(session, desk, taken, base=base, seen=seen)
        except DraftConflict:
            return conflict_page(session, desk, taken, base)
        access.audit(session, "mapping.save", desk.connection.id, "file", hash=taken.version)
        return make_response(redirect(_address(desk.connection), 303))


@bp.post("/discard")
def discard() -> Response:
    """Throw the draft away."""
    with wiring().sessions.begin() as session:
        desk = _with_draft(session)
        assert desk.draft is not None
        publishing.discard_draft(session, desk.draft)
        access.audit(session, "mapping.discard", desk.connection.id, desk.draft.hash)
        address = url_for("mapping.show", connection=desk.connection.name)
    return make_response(redirect(address, 303))


@bp.post("/keep")
def keep() -> Response:
    """Keep the draft as it is, over the version that somebody published in between."""
    with wiring().sessions.begin() as session:
        desk = _with_draft(session)
        assert desk.draft is not None
        keep_used(session, desk)
        publishing.rebase_draft(session, desk.draft, desk.used_hash, now=access.now())
        access.audit(session, "mapping.rebase", desk.connection.id, desk.draft.hash)
        return make_response(redirect(_address(desk.connection), 303))


def stored_map(session: Session, connection: Connection, hash: str) -> CrmMap | None:
    """The kept version of this hash; None when it was never kept, or no longer loads."""
    version = publishing.map_version(session, connection.id, hash)
    if version is None:
        return None
    try:
        return mappings.loads(connection.vendor, version.content, "a kept version")
    except MapError:
        return None


def conflict_page(session: Session, desk: Desk, mine: CrmMap, base: str) -> Response:
    """409: what changed in between, and what the person was about to save.

    mine  the draft as it would have become
    base  the version that the person's page was made from
    """
    before = stored_map(session, desk.connection, base) or desk.used
    saved = desk.draft is not None and not desk.overtaken
    between = changes(before, desk.map if saved else desk.used)
    context: dict[str, Any] = {"between": between, "yours": changes(before, mine), "saved": saved}
    alone = not request.headers.get("HX-Request")
    page = render_template(
        "mapping_conflict.html" if alone else "mapping_conflict_part.html",
        desk=desk,
        connection=desk.connection,
        **context,
    )
    return make_response(page, 409)


def _with_draft(session: Session) -> Desk:
    desk = open_desk(session, one_connection(session))
    if desk.draft is None:
        abort(404, "You have no draft here: it was published or discarded. Nothing was changed.")
    return desk


def _address(connection: Connection) -> str:
    return url_for("mapping_draft.show", connection=connection.name)
