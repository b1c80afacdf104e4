"""Who is let in and who may change what: every route, every role, every form."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from settings import Web
from store import access as stored_access
from store.models import AuditRow, User
from tests.web.people import make_app
from web import access
from web.access import READING, role_needed

ClientOf = Callable[[str | None], FlaskClient]
GOOD = "a sentence is a good password"
OPEN = {  # endpoints that answer somebody who is not signed in, with the methods that do
    "static": {"GET"},
    "signin.show": {"GET"},
    "signin.enter": {"POST"},
    "signin.link": {"GET"},
    "signin.follow": {"POST"},
    "status.healthz": {"GET"},
    "status.readyz": {"GET"},
    "status.metrics": {"GET"},  # this machine only, or a token
    "api.describe": {"GET"},
    "provider.start": {"GET"},
    "provider.back": {"GET"},
    "hooks.receive": {"GET", "POST"},  # its address is the secret
}
NO_FORM = {"hooks.receive"}  # brings a secret of its own instead of a CSRF token


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """(method, address, endpoint) of everything that is not of the API."""
    found = []
    for rule in app.url_map.iter_rules():
        address = re.sub(r"<(?:int[^:]*:|path:)?([^>]+)>", "1", rule.rule)
        if hasattr(app.view_functions[rule.endpoint], "scope"):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            found.append((method, address, rule.endpoint))
    return found


def test_nobody_is_let_in_anywhere_but_where_it_is_listed(app: Flask, client_of: ClientOf) -> None:
    nobody = client_of(None)
    for method, address, endpoint in routes(app):
        if method in OPEN.get(endpoint, set()):
            continue
        answer = nobody.open(address, method=method)
        if method in READING:
            assert answer.status_code == 303, (method, address)
            assert answer.headers["Location"].startswith("/sign-in?next=/"), address
        else:
            assert answer.status_code == 401, (method, address)


def test_a_viewer_changes_nothing_but_the_own_account(app: Flask, client_of: ClientOf) -> None:
    viewer = client_of("viewer")
    own = {"signin.leave", "me.change", "me.password", "me.sign_out", "me.make", "me.revoke"}
    for method, address, endpoint in routes(app):
        if method in READING or endpoint in own or endpoint in OPEN:
            continue
        assert viewer.open(address, method=method).status_code == 403, (method, address)


def test_an_analyst_is_kept_from_what_is_an_admins(app: Flask, client_of: ClientOf) -> None:
    analyst = client_of("analyst")
    checked = 0
    for method, address, endpoint in routes(app):
        if role_needed(app, endpoint, method) == "admin":
            assert analyst.open(address, method=method).status_code == 403, (method, address)
            checked += 1
    assert checked >= 5


def test_a_change_without_the_forms_token_is_refused(app: Flask, client_of: ClientOf) -> None:
    admin = client_of("admin")
    del admin.environ_base["HTTP_X_CSRFTOKEN"]
    for method, address, endpoint in routes(app):
        if method not in READING and endpoint not in NO_FORM:
            answer = admin.open(address, method=method)
            assert answer.status_code == 400, (method, address)
            assert "The form is out of date" in answer.text


def test_a_view_that_says_nothing_needs_an_admin_to_change(app: Flask) -> None:
    @app.route("/quiet", methods=["GET", "POST"])
    def quiet() -> str:
        return ""

    assert role_needed(app, "quiet", "GET") == "viewer"
    assert role_needed(app, "quiet", "POST") == "admin"


def person(sessions: sessionmaker[Session], role: str = "viewer") -> User:
    """Somebody with a password."""
    with sessions.begin() as session:
        user = stored_access.add_user(session, "ann@acme.example", role, now=access.now())
        stored_access.set_password(user, GOOD)
    return user


def enter(client: FlaskClient, password: str = GOOD, **form: str) -> tuple[int, str]:
    """Status, and address or text, of signing in."""
    sent = {"email": "ann@acme.example", "password": password, **form}
    answer = client.post("/sign-in", data=sent)
    return answer.status_code, answer.headers.get("Location", answer.text)


def test_signing_in_and_out(sessions: sessionmaker[Session], client_of: ClientOf) -> None:
    person(sessions)
    client = client_of(None)
    assert enter(client, next="/alerts?kind=x") == (303, "/alerts?kind=x")
    cookie = client.get_cookie("barometer")
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, cookie.secure) == (True, "Lax", False)
    page = client.get("/")
    assert page.status_code == 200
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    form = {"csrf_token": token.group(1)}
    del client.environ_base["HTTP_X_CSRFTOKEN"]  # was of the browser before it signed in
    assert client.post("/sign-out", data=form).status_code == 303
    assert client.get("/").status_code == 303
    client.set_cookie("barometer", cookie.value)  # a copy of the cookie is worth nothing now
    assert client.get("/").status_code == 303
    with sessions() as session:
        done = [(row.actor, row.action) for row in session.scalars(select(AuditRow))]
    assert done == [("ann@acme.example", "session.start"), ("ann@acme.example", "session.end")]


def said(answer: tuple[int, str]) -> tuple[int, str]:
    """The answer without the form's token, which is new on each page."""
    status, page = answer
    return status, re.sub(r"[\w.-]{60,}", "", page).replace("nobody@", "ann@")


def test_one_answer_for_whoever_is_not_let_in(
    sessions: sessionmaker[Session], client_of: ClientOf
) -> None:
    person(sessions)
    client = client_of(None)
    wrong = said(enter(client, "wrong"))
    assert wrong[0] == 422
    assert "E-mail or password is wrong" in wrong[1]
    unknown = said(enter(client, email="nobody@acme.example"))
    assert unknown == wrong
    for _ in range(9):
        enter(client, "wrong")
    assert said(enter(client)) == wrong  # locked: the right password is told nothing either
    with sessions() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action == "session.refuse")).all()
    assert [(row.actor, row.subject) for row in rows[:2]] == [
        ("nobody", "ann@acme.example"),
        ("nobody", "nobody@acme.example"),
    ]


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\t//evil.example", "evil"],
)
def test_signing_in_leads_nowhere_else(
    sessions: sessionmaker[Session], client_of: ClientOf, elsewhere: str
) -> None:
    person(sessions)
    assert enter(client_of(None), next=elsewhere) == (303, "/")


def test_guessing_is_slowed_down(client_of: ClientOf) -> None:
    client = client_of(None)
    for _ in range(20):
        assert client.post("/link/guess").status_code == 404
    answer = client.post("/link/guess")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/sign-in").status_code == 200


def test_the_first_admin_comes_in_by_the_link(
    sessions: sessionmaker[Session], client_of: ClientOf
) -> None:
    with sessions.begin() as session:
        token = stored_access.make_link(session, "first_admin", now=access.now())
    client = client_of(None)
    for _ in range(2):  # looking does not use it up
        assert "You become the admin" in client.get(f"/link/{token}").text
    form = {"name": "Ann", "email": "ann@acme.example", "password": "short"}
    answer = client.post(f"/link/{token}", data=form)
    assert answer.status_code == 422
    assert "at least 12 characters" in answer.text
    assert 'value="Ann"' in answer.text
    answer = client.post(f"/link/{token}", data=form | {"password": GOOD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert client.get("/settings/people").status_code == 200
    assert client_of(None).get(f"/link/{token}").status_code == 404


def test_the_demos_link_signs_in_at_a_press(
    sessions: sessionmaker[Session], client_of: ClientOf
) -> None:
    user = person(sessions, "admin")
    with sessions.begin() as session:
        token = stored_access.make_link(session, "demo", now=access.now(), user=user)
    client = client_of(None)
    assert "Open the demo" in client.get(f"/link/{token}").text
    assert client.post(f"/link/{token}").status_code == 303
    assert client.get("/settings/people").status_code == 200
    again = client_of(None).post(f"/link/{token}")
    assert again.status_code == 404
    assert "used already" in again.text


def test_behind_https_the_cookie_is_secure_and_the_caller_is_whom_the_proxy_names(
    sessions: sessionmaker[Session],
) -> None:
    person(sessions)
    app = make_app(sessions, web=Web(public_url="https://barometer.example", proxies=1))
    client = app.test_client()
    told = {
        "Host": "barometer.example",
        "X-Forwarded-For": "192.0.2.7",
        "X-Forwarded-Proto": "https",
        "Referer": "https://barometer.example/sign-in",
    }
    root = "https://barometer.example"
    page = client.get("/sign-in", headers=told, base_url=root)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    form = {"email": "ann@acme.example", "password": GOOD, "csrf_token": token.group(1)}
    answer = client.post("/sign-in", data=form, headers=told, base_url=root)
    assert answer.status_code == 303
    assert "; Secure" in answer.headers["Set-Cookie"]
    with sessions() as session:
        assert session.scalar(select(AuditRow.address)) == "192.0.2.7"


def test_htmx_is_told_to_go_to_the_sign_in_page(client_of: ClientOf) -> None:
    answer = client_of(None).get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_metrics_are_for_this_machine_or_a_token(
    app: Flask, sessions: sessionmaker[Session]
) -> None:
    client = app.test_client()
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 401
