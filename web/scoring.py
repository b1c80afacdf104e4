"""The scoring model's page: every setting as a form, and at once what a change would do."""

from collections.abc import Mapping

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy.orm import Session

from store import model_drafts
from store.publishing import DraftConflict
from web import access, scoring_fields, wiring
from web.scoring_fields import Refused
from web.scoring_state import Desk, chosen, open_desk, save_draft, stored_model, what_if

bp = Blueprint("scoring", __name__, url_prefix="/scoring")


@bp.get("")
def show() -> str:
    """The form: the reader's draft, else the model in use."""
    with wiring().sessions() as session:
        if chosen(session)[1] is None:
            return render_template("welcome.html")
        desk = open_desk(session)
        return _form(session, desk, scoring_fields.entered_of(desk.model), {})


@bp.post("")
@access.needs("analyst")
def save() -> Response:
    """Save the form as the draft of the person signed in."""
    base, seen = request.form.get("base", ""), request.form.get("revision", -1, int)
    with wiring().sessions.begin() as session:
        desk = open_desk(session)
        try:
            model = scoring_fields.model_of(request.form, desk.model)
        except Refused as refused:
            return make_response(_form(session, desk, request.form, refused.errors), 422)
        try:
            save_draft(session, desk, model, base=base, seen=seen)
        except DraftConflict:
            return _conflict(session, desk, base)
        changed = scoring_fields.differences(desk.model, model)
        access.audit(
            session,
            "model.save",
            desk.connection.id,
            model.hash(),
            before={one.label: one.before for one in changed},
            after={one.label: one.after for one in changed},
        )
        address = url_for("scoring_draft.show", connection=desk.connection.name)
    return make_response(redirect(address, 303))


@bp.post("/what-if")
@access.needs("analyst")
def live() -> Response:
    """What the form as it stands would do; 422 with what is wrong when it is no model."""
    with wiring().sessions() as session:
        desk = open_desk(session)
        try:
            model = scoring_fields.model_of(request.form, desk.model)
        except Refused as refused:
            labels = {path: field.said.label for path, field in scoring_fields.FIELDS.items()}
            page = render_template("scoring_wrong.html", errors=refused.errors, labels=labels)
            return make_response(page, 422)
        page = render_template(
            "scoring_what_if.html",
            connection=desk.connection,
            used_hash=desk.used_hash,
            same=model.hash() == desk.used_hash,
            what=what_if(session, desk.connection, model),
            shares=scoring_fields.weight_shares(model),
        )
        return make_response(page)


def _form(
    session: Session, desk: Desk, entered: Mapping[str, str], errors: Mapping[str, str]
) -> str:
    return render_template(
        "scoring.html",
        desk=desk,
        connection=desk.connection,
        connections=chosen(session)[0],
        sections=scoring_fields.by_section(),
        entered=entered,
        used=scoring_fields.entered_of(desk.used),
        errors=errors,
        shares=scoring_fields.weight_shares(desk.model),
        others=model_drafts.other_drafts(session, desk.connection.id, access.actor()),
        may_edit=access.may("analyst"),
    )


def _conflict(session: Session, desk: Desk, base: str) -> Response:
    """409: what changed in between, and what the person was about to save."""
    begun_from = stored_model(session, base) or desk.used
    mine = scoring_fields.model_of(request.form, begun_from)
    saved = desk.draft is not None and not desk.overtaken
    page = render_template(
        "scoring_conflict.html",
        desk=desk,
        connection=desk.connection,
        saved=saved,
        between=scoring_fields.differences(begun_from, desk.model if saved else desk.used),
        yours=scoring_fields.differences(begun_from, mine),
    )
    return make_response(page, 409)
