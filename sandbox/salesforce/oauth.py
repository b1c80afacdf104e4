"""OAuth 2.0: the token endpoint with its grants, revocation, and who the caller is."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from flask import Flask, Response, jsonify, request

from sandbox.salesforce import users
from sandbox.salesforce.assertion import Refused, subject
from sandbox.salesforce.codes import redeem
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Org
from sandbox.salesforce.service import authenticate
from sandbox.salesforce.sessions import DEFAULT_SCOPE, Refresh, issued_at, sessions_of

Form = Mapping[str, str]
_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SHARED_HOSTS = ("login.salesforce.com", "test.salesforce.com")


def install(app: Flask, org: Org) -> None:
    """Route the token endpoint, revoke, userinfo and identity."""

    @app.post("/services/oauth2/token")
    def sf_token() -> tuple[Response, int]:
        try:
            return jsonify(_grant(org, request.form)), 200
        except Refused as problem:
            status = 401 if problem.error == "invalid_client" else 400
            body = {"error": problem.error, "error_description": problem.description}
            return jsonify(body), status

    @app.route("/services/oauth2/revoke", methods=["GET", "POST"])
    def sf_revoke() -> tuple[Response | str, int]:
        token = request.values.get("token", "")
        sessions = sessions_of(org)
        known = sessions.find_refresh(token)
        if known is not None and not known.revoked:
            sessions.revoke_grant(known.grant_id)
            return "", 200
        if sessions.close(token):
            return "", 200
        body = {"error": "invalid_token", "error_description": "This token has no session"}
        return jsonify(body), 400

    @app.route("/services/oauth2/userinfo", methods=["GET", "POST"])
    def sf_userinfo() -> tuple[Response, int]:
        return _about_caller(org, _claims)

    @app.get("/id/<org_id>/<user_id>")
    def sf_identity(org_id: str, user_id: str) -> tuple[Response, int]:
        return _about_caller(org, _identity)


def site() -> str:
    """Scheme and host of this request."""
    return request.host_url.rstrip("/")


def _grant(org: Org, form: Form) -> dict[str, Any]:
    kind = form.get("grant_type", "")
    grants: dict[str, Callable[[Org, Form], dict[str, Any]]] = {
        "client_credentials": _client_credentials,
        "authorization_code": _code,
        "refresh_token": _refresh,
        "password": _password,
        _JWT: _jwt,
    }
    if kind not in grants:
        raise Refused("unsupported_grant_type", "grant type not supported")
    return grants[kind](org, form)


def _client_credentials(org: Org, form: Form) -> dict[str, Any]:
    if request.host.split(":")[0] in _SHARED_HOSTS:
        raise Refused("invalid_grant", "request not supported on this domain")
    _check_client(org, form, secret_needed=True)
    return _tokens(org, org.world.salesforce.user_id, "api")


def _code(org: Org, form: Form) -> dict[str, Any]:
    client_id = _check_client(org, form, secret_needed="code_verifier" not in form)
    user_id, scope = redeem(org, form, client_id)
    if "refresh_token" not in scope.split() and "offline_access" not in scope.split():
        return _tokens(org, user_id, scope)
    refresh = sessions_of(org).new_refresh(user_id, client_id, scope)
    return _tokens(org, user_id, scope, refresh) | {"refresh_token": refresh.token}


def _refresh(org: Org, form: Form) -> dict[str, Any]:
    """A new access token; with rotation the old refresh token is worth nothing from now on."""
    client_id = _check_client(org, form, secret_needed="client_secret" in form)
    sessions = sessions_of(org)
    known = sessions.find_refresh(form.get("refresh_token", ""))
    if known is None or known.revoked or known.client_id != client_id:
        raise Refused("invalid_grant", "expired access/refresh token")
    _check_active(org, known.user_id)
    if not org.switch("rotate_refresh_tokens"):
        if known.spent:
            raise Refused("invalid_grant", "expired access/refresh token")
        return _tokens(org, known.user_id, known.scope, known)
    if not sessions.spend(known.token):
        sessions.revoke_grant(known.grant_id)
        raise Refused("invalid_grant", "expired access/refresh token")
    fresh = sessions.new_refresh(known.user_id, client_id, known.scope, known.grant_id)
    return _tokens(org, known.user_id, known.scope, fresh) | {"refresh_token": fresh.token}


def _password(org: Org, form: Form) -> dict[str, Any]:
    if not org.switch("password_grant"):
        raise Refused("invalid_grant", "authentication failure")
    _check_client(org, form, secret_needed=True)
    user = users.by_password(org, form.get("username", ""), form.get("password", ""))
    if user is None:
        raise Refused("invalid_grant", "authentication failure")
    return _tokens(org, user["Id"], "api")


def _jwt(org: Org, form: Form) -> dict[str, Any]:
    client_id, username = subject(org, form.get("assertion", ""), site())
    if client_id != org.world.salesforce.client_id:
        raise Refused("invalid_client_id", "client identifier invalid")
    user = users.by_username(org, username)
    if user is None:
        raise Refused("invalid_grant", "user hasn't approved this consumer")
    _check_active(org, user["Id"])
    return _tokens(org, user["Id"], "api")


def _check_client(org: Org, form: Form, secret_needed: bool) -> str:
    """The client id, given with its secret in a Basic header or in the form."""
    own = org.world.salesforce
    given = request.authorization
    basic = given is not None and given.type == "basic"
    client_id = unquote((given.username or "") if basic and given else form.get("client_id", ""))
    secret = unquote((given.password or "") if basic and given else form.get("client_secret", ""))
    if client_id != own.client_id:
        raise Refused("invalid_client_id", "client identifier invalid")
    if (secret_needed or secret) and not hmac.compare_digest(secret, own.client_secret):
        raise Refused("invalid_client", "invalid client credentials")
    return client_id


def _check_active(org: Org, user_id: str) -> None:
    user = users.by_id(org, user_id)
    if user is None or not user["IsActive"]:
        raise Refused("invalid_grant", "inactive user")


def _tokens(org: Org, user_id: str, scope: str, refresh: Refresh | None = None) -> dict[str, Any]:
    """The token endpoint's answer: strings throughout, signed, without `expires_in`."""
    own = org.world.salesforce
    identity = f"{site()}/id/{own.org_id}/{user_id}"
    moment = issued_at(org.now())
    digest = hmac.new(own.client_secret.encode(), (identity + moment).encode(), hashlib.sha256)
    body = {
        "access_token": sessions_of(org).open(user_id, refresh.grant_id if refresh else None),
        "signature": base64.b64encode(digest.digest()).decode(),
        "scope": scope or DEFAULT_SCOPE,
        "instance_url": org.switch("instance_url") or site(),
        "id": identity,
        "token_type": "Bearer",
        "issued_at": moment,
        "token_format": "opaque",
    }
    if "openid" in scope.split():
        body["id_token"] = _id_token(own.client_id, user_id, moment)
    return body


def _id_token(client_id: str, user_id: str, moment: str) -> str:
    """An unsigned identity token: its claims can be read, not verified."""
    parts = ({"alg": "none"}, {"aud": client_id, "sub": user_id, "iat": int(moment) // 1000})
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts]
    return b".".join([*encoded, b""]).decode()


def _about_caller(org: Org, describe: Callable[[Org, Any], dict[str, Any]]) -> tuple[Response, int]:
    token = request.args.get("oauth_token") or request.args.get("access_token")
    try:
        session = authenticate(org, request.headers, token)
    except ApiError:
        return Response("Bad_OAuth_Token", 403, content_type="text/html"), 403
    return jsonify(describe(org, users.by_id(org, session.user_id))), 200


def _urls(org: Org) -> dict[str, str]:
    here = org.switch("instance_url") or site()
    data = f"{here}/services/data/v{{version}}/"
    soap = f"{here}/services/Soap"
    org_id = org.world.salesforce.org_id[:15]
    return {
        "enterprise": f"{soap}/c/{{version}}/{org_id}",
        "metadata": f"{soap}/m/{{version}}/{org_id}",
        "partner": f"{soap}/u/{{version}}/{org_id}",
        "rest": data,
        "sobjects": f"{data}sobjects/",
        "search": f"{data}search/",
        "query": f"{data}query/",
        "recent": f"{data}recent/",
        "tooling_soap": f"{soap}/T/{{version}}/{org_id}",
        "tooling_rest": f"{data}tooling/",
        "profile": f"{here}/{{user_id}}",
        "custom_domain": here,
    }


def _identity(org: Org, user: Any) -> dict[str, Any]:
    own = org.world.salesforce
    return {
        "id": f"{site()}/id/{own.org_id}/{user['Id']}",
        "asserted_user": True,
        "user_id": user["Id"],
        "organization_id": own.org_id,
        "username": user["Username"],
        "nick_name": user["CommunityNickname"],
        "display_name": user["Name"],
        "email": user["Email"],
        "email_verified": True,
        "first_name": user["FirstName"],
        "last_name": user["LastName"],
        "timezone": user["TimeZoneSidKey"],
        "urls": _urls(org),
        "active": bool(user["IsActive"]),
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": "en_US",
        "utcOffset": 0,
        "last_modified_date": user["LastModifiedDate"],
        "is_app_installed": True,
    }


def _claims(org: Org, user: Any) -> dict[str, Any]:
    known = _identity(org, user)
    return {
        "sub": known["id"],
        "user_id": user["Id"],
        "organization_id": known["organization_id"],
        "preferred_username": user["Username"],
        "nickname": user["CommunityNickname"],
        "name": user["Name"],
        "email": user["Email"],
        "email_verified": True,
        "given_name": user["FirstName"],
        "family_name": user["LastName"],
        "zoneinfo": user["TimeZoneSidKey"],
        "urls": known["urls"],
        "active": known["active"],
        "user_type": known["user_type"],
        "language": "en_US",
        "locale": "en_US",
        "utcOffset": 0,
    }
