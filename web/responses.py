"""Survey answers: all of them, and those of nobody we know, for an analyst to assign."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from store import responses
from store.connections import all_connections
from store.hooks import all_hooks
from store.models import Connection
from store.models import Response as Answer
from store.runs import request_run
from web import access, wiring
from web.access import needs
from web.pager import Pager, chosen_connection

bp = Blueprint("responses", __name__)

METRICS = {"nps": "NPS", "csat": "CSAT", "ces": "CES"}
SURVEY_TYPES = {"relationship": "relationship", "transactional": "transactional"}
STATES = {
    "counted": "counted",
    "partial": "not finished",
    "unmatched": "without an account",
    "deleted": "forgotten",
}
_LONGEST = 200  # characters that are searched for


@bp.get("/responses")
@needs("viewer")
def show() -> str:
    """The answers, the newest first, by the chosen filters."""
    chosen = responses.Chosen(
        metric=_one_of("metric", METRICS),
        survey_type=_one_of("survey_type", SURVEY_TYPES),
        state=_one_of("state", STATES),
        hook_id=request.args.get("source", type=int),
        q=request.args.get("q", "").strip()[:_LONGEST],
    )
    return _list(chosen, "responses.html")


@bp.get("/unmatched")
@needs("analyst")
def unmatched() -> str:
    """Answers without an account."""
    return _list(responses.Chosen(state="unmatched"), "unmatched.html")


@bp.get("/unmatched/<int(max=2147483647):connection_id>/<path:response_id>")
@needs("analyst")
def one(connection_id: int, response_id: str) -> str:
    """One answer, with whom it may be from."""
    return _one(connection_id, response_id)


@bp.post("/unmatched/<int(max=2147483647):connection_id>/<path:response_id>")
@needs("analyst")
def assign(connection_id: int, response_id: str) -> Any:
    """Give it to an account or one of its people; the CRM's record follows."""
    account_id, _, contact_id = request.form.get("whose", "").partition(" ")
    try:
        with wiring().sessions.begin() as session:
            row = _found(session, connection_id, response_id)
            now = access.now()
            touched = responses.assign(
                session, row, account_id, contact_id or None, by=access.actor(), now=now
            )
            access.audit(
                session,
                "answer.assign",
                connection_id,
                subject=response_id,
                account_id=account_id,
                contact_id=contact_id or None,
            )
            if touched:
                request_run(session, connection_id, "deliver", "page", now=now, by=access.actor())
    except LookupError as error:
        return _one(connection_id, response_id, str(error)), 422
    flash("The answer is assigned; the CRM's record follows in a moment.")
    return redirect(url_for("responses.unmatched"), code=303)


def _list(chosen: responses.Chosen, template: str) -> str:
    with wiring().sessions() as session:
        connections = all_connections(session)
        connection = chosen_connection(connections)
        if connection is None:
            return render_template(template, connections=[], connection=None)
        pager = Pager.of_request(responses.count_responses(session, connection.id, chosen))
        return render_template(
            template,
            connections=connections,
            connection=connection,
            chosen=chosen,
            pager=pager,
            rows=responses.list_responses(
                session, connection.id, chosen, offset=pager.offset, limit=pager.size
            ),
            sources=[hook for hook, _ in all_hooks(session, connection.id)],
            metrics=METRICS,
            survey_types=SURVEY_TYPES,
            states=STATES,
        )


def _one(connection_id: int, response_id: str, problem: str = "") -> str:
    q = request.args.get("q", "").strip()[:_LONGEST]
    with wiring().sessions() as session:
        row = _found(session, connection_id, response_id)
        return render_template(
            "unmatched_one.html",
            connection=session.get_one(Connection, connection_id),
            row=row,
            q=q,
            problem=problem,
            metrics=METRICS,
            suggestions=responses.suggestions(session, row, q),
        )


def _found(session: Session, connection_id: int, response_id: str) -> Answer:
    row = session.get(Answer, (connection_id, response_id))
    if row is None or row.deleted_at is not None:
        abort(404, "There is no such answer, or it was forgotten.")
    return row


def _one_of(name: str, choices: dict[str, str]) -> str:
    value = request.args.get(name, "")
    if value and value not in choices:
        abort(400, f"{name} is one of {', '.join(choices)}.")
    return value
