"""Previews: every change, task and call of a sync before it runs, and their approval."""

from collections.abc import Mapping
from datetime import datetime
from itertools import chain, islice
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy.orm import Session

from store import previews
from store.connections import find_connection
from store.models import Connection, MapDraft, Preview, Run
from store.preview_lines import CSV_HEADER, Line, change_lines, csv_rows, other_lines
from store.previews import PreviewRefused
from store.publishing import PublishRefused, publish
from store.runs import ask_cancel, request_run
from web import wiring
from web.access import actor, audit, needs, now
from web.download import csv_response
from web.pager import Pager

bp = Blueprint("preview", __name__)

KINDS = {
    "change": "field changes",
    "new_task": "tasks to make",
    "changed_task": "tasks to change",
    "ended_task": "tasks to complete",
    "withdrawn": "no longer sent",
    "refusal": "refusals expected",
}
_NUMBER = "int(max=2147483647)"


@bp.get("/connections/<name>/previews")
def show(name: str) -> str:
    """The previews of a connection, the newest first."""
    with wiring().sessions() as session:
        connection = _named(session, name)
        pager = Pager.of_request(previews.count_previews(session, connection.id))
        found = previews.list_previews(
            session, connection.id, offset=pager.offset, limit=pager.size
        )
        states = [previews.state_now(one, _run_of(session, one), now()) for one in found]
        return render_template(
            "previews.html",
            connection=connection,
            previews=list(zip(found, states, strict=True)),
            pager=pager,
        )


@bp.post("/connections/<name>/previews")
@needs("analyst")
def ask(name: str) -> Response:
    """Ask for a preview of what a sync would send now."""
    with wiring().sessions.begin() as session:
        connection = _named(session, name)
        preview = previews.request_preview(session, connection.id, by=actor(), now=now())
        audit(session, "preview.request", connection.id, f"preview {preview.id}")
        return _to(preview.id)


@bp.get(f"/previews/<{_NUMBER}:preview_id>")
def one(preview_id: int) -> str:
    """One preview; the page follows it while it is made."""
    with wiring().sessions() as session:
        preview, connection = _found(session, preview_id)
        run = _run_of(session, preview)
        content = previews.opened(preview) if preview.content is not None else None
        kind, field, account = (request.args.get(key, "") for key in ("kind", "field", "account"))
        lines, pager = _page(content, kind, field, account)
        executed = session.get(Run, preview.executed_run_id) if preview.executed_run_id else None
        return render_template(
            "preview.html",
            preview=preview,
            connection=connection,
            state=previews.state_now(preview, run, now()),
            run=run,
            executed=executed,
            waiting=_execution_under_way(session, preview),
            as_of=datetime.fromisoformat(content["as_of"]) if content else None,
            until=preview.created_at + previews.LIVES,
            content=content,
            lines=lines,
            pager=pager,
            kinds=KINDS,
            kind=kind,
            field=field,
            account=account,
        )


@bp.get(f"/previews/<{_NUMBER}:preview_id>.csv")
def download(preview_id: int) -> Response:
    """Every line of the preview."""
    with wiring().sessions() as session:
        preview, connection = _found(session, preview_id)
    if preview.content is None:
        abort(404, "This preview lists nothing: it is not ready. Its page says how far it is.")
    name = f"barometer-{connection.name}-preview-{preview.id}"
    return csv_response(name, CSV_HEADER, csv_rows(previews.opened(preview)))


@bp.get(f"/previews/<{_NUMBER}:preview_id>.json")
def as_json(preview_id: int) -> Response:
    """The preview for programs: its state, totals, content and where a run found otherwise."""
    with wiring().sessions() as session:
        preview, connection = _found(session, preview_id)
        answer = {
            "id": preview.id,
            "connection": connection.name,
            "state": previews.state_now(preview, _run_of(session, preview), now()),
            "hash": preview.hash,
            "counts": preview.counts,
            "difference": preview.difference,
            "content": previews.opened(preview) if preview.content is not None else None,
        }
    return jsonify(answer)


@bp.post(f"/previews/<{_NUMBER}:preview_id>/cancel")
@needs("analyst")
def cancel(preview_id: int) -> Response:
    """Stop making the preview, or executing it, at the next safe point."""
    with wiring().sessions.begin() as session:
        preview, connection = _found(session, preview_id)
        run = _execution_under_way(session, preview) or _run_of(session, preview)
        if run is not None:
            ask_cancel(session, run.id)
            audit(session, "preview.cancel", connection.id, f"preview {preview.id}")
    return _to(preview_id)


@bp.post(f"/previews/<{_NUMBER}:preview_id>/approve")
@needs("admin")
def approve(preview_id: int) -> Response:
    """Bind what the preview lists, publish its mapping draft if it has one, and have it sent."""
    with wiring().sessions() as session, session.begin():
        preview, connection = _found(session, preview_id)
        try:
            previews.approve(
                session, preview, by=actor(), digest=request.form.get("hash", ""), now=now()
            )
            if preview.draft_id is not None:
                _publish(session, connection, preview)
        except (PreviewRefused, PublishRefused) as refused:
            session.rollback()
            abort(409, str(refused))
        audit(
            session,
            "preview.approve",
            connection.id,
            preview.hash,
            preview=preview.id,
            **preview.counts,
        )
        _have_it_sent(session, preview)
    flash("Approved. The run sends exactly what is listed here, or nothing.")
    return _to(preview_id)


@bp.post(f"/previews/<{_NUMBER}:preview_id>/send")
@needs("admin")
def send(preview_id: int) -> Response:
    """Ask again for the run of an approved preview whose run ended before it sent anything."""
    with wiring().sessions.begin() as session:
        preview, connection = _found(session, preview_id)
        try:
            previews.check_executable(preview, now())
        except PreviewRefused as refused:
            abort(409, str(refused))
        _have_it_sent(session, preview)
        audit(session, "preview.send", connection.id, preview.hash)
    return _to(preview_id)


def _publish(session: Session, connection: Connection, preview: Preview) -> None:
    """Use the previewed draft; nothing is sent by it before its preview was executed."""
    draft = session.get(MapDraft, preview.draft_id)
    if draft is None:
        raise PublishRefused("The draft was discarded or published before. Nothing was changed.")
    reason = request.form.get("reason", "")
    published = publish(session, connection.id, draft, preview, actor(), reason, now())
    connection.writes_approved = False
    audit(session, "mapping.publish", connection.id, published.hash, reason=published.reason)


def _have_it_sent(session: Session, preview: Preview) -> None:
    order = {"preview_id": preview.id}
    request_run(session, preview.connection_id, "sync", "page", now=now(), order=order, by=actor())


def _execution_under_way(session: Session, preview: Preview) -> Run | None:
    if preview.state != "approved":
        return None
    return previews.execution(session, preview)


def _page(
    content: Mapping[str, Any] | None, kind: str, field: str, account: str
) -> tuple[list[Line], Pager]:
    """One page of the lines that were asked for; changes are counted, not listed, up to there."""
    if content is None:
        return [], Pager.of_request(0)
    account = account.strip().lower()
    updates = [] if kind not in ("", "change") else content["updates"]
    if account:
        updates = [one for one in updates if _named_so(one["name"], one["record_id"], account)]
    if field:
        updates = [
            {**one, "changes": {field: one["changes"][field]}}
            for one in updates
            if field in one["changes"]
        ]
    others = [
        line
        for line in other_lines(content)
        if kind in ("", line.kind)
        and field in ("", line.field)
        and _named_so(line.name, line.record_id, account)
    ]
    pager = Pager.of_request(sum(len(one["changes"]) for one in updates) + len(others))
    lines = chain(change_lines(content, updates), others)
    return list(islice(lines, pager.offset, pager.offset + pager.size)), pager


def _named_so(name: str | None, record_id: str, account: str) -> bool:
    return account in f"{name or ''} {record_id}".lower()


def _found(session: Session, preview_id: int) -> tuple[Preview, Connection]:
    preview = session.get(Preview, preview_id) or abort(
        404, "There is no preview of this number. The connection's page lists those that exist."
    )
    return preview, session.get_one(Connection, preview.connection_id)


def _run_of(session: Session, preview: Preview) -> Run | None:
    return session.get(Run, preview.run_id) if preview.run_id is not None else None


def _named(session: Session, name: str) -> Connection:
    return find_connection(session, name) or abort(
        404, "There is no connection of this name. See the connections page for those that exist."
    )


def _to(preview_id: int) -> Response:
    return make_response(redirect(url_for("preview.one", preview_id=preview_id), 303))
