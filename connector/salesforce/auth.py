"""Signing in and out: the OAuth grants, and what their refusals mean."""

import time
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlsplit

import jwt
import requests

from connector.errors import CrmAuthFailed, CrmError, CrmRateLimited, CrmUnavailable
from connector.http import Session, network_error, unreadable
from connector.tokens import AuthorizationCode, Tokens

_TOKEN_PATH = "/services/oauth2/token"
_REVOKE_PATH = "/services/oauth2/revoke"
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_JWT_SECONDS = 180  # Salesforce takes no assertion that lives for longer
_SHARED_HOSTS = ("login.salesforce.com", "test.salesforce.com")
_BUSY = ("already being processed", "expired authorization code")


@dataclass(frozen=True)
class SalesforceCredentials:
    """How the app signs in; `repr` shows no secret.

    kind           client_credentials: client_id, client_secret, and the org's My Domain as login
                   URL. jwt: client_id, username, private_key. refresh_token: client_id and, for a
                   confidential app, client_secret; the refresh token itself is in the token store
    private_key    RSA key, PEM
    audience       `aud` of the JWT; None = the production or the test login host, by login URL
    """

    kind: Literal["client_credentials", "jwt", "refresh_token"]
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    username: str | None = None
    private_key: str | None = field(default=None, repr=False)
    audience: str | None = None


def sign_in(
    credentials: SalesforceCredentials, stored: Tokens | None, session: Session, login_url: str
) -> Tokens:
    """New tokens for the app.

    stored   what the store holds, for its refresh token
    Raises   CrmAuthFailed when a person must act, CrmUnavailable when a later try may do
    """
    form, basic = _form(credentials, stored, login_url)
    try:
        fresh = _tokens(session.post(login_url + _TOKEN_PATH, data=form, auth=basic), login_url)
    except requests.RequestException as error:
        raise _unsent(network_error(error)) from error
    if fresh.refresh_token is None and stored is not None:
        return replace(fresh, refresh_token=stored.refresh_token)
    return fresh


def redeem(
    credentials: SalesforceCredentials, code: AuthorizationCode, session: Session, login_url: str
) -> Tokens:
    """Tokens for a code from Salesforce's consent page. A code is good once.

    Raises   CrmAuthFailed when Salesforce does not take it, CrmAnswerLost when it may be spent
    """
    form = {
        "grant_type": "authorization_code",
        "code": code.code,
        "redirect_uri": code.redirect_uri,
        "code_verifier": code.verifier,
        "client_id": credentials.client_id,
    }
    if credentials.client_secret:
        form["client_secret"] = credentials.client_secret
    try:
        fresh = _tokens(session.post(login_url + _TOKEN_PATH, data=form), login_url, busy=())
    except requests.RequestException as error:
        raise network_error(error) from error
    if fresh.refresh_token is None:
        raise CrmAuthFailed(
            "Salesforce gave no refresh token, so the access would end with this session: allow "
            "the app the scope “Perform requests at any time (refresh_token)”, then connect again."
        )
    return fresh


def revoke(token: str, session: Session, host: str) -> bool:
    """End a token and whatever came of the same approval; False when it was ended before.

    Raises CrmUnavailable when Salesforce cannot answer now.
    """
    try:
        answer = session.post(host + _REVOKE_PATH, data={"token": token})
    except requests.RequestException as error:
        raise _unsent(network_error(error)) from error
    if answer.status_code >= 500:
        raise CrmUnavailable(f"Salesforce cannot end the access now ({answer.status_code}).")
    return answer.status_code == 200


def _tokens(answer: requests.Response, login_url: str, busy: tuple[str, ...] = _BUSY) -> Tokens:
    content = _json(answer)
    if answer.status_code != 200 or not content.get("access_token"):
        raise _refused(answer.status_code, content, busy)
    return Tokens(
        access_token=content["access_token"],
        refresh_token=content.get("refresh_token"),
        instance_url=(content.get("instance_url") or login_url).rstrip("/"),
    )


def _form(
    credentials: SalesforceCredentials, stored: Tokens | None, login_url: str
) -> tuple[dict[str, str], tuple[str, str] | None]:
    if credentials.kind == "client_credentials":
        if urlsplit(login_url).hostname in _SHARED_HOSTS:
            raise CrmAuthFailed(
                "The client-credentials flow works only at the org's own address: set the login "
                "URL to its My Domain, for example https://acme.my.salesforce.com."
            )
        secret = _needed(credentials, "client_secret")
        return {"grant_type": "client_credentials"}, (credentials.client_id, secret)
    if credentials.kind == "jwt":
        return {"grant_type": _JWT_GRANT, "assertion": _assertion(credentials, login_url)}, None
    if stored is None or not stored.refresh_token:
        raise CrmAuthFailed("There is no refresh token: connect Salesforce again in the browser.")
    form = {
        "grant_type": "refresh_token",
        "refresh_token": stored.refresh_token,
        "client_id": credentials.client_id,
    }
    if credentials.client_secret:
        form["client_secret"] = credentials.client_secret
    return form, None


def _assertion(credentials: SalesforceCredentials, login_url: str) -> str:
    host = urlsplit(login_url).hostname or ""
    at_test = host == "test.salesforce.com" or host.endswith(".sandbox.my.salesforce.com")
    claims = {
        "iss": credentials.client_id,
        "sub": _needed(credentials, "username"),
        "aud": credentials.audience or f"https://{'test' if at_test else 'login'}.salesforce.com",
        "exp": int(time.time()) + _JWT_SECONDS,
    }
    try:
        return jwt.encode(claims, _needed(credentials, "private_key"), algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise CrmAuthFailed(
            "The private key cannot be read: give an RSA key in PEM form without a password."
        ) from error


def _needed(credentials: SalesforceCredentials, name: str) -> str:
    value: str | None = getattr(credentials, name)
    if not value:
        raise CrmAuthFailed(f"The Salesforce credentials of kind {credentials.kind} need {name}.")
    return value


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except requests.JSONDecodeError as error:
        raise CrmUnavailable(
            unreadable("Salesforce's sign-in", "login URL", answer.status_code)
        ) from error
    return content if isinstance(content, dict) else {}


def _refused(status: int, content: dict[str, Any], busy: tuple[str, ...]) -> CrmError:
    code = str(content.get("error", "unknown"))
    text = str(content.get("error_description", ""))
    if code == "rate_limit_exceeded":
        return CrmRateLimited("Too many sign-ins to Salesforce in a short time.")
    if code == "invalid_grant" and any(mark in text for mark in busy):
        return CrmUnavailable("Another process is renewing the Salesforce session.")
    if status >= 500:
        return CrmUnavailable(f"Salesforce's sign-in failed ({status} {code}: {text}).")
    return CrmAuthFailed(f"Salesforce refuses the sign-in ({code}: {text}): {_remedy(code, text)}")


def _remedy(code: str, text: str) -> str:
    if "approved" in text:
        return "pre-authorise the user for the app, by a permission set on the app."
    if "inactive user" in text:
        return "activate the integration user, or connect with another."
    if "inactive organization" in text:
        return "the org is locked or expired; ask Salesforce."
    if "ip restricted" in text:
        return "allow this server's address in the app's or the profile's IP ranges."
    if "authorization code" in text or "verifier" in text:
        return "the approval in the browser was used already or came too late; connect again."
    if code == "redirect_uri_mismatch":
        return "add the callback URL that the connections page shows to the app in Salesforce."
    if code in ("invalid_client", "invalid_client_id"):
        return "check the consumer key and secret of the app."
    if "expired access/refresh token" in text:
        return "the refresh token was revoked or replaced; connect Salesforce again."
    return "check the consumer key and secret, the user and the app's policies, then reconnect."


def _unsent(error: CrmError) -> CrmError:
    """Sign-in may be tried again whatever happened to the answer."""
    return CrmUnavailable(str(error)) if isinstance(error, CrmUnavailable) else error
