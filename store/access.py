"""People who sign in, and what lets them in: passwords, browser sessions, one-time links.

What lets somebody in is random, shown once and kept as a SHA-256 hash; passwords are kept as
Argon2id. `now` is an aware UTC instant everywhere.
"""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from store.models import ApiToken, LoginLink, User, WebSession

ROLES = ("viewer", "analyst", "admin")  # each may do what those before it may
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
WRONG_PASSWORDS = 10
LOCKED_FOR = timedelta(minutes=15)
IDLE = timedelta(hours=12)
LONGEST_SESSION = timedelta(days=7)
LINK_LIVES = timedelta(hours=24)
_SEEN_EVERY = timedelta(minutes=10)  # a page seldom writes, so seldom waits for a sync

# OWASP's choice for Argon2id: 19 MiB and two passes, so that eight sign-ins at once stay small
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODYS = _hasher.hash(secrets.token_urlsafe())  # checked when there is nothing to check


class AccessRefused(Exception):
    """A change to people or their access that is not made; `str()` says why and what to do."""


def token_hash(token: str) -> str:
    """What we keep of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_user(session: Session, email: str) -> User | None:
    """The person of this e-mail address, in whatever case it is written."""
    return session.scalar(select(User).where(User.email == email.strip().lower()))


def all_users(session: Session) -> Sequence[User]:
    """Everybody, by e-mail."""
    return session.scalars(select(User).order_by(User.email)).all()


def has_users(session: Session) -> bool:
    """Whether anybody was added yet."""
    return session.scalar(select(User.id).limit(1)) is not None


def add_user(
    session: Session, email: str, role: str, *, now: datetime, name: str | None = None
) -> User:
    """A new person, who has no password yet. Raises AccessRefused for a wrong or known address."""
    address = email.strip().lower()
    before, at, host = address.partition("@")
    if not (before and at and "." in host.strip(".")) or " " in address or len(address) > 255:
        raise AccessRefused(f"{email!r} is no e-mail address; write it as name@company.example.")
    if role not in ROLES:
        raise AccessRefused(f"{role!r} is no role; choose {', '.join(ROLES)}.")
    if find_user(session, address) is not None:
        raise AccessRefused(f"{address} is there already; change the role or send a new link.")
    user = User(email=address, name=name or None, role=role, failed_logins=0, created_at=now)
    session.add(user)
    session.flush()
    return user


def change_role(session: Session, user: User, role: str) -> None:
    """Give the person another role. AccessRefused for the last admin."""
    if role not in ROLES:
        raise AccessRefused(f"{role!r} is no role; choose {', '.join(ROLES)}.")
    if role != "admin":
        _keep_an_admin(session, user)
    user.role = role


def disable_user(session: Session, user: User, *, now: datetime) -> None:
    """Let the person in no more: sessions end and API tokens are revoked. Not the last admin."""
    _keep_an_admin(session, user)
    user.disabled_at = now
    close_sessions(session, user.id)
    session.execute(delete(LoginLink).where(LoginLink.user_id == user.id))
    session.execute(
        update(ApiToken)
        .where(ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def enable_user(user: User) -> None:
    """Let the person in again; an account locked by wrong passwords is unlocked too."""
    user.disabled_at = None
    _forget_wrong_passwords(user)


def _keep_an_admin(session: Session, user: User) -> None:
    admins = User.role == "admin", User.disabled_at.is_(None)
    # a write locks them, so that two admins cannot remove each other at the same moment
    session.execute(update(User).where(*admins).values(role="admin"))
    if list(session.scalars(select(User.id).where(*admins))) == [user.id]:
        raise AccessRefused(
            f"{user.email} is the last admin, and somebody must be able to let people in; "
            "make another person admin first."
        )


def set_password(user: User, password: str) -> None:
    """Keep the password as Argon2id. AccessRefused when it is short, or easily guessed."""
    if len(password) < SHORTEST_PASSWORD:
        raise AccessRefused(f"Use at least {SHORTEST_PASSWORD} characters; a sentence is good.")
    if len(password) > LONGEST_PASSWORD:
        raise AccessRefused(f"Use at most {LONGEST_PASSWORD} characters.")
    if password.lower() in (user.email, (user.name or "").lower()) or len(set(password)) < 5:
        raise AccessRefused("That password is easily guessed; use another one.")
    user.password_hash = _hasher.hash(password)
    _forget_wrong_passwords(user)


def _forget_wrong_passwords(user: User) -> None:
    user.failed_logins, user.locked_until = 0, None


def check_password(session: Session, email: str, password: str, *, now: datetime) -> User | None:
    """The person whom this password lets in; None tells nothing about the reason.

    An unknown person, a wrong password and a locked account take the same time. The tenth wrong
    password in a row locks the account for 15 minutes. Commit afterwards in either case.
    """
    user = find_user(session, email)
    kept = user.password_hash if user is not None else None
    right = _fits(kept or _NOBODYS, password[: LONGEST_PASSWORD + 1])
    if user is None or user.disabled_at is not None or kept is None:
        return None
    if user.locked_until is not None and user.locked_until > now:
        return None
    if not right:
        counted = update(User).where(User.id == user.id)
        session.execute(counted.values(failed_logins=User.failed_logins + 1))
        session.refresh(user)
        if user.failed_logins >= WRONG_PASSWORDS:
            user.locked_until, user.failed_logins = now + LOCKED_FOR, 0
        return None
    if _hasher.check_needs_rehash(kept):
        user.password_hash = _hasher.hash(password)
    return user


def _fits(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def provided_user(
    session: Session,
    subject: str,
    email: str,
    name: str | None,
    *,
    domains: Collection[str],
    now: datetime,
) -> User:
    """Whom an identity provider signed in: known by `subject`, else by an e-mail it vouches for.

    subject  the provider and its id of the person; from the first time on it decides
    domains  of e-mail addresses; strangers of these become viewers
    Raises AccessRefused for anybody else, and for who is disabled.
    """
    user = session.scalar(select(User).where(User.subject == subject))
    if user is None:
        user = find_user(session, email)
        if user is None:
            if email.rpartition("@")[2].lower() not in {domain.lower() for domain in domains}:
                raise AccessRefused(f"{email} was not invited; ask an admin of Barometer to do so.")
            user = add_user(session, email, "viewer", now=now, name=name)
        if user.subject is not None:
            raise AccessRefused(f"{email} signs in another way; ask an admin of Barometer.")
        user.subject = subject
    if user.disabled_at is not None:
        raise AccessRefused(f"{user.email} is let in no more; ask an admin of Barometer.")
    return user


def open_session(
    session: Session,
    user: User,
    *,
    now: datetime,
    user_agent: str | None = None,
    address: str | None = None,
) -> str:
    """Sign the person in; returns the token for the browser. Ended sessions are cleared away."""
    session.execute(delete(WebSession).where(WebSession.expires_at <= now))
    session.execute(delete(WebSession).where(WebSession.last_seen_at <= now - IDLE))
    token = secrets.token_urlsafe(32)
    session.add(
        WebSession(
            token_hash=token_hash(token),
            user_id=user.id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + LONGEST_SESSION,
            user_agent=(user_agent or "")[:255] or None,
            address=address,
        )
    )
    user.last_login_at = now
    _forget_wrong_passwords(user)
    session.flush()
    return token


def session_user(session: Session, token: str, *, now: datetime) -> tuple[User, WebSession] | None:
    """Whose browser this is; None when the session ended: idle 12 h, 7 days old, or closed."""
    found = session.execute(
        select(User, WebSession)
        .join(WebSession, WebSession.user_id == User.id)
        .where(
            WebSession.token_hash == token_hash(token),
            WebSession.expires_at > now,
            WebSession.last_seen_at > now - IDLE,
            User.disabled_at.is_(None),
        )
    ).first()
    if found is None:
        return None
    user, visit = found
    if now - visit.last_seen_at >= _SEEN_EVERY:
        visit.last_seen_at = now
    return user, visit


def sessions_of(session: Session, user_id: int, *, now: datetime) -> Sequence[WebSession]:
    """Where the person is signed in, the browser used last first."""
    query = select(WebSession).where(
        WebSession.user_id == user_id,
        WebSession.expires_at > now,
        WebSession.last_seen_at > now - IDLE,
    )
    return session.scalars(query.order_by(WebSession.last_seen_at.desc())).all()


def close_sessions(
    session: Session, user_id: int, *, only: str | None = None, but: str | None = None
) -> int:
    """Sign the person out: everywhere, or by token hash of `only` one, or of all `but` one."""
    query = delete(WebSession).where(WebSession.user_id == user_id)
    if only is not None:
        query = query.where(WebSession.token_hash == only)
    if but is not None:
        query = query.where(WebSession.token_hash != but)
    return int(session.execute(query).rowcount)  # type: ignore[attr-defined]


def make_link(session: Session, purpose: str, *, now: datetime, user: User | None = None) -> str:
    """A token that lets somebody in once within 24 h; earlier ones of the kind are withdrawn.

    purpose  first_admin | invitation | demo; a first admin is nobody yet, so has no `user`
    """
    user_id = None if user is None else user.id
    session.execute(
        delete(LoginLink).where(LoginLink.purpose == purpose, LoginLink.user_id == user_id)
    )
    token = secrets.token_urlsafe(32)
    session.add(
        LoginLink(
            token_hash=token_hash(token),
            user_id=user_id,
            purpose=purpose,
            created_at=now,
            expires_at=now + LINK_LIVES,
        )
    )
    session.flush()
    return token


def open_link(session: Session, token: str, *, now: datetime) -> LoginLink | None:
    """The link of this token while it works; looking does not use it."""
    link = session.get(LoginLink, token_hash(token))
    if link is None or link.used_at is not None or link.expires_at <= now:
        return None
    return None if link.purpose == "first_admin" and has_users(session) else link


def use_link(session: Session, link: LoginLink, *, now: datetime) -> bool:
    """Take the link; False when somebody else was faster."""
    taken = session.execute(
        update(LoginLink)
        .where(LoginLink.token_hash == link.token_hash, LoginLink.used_at.is_(None))
        .values(used_at=now)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]
