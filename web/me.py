"""Settings of the person signed in: password, sessions, how values are written, API tokens."""

from datetime import timedelta
from zoneinfo import available_timezones

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for

from store.access import AccessRefused, check_password, close_sessions, sessions_of, set_password
from store.models import User
from store.tokens import allowed_scopes, make_token, revoke_token, tokens_of
from web import access, wiring
from web.access import Person, needs

bp = Blueprint("me", __name__, url_prefix="/settings")

LOCALES = {
    "en": "English, 1,234.5",
    "en_GB": "English (United Kingdom)",
    "de": "Deutsch, 1.234,5",
    "es": "español",
    "fr": "français",
    "it": "italiano",
    "nl": "Nederlands",
}
EXPIRY = {"30": "in 30 days", "90": "in 90 days", "365": "in a year", "": "never"}


@bp.get("/account")
def account() -> str:
    """My account."""
    return _account_page()


@bp.post("/account")
@needs("viewer")
def change() -> Response | tuple[str, int]:
    """Time zone and number format."""
    zone, locale = request.form.get("time_zone", ""), request.form.get("locale", "")
    if zone and zone not in available_timezones():
        return _account_page(
            f"{zone!r} is no time zone; choose one, such as Europe/Amsterdam."
        ), 422
    if locale and locale not in LOCALES:
        return _account_page("Choose one of the listed number formats."), 422
    with wiring().sessions.begin() as stored:
        user = stored.get_one(User, _me().id)
        user.time_zone, user.locale = zone or None, locale or None
        access.audit(stored, "account.change", time_zone=zone, locale=locale)
    return _done("me.account", "Saved.")


@bp.post("/account/password")
@needs("viewer")
def password() -> Response | tuple[str, int]:
    """A new password; every other browser is signed out."""
    me = _me()
    problem = ""
    with wiring().sessions.begin() as stored:
        user = stored.get_one(User, me.id)
        now_given = request.form.get("present", "")
        if user.password_hash and not check_password(stored, me.email, now_given, now=access.now()):
            problem = "The present password is wrong, or was wrong too often; nothing was changed."
        else:
            try:
                set_password(user, request.form.get("password", ""))
                close_sessions(stored, me.id, but=me.visit)
                access.audit(stored, "account.password")
            except AccessRefused as refused:
                problem = str(refused)
    if problem:
        return _account_page(problem), 422
    return _done("me.account", "The password is changed; other browsers are signed out.")


@bp.post("/account/sessions")
@needs("viewer")
def sign_out() -> Response:
    """End one session by the start of its hash, or all of them, this one too."""
    me, wanted = _me(), request.form.get("session", "")
    with wiring().sessions.begin() as stored:
        if wanted == "all":
            close_sessions(stored, me.id)
        else:
            for visit in sessions_of(stored, me.id, now=access.now()):
                if len(wanted) >= 12 and visit.token_hash.startswith(wanted):
                    close_sessions(stored, me.id, only=visit.token_hash)
        access.audit(stored, "session.close", which=wanted[:12])
    return _done("me.account", "Signed out there.")


@bp.get("/tokens")
def tokens() -> str:
    """My API tokens."""
    return _tokens_page()


@bp.post("/tokens")
@needs("viewer")
def make() -> str | tuple[str, int]:
    """A new token, shown on the page that answers and never again."""
    form, now = request.form, access.now()
    days = form.get("expires", "90")
    if days not in EXPIRY:
        return _tokens_page("Choose when the token expires."), 422
    try:
        with wiring().sessions.begin() as stored:
            user = stored.get_one(User, _me().id)
            expires_at = now + timedelta(days=int(days)) if days else None
            name, scopes = form.get("name", ""), form.getlist("scope")
            token = make_token(stored, user, name, scopes, now=now, expires_at=expires_at)
            access.audit(stored, "token.make", subject=name, scopes=scopes, expires=days)
    except AccessRefused as refused:
        return _tokens_page(str(refused)), 422
    return _tokens_page(token=token)


@bp.post("/tokens/<int(max=2147483647):token_id>/revoke")
@needs("viewer")
def revoke(token_id: int) -> Response:
    """End one of my tokens."""
    with wiring().sessions.begin() as stored:
        row = revoke_token(stored, _me().id, token_id, now=access.now())
        if row is None:
            abort(404, "You have no such token, or it was revoked before.")
        access.audit(stored, "token.revoke", subject=row.name)
    return _done("me.tokens", f"The token {row.name} works no more.")


def _me() -> Person:
    return access.person() or abort(401)


def _account_page(problem: str = "") -> str:
    me = _me()
    with wiring().sessions() as stored:
        return render_template(
            "me.html",
            me=stored.get_one(User, me.id),
            here_now=me.visit,
            visits=sessions_of(stored, me.id, now=access.now()),
            zones=sorted(available_timezones()),
            locales=LOCALES,
            problem=problem,
        )


def _tokens_page(problem: str = "", token: str = "") -> str:
    me = _me()
    with wiring().sessions() as stored:
        return render_template(
            "tokens.html",
            tokens=tokens_of(stored, me.id),
            scopes=allowed_scopes(me.role),
            expiry=EXPIRY,
            problem=problem,
            token=token,
            now=access.now(),
        )


def _done(endpoint: str, sentence: str) -> Response:
    flash(sentence)
    return redirect(url_for(endpoint), 303)  # type: ignore[return-value]
