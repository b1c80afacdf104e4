"""OAuth: consent page, token endpoints of v1, v3 and the dated versions, look-up, revocation.

Source: HubSpot API reference, authentication (fields and answers per version, error bodies).
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, redirect, render_template_string, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.hubspot.auth import SCOPES, Token
from sandbox.hubspot.errors import HubSpotError, correlation_id, refusal
from sandbox.hubspot.http import json_object, respond
from sandbox.hubspot.portal import Portal

_CONSENT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Connect an app | HubSpot sandbox</title></head>
<body><main><h1>Connect an app to portal {{ portal }}</h1>
<p>The app <code>{{ client }}</code> asks for these permissions:</p>
<ul>{% for scope in scopes %}<li><code>{{ scope }}</code></li>{% endfor %}</ul>
<form method="post"><button name="decision" value="grant">Connect app</button>
<button name="decision" value="refuse">Cancel</button></form></main></body></html>"""

_VERSIONED = ("v3", "<dated:version>")


def register(blueprint: Blueprint, portal: Portal) -> None:
    """Add the routes, none of which needs an Authorization header."""

    def answer(
        work: Callable[..., tuple[int, Any]], how: dict[str, Any]
    ) -> Callable[..., Response]:
        def view(**values: Any) -> Response:
            g.api_calls = 0
            values.pop("version", None)
            try:
                status, body = work(portal, **how, **values)
            except HubSpotError as error:
                return respond(error.status, error.body, error.headers)
            return respond(status, body)

        return view

    def add(method: str, path: str, work: Callable[..., tuple[int, Any]], **how: Any) -> None:
        name = f"oauth_{method}_{path}".replace(".", "_")
        blueprint.add_url_rule(
            path, endpoint=name, view_func=answer(work, how), methods=[method], strict_slashes=False
        )

    add("POST", "/oauth/v1/token", _token, full=False)
    add("GET", "/oauth/v1/access-tokens/<token>", _access_token)
    add("GET", "/oauth/v1/refresh-tokens/<token>", _refresh_token)
    add("DELETE", "/oauth/v1/refresh-tokens/<token>", _revoke_path)
    for version in _VERSIONED:
        add("POST", f"/oauth/{version}/token", _token, full=True)
        add("POST", f"/oauth/{version}/token/introspect", _introspect)
        add("POST", f"/oauth/{version}/token/revoke", _revoke_form)
    add("POST", "/oauth/v2/private-apps/get/access-token-info", _private_app)

    def consent() -> AnyResponse | str:
        return _consent(portal)

    blueprint.add_url_rule("/oauth/authorize", view_func=consent, methods=["GET", "POST"])


def _consent(portal: Portal) -> AnyResponse | str:
    asked = request.args
    target = asked.get("redirect_uri", "")
    if asked.get("client_id") != portal.world.hubspot.client_id:
        return Response("<h1>Authorization failed</h1><p>No app has this client id.</p>", 400)
    if not target.startswith(("http://", "https://")):
        return Response("<h1>Authorization failed</h1><p>redirect_uri is missing.</p>", 400)
    wanted = [s for name in ("scope", "scopes") for s in asked.get(name, "").split()]
    optional = asked.get("optional_scope", "").split()
    scopes = [s for s in dict.fromkeys([*wanted, *optional]) if s in SCOPES]
    decision = portal.switch("consent")
    if decision == "ask":
        if request.method == "GET":
            client = asked["client_id"]
            return render_template_string(_CONSENT, portal=portal.id, client=client, scopes=scopes)
        decision = request.form.get("decision", "refuse")
    if decision != "grant":
        text = "The user denied the request"
        return _back(target, error="access_denied", error_description=text)
    code = portal.tokens.issue(
        "code",
        frozenset(scopes),
        redirect_uri=target,
        challenge=asked.get("code_challenge"),
    )
    return _back(target, code=code.token)


def _back(target: str, **more: str) -> AnyResponse:
    if "state" in request.args:
        more["state"] = request.args["state"]
    joint = "&" if "?" in target else "?"
    return redirect(f"{target}{joint}{urlencode(more)}", code=302)


def _token(portal: Portal, *, full: bool) -> tuple[int, Any]:
    form = request.form
    _check_client(portal)
    grant = form.get("grant_type")
    if grant == "authorization_code":
        refresh, access = _by_code(portal)
    elif grant == "refresh_token":
        refresh, access = _by_refresh(portal)
    elif grant == "client_credentials":
        scopes = [s for s in form.get("scope", "").split() if s in SCOPES]
        refresh, access = None, portal.tokens.issue("access", frozenset(scopes))
    else:
        raise _bad("unsupported_grant_type", "BAD_GRANT_TYPE", f"unknown grant_type {grant}")
    body: dict[str, Any] = {"token_type": "bearer"}
    if refresh is not None:
        body["refresh_token"] = refresh.token
    body |= {"access_token": access.token, "expires_in": portal.tokens.seconds_left(access)}
    if full:
        body |= {
            "hub_id": portal.id,
            "scopes": sorted(access.scopes),
            "user_id": access.user_id,
            "token_use": "access_token" if refresh else "client_credentials",
        }
    return 200, body


def _by_code(portal: Portal) -> tuple[Token, Token]:
    code = portal.tokens.find(request.form.get("code", ""))
    if code is None or code.kind != "code":
        raise _bad("invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code")
    portal.tokens.revoke(code.token)
    if portal.tokens.seconds_left(code) <= 0:
        raise _bad("invalid_grant", "EXPIRED_AUTH_CODE", "auth code is expired")
    if request.form.get("redirect_uri") != code.redirect_uri:
        text = "redirect_uri does not match the one the code was issued for"
        raise _bad("invalid_grant", "MISMATCH_REDIRECT_URI_AUTH_CODE", text)
    if code.challenge is not None:
        digest = sha256(request.form.get("code_verifier", "").encode()).digest()
        sent = urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not hmac.compare_digest(sent, code.challenge):
            raise _bad("invalid_grant", "BAD_AUTH_CODE", "code_verifier does not match")
    refresh = portal.tokens.issue("refresh", code.scopes)
    return refresh, portal.tokens.issue("access", code.scopes, refresh_token=refresh.token)


def _by_refresh(portal: Portal) -> tuple[Token, Token]:
    refresh = portal.tokens.find(request.form.get("refresh_token", ""))
    if refresh is None or refresh.kind != "refresh":
        text = "refresh token is invalid, expired or revoked"
        raise _bad("invalid_grant", "BAD_REFRESH_TOKEN", text)
    if portal.switch("rotate_refresh_tokens"):
        portal.tokens.revoke(refresh.token)
        refresh = portal.tokens.issue("refresh", refresh.scopes)
    return refresh, portal.tokens.issue("access", refresh.scopes, refresh_token=refresh.token)


def _check_client(portal: Portal) -> None:
    identity = portal.world.hubspot
    if request.form.get("client_id") != identity.client_id:
        raise _bad("invalid_client", "BAD_CLIENT_ID", "missing or unknown client id")
    if request.form.get("client_secret") != identity.client_secret:
        raise _bad("invalid_client", "BAD_CLIENT_SECRET", "missing or invalid client secret")


def _bad(error: str, status: str, message: str) -> HubSpotError:
    body = {"error": error, "error_description": message, "status": status, "message": message}
    return HubSpotError(400, {**body, "correlationId": correlation_id()})


def _access_token(portal: Portal, token: str) -> tuple[int, Any]:
    found = portal.tokens.find(token)
    if found is None or found.kind not in ("access", "static") or _spent(portal, found):
        raise refusal(404, "OBJECT_NOT_FOUND", "access token not found")
    return 200, {
        "token": token,
        **_who(portal, found),
        "expires_in": portal.tokens.seconds_left(found),
        "token_type": "access",
        "signed_access_token": _signed(portal, found),
    }


def _refresh_token(portal: Portal, token: str) -> tuple[int, Any]:
    found = portal.tokens.find(token)
    if found is None or found.kind != "refresh":
        raise refusal(404, "OBJECT_NOT_FOUND", "refresh token not found")
    client = portal.world.hubspot.client_id
    return 200, {
        "token": token,
        **_who(portal, found),
        "client_id": client,
        "token_type": "refresh",
    }


def _revoke_path(portal: Portal, token: str) -> tuple[int, Any]:
    portal.tokens.revoke(token)
    return 204, None


def _revoke_form(portal: Portal) -> tuple[int, Any]:
    _check_client(portal)
    portal.tokens.revoke(request.form.get("token", ""))
    return 200, {}


def _introspect(portal: Portal) -> tuple[int, Any]:
    _check_client(portal)
    token = request.form.get("token", "")
    found = portal.tokens.find(token)
    if found is None or found.kind == "code" or _spent(portal, found):
        return 200, {"active": False}
    access = found.kind != "refresh"
    body = {
        "active": True,
        "token": token,
        "token_use": "access_token" if access else "refresh_token",
        "token_type": "bearer",
        "client_id": portal.world.hubspot.client_id,
        **_who(portal, found),
    }
    if access:
        body |= {
            "expires_in": portal.tokens.seconds_left(found),
            "is_private_distribution": True,
            "signed_access_token": _signed(portal, found),
        }
    return 200, body


def _private_app(portal: Portal) -> tuple[int, Any]:
    found = portal.tokens.find(str(json_object().get("tokenKey", "")))
    if found is None or found.kind != "static":
        raise refusal(404, "OBJECT_NOT_FOUND", "private app access token not found")
    return 200, {
        "userId": found.user_id,
        "hubId": portal.id,
        "appId": portal.world.hubspot.app_id,
        "scopes": sorted(found.scopes),
    }


def _spent(portal: Portal, token: Token) -> bool:
    return token.expires_at is not None and portal.tokens.seconds_left(token) <= 0


def _who(portal: Portal, token: Token) -> dict[str, Any]:
    return {
        "user": "integration@barometer.example",
        "hub_domain": "barometer.example",
        "scopes": sorted(token.scopes),
        "hub_id": portal.id,
        "app_id": portal.world.hubspot.app_id,
        "user_id": token.user_id,
    }


def _signed(portal: Portal, token: Token) -> dict[str, Any]:
    return {
        "expiresAt": portal.now() + 1000 * portal.tokens.seconds_left(token),
        "scopes": "",
        "hubId": portal.id,
        "userId": token.user_id,
        "appId": portal.world.hubspot.app_id,
        "signature": "",
        "scopeToScopeGroupPks": "",
        "newSignature": "",
        "hublet": "na1",
        "trialScopes": "",
        "trialScopeToScopeGroupPks": "",
        "isUserLevel": False,
    }
