"""Who can sign in: users by name or id, passwords, certificates of connected apps."""

import sqlite3
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from sandbox.salesforce.org import Org

_TABLE = "CREATE TABLE IF NOT EXISTS sf_certificate (client_id TEXT NOT NULL, pem TEXT NOT NULL)"


def by_username(org: Org, username: str) -> sqlite3.Row | None:
    """The user who signs in with this name."""
    found = org.world.db().execute("SELECT * FROM sf_User WHERE Username = ?", (username,))
    row: sqlite3.Row | None = found.fetchone()
    return row


def by_id(org: Org, user_id: str) -> sqlite3.Row | None:
    """The user with this 18-character id."""
    row: sqlite3.Row | None = (
        org.world.db().execute("SELECT * FROM sf_User WHERE Id = ?", (user_id,)).fetchone()
    )
    return row


def by_password(org: Org, username: str, password: str) -> sqlite3.Row | None:
    """The active user with these credentials; the security token may follow the password.

    Every user of the pretend org has the integration user's password and token.
    """
    own = org.world.salesforce
    user = by_username(org, username)
    right = password in (own.password, own.password + own.security_token)
    return user if user is not None and right and user["IsActive"] else None


def register_certificate(org: Org, pem: str, client_id: str | None = None) -> None:
    """Let a connected app (ours, unless told) sign its assertions with this key.

    `pem` holds an X.509 certificate or an RSA public key; ValueError when it is neither.
    """
    _key(pem)
    with org.world.transaction() as db:
        db.execute(_TABLE)
        db.execute(
            "INSERT INTO sf_certificate VALUES (?, ?)",
            (client_id or org.world.salesforce.client_id, pem),
        )


def certificates(org: Org, client_id: str) -> list[RSAPublicKey]:
    """The public keys a connected app may sign with."""
    db = org.world.db()
    db.execute(_TABLE)
    rows: list[Any] = db.execute(
        "SELECT pem FROM sf_certificate WHERE client_id = ?", (client_id,)
    ).fetchall()
    return [_key(row[0]) for row in rows]


def _key(pem: str) -> RSAPublicKey:
    data = pem.encode()
    if "BEGIN CERTIFICATE" in pem:
        key = x509.load_pem_x509_certificate(data).public_key()
    else:
        key = load_pem_public_key(data)  # type: ignore[assignment]
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the key is no RSA key")
    return key
