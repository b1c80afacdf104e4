"""Who may do what: every view says which role it needs, and one check before a request holds it.

A view that says nothing needs a viewer to read and an admin to change. `public` opens a view to
everybody; forms carry a CSRF token that Flask-WTF checks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.orm import Session
from werkzeug.datastructures import WWWAuthenticate

from store.access import LONGEST_SESSION, ROLES, session_user
from store.audit import add_audit
from store.models import User
from store.tokens import allowed_scopes, token_user
from web import wiring

View = TypeVar("View", bound=Callable[..., Any])
READING = ("GET", "HEAD", "OPTIONS")
COOKIE_TOKEN = "token"  # where Flask's signed session keeps ours

csrf = CSRFProtect()  # `csrf.exempt` is for callers that bring a token of their own


@dataclass(frozen=True)
class Person:
    """Who is signed in; `visit` is the hash of the browser's token."""

    id: int
    email: str
    name: str | None
    role: str
    locale: str | None
    time_zone: str | None
    visit: str


def needs(role: str) -> Callable[[View], View]:
    """The view is for people of this role, and of those that may more."""
    if role not in ROLES:
        raise ValueError(f"{role!r} is no role")

    def mark(view: View) -> View:
        view.needs = role  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """The view is for everybody, signed in or not."""
    view.needs = None  # type: ignore[attr-defined]
    return view


def scope(name: str) -> Callable[[View], View]:
    """The view is for programs that bring a bearer token with this scope, and for nobody else."""

    def mark(view: View) -> View:
        view.scope = name  # type: ignore[attr-defined]
        csrf.exempt(view)
        return view

    return mark


def now() -> datetime:
    """The present instant, aware UTC."""
    return datetime.now(UTC)


def person() -> Person | None:
    """Who is signed in, if anybody; looked up once a request."""
    if "person" not in g:
        g.person = None  # stays when the database fails, for the page that says so
        g.person = _signed_in()
    found = g.person
    assert found is None or isinstance(found, Person)
    return found


def actor() -> str:
    """E-mail address of who does this; for views that are not public."""
    found = person()
    return found.email if found is not None else abort(401)


def may(role: str) -> bool:
    """Whether the person signed in may do what `role` may; for templates."""
    found = person()
    return found is not None and ROLES.index(found.role) >= ROLES.index(role)


def audit(
    stored: Session,
    action: str,
    connection_id: int | None = None,
    subject: str | None = None,
    **details: Any,
) -> None:
    """Note in the audit log what the person signed in changes, in the same transaction.

    action  noun.verb, such as mapping.publish
    """
    add_audit(
        stored,
        at=now(),
        actor=actor(),
        action=action,
        connection_id=connection_id,
        subject=subject,
        details=details,
        address=request.remote_addr,
    )


def install(app: Flask) -> None:
    """Check every request, then its CSRF token; call it after guard.install."""
    given = app.extensions["barometer"]
    app.config.update(
        SECRET_KEY=given.vault.signing_key("cookies"),
        SESSION_COOKIE_NAME="barometer",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=(given.base_url or "").startswith("https://"),
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=LONGEST_SESSION,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
    )
    app.before_request(_check)
    csrf.init_app(app)
    app.jinja_env.globals.update(person=person, may=may)


def role_needed(app: Flask, endpoint: str, method: str) -> str | None:
    """The least role that may call an endpoint by this method; None for everybody."""
    if endpoint == "static":
        return None
    view = app.view_functions[endpoint]
    default = "viewer" if method in READING else "admin"
    role: str | None = getattr(view, "needs", default)
    return role


def _check() -> Response | None:
    if request.endpoint is None:  # no such page: the error handler says so
        return None
    wanted = getattr(current_app.view_functions[request.endpoint], "scope", None)
    if wanted is not None:
        check_token(wanted)
        return None
    role = role_needed(current_app, request.endpoint, request.method)
    if role is None or may(role):
        return None
    found = person()
    if found is None:
        return _to_sign_in()
    abort(
        403,
        f"This needs the role {role}, and {found.email} has the role {found.role}. "
        "Nothing was changed. An admin can change roles under Settings, People.",
    )


def check_token(wanted: str) -> None:
    """Go on as the person whose bearer token this is: 401 without one, 403 without the scope."""
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        _ask_for_token("Send a token as Authorization: Bearer …; Settings, API tokens makes one.")
    with wiring().sessions.begin() as stored:
        found = token_user(stored, given.token, now=now())
        if found is None:
            _ask_for_token(
                "The token is unknown, expired or revoked, or its person is let in no "
                "more. Settings, API tokens makes a new one."
            )
        token, user = found
        if wanted not in token.scopes or wanted not in allowed_scopes(user.role):
            abort(403, f"This needs a token with the scope {wanted}. Nothing was changed.")
        g.person = _person(user, visit="")


def _ask_for_token(what: str) -> NoReturn:
    abort(401, what, www_authenticate=WWWAuthenticate("bearer"))


def _person(user: User, visit: str) -> Person:
    return Person(user.id, user.email, user.name, user.role, user.locale, user.time_zone, visit)


def _signed_in() -> Person | None:
    token = session.get(COOKIE_TOKEN)
    if not isinstance(token, str):
        return None
    with wiring().sessions.begin() as stored:
        found = session_user(stored, token, now=now())
        if found is None:
            return None
        user, visit = found
        return _person(user, visit.token_hash)


def _to_sign_in() -> Response:
    """A page asked for is shown after signing in; a change is refused."""
    if request.headers.get("HX-Request"):
        return Response(status=401, headers={"HX-Redirect": url_for("signin.show")})
    if request.method in READING:
        back = request.full_path.rstrip("?")
        return redirect(url_for("signin.show", next=back), 303)  # type: ignore[return-value]
    abort(401, "You are not signed in, or were signed out. Nothing was changed. Sign in again.")
