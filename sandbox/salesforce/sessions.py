"""Access tokens and refresh tokens of the org, kept in the world."""

import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.salesforce.org import Org

_TABLES = """
CREATE TABLE IF NOT EXISTS sf_session (token TEXT PRIMARY KEY, user_id TEXT NOT NULL,
    grant_id TEXT, used REAL NOT NULL);
CREATE TABLE IF NOT EXISTS sf_refresh (token TEXT PRIMARY KEY, user_id TEXT NOT NULL,
    client_id TEXT NOT NULL, grant_id TEXT NOT NULL, scope TEXT NOT NULL,
    spent INTEGER NOT NULL DEFAULT 0, revoked INTEGER NOT NULL DEFAULT 0);
"""
DEFAULT_SCOPE = "api refresh_token"


@dataclass
class Session:
    """One live access token."""

    token: str
    user_id: str
    grant_id: str | None
    used: float  # world time of the last call, epoch seconds


@dataclass(frozen=True)
class Refresh:
    """One refresh token; all that descend from one consent share `grant_id`."""

    token: str
    user_id: str
    client_id: str
    grant_id: str
    scope: str
    spent: bool
    revoked: bool


class Sessions:
    """Opening, using and ending sessions. Thread-safe."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._lock = threading.Lock()
        db = org.world.db()
        db.executescript(_TABLES)
        self._live = {
            row["token"]: Session(row["token"], row["user_id"], row["grant_id"], row["used"])
            for row in db.execute("SELECT * FROM sf_session")
        }
        own = org.world.salesforce
        if not db.execute("SELECT 1 FROM sf_refresh").fetchone():
            self._keep_refresh(own.refresh_token, own.user_id, own.client_id, "first")
            self._keep(own.access_token, own.user_id, "first")

    def open(self, user_id: str, grant_id: str | None = None) -> str:
        """A new access token: the org's id, `!`, opaque text."""
        token = f"{self._org.world.salesforce.org_id[:15]}!{secrets.token_urlsafe(48)}"
        self._keep(token, user_id, grant_id)
        return token

    def find(self, token: str) -> Session | None:
        """The live session of a token, noted as used now; None when it is over."""
        now = self._now()
        with self._lock:
            session = self._live.get(token)
            if session is None:
                return None
            if now - session.used > self._org.switch("session_seconds"):
                del self._live[token]
                return None
            session.used = max(session.used, now)
            return session

    def close(self, token: str) -> bool:
        """End one session; whether there was one."""
        with self._lock:
            known = self._live.pop(token, None)
        with self._org.world.transaction() as db:
            db.execute("DELETE FROM sf_session WHERE token = ?", (token,))
        return known is not None

    def new_refresh(
        self, user_id: str, client_id: str, scope: str, grant_id: str | None = None
    ) -> Refresh:
        """A new refresh token, of a new grant or in place of a spent one."""
        token = f"5Aep861{secrets.token_urlsafe(48)}"
        grant = grant_id or secrets.token_hex(8)
        self._keep_refresh(token, user_id, client_id, grant, scope)
        return Refresh(token, user_id, client_id, grant, scope, spent=False, revoked=False)

    def find_refresh(self, token: str) -> Refresh | None:
        """A refresh token, live or not."""
        row = self._org.world.db().execute("SELECT * FROM sf_refresh WHERE token = ?", (token,))
        found = row.fetchone()
        if found is None:
            return None
        return Refresh(
            found["token"], found["user_id"], found["client_id"], found["grant_id"],
            found["scope"], bool(found["spent"]), bool(found["revoked"]),
        )  # fmt: skip

    def spend(self, token: str) -> bool:
        """Use up a single-use refresh token; False when somebody did so before."""
        with self._org.world.transaction() as db:
            done = db.execute(
                "UPDATE sf_refresh SET spent = 1 WHERE token = ? AND spent = 0", (token,)
            )
            return done.rowcount == 1

    def revoke_grant(self, grant_id: str) -> None:
        """End every token that came from one consent."""
        with self._lock:
            for token in [t for t, s in self._live.items() if s.grant_id == grant_id]:
                del self._live[token]
        with self._org.world.transaction() as db:
            db.execute("UPDATE sf_refresh SET revoked = 1 WHERE grant_id = ?", (grant_id,))
            db.execute("DELETE FROM sf_session WHERE grant_id = ?", (grant_id,))

    def _keep(self, token: str, user_id: str, grant_id: str | None) -> None:
        now = self._now()
        with self._lock:
            self._live[token] = Session(token, user_id, grant_id, now)
        with self._org.world.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO sf_session VALUES (?, ?, ?, ?)",
                (token, user_id, grant_id, now),
            )

    def _keep_refresh(
        self, token: str, user_id: str, client_id: str, grant: str, scope: str = DEFAULT_SCOPE
    ) -> None:
        with self._org.world.transaction() as db:
            db.execute(
                "INSERT INTO sf_refresh (token, user_id, client_id, grant_id, scope)"
                " VALUES (?, ?, ?, ?, ?)",
                (token, user_id, client_id, grant, scope),
            )

    def _now(self) -> float:
        return self._org.now().astimezone(UTC).timestamp()


def issued_at(moment: datetime) -> str:
    """An instant as token answers print it: epoch milliseconds, text."""
    return str(int(moment.timestamp() * 1000))


def sessions_of(org: Org) -> Sessions:
    """The org's sessions."""
    if "sessions" not in org.caches:
        org.caches["sessions"] = Sessions(org)
    sessions: Sessions = org.caches["sessions"]
    return sessions
