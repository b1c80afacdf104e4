"""The web-server flow: a consent page, a code for it, and its exchange with PKCE."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, redirect, render_template_string, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.salesforce import users
from sandbox.salesforce.assertion import Refused
from sandbox.salesforce.org import Org
from sandbox.salesforce.sessions import DEFAULT_SCOPE

_TABLE = """CREATE TABLE IF NOT EXISTS sf_code (code TEXT PRIMARY KEY, user_id TEXT NOT NULL,
    client_id TEXT NOT NULL, redirect_uri TEXT NOT NULL, challenge TEXT NOT NULL,
    scope TEXT NOT NULL, expires REAL NOT NULL)"""
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>Allow access? - Salesforce sandbox</title>
<style>body{font:16px/1.5 sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}
label{display:block;margin:.75rem 0}input{font:inherit;width:100%}button{font:inherit;
padding:.4rem 1.2rem;margin:1rem .5rem 0 0}</style></head><body>
<h1>Allow access?</h1><p>An app asks to use this pretend org with the rights
<strong>{{ scope }}</strong>.</p>{% if problem %}<p role="alert">{{ problem }}</p>{% endif %}
<form method="post"><input type="hidden" name="asked" value="{{ asked }}">
<label>Username <input name="username" autocomplete="username" value="{{ username }}"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button></form></body></html>"""
_LOCAL = ("localhost", "127.0.0.1", "::1")


def install(app: Flask, org: Org) -> None:
    """Route the consent page."""

    @app.route("/services/oauth2/authorize", methods=["GET", "POST"])
    def sf_authorize() -> AnyResponse | tuple[str, int]:
        asked = request.args
        problem = _wrong_request(org, asked)
        if problem:
            return f"error={problem}", 400
        if asked.get("response_type") != "code":
            return _back(asked, error="unsupported_response_type",
                         error_description="response type not supported")  # fmt: skip
        if request.method == "GET":
            return Response(_page(asked))
        if request.form.get("decision") != "allow":
            return _back(asked, error="access_denied",
                         error_description="end-user denied authorization")  # fmt: skip
        username = request.form.get("username", "")
        user = users.by_password(org, username, request.form.get("password", ""))
        if user is None:
            return Response(_page(asked, "That username or password is not right."), 200)
        return _back(asked, code=_issue(org, user["Id"], asked))


def redeem(org: Org, form: Mapping[str, str], client_id: str) -> tuple[str, str]:
    """(user id, scope) of an authorization code, used up by this; Refused when it is not valid."""
    with org.world.transaction() as db:
        db.execute(_TABLE)
        found = db.execute("SELECT * FROM sf_code WHERE code = ?", (form.get("code", ""),))
        row = found.fetchone()
        if row is not None:
            db.execute("DELETE FROM sf_code WHERE code = ?", (row["code"],))
    if row is None or row["client_id"] != client_id:
        raise Refused("invalid_grant", "invalid authorization code")
    if row["expires"] < org.now().timestamp():
        raise Refused("invalid_grant", "expired authorization code")
    if row["redirect_uri"] != form.get("redirect_uri"):
        raise Refused("redirect_uri_mismatch", "redirect_uri must match configuration")
    _check_verifier(row["challenge"], form.get("code_verifier"))
    return row["user_id"], row["scope"]


def _check_verifier(challenge: str, verifier: str | None) -> None:
    if not challenge:
        return
    if not verifier:
        raise Refused("invalid_grant", "code verifier is missing")
    digest = hashlib.sha256(verifier.encode()).digest()
    proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if not 43 <= len(verifier) <= 128 or not hmac.compare_digest(proof, challenge):
        raise Refused("invalid_request", "invalid code verifier")


def _wrong_request(org: Org, asked: Mapping[str, str]) -> str:
    if asked.get("client_id") != org.world.salesforce.client_id:
        return "invalid_client_id&error_description=client%20identifier%20invalid"
    uri = asked.get("redirect_uri", "")
    parts = urlsplit(uri)
    registered = org.switch("redirect_uris")
    local = parts.scheme == "http" and parts.hostname in _LOCAL
    allowed = uri in registered if registered else local or parts.scheme not in ("", "http")
    if not allowed:
        return "redirect_uri_mismatch&error_description=redirect_uri%20must%20match"
    if asked.get("code_challenge") and asked.get("code_challenge_method", "S256") != "S256":
        return "invalid_request&error_description=only%20S256%20is%20supported"
    return ""


def _page(asked: Mapping[str, str], problem: str = "") -> str:
    return render_template_string(
        _PAGE,
        scope=asked.get("scope") or DEFAULT_SCOPE,
        username=asked.get("login_hint", ""),
        asked=asked.get("state", ""),
        problem=problem,
    )


def _issue(org: Org, user_id: str, asked: Mapping[str, str]) -> str:
    code = f"aPrx{secrets.token_urlsafe(48)}"
    expires = org.now().timestamp() + float(org.switch("code_seconds"))
    scope = asked.get("scope") or DEFAULT_SCOPE
    with org.world.transaction() as db:
        db.execute(_TABLE)
        db.execute(
            "INSERT INTO sf_code VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                code, user_id, asked["client_id"], asked["redirect_uri"],
                asked.get("code_challenge", ""), scope, expires,
            ),
        )  # fmt: skip
    return code


def _back(asked: Mapping[str, str], **answer: str) -> AnyResponse:
    """Send the browser back to the app with an answer and its own state."""
    if "state" in asked:
        answer["state"] = asked["state"]
    uri = asked["redirect_uri"]
    return redirect(f"{uri}{'&' if '?' in uri else '?'}{urlencode(answer)}")
