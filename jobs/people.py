"""Who may sign in, from the command line and at start-up: links that let somebody in once."""

from jobs.clock import utc_now
from jobs.wiring import House
from store.access import (
    AccessRefused,
    add_user,
    disable_user,
    enable_user,
    find_user,
    has_users,
    make_link,
)
from store.audit import add_audit
from store.models import User

ACTOR = "command line"
DEMO_ADMIN = "demo@barometer.example"


def address_of(house: House, token: str) -> str:
    """Where a link of this token leads."""
    return f"{house.settings.web.url}/link/{token}"


def first_admin_link(house: House) -> str | None:
    """A link for the first admin; None when somebody can sign in already."""
    with house.sessions.begin() as session:
        if has_users(session):
            return None
        return address_of(house, make_link(session, "first_admin", now=utc_now()))


def demo_link(house: House) -> str:
    """A link that signs in as the demo's admin, who is made on first use."""
    with house.sessions.begin() as session:
        now = utc_now()
        user = find_user(session, DEMO_ADMIN) or add_user(
            session, DEMO_ADMIN, "admin", now=now, name="Demo admin"
        )
        return address_of(house, make_link(session, "demo", now=now, user=user))


def invite(house: House, email: str, role: str, name: str | None) -> str:
    """Add a person; returns the link to hand over."""
    now = utc_now()
    with house.sessions.begin() as session:
        user = add_user(session, email, role, now=now, name=name)
        add_audit(
            session,
            at=now,
            actor=ACTOR,
            action="user.invite",
            subject=user.email,
            details={"role": role},
        )
        return address_of(house, make_link(session, "invitation", now=now, user=user))


def new_link(house: House, email: str) -> str:
    """Another link for a person who is there, also after a forgotten password."""
    now = utc_now()
    with house.sessions.begin() as session:
        user = _named(find_user(session, email), email)
        if user.disabled_at is not None:
            raise AccessRefused(f"{user.email} is disabled; run: barometer user enable {email}")
        add_audit(session, at=now, actor=ACTOR, action="user.link", subject=user.email)
        return address_of(house, make_link(session, "invitation", now=now, user=user))


def switch_user(house: House, email: str, *, on: bool) -> None:
    """Let the person in again, or no more. Raises AccessRefused for the last admin."""
    now = utc_now()
    with house.sessions.begin() as session:
        user = _named(find_user(session, email), email)
        if on:
            enable_user(user)
        else:
            disable_user(session, user, now=now)
        action = "user.enable" if on else "user.disable"
        add_audit(session, at=now, actor=ACTOR, action=action, subject=user.email)


def _named(user: User | None, email: str) -> User:
    if user is None:
        raise AccessRefused(f"nobody has the address {email}; see: barometer user list")
    return user
