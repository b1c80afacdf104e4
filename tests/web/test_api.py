"""The JSON API: who may ask, what comes back, and that openapi.json says so."""

import re
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from store.access import add_user, disable_user, find_user
from store.models import AuditRow, Run
from store.tokens import make_token
from tests.web import people
from web import access
from web.openapi import SCHEMAS, description

Caller = Callable[..., FlaskClient]


@pytest.fixture
def caller(app: Flask, sessions: sessionmaker[Session]) -> Caller:
    """Makes a client with a token of these scopes, of somebody with this role."""

    def make(
        *scopes: str, role: str = "analyst", expires_after: timedelta | None = None
    ) -> FlaskClient:
        now = access.now()
        with sessions.begin() as session:
            email = f"{role}@acme.example"
            user = find_user(session, email) or add_user(session, email, role, now=now)
            expires = None if expires_after is None else now + expires_after
            made = now - timedelta(days=1)
            token = make_token(session, user, "tests", scopes, now=made, expires_at=expires)
        client = app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    return make


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema that a reference names."""
    return SCHEMAS[schema["$ref"].split("/")[-1]] if "$ref" in schema else schema


KINDS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "array": list,
    "null": type(None),
}


def check(value: Any, schema: dict[str, Any], at: str = "") -> None:
    """The value is what the schema says, keys neither missing nor more."""
    schema = resolve(schema)
    if "anyOf" in schema:
        schema = resolve(schema["anyOf"][value is None])
    if "enum" in schema:
        assert value in schema["enum"], at
        return
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    assert any(isinstance(value, KINDS[kind]) for kind in kinds), (at, value)
    if isinstance(value, dict) and "properties" in schema:
        assert set(value) == set(schema["properties"]), at
        for name, one in value.items():
            check(one, schema["properties"][name], f"{at}.{name}")
    if isinstance(value, list) and "items" in schema:
        for one in value:
            check(one, schema["items"], f"{at}[]")


def test_openapi_describes_every_route(app: Flask) -> None:
    served = {
        (re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1")), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "api.describe"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    assert document == description("0.1.0")
    described = {(path, method) for path, one in document["paths"].items() for method in one}
    assert described == served


def test_answers_are_what_openapi_says(filled: FlaskClient, caller: Caller) -> None:
    client = caller("read")
    values = {"connection": "acme", "account_id": "001EXPRESS", "run_id": "1"}
    checked = 0
    for path, methods in description("")["paths"].items():
        if "get" not in methods:
            continue
        answer = client.get("/api/v1" + path.format(**values))
        assert answer.status_code == 200, path
        content = methods["get"]["responses"]["200"]["content"]
        check(answer.get_json(), content["application/json"]["schema"], path)
        checked += 1
    assert checked == 7
    check(client.get("/api/v1/accounts/acme/001NEW").get_json(), SCHEMAS["Account"])


def test_accounts_say_money_with_its_currency_and_null_for_unknown(
    filled: FlaskClient, caller: Caller
) -> None:
    client = caller("read")
    answer = client.get("/api/v1/accounts?connection=acme")
    assert answer.headers["X-RateLimit-Limit"] == "600"
    page = answer.get_json()
    assert (page["page"], page["pages"], page["total"]) == (1, 1, 9)
    lines = {line["account_id"]: line for line in page["items"]}
    assert lines["001SMALL"]["annual_value"] == "12000.00"
    assert lines["001SMALL"]["currency"] == "EUR"
    assert lines["001NEW"]["annual_value"] is None
    assert lines["001NEW"]["health"] is None
    report = client.get(lines["001SMALL"]["url"]).get_json()["report"]
    assert report["figures"]["health"] == lines["001SMALL"]["health"] == 88.0
    assert report["as_of"].endswith("Z")
    totals = client.get("/api/v1/portfolio").get_json()
    assert totals["figures"]["revenue_at_risk"] == 5_349_779


def problem(answer: Any, status: int) -> str:
    """The detail of a problem."""
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    told = answer.get_json()
    check(told, SCHEMAS["Problem"])
    assert told["status"] == status
    detail: str = told["detail"]
    return detail


def test_every_route_refuses_callers_without_its_scope(app: Flask, caller: Caller) -> None:
    nobody, only_metrics = app.test_client(), caller("metrics")
    stranger = app.test_client()
    stranger.environ_base["HTTP_AUTHORIZATION"] = "Bearer baro_guess"
    person = people.client_of(app, "admin")
    for rule in app.url_map.iter_rules():
        if not hasattr(app.view_functions[rule.endpoint], "scope"):
            continue
        method = "POST" if "POST" in (rule.methods or set()) else "GET"
        address = re.sub(r"<[^>]+>", "1", rule.rule)
        for client in (nobody, stranger, person):
            refused = client.open(address, method=method)
            assert "token" in problem(refused, 401)
            assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert "scope" in problem(only_metrics.open(address, method=method), 403)


def test_a_token_ends_with_its_time_its_person_and_its_persons_role(
    sessions: sessionmaker[Session], caller: Caller
) -> None:
    problem(caller("read", expires_after=timedelta(seconds=-1)).get("/api/v1/runs"), 401)
    client = caller("read", "write")
    assert client.get("/api/v1/runs").status_code == 200
    with sessions.begin() as session:
        user = find_user(session, "analyst@acme.example")
        assert user is not None
        user.role = "viewer"
    problem(client.post("/api/v1/runs", json={"connection": "acme"}), 403)
    assert client.get("/api/v1/runs").status_code == 200
    with sessions.begin() as session:
        disable_user(session, session.merge(user), now=access.now())
    problem(client.get("/api/v1/runs"), 401)


def test_a_sync_is_asked_for_once(
    filled: FlaskClient, caller: Caller, sessions: sessionmaker[Session]
) -> None:
    client = caller("write")
    answer = client.post("/api/v1/runs", json={"connection": "acme"})
    assert answer.status_code == 202
    check(answer.get_json(), SCHEMAS["Run"])
    assert answer.get_json()["state"] == "requested"
    again = client.post("/api/v1/runs", json={"connection": "acme", "kind": "sync"})
    assert again.headers["Location"] == answer.headers["Location"]
    with sessions() as session:
        run = session.get_one(Run, answer.get_json()["id"])
        assert (run.kind, run.trigger, run.requested_by) == ("sync", "api", "analyst@acme.example")
        row = session.scalars(select(AuditRow).where(AuditRow.action == "run.request")).first()
        assert row is not None
        assert (row.actor, row.connection_id) == ("analyst@acme.example", run.connection_id)


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [
        (None, 400, "Send JSON such as"),
        ([], 400, "Send JSON such as"),
        ({"connection": 1}, 400, "Send JSON such as"),
        ({"connection": "nobody"}, 404, "no connection of this name"),
        ({"connection": "acme", "kind": "disconnect"}, 422, "sync, full_sync"),
        ({"connection": "acme", "kind": ["sync"]}, 422, "sync, full_sync"),
    ],
)
def test_wrong_orders_are_told_what_is_wrong(
    filled: FlaskClient, caller: Caller, sent: Any, status: int, said: str
) -> None:
    assert said in problem(caller("write").post("/api/v1/runs", json=sent), status)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/accounts?page=0", 400),
        ("/accounts?connection=nobody", 404),
        ("/accounts/acme/nothing", 404),
        ("/accounts/nobody/001NEW", 404),
        ("/runs/999", 404),
        ("/nowhere", 404),
    ],
)
def test_problems_are_json(filled: FlaskClient, caller: Caller, address: str, status: int) -> None:
    assert problem(caller("read").get("/api/v1" + address), status)


def test_metrics_with_a_token_from_elsewhere(caller: Caller) -> None:
    told: Collection[tuple[str, str]] = [("X-Forwarded-For", "192.0.2.7")]
    assert caller("metrics").get("/metrics", headers=told).status_code == 200
    assert caller("read").get("/metrics", headers=told).status_code == 403
