"""To a CRM's consent page and back: what is asked for, and whose answer it is.

What was begun waits sealed in the browser's own session, so that only the browser which began
can bring the answer. Source: OAuth 2.0 with PKCE, RFC 6749 and 7636.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import request, session, url_for

from store.secrets import SecretsUnreadable
from web import links, wiring
from web.access import now

LIVES = timedelta(minutes=15)
_COOKIE = "connecting"
_HUBSPOT_API, _HUBSPOT_PAGES = "api.hubapi.com", "https://app.hubspot.com"

SALESFORCE_SCOPES = ("api", "refresh_token")
HUBSPOT_SCOPES = (
    "oauth",
    "crm.objects.companies.read",
    "crm.objects.companies.write",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.objects.deals.read",
    "crm.objects.owners.read",
    "crm.schemas.companies.read",
    "crm.schemas.companies.write",
    "crm.schemas.contacts.read",
    "crm.schemas.deals.read",
    "tickets",
)
HUBSPOT_OPTIONAL = (
    "crm.objects.line_items.read",
    "crm.objects.feedback_submissions.read",
    "crm.schemas.contacts.write",
    "settings.currencies.read",
    "sales-email-read",
)

_REFUSALS = {
    "access_denied": "the access was not approved there. Begin again, and approve it as a user who "
    "may read and write what Barometer needs",
    "unsupported_response_type": "the app does not allow the web-server flow. Switch it on there",
    "invalid_scope": "the app does not have every scope that Barometer asks for. Add them there",
    "redirect_uri_mismatch": "the app does not know this service's callback URL. Add it there",
}


class NotAnswered(Exception):
    """The browser brought no usable code; `str()` says why and what to do."""


@dataclass(frozen=True)
class Attempt:
    """One connection that somebody began in this browser; sealed wherever it is kept."""

    name: str
    vendor: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str]
    state: str
    verifier: str
    redirect_uri: str
    begun: str  # ISO instant


def callback() -> str:
    """Where a CRM sends the browser back to: the app there must know this address."""
    root = wiring().base_url or request.url_root.rstrip("/")
    return root + url_for("connecting.answer")


def begin(name: str, vendor: str, settings: Mapping[str, Any], given: Mapping[str, str]) -> None:
    """Keep what was entered in this browser, until the CRM's answer comes."""
    attempt = Attempt(
        name=name,
        vendor=vendor,
        settings=dict(settings),
        secrets=dict(given),
        state=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        redirect_uri=callback(),
        begun=now().isoformat(),
    )
    sealed = wiring().vault.seal({"attempt": json.dumps(asdict(attempt))})
    session[_COOKIE] = sealed.decode()


def begun() -> Attempt | None:
    """What this browser began and did not bring to an end, for 15 minutes."""
    sealed = session.get(_COOKIE)
    if not isinstance(sealed, str):
        return None
    try:
        attempt = Attempt(**json.loads(wiring().vault.open(sealed.encode())["attempt"]))
    except SecretsUnreadable:
        return None
    fresh = now() - datetime.fromisoformat(attempt.begun) < LIVES
    return attempt if fresh else None


def answered() -> tuple[Attempt, str]:
    """The attempt that this answer of a CRM belongs to, and its code. Raises NotAnswered."""
    attempt = begun()
    state = request.args.get("state", "")
    if attempt is None or not hmac.compare_digest(attempt.state.encode(), state.encode()):
        raise NotAnswered(
            "This answer of a CRM does not belong to a connection that was begun in this browser "
            "within the last 15 minutes. Nothing was changed. Begin again on the connections page, "
            "and open Barometer at the same address throughout."
        )
    session.pop(_COOKIE)
    if "error" in request.args:
        raise NotAnswered(_refusal(attempt))
    code = request.args.get("code", "")
    if not code:
        raise NotAnswered(f"{links.VENDORS[attempt.vendor]} sent no code back. Begin again.")
    return attempt, code


def _refusal(attempt: Attempt) -> str:
    error = request.args.get("error", "")
    said = request.args.get("error_description", "")[:200]
    known = _REFUSALS.get(error, "check the app's settings there, then begin again")
    vendor = links.VENDORS[attempt.vendor]
    words = f" “{said}”" if said else ""
    return (
        f"{vendor} did not let Barometer in ({error[:60]}{words}): {known}. Nothing was changed; "
        "credentials that were in use stay in use."
    )


def consent_page(attempt: Attempt) -> str:
    """The address at which a person lets us in."""
    digest = hashlib.sha256(attempt.verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": attempt.secrets["client_id"],
        "redirect_uri": attempt.redirect_uri,
        "state": attempt.state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    if attempt.vendor == "salesforce":
        asked |= {"scope": " ".join(SALESFORCE_SCOPES), "prompt": "login consent"}
        return f"{attempt.settings['login_url']}/services/oauth2/authorize?{urlencode(asked)}"
    asked |= {"scope": " ".join(HUBSPOT_SCOPES), "optional_scope": " ".join(HUBSPOT_OPTIONAL)}
    base = attempt.settings["base_url"]
    pages = _HUBSPOT_PAGES if urlsplit(base).hostname == _HUBSPOT_API else base
    return f"{pages}/oauth/authorize?{urlencode(asked)}"
