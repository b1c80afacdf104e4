"""Access tokens for HubSpot: static ones, and OAuth ones renewed before they expire."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

import orjson
import requests

from connector.errors import (
    CrmAnswerLost,
    CrmAuthFailed,
    CrmError,
    CrmRateLimited,
    CrmUnavailable,
)
from connector.http import network_error, unreadable
from connector.hubspot.library import Library
from connector.retry import Patience
from connector.tokens import AuthorizationCode, Tokens, TokenStore, redeemed, renewed

_EARLY = timedelta(seconds=90)  # renew so long before the end
_VERSIONS = ("v3", "v1")  # v1 goes in February 2027; an older server may know only v1
_ABSENT = (404, 405, 410)

_REMEDIES = {
    "BAD_REFRESH_TOKEN": "the app was uninstalled or its access revoked; connect HubSpot again.",
    "BAD_CLIENT_ID": "check the client id of the HubSpot app.",
    "BAD_CLIENT_SECRET": "check the client secret of the HubSpot app.",
    "BAD_AUTH_CODE": "the approval in the browser was used already; connect again.",
    "EXPIRED_AUTH_CODE": "the approval in the browser came too late; connect again.",
    "BAD_REDIRECT_URI": "add the callback URL that the connections page shows to the HubSpot app.",
    "MISMATCH_REDIRECT_URI_AUTH_CODE": "the callback URL changed meanwhile; connect again.",
}


@dataclass(frozen=True)
class HubSpotCredentials:
    """How we sign in; `repr` shows no secret. The tokens themselves are in the token store.

    kind  private_app: a token that lives until it is rotated (private app, service key).
          refresh_token: an OAuth app, with client_id and client_secret
    """

    kind: Literal["private_app", "refresh_token"]
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)


class Access:
    """The token to call with, renewed by one caller at a time (connector.tokens).

    now  the CRM's clock
    """

    def __init__(
        self,
        credentials: HubSpotCredentials,
        store: TokenStore,
        library: Library,
        now: Callable[[], datetime],
    ) -> None:
        self._credentials = credentials
        self._store = store
        self._library = library
        self._now = now
        self._held: Tokens | None = None
        self._renew_at: datetime | None = None

    def token(self) -> str:
        """An access token that is good for the next call; raises connector.errors."""
        if self._held is None:
            self._hold(self._store.load())
        if self._held is None or not self._held.access_token:
            self.renew(self._held.access_token if self._held else None)
        elif self._renew_at is not None and self._now() >= self._renew_at:
            self.renew(self._held.access_token)
        assert self._held is not None
        return self._held.access_token

    def renew(self, refused: str | None) -> None:
        """Get another token than `refused`: another process's, or a new one from HubSpot."""
        self._renew_at = None
        fresh = renewed(self._store, refused, self._ask)
        if self._renew_at is None:  # another process renewed it
            self._hold(fresh)
        self._held = fresh

    def redeem(self, code: AuthorizationCode, patience: Patience) -> None:
        """Sign in with a code from HubSpot's consent page; raises CrmAuthFailed."""
        form = {
            "grant_type": "authorization_code",
            "code": code.code,
            "redirect_uri": code.redirect_uri,
            "code_verifier": code.verifier,
            **self._app(),
        }
        self._held = redeemed(
            self._store,
            lambda: patience.call(lambda: self._fresh(form, None), repeatable=False),
        )

    def revoke(self) -> bool:
        """Uninstall our access at HubSpot; False where a token must be deleted by hand there."""
        stored = self._store.load()
        if self._credentials.kind == "private_app" or stored is None or not stored.refresh_token:
            return False
        token = stored.refresh_token
        form = {"token": token, "token_type_hint": "refresh_token", **self._app()}
        try:
            answer = self._library.form("/oauth/v3/token/revoke", form)
            if answer.status_code in _ABSENT:
                path = f"/oauth/v1/refresh-tokens/{quote(token, safe='')}"
                answer = self._library.form(path, {}, "DELETE")
        except requests.RequestException as error:
            raise _repeatable(network_error(error)) from error
        if answer.status_code >= 500:
            raise CrmUnavailable(f"HubSpot cannot end the access now ({answer.status_code}).")
        return answer.status_code < 300

    def introspect(self) -> dict[str, Any]:
        """What HubSpot tells of our token (hub_id, user_id, user, scopes); empty if nothing."""
        form = {"token": self.token(), "token_type_hint": "access_token", **self._app()}
        return _content(self._library.form("/oauth/v3/token/introspect", form))

    def _hold(self, tokens: Tokens | None) -> None:
        self._held = tokens
        if tokens is not None and tokens.expires_at is not None:
            self._renew_at = tokens.expires_at - _EARLY

    def _ask(self, stored: Tokens | None) -> Tokens:
        if self._credentials.kind == "private_app":
            raise CrmAuthFailed(
                "HubSpot does not accept the access token: it was rotated or deleted, or is "
                "mistyped. Copy the token of the private app or service key and connect again."
            )
        if stored is None or not stored.refresh_token:
            raise CrmAuthFailed("There is no refresh token: connect HubSpot again in the browser.")
        form = {
            "grant_type": "refresh_token",
            "refresh_token": stored.refresh_token,
            **self._app(),
        }
        try:
            return self._fresh(form, stored.refresh_token)
        except CrmAnswerLost as error:  # a renewal may be repeated, whatever became of the first
            raise CrmUnavailable(str(error)) from error

    def _app(self) -> dict[str, str]:
        return {
            "client_id": self._credentials.client_id or "",
            "client_secret": self._credentials.client_secret or "",
        }

    def _fresh(self, form: dict[str, str], refresh_token: str | None) -> Tokens:
        content = self._exchange(form)
        life = timedelta(seconds=float(content.get("expires_in", 1800)))
        now = self._now()
        # A token that lives shorter than our margin is used for half its life.
        self._renew_at = now + max(life - _EARLY, life / 2)
        return Tokens(
            access_token=content["access_token"],
            refresh_token=content.get("refresh_token") or refresh_token,
            expires_at=now + life,
        )

    def _exchange(self, form: dict[str, str]) -> dict[str, Any]:
        for version in _VERSIONS:
            try:
                answer = self._library.form(f"/oauth/{version}/token", form)
            except requests.RequestException as error:
                raise network_error(error) from error
            content = _content(answer)
            if content.get("access_token"):
                return content
            if answer.status_code not in _ABSENT or content:
                raise _refused(answer, content)
        raise CrmAuthFailed("There is no HubSpot sign-in at this address: check the base URL.")


def _refused(answer: requests.Response, content: dict[str, Any]) -> CrmError:
    status = answer.status_code
    if status == 429:
        wait = answer.headers.get("Retry-After", "")
        return CrmRateLimited(
            "HubSpot's sign-in is asked too often.", float(wait) if wait.isdecimal() else None
        )
    if not content:
        return CrmUnavailable(unreadable("HubSpot's sign-in", "base URL", status))
    if status >= 500:
        return CrmUnavailable(f"HubSpot's sign-in failed ({status}); a later try may succeed.")
    code = str(content.get("status") or content.get("error") or status)
    text = content.get("message") or content.get("error_description") or ""
    remedy = _REMEDIES.get(code, "check the app's credentials, then connect HubSpot again.")
    return CrmAuthFailed(f"HubSpot refuses the sign-in ({code}: {text}): {remedy}")


def _repeatable(error: CrmError) -> CrmError:
    """A renewal may be tried again whatever happened to the answer."""
    return CrmUnavailable(str(error)) if isinstance(error, CrmUnavailable) else error


def _content(answer: requests.Response) -> dict[str, Any]:
    try:
        content = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}
