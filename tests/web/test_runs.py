"""The pages on runs: progress, cancelling, trying again, and the way to the mapping."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from store.models import AuditRow, Run

# of the sample: 1 ended with refusals, 2 is running, 3 failed


def change(sessions: sessionmaker[Session], run_id: int, **facts: object) -> None:
    with sessions.begin() as session:
        run = session.get_one(Run, run_id)
        for name, value in facts.items():
            setattr(run, name, value)


def test_a_running_run_tells_how_far_it_is(
    filled: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    change(sessions, 2, progress={"stage": "written", "done": 1200, "total": 4800})
    text = filled.get("/runs/2").text
    assert 'hx-trigger="every 1s"' in text
    assert "written 1,200 of 4,800" in text
    assert 'width="25.0"' in text
    assert filled.post("/runs/2/cancel").status_code == 303
    assert "It stops at the next safe point." in filled.get("/runs/2").text
    with sessions() as session:
        assert session.get_one(Run, 2).cancel_asked
        assert session.scalars(select(AuditRow.action)).all() == ["run.cancel"]


def test_a_run_that_waits_is_cancelled_at_once(
    filled: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    change(sessions, 2, state="requested", started_at=None)
    filled.post("/runs/2/cancel")
    assert "Somebody cancelled it." in filled.get("/runs/2").text


def test_trying_again_asks_for_one_sync(
    filled: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    addresses = {filled.post("/runs/1/retry").location for _ in range(2)}
    with sessions() as session:
        asked = session.scalars(select(Run).where(Run.state == "requested")).one()
    assert addresses == {f"/runs/{asked.id}"}
    assert (asked.kind, asked.trigger, asked.requested_by) == ("sync", "page", "admin@acme.example")


def test_each_cause_leads_to_its_mapping_row(filled: FlaskClient) -> None:
    text = filled.get("/runs/1").text
    assert "/mapping?connection=acme&amp;find=AX_Quadrant__c" in text
    assert "12 planned, 10 least" in filled.get("/runs").text


def test_notes_are_shown(filled: FlaskClient, sessions: sessionmaker[Session]) -> None:
    change(sessions, 1, notes=["nothing was sent: <no> approval"])
    assert "Nothing was sent: &lt;no&gt; approval." in filled.get("/runs/1").text


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_a_viewer_starts_and_stops_nothing(
    client_of: Callable[[str | None], FlaskClient], filled: FlaskClient, action: str
) -> None:
    viewer = client_of("viewer")
    assert viewer.post(f"/runs/2/{action}").status_code == 403
    assert "Try again" not in viewer.get("/runs/1").text
