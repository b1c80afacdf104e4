"""Pages on connections: entering credentials, the consent page, plans, drift, disconnecting."""

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from store.connections import find_connection
from store.models import AuditRow, Connection, Run, SchemaChange
from store.schema_changes import count_breaking
from tests.web.build import NOW
from tests.web.people import VAULT

ENTERED = {
    "salesforce": {
        "name": "acme",
        "login_url": "https://acme.my.salesforce.com/",
        "client_id": "3MVG9",
        "client_secret": "s3cret-of-the-app",
    },
    "hubspot": {
        "name": "hub",
        "base_url": "https://api.hubapi.com",
        "client_id": "app",
        "client_secret": "s3cret-of-the-app",
    },
}
PAGES = {
    "salesforce": "https://acme.my.salesforce.com/services/oauth2/authorize",
    "hubspot": "https://app.hubspot.com/oauth/authorize",
}
CLIENT_CREDENTIALS = "/connect/salesforce/client_credentials"


def words(page: Any) -> str:
    """The visible text of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def onward(client: FlaskClient) -> tuple[str, dict[str, str]]:
    """Address and parameters of the link to the consent page."""
    page = client.get("/connect/leave").text
    address = html.unescape(re.findall(r'id="onward" href="([^"]+)"', page)[0])
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}{parts.path}", dict(parse_qsl(parts.query))


def run(session: Session, connection: Connection, kind: str, **given: Any) -> Run:
    facts: dict[str, Any] = {
        "trigger": "page", "state": "done", "requested_at": NOW, "finished_at": NOW,
        "counts": {}, "seconds": {}, "order": {}, "progress": {}, "notes": [],
    }  # fmt: skip
    row = Run(connection_id=connection.id, kind=kind, **{**facts, **given})
    session.add(row)
    session.flush()
    return row


@pytest.mark.parametrize("vendor", ["salesforce", "hubspot"])
def test_a_consent_page_is_asked_and_its_answer_becomes_a_job(
    client: FlaskClient, sessions: sessionmaker[Session], vendor: str
) -> None:
    entered = ENTERED[vendor]
    answer = client.post(f"/connect/{vendor}/browser", data=entered)
    assert (answer.status_code, answer.location) == (303, "/connect/leave")
    address, asked = onward(client)
    assert address == PAGES[vendor]
    assert asked["redirect_uri"] == "http://localhost/connect/answer"
    assert (asked["client_id"], asked["code_challenge_method"]) == (entered["client_id"], "S256")
    with client.session_transaction() as cookie:
        assert "s3cret" not in str(dict(cookie))
    with sessions() as session:
        assert find_connection(session, entered["name"]) is None  # nothing is kept before a yes

    done = client.get("/connect/answer", query_string={"code": "c0de", "state": asked["state"]})
    assert (done.status_code, done.location) == (303, f"/connections/{entered['name']}")
    with sessions() as session:
        connection = find_connection(session, entered["name"])
        assert connection is not None
        assert (connection.state, connection.writes_approved) == ("new", False)
        secrets = VAULT.open(connection.proposed_secrets or b"")
        [job] = session.scalars(select(Run))
        assert (job.kind, job.order, job.requested_by) == ("connect", {}, "admin@acme.example")
        assert [row.action for row in session.scalars(select(AuditRow))] == ["connection.connect"]
    assert secrets["code"] == "c0de"
    assert len(secrets["verifier"]) >= 43
    page = client.get(done.location)
    assert "Connect: waits for its turn." in words(page)
    assert 'hx-trigger="every 1s"' in page.text
    for secret in ("s3cret", "c0de", secrets["verifier"]):
        assert secret not in page.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"code": "c", "state": "forged"}, "does not belong to a connection that was begun"),
        ({"code": "c"}, "does not belong to a connection"),
        ({"state": "", "error": "access_denied", "error_description": "end-user denied <b>"},
         "was not approved there"),
        ({"state": "", "error": "redirect_uri_mismatch"}, "does not know this service's callback"),
        ({"state": ""}, "sent no code back"),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_yes_changes_nothing(
    client: FlaskClient, sessions: sessionmaker[Session], query: dict[str, str], said: str
) -> None:
    client.post("/connect/salesforce/browser", data=ENTERED["salesforce"])
    if query.get("state") == "":
        query = {**query, "state": onward(client)[1]["state"]}
    answer = client.get("/connect/answer", query_string=query)
    assert answer.status_code == 400
    assert said in words(answer)
    assert "<b>" not in answer.text
    with sessions() as session:
        assert session.scalars(select(Connection)).all() == []


def test_an_answer_counts_once_and_in_one_browser_only(
    client: FlaskClient, client_of: Callable[[str], FlaskClient]
) -> None:
    client.post("/connect/salesforce/browser", data=ENTERED["salesforce"])
    query = {"code": "c", "state": onward(client)[1]["state"]}
    assert client_of("admin").get("/connect/answer", query_string=query).status_code == 400
    assert client.get("/connect/answer", query_string=query).status_code == 303
    assert client.get("/connect/answer", query_string=query).status_code == 400


@pytest.mark.parametrize(
    ("path", "changed", "said"),
    [
        ("salesforce/browser", {"name": ""}, "Give a name of letters"),
        ("salesforce/browser", {"client_id": ""}, "This is needed."),
        ("salesforce/browser", {"login_url": "http://acme.example"}, "beginning with https://"),
        ("salesforce/browser", {"login_url": "https://a.lightning.force.com"}, "My Domain"),
        ("salesforce/browser", {"login_url": "https://a.example/x?y=1"}, "scheme and host only"),
        ("salesforce/browser", {"currency": "Euro"}, "three letters of its ISO code"),
        ("salesforce/client_credentials", {"login_url": "https://login.salesforce.com"},
         "Client credentials work only at the org's My Domain"),
        ("salesforce/jwt", {"username": "u"}, "This is needed."),
        ("hubspot/private_app", {}, "This is needed."),
    ],
)  # fmt: skip
def test_wrong_entries_are_named_and_nothing_is_kept(
    client: FlaskClient,
    sessions: sessionmaker[Session],
    path: str,
    changed: dict[str, str],
    said: str,
) -> None:
    entered = ENTERED[path.split("/")[0]] | changed
    answer = client.post(f"/connect/{path}", data=entered)
    assert answer.status_code == 422
    assert said in words(answer)
    assert "s3cret" not in answer.text
    with sessions() as session:
        assert session.scalars(select(Connection)).all() == []


def test_keys_need_no_consent_page_and_are_kept_when_left_empty(
    client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    entered = ENTERED["salesforce"]
    assert client.post(CLIENT_CREDENTIALS, data=entered).location == "/connections/acme"
    with sessions.begin() as session:
        connection = find_connection(session, "acme")
        assert connection is not None
        connection.organisation_id, connection.state = "00D", "working"
    form = client.get(f"{CLIENT_CREDENTIALS}?name=acme")
    assert "Leave it empty to keep the present one." in words(form)
    assert 'value="3MVG9"' in form.text
    assert "s3cret" not in form.text
    client.post(CLIENT_CREDENTIALS, data={**entered, "client_secret": "", "client_id": "new"})
    with sessions() as session:
        connection = find_connection(session, "acme")
        assert connection is not None
        assert VAULT.open(connection.secrets)["client_id"] == "3MVG9"  # in use until tried
        assert VAULT.open(connection.proposed_secrets or b"") == {
            "client_id": "new", "client_secret": "s3cret-of-the-app",
        }  # fmt: skip
    other = {"name": "acme", "base_url": "https://api.hubapi.com", "access_token": "pat"}
    answer = client.post("/connect/hubspot/private_app", data=other)
    assert "acme is a connection to another CRM" in words(answer)


def test_only_admins_connect_ask_and_disconnect(
    filled: FlaskClient, client_of: Callable[[str], FlaskClient]
) -> None:
    for role in ("viewer", "analyst"):
        person = client_of(role)
        for path in ("/connect/hubspot/browser", "/connect/answer", "/connections/acme/disconnect"):
            assert person.get(path).status_code == 403
        for path in ("ask", "provision", "disconnect"):
            assert person.post(f"/connections/acme/{path}", data={}).status_code == 403
        page = person.get("/connections/acme")
        assert page.status_code == 200
        assert "Sync now" not in page.text


def test_the_list_and_the_page_show_what_we_hold_and_nothing_secret(filled: FlaskClient) -> None:
    listed, one = filled.get("/connections"), filled.get("/connections/acme")
    assert "1,940 of 100,000 (1.9 %)" in words(listed)
    assert "The token was refused" in words(listed)
    assert "accounts 9" in words(one)  # ten stored, one merged away
    assert "sealed-secret" not in listed.text + one.text


def test_a_button_asks_the_worker_once(
    filled: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    for kind, back in (("sync", "acme"), ("sync", "acme"), ("schema", "acme/schema")):
        answer = filled.post("/connections/acme/ask", data={"kind": kind})
        assert answer.location == f"/connections/{back}"
    assert filled.post("/connections/acme/ask", data={"kind": "disconnect"}).status_code == 400
    with sessions() as session:
        asked = session.scalars(select(Run.kind).where(Run.state == "requested")).all()
    assert sorted(asked) == ["schema", "sync"]


def test_checks_stand_with_their_remedies(
    filled: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    checks = [
        {"name": "login", "level": "ok", "sentence": "Signed in.", "remedy": ""},
        {"name": "our fields", "level": "warning", "sentence": "20 of 26.", "remedy": "Create."},
    ]
    with sessions.begin() as session:
        connection = find_connection(session, "acme")
        assert connection is not None
        run(session, connection, "check", counts={"checks": checks})
    assert "Login ok Signed in. Our fields warning 20 of 26. Create." in words(
        filled.get("/connections/acme")
    )
    assert "1 check asks for attention" in words(filled.get("/connections"))


def test_a_plan_is_confirmed_as_it_was_shown(
    filled: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    page = "/connections/acme/provision"
    assert "Nobody has looked yet." in words(filled.get(page))
    filled.post(page)
    assert "waits for its turn" in words(filled.get(page))
    steps = [
        {"component": "field Account.AX_NPS__c", "state": "planned", "detail": "number"},
        {"component": "permission set AX_Sync", "state": "exists", "detail": ""},
    ]
    with sessions.begin() as session:
        asked = session.scalars(select(Run).where(Run.state == "requested")).one()
        assert asked.order == {"dry_run": True}
        asked.state, asked.finished_at, asked.counts = "done", NOW, {"steps": steps}
        plan = asked.id
    text = words(filled.get(page))
    assert "1 component will be created, and nothing else." in text
    assert "field Account.AX_NPS__c will be created" in text
    filled.post(page, data={"confirm": plan})
    with sessions.begin() as session:
        asked = session.scalars(select(Run).where(Run.state == "requested")).one()
        assert asked.order == {"dry_run": False, "plan": ["field Account.AX_NPS__c"]}
        asked.state, asked.finished_at = "done", NOW
        asked.counts = {"steps": [{**step, "state": "exists"} for step in steps]}
    assert "All is in place." in words(filled.get(page))
    assert filled.post(page, data={"confirm": 1}).status_code == 409  # a sync is no plan


def test_drift_names_numbers_and_remedy_everywhere(
    filled: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    before = {"name": "ARR__c", "label": "ARR", "type": "currency", "choices": []}
    affects = [
        {"row": "accounts.annual_value", "source": "accounts:Account", "figures": ["expected loss"]}
    ]
    with sessions.begin() as session:
        connection = find_connection(session, "acme")
        assert connection is not None
        for resolved in (None, NOW):
            session.add(
                SchemaChange(
                    connection_id=connection.id,
                    object="Account",
                    field="ARR__c",
                    change="renamed",
                    before=before,
                    after={**before, "name": "Yearly__c"},
                    affects=affects,
                    breaks=True,
                    found_at=NOW,
                    resolved_at=resolved,
                )
            )
        session.flush()
        assert count_breaking(session) == {connection.id: 1}
    page = filled.get("/connections/acme/schema")
    text = words(page)
    assert "Account.ARR__c is gone; Yearly__c looks like it, under a new name." in text
    assert "breaks or loses it accounts.annual_value expected loss Map Yearly__c instead" in text
    assert "edit=accounts%3AAccount.annual_value" in page.text
    assert "Changes that are past" in text
    for address in ("/connections", "/connections/acme", "/status"):
        assert "1 change in the CRM's fields breaks what the map needs" in words(
            filled.get(address)
        )


def test_disconnecting_needs_the_name_typed(
    filled: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    page = filled.get("/connections/acme/disconnect")
    assert "accounts 9" in words(page)
    assert "cannot be brought back" in words(page)
    wrong = filled.post("/connections/acme/disconnect", data={"typed": "Acme"})
    assert wrong.status_code == 422
    assert "Nothing was deleted" in words(wrong)
    right = filled.post("/connections/acme/disconnect", data={"typed": "acme"})
    assert re.fullmatch(r"/runs/\d+", right.location)
    with sessions() as session:
        assert session.scalars(select(Run.kind).where(Run.state == "requested")).all() == [
            "disconnect"
        ]


def test_without_a_connection_the_page_says_what_to_do(client: FlaskClient) -> None:
    assert "No CRM is connected yet" in words(client.get("/connections"))
    assert client.get("/connections/none").status_code == 404
    assert client.get("/connect/oracle/browser").status_code == 404
    assert client.get("/connect/leave").status_code == 303
