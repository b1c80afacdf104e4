"""Access tokens: who calls, with which scopes, until when.

The static private-app token of the identity never expires; OAuth tokens live 1,800 s by the
world's clock; refresh tokens live until revoked. Source: HubSpot API reference, authentication.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sandbox.hubspot.errors import HubSpotError, refusal
from sandbox.hubspot.instants import from_text, milliseconds, to_text
from sandbox.hubspot.kinds import KINDS
from sandbox.world import World

LIFE = timedelta(seconds=1800)
CODE_LIFE = timedelta(seconds=60)

SCOPES: tuple[str, ...] = tuple(
    sorted(
        {
            scope
            for kind in KINDS.values()
            for right in ("read", "write")
            for scope in (*kind.scopes(right), *kind.schema_scopes(right))
        }
        | {"oauth", "crm.objects.owners.read", "crm.import", "crm.export", "sales-email-read"}
        | {"settings.currencies.read", "settings.users.read"}
    )
)

_TABLE = """
CREATE TABLE IF NOT EXISTS hs_tokens (
    token TEXT PRIMARY KEY, kind TEXT NOT NULL, scopes TEXT NOT NULL, user_id INTEGER NOT NULL,
    expires_at TEXT, redirect_uri TEXT, challenge TEXT, refresh_token TEXT
) WITHOUT ROWID
"""


@dataclass(frozen=True)
class Token:
    """A token that may be used: kind is static, access, refresh or code."""

    token: str
    kind: str
    scopes: frozenset[str]
    user_id: int
    expires_at: str | None = None
    redirect_uri: str | None = None
    challenge: str | None = None
    refresh_token: str | None = None

    @property
    def oauth(self) -> bool:
        """Limits and headers of an OAuth app apply."""
        return self.kind == "access"


class Tokens:
    """The tokens issued in one portal."""

    def __init__(self, world: World) -> None:
        self._world = world
        identity = world.hubspot
        with world.transaction() as db:
            db.execute(_TABLE)
            db.execute(
                "INSERT OR IGNORE INTO hs_tokens (token, kind, scopes, user_id) "
                "VALUES (?, 'refresh', ?, ?)",
                (identity.refresh_token, " ".join(SCOPES), identity.user_id),
            )

    def static(self) -> Token:
        """The private app's token, with the scopes the switch leaves it."""
        granted = self._world.switches["hubspot.scopes"]
        identity = self._world.hubspot
        scopes = SCOPES if granted is None else granted
        return Token(identity.access_token, "static", frozenset(scopes), identity.user_id)

    def find(self, token: str) -> Token | None:
        """A token of any kind as issued, expired or not; None when unknown or revoked."""
        if token == self._world.hubspot.access_token:
            return self.static()
        row = self._world.db().execute("SELECT * FROM hs_tokens WHERE token = ?", (token,))
        found = row.fetchone()
        if found is None:
            return None
        text, kind, scopes, user_id, *rest = tuple(found)
        return Token(text, kind, frozenset(scopes.split()), user_id, *rest)

    def issue(
        self,
        kind: str,
        scopes: frozenset[str],
        *,
        redirect_uri: str | None = None,
        challenge: str | None = None,
        refresh_token: str | None = None,
    ) -> Token:
        """A new access token, refresh token or authorisation code."""
        life = {"access": LIFE, "code": CODE_LIFE}.get(kind)
        now = self._world.clock.now()
        expires = None if life is None else to_text(milliseconds(now + life))
        prefix = {"access": "CN", "refresh": "na1-", "code": "na1-code-"}[kind]
        token = Token(
            prefix + secrets.token_urlsafe(48 if kind == "access" else 24),
            kind,
            scopes,
            self._world.hubspot.user_id,
            expires,
            redirect_uri,
            challenge,
            refresh_token,
        )
        with self._world.transaction() as db:
            db.execute(
                "INSERT INTO hs_tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    token.token,
                    kind,
                    " ".join(sorted(scopes)),
                    token.user_id,
                    expires,
                    redirect_uri,
                    challenge,
                    refresh_token,
                ),
            )
        return token

    def revoke(self, token: str) -> None:
        """Forget a token, and the access tokens a refresh token led to."""
        with self._world.transaction() as db:
            db.execute("DELETE FROM hs_tokens WHERE token = ? OR refresh_token = ?", (token, token))

    def seconds_left(self, token: Token) -> int:
        """Life left of an access token [s]; negative once expired."""
        if token.expires_at is None:
            return int(LIFE.total_seconds())
        left = from_text(token.expires_at) - milliseconds(self._world.clock.now())
        return -(-left // 1000)  # rounded up: a fresh token has all its life

    def authenticate(self, header: str | None) -> Token:
        """The usable token of an Authorization header; raises the 401 of what is wrong."""
        scheme, _, text = (header or "").partition(" ")
        token = self.find(text.strip()) if scheme.lower() == "bearer" else None
        if token is None or token.kind not in ("static", "access"):
            raise _unknown()
        if self._world.faults.take("token_expired", "hubspot") is not None:
            if token.kind == "access":
                self.revoke(token.token)
            raise expired(token.expires_at or to_text(0), 42)
        if token.expires_at is not None and self.seconds_left(token) <= 0:
            raise expired(token.expires_at, -self.seconds_left(token))
        return token

    def check_developer_key(self, key: str | None) -> None:
        """401 unless `key` (of ?hapikey=) is the developer's, here the app's client secret."""
        if key != self._world.hubspot.client_secret:
            raise _unknown()


def expired(at: str, seconds: int) -> HubSpotError:
    """401 for a token that expired `seconds` ago."""
    return refusal(
        401,
        "EXPIRED_AUTHENTICATION",
        f"The OAuth token used to make this call expired {seconds} second(s) ago.",
        context={"expire time": [at]},
    )


def _unknown() -> HubSpotError:
    return refusal(
        401,
        "INVALID_AUTHENTICATION",
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you "
        "can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
    )
