"""Signing in through another service: OpenID Connect, Salesforce or HubSpot, by Authlib.

Each says who signed in there; whether that person may use Barometer is decided here.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, Flask, Response, abort, current_app, request, session, url_for
from joserfc.errors import JoseError

from settings import Settings, signin_secret
from store.access import AccessRefused, provided_user
from web import access, wiring
from web.access import public
from web.signin import let_in, onward, sign_in_page

bp = Blueprint("provider", __name__)
log = logging.getLogger("barometer.web")

Section = TypeVar("Section")

PATIENCE = 20  # seconds for each of the service's answers
NEXT = "next"  # in the cookie: the page first asked for


@dataclass(frozen=True)
class Claim:
    """Who signed in there. `subject` is the service and its id of the person."""

    subject: str
    email: str
    name: str | None


class NotTrusted(Exception):
    """What the service said lets nobody in; `str()` says why."""


def install(app: Flask, settings: Settings) -> None:
    """Make the clients of the services. Raises SettingsError when a client secret is missing."""
    registry = OAuth(app)
    app.extensions["barometer.services"] = registry
    signin = settings.signin
    if signin.oidc:
        registry.register(
            "oidc",
            client_id=signin.oidc.client_id,
            client_secret=signin_secret("oidc"),
            server_metadata_url=f"{signin.oidc.issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "default_timeout": PATIENCE,
            },
        )
    if signin.salesforce:
        root = f"{signin.salesforce.login_url}/services/oauth2"
        registry.register(
            "salesforce",
            client_id=signin.salesforce.client_id,
            client_secret=signin_secret("salesforce"),
            authorize_url=f"{root}/authorize",
            access_token_url=f"{root}/token",
            client_kwargs={
                "scope": "id",
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": "client_secret_post",
                "default_timeout": PATIENCE,
            },
        )
    if signin.hubspot:
        registry.register(
            "hubspot",
            client_id=signin.hubspot.client_id,
            client_secret=signin_secret("hubspot"),
            authorize_url=signin.hubspot.authorize_url,
            access_token_url=f"{signin.hubspot.base_url}/oauth/v3/token",
            client_kwargs={
                "scope": "oauth",
                "token_endpoint_auth_method": "client_secret_post",
                "default_timeout": PATIENCE,
            },
        )


@bp.get("/sign-in/with/<name>")
@public
def start(name: str) -> Any:
    """To the service; it sends the browser back to `back`."""
    client = _client(name)
    session[NEXT] = request.args.get("next", "")
    root = wiring().base_url or request.host_url.rstrip("/")
    try:
        return client.authorize_redirect(root + url_for("provider.back", name=name))
    except (requests.RequestException, ValueError, RuntimeError) as error:
        return _refused(name, "It does not answer as it should; try again later.", error)


@bp.get("/sign-in/with/<name>/back")
@public
def back(name: str) -> Response | tuple[str, int]:
    """Let in whom the service names, when that person may."""
    client = _client(name)
    try:
        claim = CLAIMS[name](client, client.authorize_access_token())
    except NotTrusted as error:
        return _refused(name, str(error), error)
    except OAuthError as error:
        refused = error.error == "access_denied"
        what = "You did not allow it." if refused else "It was not completed; try again."
        return _refused(name, what, error)
    except (requests.RequestException, JoseError, ValueError, KeyError, TypeError) as error:
        return _refused(name, "Its answer could not be read or trusted; try again later.", error)
    wanted = session.get(NEXT, "")
    try:
        with wiring().sessions.begin() as stored:
            user = provided_user(
                stored,
                claim.subject,
                claim.email,
                claim.name,
                domains=wiring().settings.signin.allowed_domains,
                now=access.now(),
            )
            let_in(stored, user, name)
    except AccessRefused as refused:
        return sign_in_page(problem=str(refused)), 403
    return onward(wanted)


def _client(name: str) -> Any:
    if name not in wiring().settings.signin.services:
        abort(404, "Nobody signs in through a service of this name here.")
    return current_app.extensions["barometer.services"].create_client(name)


def _refused(name: str, what: str, error: Exception) -> tuple[str, int]:
    log.warning("sign-in through %s failed: %s", name, type(error).__name__)
    label = wiring().settings.signin.services[name]
    return sign_in_page(problem=f"{label} did not sign you in. {what}"), 403


def _openid(client: Any, token: Any) -> Claim:
    """The ID token, whose signature, issuer, audience and nonce Authlib has checked."""
    issuer = _given(wiring().settings.signin.oidc).issuer
    told = token.get("userinfo") or {}
    if told.get("iss", "").rstrip("/") != issuer:
        raise NotTrusted("Its ID token is missing or of another issuer.")
    if "email" not in told:
        told = {**told, **client.userinfo(token=token)}
    if not told.get("email") or told.get("email_verified") is False:
        raise NotTrusted("It does not vouch for an e-mail address of yours.")
    return Claim(f"{issuer} {told['sub']}", told["email"], told.get("name"))


def _salesforce(client: Any, token: Any) -> Claim:
    """The identity that the token's `id` names, which must be of our organisation."""
    ours = _given(wiring().settings.signin.salesforce).organization_id
    answer = client.get(token["id"], token=token)
    answer.raise_for_status()
    told = answer.json()
    if told["organization_id"][:15] != ours[:15] or told.get("active") is False:
        raise NotTrusted("You signed in to another organisation, or are not active there.")
    subject = f"salesforce {told['organization_id']} {told['user_id']}"
    return Claim(subject, told["email"], told.get("display_name"))


def _hubspot(client: Any, token: Any) -> Claim:
    """What HubSpot knows of the token; its account must be ours."""
    settings = _given(wiring().settings.signin.hubspot)
    answer = client.post(
        f"{settings.base_url}/oauth/v3/token/introspect",
        withhold_token=True,
        data={
            "token": token["access_token"],
            "token_type_hint": "access_token",
            "client_id": client.client_id,
            "client_secret": client.client_secret,
        },
    )
    answer.raise_for_status()
    told = answer.json()
    if not told.get("active") or told["hub_id"] != settings.account_id:
        raise NotTrusted("You signed in to another account.")
    return Claim(f"hubspot {told['hub_id']} {told['user_id']}", told["user"], None)


def _given(section: Section | None) -> Section:
    assert section is not None  # only services that the settings name have a client
    return section


CLAIMS: dict[str, Callable[[Any, Any], Claim]] = {
    "oidc": _openid,
    "salesforce": _salesforce,
    "hubspot": _hubspot,
}
