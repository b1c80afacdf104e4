"""A draft of the scoring model on its way to use: what it changes and does, and its publication."""

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
from sqlalchemy.orm import Session

from store import model_drafts
from store.connections import latest_run
from store.models import Run
from store.publishing import DraftConflict, PublishRefused
from store.runs import request_run
from store.survey import account_names
from web import access, wiring
from web.scoring_fields import differences, weight_shares
from web.scoring_record import beside
from web.scoring_state import Desk, chosen, open_desk, stored_model, what_if

bp = Blueprint("scoring_draft", __name__, url_prefix="/scoring/draft")

BUSY = ("requested", "running")


@bp.get("")
def show() -> str:
    """The draft against the model in use; `author` names another person's."""
    with wiring().sessions() as session:
        if chosen(session)[1] is None:
            return render_template("welcome.html")
        return _page(session, _desk(session))


@bp.get("/what-if")
def live() -> str:
    """What the saved draft would do."""
    with wiring().sessions() as session:
        desk = _desk(session)
        return render_template(
            "scoring_what_if.html",
            connection=desk.connection,
            used_hash=desk.used_hash,
            same=desk.model.hash() == desk.used_hash,
            what=what_if(session, desk.connection, desk.model),
            shares=weight_shares(desk.model),
        )


@bp.post("/full")
@access.needs("analyst")
def ask_full() -> Response:
    """Ask for a full computation of what the draft would do."""
    with wiring().sessions.begin() as session:
        desk = _with_draft(session)
        hash = desk.model.hash()
        request_run(
            session,
            desk.connection.id,
            "what_if",
            "page",
            now=access.now(),
            order={"hash": hash, "model": desk.model.to_dict()},
            by=access.actor(),
        )
        access.audit(session, "what_if.request", desk.connection.id, hash)
        return _see_draft(desk)


@bp.get("/full")
def full() -> str:
    """How far that computation is, or what it found."""
    with wiring().sessions() as session:
        desk = _desk(session)
        return render_template("scoring_full.html", desk=desk, **_full(session, desk))


@bp.post("/publish")
@access.needs("admin")
def publish() -> Response:
    """Assess by the draft from now on, and ask for the sync that does so."""
    with wiring().sessions.begin() as session:
        desk = _with_draft(session)
        assert desk.draft is not None
        try:
            publication = model_drafts.publish_draft(
                session,
                desk.draft,
                desk.model.hash(),
                seen=request.form.get("revision", -1, int),
                used=desk.used_hash,
                author=access.actor(),
                reason=request.form.get("reason", ""),
                now=access.now(),
            )
        except PublishRefused as error:
            return make_response(_page(session, desk, refused=str(error)), 422)
        except DraftConflict:
            refused = (
                "The draft was saved, or another version published, since this page was opened. "
                "Nothing was published: look at the differences as they are now."
            )
            return make_response(_page(session, desk, refused=refused), 409)
        run = request_run(
            session, desk.connection.id, "sync", "page", now=access.now(), by=access.actor()
        )
        access.audit(
            session,
            "model.publish",
            desk.connection.id,
            publication.hash,
            replaces=publication.replaces,
            reason=publication.reason,
            run=run.id,
        )
        flash(f"The model is in use. Run {run.id} computes every account by it.")
        address = url_for("scoring_history.show", connection=desk.connection.name)
    return make_response(redirect(address, 303))


@bp.post("/discard")
@access.needs("analyst")
def discard() -> Response:
    """Throw one's own draft away."""
    with wiring().sessions.begin() as session:
        desk = _with_draft(session, own=True)
        assert desk.draft is not None
        model_drafts.discard_draft(session, desk.draft)
        access.audit(session, "model.discard", desk.connection.id, desk.model.hash())
        address = url_for("scoring.show", connection=desk.connection.name)
    return make_response(redirect(address, 303))


@bp.post("/keep")
@access.needs("analyst")
def keep() -> Response:
    """Keep one's own draft as it is, over the version that was published in between."""
    with wiring().sessions.begin() as session:
        desk = _with_draft(session, own=True)
        assert desk.draft is not None
        model_drafts.rebase_draft(session, desk.draft, desk.used_hash, now=access.now())
        access.audit(session, "model.rebase", desk.connection.id, desk.model.hash())
        return _see_draft(desk)


@bp.get("/record")
def record() -> str:
    """One account's arithmetic under the draft beside the model in use."""
    with wiring().sessions() as session:
        desk = _desk(session)
        wanted = request.args.get("account", "").strip()
        return render_template(
            "scoring_record.html",
            desk=desk,
            connection=desk.connection,
            wanted=wanted,
            tested=beside(session, desk, wanted) if wanted else None,
        )


def _desk(session: Session) -> Desk:
    return open_desk(session, request.values.get("author") or None)


def _with_draft(session: Session, *, own: bool = False) -> Desk:
    desk = open_desk(session) if own else _desk(session)
    if desk.draft is None:
        abort(404, "There is no such draft: it was published or discarded. Nothing was changed.")
    return desk


def _see_draft(desk: Desk) -> Response:
    author = None if desk.own else desk.author
    address = url_for("scoring_draft.show", connection=desk.connection.name, author=author)
    return make_response(redirect(address, 303))


def _page(session: Session, desk: Desk, *, refused: str = "") -> str:
    begun_from = stored_model(session, desk.base) if desk.overtaken else None
    return render_template(
        "scoring_draft.html",
        desk=desk,
        changes=differences(desk.used, desk.model),
        theirs=differences(begun_from, desk.used) if begun_from is not None else [],
        others=model_drafts.other_drafts(session, desk.connection.id, access.actor()),
        refused=refused,
        **_full(session, desk),
    )


def _full(session: Session, desk: Desk) -> dict[str, Any]:
    """The newest full computation of this very draft; `full_run` is None without one."""
    run: Run | None = latest_run(session, desk.connection.id, ["what_if"])
    if run is not None and run.order.get("hash") != desk.model.hash():
        run = None
    found = run.counts if run is not None and run.state == "done" else {}
    movers = [one["account_id"] for one in (*found.get("up", ()), *found.get("down", ()))]
    return {
        "full_run": run,
        "full_found": found if found.get("base") == desk.used_hash else {},
        "full_names": account_names(session, desk.connection.id, movers) if movers else {},
        "busy": BUSY,
        "connection": desk.connection,
    }
