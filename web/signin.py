"""Signing in and out: e-mail and password, and links that let somebody in once."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request, session, url_for
from sqlalchemy.orm import Session

from store.access import (
    AccessRefused,
    add_user,
    check_password,
    close_sessions,
    open_link,
    open_session,
    set_password,
    use_link,
)
from store.audit import add_audit
from store.models import LoginLink, User
from web import access, wiring
from web.access import COOKIE_TOKEN, needs, public

bp = Blueprint("signin", __name__)

WRONG = (
    "E-mail or password is wrong. After ten wrong passwords in a row an account is locked for "
    "15 minutes."
)
GONE = (
    "This link was used already, is older than 24 hours, or was replaced by a newer one. An admin "
    "can send another; on the machine itself, barometer user link EMAIL prints one."
)


@bp.get("/sign-in")
@public
def show() -> Response | str:
    """The form; somebody signed in goes on."""
    if access.person() is not None:
        return onward(request.args.get("next", ""))
    return sign_in_page()


@bp.post("/sign-in")
@public
def enter() -> Response | tuple[str, int]:
    """One answer for every reason not to let somebody in."""
    email, password = request.form.get("email", ""), request.form.get("password", "")
    with wiring().sessions.begin() as stored:
        user = check_password(stored, email, password, now=access.now())
        if user is not None:
            let_in(stored, user, "password")
        else:
            _note(stored, "nobody", "session.refuse", subject=email.strip().lower())
    if user is None:
        return sign_in_page(email=email, problem=WRONG), 422
    return onward(request.form.get("next", ""))


@bp.post("/sign-out")
@needs("viewer")
def leave() -> Response:
    """End this browser's session."""
    found = access.person() or abort(401)
    with wiring().sessions.begin() as stored:
        close_sessions(stored, found.id, only=found.visit)
        access.audit(stored, "session.end")
    session.clear()
    return redirect(url_for("signin.show"), 303)  # type: ignore[return-value]


@bp.get("/link/<token>")
@public
def link(token: str) -> str | tuple[str, int]:
    """What the link is for; only the form on the page uses it, so that a preview does not."""
    with wiring().sessions() as stored:
        found = open_link(stored, token, now=access.now())
        if found is None:
            return _gone()
        return _link_page(stored, token, found)


@bp.post("/link/<token>")
@public
def follow(token: str) -> Response | str | tuple[str, int]:
    """Let in whom the link is for, after what it asks was given."""
    try:
        with wiring().sessions.begin() as stored:
            found = open_link(stored, token, now=access.now())
            if found is None or not use_link(stored, found, now=access.now()):
                return _gone()
            let_in(stored, _user_of(stored, found), f"{found.purpose} link")
    except AccessRefused as refused:
        with wiring().sessions() as stored:
            found = open_link(stored, token, now=access.now())
            return (
                _gone() if found is None else (_link_page(stored, token, found, str(refused)), 422)
            )
    return onward("")


def _user_of(stored: Session, found: LoginLink) -> User:
    """Whom the link is for, as the form says. Raises AccessRefused, which leaves it unused."""
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    if found.purpose == "first_admin":
        user = add_user(stored, request.form.get("email", ""), "admin", now=access.now(), name=name)
    else:
        user = stored.get_one(User, found.user_id)
    if found.purpose != "demo":
        user.name = name or user.name
        set_password(user, password)
        close_sessions(stored, user.id)
    return user


def let_in(stored: Session, user: User, by: str) -> None:
    """Start a session of this person in this browser; what the browser held before is dropped."""
    token = open_session(
        stored,
        user,
        now=access.now(),
        user_agent=request.user_agent.string,
        address=request.remote_addr,
    )
    session.clear()
    session[COOKIE_TOKEN] = token
    session.permanent = True
    _note(stored, user.email, "session.start", by=by)


def _note(
    stored: Session, who: str, action: str, subject: str | None = None, **details: str
) -> None:
    add_audit(
        stored,
        at=access.now(),
        actor=who,
        action=action,
        subject=subject,
        details=details,
        address=request.remote_addr,
    )


def sign_in_page(email: str = "", problem: str = "") -> str:
    """The form, and the services one can sign in through."""
    return render_template(
        "signin.html",
        email=email,
        problem=problem,
        back=request.values.get("next", ""),
        services=wiring().settings.signin.services,
    )


def _link_page(stored: Session, token: str, found: LoginLink, problem: str = "") -> str:
    user = stored.get(User, found.user_id) if found.user_id is not None else None
    return render_template(
        "link.html",
        token=token,
        purpose=found.purpose,
        email=request.form.get("email", "") if user is None else user.email,
        name=request.form.get("name", (user.name if user else None) or ""),
        problem=problem,
    )


def _gone() -> tuple[str, int]:
    return render_template("link.html", purpose="gone", problem=GONE), 404


def onward(address: str) -> Response:
    """To the page first asked for, when it is one of ours."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    parts = urlsplit(address)
    if not ours or parts.netloc or parts.scheme or any(ord(c) < 32 for c in address):
        address = url_for("portfolio.show")
    return redirect(address, 303)  # type: ignore[return-value]
