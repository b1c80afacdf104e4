"""Bearer tokens for programs: of a person, with scopes, shown once and kept as a hash."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.access import ROLES, AccessRefused, token_hash
from store.models import ApiToken, User

SCOPES = {"read": "viewer", "write": "analyst", "metrics": "viewer"}  # scope → least role
PREFIX = "baro_"  # so that a leaked token is recognised
_USED_EVERY = timedelta(minutes=10)  # as for sessions: reading seldom writes


def allowed_scopes(role: str) -> list[str]:
    """The scopes that a person of this role may give a token."""
    return [scope for scope, least in SCOPES.items() if ROLES.index(least) <= ROLES.index(role)]


def make_token(
    session: Session,
    user: User,
    name: str,
    scopes: Collection[str],
    *,
    now: datetime,
    expires_at: datetime | None,
) -> str:
    """A new token of the person; the text is known only now. AccessRefused for a wrong wish."""
    if not name.strip():
        raise AccessRefused("Give the token a name that says who uses it.")
    if not scopes:
        raise AccessRefused("Choose at least one scope.")
    beyond = sorted(set(scopes) - set(allowed_scopes(user.role)))
    if beyond:
        raise AccessRefused(f"The role {user.role} does not cover the scope {', '.join(beyond)}.")
    token = PREFIX + secrets.token_urlsafe(32)
    session.add(
        ApiToken(
            user_id=user.id,
            name=name.strip()[:80],
            token_hash=token_hash(token),
            scopes=[scope for scope in SCOPES if scope in scopes],
            created_at=now,
            expires_at=expires_at,
        )
    )
    session.flush()
    return token


def token_user(session: Session, token: str, *, now: datetime) -> tuple[ApiToken, User] | None:
    """The token and its person; None when it is unknown, expired, revoked, or the person is out."""
    found = session.execute(
        select(ApiToken, User)
        .join(User, User.id == ApiToken.user_id)
        .where(
            ApiToken.token_hash == token_hash(token),
            ApiToken.revoked_at.is_(None),
            User.disabled_at.is_(None),
        )
    ).first()
    if found is None:
        return None
    row, user = found
    if row.expires_at is not None and row.expires_at <= now:
        return None
    if row.last_used_at is None or now - row.last_used_at >= _USED_EVERY:
        row.last_used_at = now
    return row, user


def tokens_of(session: Session, user_id: int) -> Sequence[ApiToken]:
    """The person's tokens that were not revoked, the newest first."""
    query = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    return session.scalars(query.order_by(ApiToken.id.desc())).all()


def revoke_token(
    session: Session, user_id: int, token_id: int, *, now: datetime
) -> ApiToken | None:
    """End one token of the person; None when there is no such token."""
    row = session.get(ApiToken, token_id)
    if row is None or row.user_id != user_id or row.revoked_at is not None:
        return None
    row.revoked_at = now
    return row
