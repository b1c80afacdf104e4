"""Access tokens: where they are kept, and how one is renewed by one caller at a time."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Tokens:
    """What a CRM gave us to call with; `repr` shows no secret.

    access_token   empty before the first one was asked for
    refresh_token  None when the grant has none (client credentials, JWT, private app)
    instance_url   scheme and host of the API, where the CRM tells it
    expires_at     UTC; None when the CRM does not say
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    instance_url: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class AuthorizationCode:
    """What a CRM's consent page sent back by the browser: good once, and not for long.

    redirect_uri  where the browser was sent back to, exactly as the consent page was told
    verifier      of PKCE
    """

    code: str = field(repr=False)
    redirect_uri: str
    verifier: str = field(repr=False)


class TokenStore(Protocol):
    """Keeps the tokens of one connection, shared by every process that uses it."""

    def load(self) -> Tokens | None:
        """The newest tokens; None when there were none yet."""

    def save(self, tokens: Tokens) -> None:
        """Keep these, durably, before it returns: a rotated refresh token works only once."""

    def lock(self) -> AbstractContextManager[object]:
        """Held around a renewal, so that only one process renews."""


def renewed(
    store: TokenStore, refused: str | None, renew: Callable[[Tokens | None], Tokens]
) -> Tokens:
    """Tokens to go on with after the access token `refused` stopped working.

    Whoever waited for the lock reads the store again and takes what another has renewed
    meanwhile; new tokens are stored before they are used.

    refused  None when there was none
    renew    asks the CRM, given the stored tokens; raises connector.errors
    """
    with store.lock():
        stored = store.load()
        if stored is not None and stored.access_token not in ("", refused):
            return stored
        fresh = renew(stored)
        store.save(fresh)
        return fresh


def redeemed(store: TokenStore, redeem: Callable[[], Tokens]) -> Tokens:
    """The tokens that `redeem` got for an authorization code, stored before they are used."""
    with store.lock():
        fresh = redeem()
        store.save(fresh)
        return fresh
