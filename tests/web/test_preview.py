"""The pages on previews: every state, the filter, the downloads, and who may approve."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from store import models, previews
from store.publishing import save_draft
from store.runs import claim_run
from tests.web import sample

NOW = datetime.now(UTC)
CONTENT: dict[str, Any] = {
    "version": 1,
    "crm": "salesforce",
    "kind": "Account",
    "as_of": NOW.isoformat(),
    "mapping": "a" * 64,
    "model": "m" * 64,
    "fields": {
        "AX_Health_Score__c": {"figure": "health_score", "label": "Health score"},
        "AX_Health_Band__c": {"figure": "health_band", "label": "Health band"},
    },
    "updates": [
        {
            "record_id": f"001{number:04}",
            "name": f"Account {number}",
            "why": ["Support: 7 open cases."],
            "changes": {"AX_Health_Score__c": [58, 61], "AX_Health_Band__c": [None, "<Watch>"]},
        }
        for number in range(30)
    ],
    "tasks": [
        {
            "action": "create_task",
            "record_id": "0010001",
            "name": "Account 1",
            "key": "ax:contacts_missing:0010001:1",
            "task_id": None,
            "owner": "Ben Baker",
            "fields": {"subject": "Add contacts: Account 1", "due": "2026-12-01"},
        }
    ],
    "withdrawn": [
        {"action": "update", "record_id": "0010002", "name": "Account 2", "what": "AX_NPS__c"}
    ],
    "refusals": [
        {
            "object": "Account",
            "record_id": "0010003",
            "name": "Account 3",
            "field": "AX_Health_Band__c",
            "value": "Watch",
            "code": "M07",
            "reason": "AX_Health_Band__c has no value 'Watch'",
            "remedy": "add it to the field's values in the CRM",
        }
    ],
    "calls": 3,
}
COUNTS = {
    "records": 30,
    "fields": 60,
    "new_tasks": 1,
    "changed_tasks": 0,
    "ended_tasks": 0,
    "withdrawn": 1,
    "refusals": 1,
    "calls": 3,
}


@pytest.fixture(autouse=True)
def connected(sessions: sessionmaker[Session]) -> None:
    """One connection, whose writes nobody has approved yet."""
    sample.empty_connection(sessions)
    with sessions.begin() as session:
        session.scalars(select(models.Connection)).one().writes_approved = False


def make(sessions: sessionmaker[Session], state: str = "ready", **facts: Any) -> models.Preview:
    """A preview of the only connection, made by a run that ended."""
    with sessions.begin() as session:
        connection = session.scalars(select(models.Connection)).one()
        run = models.Run(
            connection_id=connection.id,
            kind="preview",
            trigger="page",
            state="done",
            requested_at=NOW,
        )
        session.add(run)
        session.flush()
        preview = previews.begin_preview(
            session, connection.id, author="amy@acme.example", now=NOW, run_id=run.id
        )
        preview.state = state
        previews.keep_content(preview, CONTENT, COUNTS)
        for name, value in facts.items():
            setattr(preview, name, value)
        return preview


def page(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


def of(preview: models.Preview) -> str:
    return f"/previews/{preview.id}"


def test_before_the_first_preview_the_page_says_what_one_does(client: FlaskClient) -> None:
    assert "No preview has been made yet" in page(client, "/connections/fresh/previews")
    assert client.get("/connections/nobody/previews").status_code == 404
    assert client.get("/previews/1").status_code == 404


def test_asking_twice_asks_for_one_preview(
    client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    first = client.post("/connections/fresh/previews")
    second = client.post("/connections/fresh/previews")
    assert (first.status_code, first.location) == (303, "/previews/1")
    assert second.location == "/previews/1"
    assert 'hx-trigger="every 1s"' in page(client, "/previews/1")
    assert "waits for its turn" in page(client, "/previews/1")
    with sessions() as session:
        run = claim_run(session, now=NOW)
        assert run is not None
        assert (run.kind, run.order, run.requested_by) == (
            "preview",
            {"preview_id": 1},
            "admin@acme.example",
        )
        run.progress = {"stage": "Account", "done": 1240, "total": None}
        session.commit()
    assert "Account: 1,240" in page(client, "/previews/1")
    client.post("/previews/1/cancel")
    with sessions.begin() as session:
        run = session.scalars(select(models.Run)).one()
        assert run.cancel_asked
        run.state = "cancelled"
    assert "Somebody cancelled it" in page(client, "/previews/1")
    assert "Nothing was sent" in page(client, "/previews/1")


def test_a_preview_shows_totals_lines_and_the_hash(
    client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    preview = make(sessions)
    text = page(client, of(preview))
    assert "60 on 30 records" in text
    assert str(preview.hash)[:12] in text
    assert "1 to 50 of 63" in text
    assert "Support: 7 open cases." in text
    assert "&lt;Watch&gt;" in text
    assert "<Watch>" not in text
    last = page(client, of(preview) + "?page=2")
    assert "51 to 63 of 63" in last
    assert "Add contacts: Account 1" in last
    assert "refused" in last
    assert "Preview 1" in page(client, "/connections/fresh/previews")


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("field=AX_Health_Score__c", "1 to 30 of 30"),
        ("kind=new_task", "1 to 1 of 1"),
        ("account=account+12", "1 to 2 of 2"),
        ("account=0010012&kind=change&field=AX_Health_Band__c", "1 to 1 of 1"),
        ("account=nobody", "No line matches these choices"),
    ],
)
def test_lines_are_filtered(
    client: FlaskClient, sessions: sessionmaker[Session], query: str, lines: str
) -> None:
    assert lines in page(client, f"{of(make(sessions))}?{query}")


def test_the_downloads_hold_every_line(
    client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    preview = make(sessions)
    rows = page(client, of(preview) + ".csv")
    assert rows.startswith("\ufeffWhat,Record id,Account,")
    assert len(rows.splitlines()) == 64
    assert "change,0010000,Account 0,AX_Health_Score__c,Health score,58,61," in rows
    content = json.loads(page(client, of(preview) + ".json"))
    assert (content["state"], content["hash"]) == ("ready", preview.hash)
    assert content["content"]["updates"][0]["changes"]["AX_Health_Score__c"] == [58, 61]


def test_approving_binds_the_hash_and_asks_for_the_run(
    client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    preview = make(sessions)
    answer = client.post(of(preview) + "/approve", data={"hash": preview.hash})
    assert answer.status_code == 303
    with sessions() as session:
        stored = session.get_one(models.Preview, preview.id)
        assert (stored.state, stored.approved_by) == ("approved", "admin@acme.example")
        run = session.scalars(select(models.Run).where(models.Run.kind == "sync")).one()
        assert (run.state, run.order) == ("requested", {"preview_id": preview.id})
        row = session.scalars(
            select(models.AuditRow).where(models.AuditRow.action == "preview.approve")
        ).one()
        assert (row.subject, row.details["fields"]) == (preview.hash, 60)
        assert not session.scalars(select(models.Connection)).one().writes_approved
    assert "Approved by admin@acme.example" in page(client, of(preview))
    assert client.post(of(preview) + "/approve", data={"hash": preview.hash}).status_code == 409


def test_another_hash_is_not_approved(client: FlaskClient, sessions: sessionmaker[Session]) -> None:
    preview = make(sessions)
    answer = client.post(of(preview) + "/approve", data={"hash": "0" * 64})
    assert answer.status_code == 409
    assert "not the one you looked at" in answer.text
    with sessions() as session:
        assert session.get_one(models.Preview, preview.id).state == "ready"


def test_an_old_preview_is_neither_approved_nor_sent(
    client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    old = make(sessions, created_at=NOW - timedelta(hours=25))
    assert "older than 24 hours" in page(client, of(old))
    assert client.post(of(old) + "/approve", data={"hash": old.hash}).status_code == 409
    approved = make(sessions, "approved", approved_at=NOW - timedelta(hours=25), approved_by="a")
    assert "older than 24 hours" in page(client, of(approved))
    assert client.post(of(approved) + "/send").status_code == 409


def test_a_difference_is_listed_with_a_way_out(
    client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    difference = [
        {
            "action": "update",
            "record_id": "0010001",
            "name": "Account 1",
            "field": "AX_Health_Score__c",
            "approved": [58, 61],
            "found": [70, 61],
        },
        {
            "action": "create_task",
            "record_id": "0010001",
            "name": "Account 1",
            "field": "ax:contacts_missing:0010001:1",
            "approved": [None, {"subject": "Add contacts: Account 1", "due": "2026-12-01"}],
            "found": None,
        },
    ]
    preview = make(sessions, "differed", difference=difference, approved_by="amy@acme.example")
    text = page(client, of(preview))
    assert "Nothing was sent: what would be sent had changed." in text
    assert "Make a fresh preview" in text
    for words in ("58", "70", "not sent", "Add contacts: Account 1", "2 places"):
        assert words in text
    assert client.get(of(preview) + ".json").json["difference"] == difference  # type: ignore[index]


def test_an_approved_preview_whose_run_failed_early_can_be_run_again(
    client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    preview = make(sessions, "approved", approved_by="amy@acme.example", approved_at=NOW)
    assert "Run it again" in page(client, of(preview))
    assert client.post(of(preview) + "/send").status_code == 303
    with sessions() as session:
        run = session.scalars(select(models.Run).where(models.Run.kind == "sync")).one()
        assert run.order == {"preview_id": preview.id}


@pytest.mark.parametrize(
    ("role", "asks", "approves"), [("viewer", 403, 403), ("analyst", 303, 403), ("admin", 303, 303)]
)
def test_who_may_ask_and_who_may_approve(
    client_of: Callable[[str | None], FlaskClient],
    sessions: sessionmaker[Session],
    role: str,
    asks: int,
    approves: int,
) -> None:
    preview = make(sessions)
    someone = client_of(role)
    assert someone.post("/connections/fresh/previews").status_code == asks
    answer = someone.post(of(preview) + "/approve", data={"hash": preview.hash})
    assert answer.status_code == approves
    assert page(someone, of(preview))


def test_approving_a_drafts_preview_publishes_it_and_closes_the_connection(
    client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        connection = session.scalars(select(models.Connection)).one()
        connection.writes_approved = True
        draft = save_draft(
            session,
            connection.id,
            "amy@acme.example",
            content='vendor = "salesforce"',
            hash="d" * 64,
            base="b" * 64,
            seen=0,
            used="b" * 64,
            now=NOW - timedelta(minutes=5),
        )
    preview = make(sessions, draft_id=draft.id, mapping_hash="d" * 64)
    assert "This publishes the mapping draft" in page(client, of(preview))
    silent = client.post(of(preview) + "/approve", data={"hash": preview.hash, "reason": " "})
    assert (silent.status_code, "Say why" in silent.text) == (409, True)
    with sessions() as session:
        assert session.get_one(models.Preview, preview.id).state == "ready"
    answer = client.post(of(preview) + "/approve", data={"hash": preview.hash, "reason": "CLV"})
    assert answer.status_code == 303
    with sessions() as session:
        published = session.scalars(select(models.Publication)).one()
        assert (published.hash, published.reason, published.author) == (
            "d" * 64,
            "CLV",
            "admin@acme.example",
        )
        assert published.preview_id == preview.id
        assert session.get_one(models.Preview, preview.id).state == "approved"
        assert not session.scalars(select(models.Connection)).one().writes_approved
        actions = session.scalars(select(models.AuditRow.action)).all()
        assert sorted(actions) == ["mapping.publish", "preview.approve"]
