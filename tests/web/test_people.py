"""Settings: people, the own account, API tokens, the audit log."""

import csv
import io
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from store.access import WRONG_PASSWORDS, check_password, find_user
from store.models import ApiToken, AuditRow, User, WebSession
from tests.web.people import visit_of
from web import access

ClientOf = Callable[[str | None], FlaskClient]
GOOD = "a sentence is a good password"


def found(sessions: sessionmaker[Session], email: str) -> User:
    with sessions() as session:
        user = find_user(session, email)
        assert user is not None
        return user


def invite(client: FlaskClient, email: str = "ann@acme.example", role: str = "analyst") -> str:
    """The address of the link that the page shows."""
    answer = client.post("/settings/people", data={"email": email, "role": role, "name": "Ann"})
    assert answer.status_code == 200
    shown = re.search(r'value="http://localhost(/link/[\w-]+)"', answer.text)
    assert shown
    return shown.group(1)


def test_an_invited_person_chooses_a_password_and_signs_in(
    client: FlaskClient, client_of: ClientOf, sessions: sessionmaker[Session]
) -> None:
    link = invite(client)
    assert link not in client.get("/settings/people").text  # shown once
    guest = client_of(None)
    assert 'value="ann@acme.example" readonly' in guest.get(link).text
    form = {"name": "Ann Lee", "email": "boss@acme.example", "password": GOOD}
    assert guest.post(link, data=form).status_code == 303
    user = found(sessions, "ann@acme.example")  # the link says who, not the form
    assert (user.name, user.role) == ("Ann Lee", "analyst")
    assert guest.get("/settings/people").status_code == 403
    assert client_of(None).get(link).status_code == 404


@pytest.mark.parametrize(
    ("email", "role", "said"),
    [
        ("nobody", "viewer", "no e-mail address"),
        ("ann@acme.example", "owner", "is no role"),
        ("ADMIN@acme.example", "viewer", "is there already"),
    ],
)
def test_wrong_invitations_are_told_what_is_wrong(
    client: FlaskClient, email: str, role: str, said: str
) -> None:
    client.get("/")
    answer = client.post("/settings/people", data={"email": email, "role": role})
    assert answer.status_code == 422
    assert said in answer.text


def test_a_role_takes_effect_at_once_and_is_in_the_log(
    client: FlaskClient, client_of: ClientOf, sessions: sessionmaker[Session]
) -> None:
    viewer = client_of("viewer")
    assert viewer.get("/settings/audit").status_code == 403
    user = found(sessions, "viewer@acme.example")
    client.post(f"/settings/people/{user.id}/role", data={"role": "admin"})
    log = viewer.get("/settings/audit?action=user.role")
    assert log.status_code == 200
    assert "before: viewer; after: admin" in log.text


def test_a_disabled_person_is_out_at_once(
    client: FlaskClient, client_of: ClientOf, sessions: sessionmaker[Session]
) -> None:
    viewer = client_of("viewer")
    user = found(sessions, "viewer@acme.example")
    done = client.post(f"/settings/people/{user.id}/disable", follow_redirects=True)
    assert "viewer@acme.example is let in no more" in done.text
    assert viewer.get("/").status_code == 303
    assert client.post(f"/settings/people/{user.id}/link").status_code == 422
    client.post(f"/settings/people/{user.id}/enable")
    assert found(sessions, "viewer@acme.example").disabled_at is None
    assert client.post("/settings/people/999/enable").status_code == 404


def test_the_last_admin_can_neither_be_disabled_nor_demoted(
    client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    user = found(sessions, "admin@acme.example")
    for what, form in (("disable", {}), ("role", {"role": "viewer"})):
        answer = client.post(f"/settings/people/{user.id}/{what}", data=form)
        assert answer.status_code == 422
        assert "is the last admin" in answer.text
    assert client.get("/settings/people").status_code == 200


def test_a_new_password_needs_the_present_one_and_ends_other_sessions(
    app: Flask, client: FlaskClient, client_of: ClientOf, sessions: sessionmaker[Session]
) -> None:
    guest = client_of(None)
    guest.post(invite(client), data={"name": "Ann", "password": GOOD})
    page = guest.get("/settings/account")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    guest.environ_base["HTTP_X_CSRFTOKEN"] = token.group(1)
    user = found(sessions, "ann@acme.example")
    newer = "another sentence, as good"
    with sessions.begin() as session:
        session.add(
            WebSession(
                token_hash="0" * 64,
                user_id=user.id,
                created_at=access.now(),
                last_seen_at=access.now(),
                expires_at=access.now().replace(year=access.now().year + 1),
            )
        )
    wrong = guest.post("/settings/account/password", data={"present": "x", "password": newer})
    assert wrong.status_code == 422
    assert "present password is wrong" in wrong.text
    short = guest.post("/settings/account/password", data={"present": GOOD, "password": "short"})
    assert "at least 12 characters" in short.text
    right = guest.post("/settings/account/password", data={"present": GOOD, "password": newer})
    assert right.status_code == 303
    with sessions() as session:
        assert session.get(WebSession, "0" * 64) is None
        assert check_password(session, user.email, newer, now=access.now()) is not None
    assert guest.get("/").status_code == 200


def test_guessing_the_present_password_locks_too(
    client: FlaskClient, client_of: ClientOf, sessions: sessionmaker[Session]
) -> None:
    guest = client_of(None)
    guest.post(invite(client), data={"name": "Ann", "password": GOOD})
    with sessions.begin() as session:
        for _ in range(WRONG_PASSWORDS):
            check_password(session, "ann@acme.example", "wrong", now=access.now())
    assert "locked until" in client.get("/settings/people").text
    user = found(sessions, "ann@acme.example")
    client.post(f"/settings/people/{user.id}/enable")
    assert "locked until" not in client.get("/settings/people").text


def test_times_and_numbers_follow_the_person(filled: FlaskClient) -> None:
    form = {"time_zone": "Europe/Amsterdam", "locale": "de"}
    assert filled.post("/settings/account", data=form).status_code == 303
    page = filled.get("/runs").text
    assert re.search(r'<time datetime="[^"]+Z">[^<]+\u00a0CES?T</time>', page)
    assert "EUR\u00a033.374.065" in filled.get("/").text
    assert "times are Europe/Amsterdam" in page
    for wrong in ({"time_zone": "Europe/Nowhere"}, {"locale": "xx"}):
        assert filled.post("/settings/account", data=wrong).status_code == 422


def test_one_session_or_all_are_signed_out(app: Flask, client: FlaskClient) -> None:
    visit_of(app, "admin")
    page = client.get("/settings/account").text
    other = re.search(r'name="session" value="(\w{16})"', page)
    assert other
    client.post("/settings/account/sessions", data={"session": other.group(1)})
    assert not re.search(r'name="session" value="\w{16}"', client.get("/settings/account").text)
    client.post("/settings/account/sessions", data={"session": "all"})
    assert client.get("/").status_code == 303


def test_a_token_is_shown_once_and_revoked(
    app: Flask, client: FlaskClient, client_of: ClientOf, sessions: sessionmaker[Session]
) -> None:
    form = {"name": "reports", "scope": ["read"], "expires": "30"}
    made = client.post("/settings/tokens", data=form)
    shown = re.search(r'value="(baro_[\w-]+)"', made.text)
    assert shown
    assert shown.group(1) not in client.get("/settings/tokens").text
    bearer = {"Authorization": f"Bearer {shown.group(1)}"}
    assert app.test_client().get("/api/v1/runs", headers=bearer).status_code == 200
    with sessions() as session:
        row = session.scalars(select(ApiToken)).one()
        assert shown.group(1) not in (row.token_hash, row.name)
        assert row.expires_at is not None
        assert (row.expires_at - row.created_at).days == 30
    assert client_of("viewer").post(f"/settings/tokens/{row.id}/revoke").status_code == 404
    assert client.post(f"/settings/tokens/{row.id}/revoke").status_code == 303
    assert app.test_client().get("/api/v1/runs", headers=bearer).status_code == 401


def test_a_viewer_gives_no_token_the_scope_to_write(client_of: ClientOf) -> None:
    viewer = client_of("viewer")
    assert "scope-write" not in viewer.get("/settings/tokens").text
    form = {"name": "x", "scope": ["read", "write"], "expires": ""}
    answer = viewer.post("/settings/tokens", data=form)
    assert answer.status_code == 422
    assert "does not cover the scope write" in answer.text


def test_the_log_is_filtered_and_exported(client: FlaskClient, app: Flask) -> None:
    invite(client)
    invite(client, "=cmd@acme.example", "viewer")
    page = client.get("/settings/audit?action=user.invite").text
    assert page.count('data-label="Who">admin@acme.example') == 2
    assert "No row matches" in client.get("/settings/audit?actor=nobody").text
    text = client.get("/settings/audit.csv?action=user.invite").data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["Subject"] for row in rows] == ["'=cmd@acme.example", "ann@acme.example"]
    assert rows[1]["Details"] == "role: analyst"


def test_the_log_holds_no_secret(
    client: FlaskClient, client_of: ClientOf, sessions: sessionmaker[Session]
) -> None:
    link = invite(client)
    client_of(None).post(link, data={"name": "Ann", "password": GOOD})
    made = client.post("/settings/tokens", data={"name": "x", "scope": ["read"], "expires": "30"})
    token = re.search(r'value="(baro_[\w-]+)"', made.text)
    assert token
    with sessions() as session:
        log = " ".join(f"{row.subject} {row.details}" for row in session.scalars(select(AuditRow)))
    for secret in (link.rsplit("/", 1)[1], GOOD, token.group(1)):
        assert secret not in log
