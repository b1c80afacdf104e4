"""What lets people in: passwords and their lock, sessions, one-time links, tokens."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store import access, tokens
from store.access import AccessRefused
from store.models import LoginLink, User, WebSession
from tests.store.conftest import NOON

GOOD = "a sentence is a good password"
HOUR = timedelta(hours=1)


def person(session: Session, role: str = "admin", email: str = "amy@acme.example") -> User:
    user = access.add_user(session, email, role, now=NOON, name="Amy")
    access.set_password(user, GOOD)
    return user


def test_an_address_is_one_person_in_whatever_case(session: Session) -> None:
    user = person(session)
    assert access.find_user(session, " Amy@ACME.example ") is user
    with pytest.raises(AccessRefused, match="there already"):
        access.add_user(session, "AMY@acme.example", "viewer", now=NOON)
    for wrong in ("", "amy", "@acme.example", "amy@acme", "a b@acme.example"):
        with pytest.raises(AccessRefused, match="no e-mail address"):
            access.add_user(session, wrong, "viewer", now=NOON)


def test_a_password_is_kept_as_argon2_and_lets_in(session: Session) -> None:
    user = person(session)
    assert str(user.password_hash).startswith("$argon2id$")
    assert access.check_password(session, "Amy@acme.example", GOOD, now=NOON) is user
    assert access.check_password(session, "ben@acme.example", GOOD, now=NOON) is None
    assert access.check_password(session, "amy@acme.example", "", now=NOON) is None


@pytest.mark.parametrize("weak", ["short", "aaaaaaaaaaaaaaaa", "amy@acme.example", "x" * 257])
def test_weak_passwords_are_refused(weak: str) -> None:
    with pytest.raises(AccessRefused):
        access.set_password(User(email="amy@acme.example", name="Amy"), weak)


def test_ten_wrong_passwords_lock_for_fifteen_minutes(session: Session) -> None:
    user = person(session)
    for _ in range(9):
        assert access.check_password(session, user.email, "wrong", now=NOON) is None
    assert access.check_password(session, user.email, GOOD, now=NOON) is user  # not locked yet
    assert access.check_password(session, user.email, "wrong", now=NOON) is None
    assert access.check_password(session, user.email, GOOD, now=NOON) is None
    later = NOON + access.LOCKED_FOR
    assert access.check_password(session, user.email, GOOD, now=later) is user


def test_a_right_password_forgets_the_wrong_ones(session: Session) -> None:
    user = person(session)
    for _ in range(9):
        access.check_password(session, user.email, "wrong", now=NOON)
    access.open_session(session, user, now=NOON)
    for _ in range(9):
        access.check_password(session, user.email, "wrong", now=NOON)
    assert access.check_password(session, user.email, GOOD, now=NOON) is user


def test_a_session_ends_when_idle_or_old_and_keeps_no_token(session: Session) -> None:
    user = person(session)
    token = access.open_session(session, user, now=NOON)
    assert session.scalar(select(WebSession.token_hash)) == access.token_hash(token) != token
    assert access.session_user(session, token, now=NOON + 11 * HOUR) is not None
    assert access.session_user(session, token, now=NOON + 22 * HOUR) is not None
    assert access.session_user(session, token, now=NOON + 34 * HOUR) is None  # 12 h idle
    token = access.open_session(session, user, now=NOON)
    for hours in range(0, 168, 11):
        assert access.session_user(session, token, now=NOON + hours * HOUR) is not None
    assert access.session_user(session, token, now=NOON + 168 * HOUR) is None  # 7 days


def test_sessions_are_listed_and_closed(session: Session) -> None:
    user = person(session)
    first, second = (access.open_session(session, user, now=NOON) for _ in range(2))
    assert len(access.sessions_of(session, user.id, now=NOON)) == 2
    access.close_sessions(session, user.id, but=access.token_hash(second))
    assert access.session_user(session, first, now=NOON) is None
    assert access.session_user(session, second, now=NOON) is not None
    assert access.close_sessions(session, user.id) == 1


def test_a_link_works_once_within_a_day_and_the_newest_only(session: Session) -> None:
    user = person(session)
    old = access.make_link(session, "invitation", now=NOON, user=user)
    new = access.make_link(session, "invitation", now=NOON, user=user)
    assert access.open_link(session, old, now=NOON) is None
    assert access.open_link(session, new, now=NOON + access.LINK_LIVES) is None
    link = access.open_link(session, new, now=NOON)
    assert link is not None
    assert access.use_link(session, link, now=NOON)
    assert not access.use_link(session, link, now=NOON)
    assert access.open_link(session, new, now=NOON) is None
    assert session.scalar(select(func.count()).select_from(LoginLink)) == 1


def test_the_first_admins_link_ends_when_somebody_is_there(session: Session) -> None:
    token = access.make_link(session, "first_admin", now=NOON)
    assert access.open_link(session, token, now=NOON) is not None
    person(session)
    assert access.open_link(session, token, now=NOON) is None


def test_the_last_admin_stays(session: Session) -> None:
    amy = person(session)
    with pytest.raises(AccessRefused, match="last admin"):
        access.disable_user(session, amy, now=NOON)
    with pytest.raises(AccessRefused, match="last admin"):
        access.change_role(session, amy, "viewer")
    ben = person(session, email="ben@acme.example")
    access.change_role(session, amy, "viewer")
    session.flush()
    with pytest.raises(AccessRefused, match="last admin"):
        access.disable_user(session, ben, now=NOON)


def test_a_disabled_person_is_out_everywhere(session: Session) -> None:
    person(session)
    ben = person(session, "analyst", "ben@acme.example")
    token = access.open_session(session, ben, now=NOON)
    api = tokens.make_token(session, ben, "ci", ["read"], now=NOON, expires_at=None)
    link = access.make_link(session, "invitation", now=NOON, user=ben)
    access.disable_user(session, ben, now=NOON)
    session.flush()
    assert access.session_user(session, token, now=NOON) is None
    assert access.open_link(session, link, now=NOON) is None
    assert access.check_password(session, ben.email, GOOD, now=NOON) is None
    access.enable_user(ben)
    session.flush()
    assert access.check_password(session, ben.email, GOOD, now=NOON) is ben
    assert tokens.token_user(session, api, now=NOON) is None  # revoked for good


def test_a_token_has_the_scopes_its_person_may_give(session: Session) -> None:
    ben = person(session, "viewer", "ben@acme.example")
    with pytest.raises(AccessRefused, match="does not cover the scope write"):
        tokens.make_token(session, ben, "ci", ["read", "write"], now=NOON, expires_at=None)
    with pytest.raises(AccessRefused, match="name"):
        tokens.make_token(session, ben, " ", ["read"], now=NOON, expires_at=None)
    with pytest.raises(AccessRefused, match="at least one scope"):
        tokens.make_token(session, ben, "ci", [], now=NOON, expires_at=None)
    token = tokens.make_token(session, ben, "ci", ["read"], now=NOON, expires_at=NOON + HOUR)
    found = tokens.token_user(session, token, now=NOON)
    assert found is not None
    assert (found[0].scopes, found[1]) == (["read"], ben)
    assert tokens.token_user(session, token, now=NOON + HOUR) is None
    assert tokens.token_user(session, token + "x", now=NOON) is None
    assert tokens.revoke_token(session, ben.id + 1, found[0].id, now=NOON) is None
    assert tokens.revoke_token(session, ben.id, found[0].id, now=NOON) is found[0]
    assert tokens.tokens_of(session, ben.id) == []
