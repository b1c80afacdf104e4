"""Pages of sources and answers: shown once, tried, masked, replayed, assigned; who may what."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from store.answers import put_answer
from store.attach import Attached, Claims
from store.connections import save_connection
from store.models import Account, AuditRow, Contact, Hook, RawEvent, Response, Run
from tests.feedback.vectors import vector
from tests.web import people
from web.sources import masked, settings_of, settings_text

NOW = datetime(2026, 3, 17, 10, tzinfo=UTC)
FORM = {
    "connection": "acme",
    "provider": "typeform",
    "name": "Relationship",
    "metric": "nps",
    "survey_type": "relationship",
    "secret": "tf-demo-secret-Zx81",
}


@pytest.fixture
def connection(sessions: sessionmaker[Session]) -> int:
    """A connection with one account and one of its people."""
    kept = {"source": "x", "read_at": NOW, "content_hash": ""}
    with sessions.begin() as session:
        made = save_connection(
            session, people.VAULT, name="acme", vendor="hubspot", settings={}, secrets={}, now=NOW
        )
        whose = {"connection_id": made.id, "account_id": "A", **kept}
        session.add(Account(name="Brightloom", domain="brightloom.example", **whose))
        session.add(Contact(contact_id="C", name="Maren", email="m@brightloom.example", **whose))
    return made.id


def added(client: FlaskClient) -> tuple[TestResponse, str]:
    """A new source's page, and the path of its address."""
    page = client.post("/webhooks", data=FORM)
    assert page.status_code == 200, page.text
    found = re.search(r'value="http://[^/"]+(/hooks/[^"]+)"', page.text)
    assert found is not None
    return page, found[1]


def test_address_and_keys_are_shown_once(
    client: FlaskClient, connection: int, sessions: sessionmaker[Session]
) -> None:
    page, path = added(client)
    assert "Key that signs survey links" in page.text
    assert FORM["secret"] not in page.text  # the tool gave it
    with sessions() as session:
        hook = session.scalars(select(Hook)).one()
        assert path.removeprefix("/hooks/") not in hook.token_hash
        assert [row.action for row in session.scalars(select(AuditRow))] == ["hook.add"]
    again = client.get(f"/webhooks/{hook.id}").text
    assert path not in again
    assert "readonly" not in again
    assert "k1" in again
    rotated = client.post(f"/webhooks/{hook.id}/rotate", data={"overlap_days": "7"}).text
    assert "Signing secret" in rotated
    assert "k1 until" in rotated
    assert client.get(f"/webhooks/{hook.id}").text.count("readonly") == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"metric": ""}, "does not say metric"),
        ({"metric": "csat"}, "does not say scale_min, scale_max"),
        ({"mapping": "score = "}, "not valid TOML"),
        ({"mapping": "[mapping]\nscore = 'a['"}, "is no JMESPath"),
        ({"mapping": "[mapping]\nstars = 'a'"}, "no such field"),
        ({"provider": "other"}, "no survey tool is called"),
        ({"provider": "hubspot", "secret": ""}, "chooses the signing secret itself"),
    ],
)
def test_a_source_that_could_read_nothing_is_not_added(
    client: FlaskClient, connection: int, changes: dict[str, str], reason: str
) -> None:
    page = client.post("/webhooks", data={**FORM, **changes})
    assert page.status_code == 422
    assert reason in page.text.replace("&#39;", "'")


def deliver(client: FlaskClient, path: str) -> None:
    one = vector("typeform-nps-promoter")
    sent = client.post(path, data=one.body, headers=dict(one.headers))
    assert sent.status_code == 200


def test_deliveries_are_listed_masked_tried_and_replayed(
    client: FlaskClient, connection: int, sessions: sessionmaker[Session]
) -> None:
    _, path = added(client)
    deliver(client, path)
    client.post(path, data=b"{}")
    with sessions.begin() as session:
        hook = session.scalars(select(Hook)).one()
        event = session.scalars(select(RawEvent).where(RawEvent.state == "waiting")).one()
        event.state, event.problem = "dead", "no score"
    page = client.get(f"/webhooks/{hook.id}")
    assert "accepted by k1" in page.text
    assert "no signature" in page.text
    payload = client.get(f"/webhooks/{hook.id}/events/{event.id}").text
    assert "m…@brightloom.example" in payload
    assert "maren.okoye@" not in payload
    mapping = 'metric = "nps"\nsurvey_type = "relationship"\n[mapping]\ncomment = "event_id"'
    tried = client.post(f"/webhooks/{hook.id}/try", data={"mapping": mapping}).text
    assert "01JPTF7Q8N4D5E6F7G8H9J0KAA" in tried
    wrong = mapping.replace('"event_id"', '"event_id["')
    assert "no JMESPath" in client.post(f"/webhooks/{hook.id}/try", data={"mapping": wrong}).text
    kept = client.post(f"/webhooks/{hook.id}/mapping", data={"mapping": mapping})
    assert kept.status_code == 303
    assert client.post(f"/webhooks/{hook.id}/replay").status_code == 303
    with sessions() as session:
        assert session.get_one(Hook, hook.id).settings["mapping"] == {"comment": "event_id"}
        assert session.get_one(RawEvent, event.id).state == "waiting"
        actions = [row.action for row in session.scalars(select(AuditRow))]
        assert actions == ["hook.add", "hook.mapping", "hook.replay"]
    assert client.get("/webhooks").status_code == 200
    assert client.get(f"/webhooks/{hook.id}?state=odd").status_code == 400


def test_a_pause_and_an_api_credential(client: FlaskClient, connection: int) -> None:
    _, path = added(client)
    client.post("/webhooks/1/state", data={"state": "paused"})
    assert client.post(path, data=b"{}").status_code == 503
    client.post("/webhooks/1/state", data={"state": "working"})
    client.post("/webhooks/1/api", data={"api_token": "secret-token"})
    page = client.get("/webhooks/1").text
    assert "secret-token" not in page
    assert client.post(path, data=b"{}").status_code == 401


@pytest.fixture
def stranger(sessions: sessionmaker[Session], connection: int, client: FlaskClient) -> str:
    """An answer of nobody we know; returns its id."""
    added(client)
    facts = {
        **dict.fromkeys(("comment", "drivers", "campaign")),
        **{"survey_type": "relationship", "metric": "nps", "score": 3.0, "scale_min": 0.0},
        **{"scale_max": 10.0, "answered_at": NOW, "email": "x@gmail.com", "is_partial": False},
    }
    nobody = Attached(None, None, None, "nobody in the CRM was found")
    with sessions.begin() as session:
        put_answer(
            session,
            connection,
            "typeform:a/b",
            facts,
            nobody,
            Claims(account_id="A", email="x@gmail.com"),
            sequence=1.0,
            hook_id=1,
            source="hook:typeform",
            raw_event_id=None,
            parts={},
            now=NOW,
        )
    return "typeform:a/b"


def test_an_analyst_assigns_an_answer(
    client: FlaskClient,
    client_of: Callable[[str], FlaskClient],
    sessions: sessionmaker[Session],
    connection: int,
    stranger: str,
) -> None:
    analyst = client_of("analyst")
    assert "x@gmail.com" in analyst.get("/unmatched").text
    page = analyst.get(f"/unmatched/{connection}/{stranger}")
    assert "Brightloom" in page.text  # the account it claims is suggested
    found = analyst.get(f"/unmatched/{connection}/{stranger}?q=maren").text
    assert 'value="A C"' in found
    wrong = analyst.post(f"/unmatched/{connection}/{stranger}", data={"whose": "B"})
    assert (wrong.status_code, "no longer in the CRM" in wrong.text) == (422, True)
    done = analyst.post(f"/unmatched/{connection}/{stranger}", data={"whose": "A C"})
    assert done.status_code == 303
    with sessions() as session:
        row = session.get_one(Response, (connection, stranger))
        assert (row.account_id, row.contact_id, row.matched_by) == ("A", "C", "person")
        assert session.scalars(select(Run.kind)).all() == ["deliver"]
        last = session.scalars(select(AuditRow).order_by(AuditRow.id.desc())).first()
        assert last is not None
        assert (last.action, last.subject) == ("answer.assign", stranger)
    assert "Every answer has an account" in analyst.get("/unmatched").text


def test_answers_are_listed_by_filters(client: FlaskClient, stranger: str) -> None:
    assert "x@gmail.com" in client.get("/responses").text
    for query in ("metric=nps", "state=unmatched", "survey_type=relationship", "q=GMAIL"):
        assert "x@gmail.com" in client.get(f"/responses?{query}").text
    for query in ("metric=csat", "state=counted", "state=deleted", "q=nobody", "source=99"):
        assert "No answer matches" in client.get(f"/responses?{query}").text
    assert client.get("/responses?metric=odd").status_code == 400


def test_each_role_sees_its_own(
    client_of: Callable[[str], FlaskClient], connection: int, stranger: str
) -> None:
    viewer, analyst = client_of("viewer"), client_of("analyst")
    assert viewer.get("/responses").status_code == 200
    assert viewer.get("/unmatched").status_code == 403
    assert analyst.get("/webhooks").status_code == 403
    assert analyst.post("/webhooks/1/replay").status_code == 403
    assert viewer.post(f"/unmatched/{connection}/{stranger}", data={}).status_code == 403


def test_without_anything_the_pages_say_what_to_do(client: FlaskClient) -> None:
    for path in ("/webhooks", "/responses", "/unmatched"):
        assert "/connections" in client.get(path).text


def test_settings_survive_as_text() -> None:
    settings = {
        "metric": "nps",
        "scale_max": 10,
        "parse": ["MSG"],
        "mapping": {"score": 'a."b" | [0]', "comment": "é"},
        "verify": {"mode": "hmac", "header": "x", "pairs": True},
        "surveys": {"S 1": {"metric": "csat", "mapping": {"score": "c"}}},
    }
    assert settings_of(settings_text(settings)) == settings


def test_addresses_are_masked_in_every_spelling() -> None:
    assert masked('"ann.b@acme.example" <x@y.de>') == '"a…@acme.example" <x…@y.de>'
    assert masked("email=ann%40acme.example&b=1") == "email=a…%40acme.example&b=1"
