"""Settings for admins: who may sign in, and the audit log."""

from collections.abc import Iterator
from datetime import datetime

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from store.access import (
    ROLES,
    AccessRefused,
    add_user,
    all_users,
    change_role,
    disable_user,
    enable_user,
    make_link,
)
from store.audit import audit_choices, audit_rows, count_audit
from store.models import User
from web import access, wiring
from web.access import needs
from web.download import csv_response
from web.pager import Pager

bp = Blueprint("people", __name__, url_prefix="/settings")


@bp.get("/people")
@needs("admin")
def show() -> str:
    """Everybody who was added."""
    return _page()


@bp.post("/people")
@needs("admin")
def invite() -> str | tuple[str, int]:
    """Add a person; the link to hand over is shown on the page that answers, and never again."""
    email, role = request.form.get("email", ""), request.form.get("role", "")
    try:
        with wiring().sessions.begin() as stored:
            user = add_user(stored, email, role, now=access.now(), name=request.form.get("name"))
            access.audit(stored, "user.invite", subject=user.email, role=role)
            link = _link(stored, user)
    except AccessRefused as refused:
        return _page(problem=str(refused)), 422
    return _page(link=link, of=user.email)


@bp.post("/people/<int(max=2147483647):user_id>/link")
@needs("admin")
def link(user_id: int) -> str | tuple[str, int]:
    """A new link for somebody who is there."""
    with wiring().sessions.begin() as stored:
        user = _found(stored, user_id)
        if user.disabled_at is not None:
            return _page(problem=f"{user.email} is disabled; let the person in again first."), 422
        access.audit(stored, "user.link", subject=user.email)
        made = _link(stored, user)
    return _page(link=made, of=user.email)


@bp.post("/people/<int(max=2147483647):user_id>/role")
@needs("admin")
def role(user_id: int) -> Response | tuple[str, int]:
    """Give a person another role."""
    wanted = request.form.get("role", "")
    try:
        with wiring().sessions.begin() as stored:
            user = _found(stored, user_id)
            before = user.role
            change_role(stored, user, wanted)
            access.audit(stored, "user.role", subject=user.email, before=before, after=wanted)
    except AccessRefused as refused:
        return _page(problem=str(refused)), 422
    return _done(f"{user.email} has the role {wanted} now.")


@bp.post("/people/<int(max=2147483647):user_id>/disable")
@needs("admin")
def disable(user_id: int) -> Response | tuple[str, int]:
    """Let a person in no more."""
    try:
        with wiring().sessions.begin() as stored:
            user = _found(stored, user_id)
            disable_user(stored, user, now=access.now())
            access.audit(stored, "user.disable", subject=user.email)
    except AccessRefused as refused:
        return _page(problem=str(refused)), 422
    return _done(f"{user.email} is let in no more; sessions ended and API tokens are revoked.")


@bp.post("/people/<int(max=2147483647):user_id>/enable")
@needs("admin")
def enable(user_id: int) -> Response:
    """Let a disabled or locked person in again."""
    with wiring().sessions.begin() as stored:
        user = _found(stored, user_id)
        enable_user(user)
        access.audit(stored, "user.enable", subject=user.email)
    return _done(f"{user.email} is let in again.")


@bp.get("/audit")
@needs("admin")
def audit() -> str:
    """Who changed what."""
    actor, action = _chosen()
    with wiring().sessions() as stored:
        pager = Pager.of_request(count_audit(stored, actor=actor, action=action))
        actors, actions = audit_choices(stored)
        return render_template(
            "audit.html",
            rows=list(
                audit_rows(
                    stored, actor=actor, action=action, offset=pager.offset, limit=pager.size
                )
            ),
            pager=pager,
            actors=actors,
            actions=actions,
            actor=actor,
            action=action,
        )


@bp.get("/audit.csv")
@needs("admin")
def audit_csv() -> Response:
    """The rows of `audit`, all of them."""
    header = ("At", "Actor", "Action", "Connection", "Subject", "Details", "Address")
    return csv_response("audit", header, _audit_lines(*_chosen()))


def _audit_lines(actor: str, action: str) -> Iterator[tuple[datetime | str | int | None, ...]]:
    with wiring().sessions() as stored:
        for row in audit_rows(stored, actor=actor, action=action):
            details = "; ".join(f"{name}: {value}" for name, value in row.details.items())
            yield (
                row.at, row.actor, row.action, row.connection_id, row.subject, details, row.address,
            )  # fmt: skip


def _chosen() -> tuple[str, str]:
    return request.args.get("actor", ""), request.args.get("action", "")


def _page(problem: str = "", link: str = "", of: str = "") -> str:
    with wiring().sessions() as stored:
        return render_template(
            "people.html",
            users=all_users(stored),
            roles=ROLES,
            problem=problem,
            link=link,
            of=of,
            now=access.now(),
        )


def _found(stored: Session, user_id: int) -> User:
    return stored.get(User, user_id) or abort(404, "There is no person of this number.")


def _link(stored: Session, user: User) -> str:
    token = make_link(stored, "invitation", now=access.now(), user=user)
    root = wiring().base_url or request.host_url.rstrip("/")
    return root + url_for("signin.link", token=token)


def _done(sentence: str) -> Response:
    flash(sentence)
    return redirect(url_for("people.show"), 303)  # type: ignore[return-value]
