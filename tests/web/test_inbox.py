"""The pages about loops: what they list, what a person can do there, and who may not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from store.models import AuditRow, CrmUser, Loop, LoopEvent, Run
from store.runs import claim_run
from tests.web import build

LATE = "/inbox/acme/detractor:r1"
Sessions = sessionmaker[Session]


def loop_of(sessions: Sessions, key: str = "detractor:r1") -> Loop:
    with sessions() as session:
        return session.scalars(select(Loop).where(Loop.key == key)).one()


def last_event(sessions: Sessions, loop: Loop) -> LoopEvent:
    with sessions() as session:
        query = select(LoopEvent).where(LoopEvent.loop_id == loop.id)
        return session.scalars(query.order_by(LoopEvent.id.desc())).all()[0]


def act(client: FlaskClient, sessions: Sessions, action: str, **given: Any) -> Any:
    seen = last_event(sessions, loop_of(sessions)).id
    return client.post(f"{LATE}/{action}", data={"seen": seen, **given})


def test_the_inbox_lists_by_priority_and_filters(filled: FlaskClient) -> None:
    page = filled.get("/inbox").text
    assert page.index("Detractor 3/10") < page.index("Passive 8/10")  # unknown priority stands last
    assert "days late" in page
    assert "over the budget" in page
    assert "Low satisfaction" not in page
    late = filled.get("/inbox?overdue=1").text
    assert "Detractor 3/10" in late
    assert "Passive 8/10" not in late
    assert "Low satisfaction" in filled.get("/inbox?state=done").text
    assert "knows no colleague with your e-mail" in filled.get("/inbox?whose=mine").text
    unsent = filled.get("/inbox?unsent=1").text
    assert "Ben Okafor has got 25 tasks this week" in unsent
    assert "Detractor 3/10" not in unsent
    assert "Nothing waits for you here" in filled.get("/inbox?level=executive").text


def test_mine_are_those_of_the_colleague_with_my_address(
    filled: FlaskClient, sessions: Sessions
) -> None:
    with sessions.begin() as session:
        ben = session.scalars(select(CrmUser).where(CrmUser.user_id == "005B")).one()
        ben.email = "Admin@Acme.example"
    assert "Detractor 3/10" in filled.get("/inbox?whose=mine").text


def test_metrics_and_what_is_unknown(filled: FlaskClient) -> None:
    page = filled.get("/inbox").text
    fared = page[page.index("How loops fare") :]
    assert "33" in fared  # one of three is closed
    assert "no data" in fared  # nothing was asked of an executive


def test_a_loop_shows_the_answer_the_stake_and_its_history(filled: FlaskClient) -> None:
    page = filled.get(LATE).text
    assert "Slow answers &lt;b&gt;every&lt;/b&gt; time." in page
    assert "Jane Doe" in page
    assert "5,340,779" in page
    assert "Renewal 2027" in page
    assert "opened" in page
    assert filled.get("/inbox/1/detractor:r1").status_code == 200  # as tasks in the CRM link to it
    assert filled.get("/inbox/acme/nothing").status_code == 404


def test_a_move_is_an_event_an_audit_row_and_a_run(filled: FlaskClient, sessions: Sessions) -> None:
    assert act(filled, sessions, "solve", note="We called").status_code == 303
    loop = loop_of(sessions)
    event = last_event(sessions, loop)
    assert (loop.state, event.action, event.actor) == ("solved", "solved", "admin@acme.example")
    assert event.note == "We called"
    assert loop.closed_at is not None
    with sessions() as session:
        assert session.scalars(select(AuditRow.action)).all() == ["loop.solve"]
        asked = claim_run(session, now=build.NOW)
        assert asked is not None
        assert (asked.kind, asked.requested_by) == ("loops", "admin@acme.example")
    assert "Done: it is solved." in filled.get(LATE).text
    assert act(filled, sessions, "confirm").status_code == 303
    assert act(filled, sessions, "reopen", note="Not at all").status_code == 303
    loop = loop_of(sessions)
    assert (loop.state, loop.reopened, loop.closed_at) == ("open", 1, None)
    assert loop.due_on > build.NOW.date()


def test_the_level_above_is_asked_with_the_stake_and_answers(
    filled: FlaskClient, sessions: Sessions
) -> None:
    assert act(filled, sessions, "escalate", level="executive").status_code == 422
    given = {"level": "executive", "question": "May we give a discount?"}
    assert act(filled, sessions, "escalate", **given).status_code == 303
    loop = loop_of(sessions)
    assert (loop.level, loop.highest_level, loop.state) == ("executive", "executive", "waiting")
    assert loop.impact is not None
    assert loop.impact["annual_value"] == 5_340_779
    assert [one["id"] for one in loop.impact["renewals"]] == ["006RENEW"]
    assert "Renewal 2027 closes" in loop.impact["words"]
    assert act(filled, sessions, "answer", answer="Ten per cent.").status_code == 303
    loop = loop_of(sessions)
    assert (loop.level, loop.highest_level, loop.answer) == (
        "account",
        "executive",
        "Ten per cent.",
    )
    assert "Ten per cent." in filled.get(LATE).text


@pytest.mark.parametrize(
    ("action", "given", "status"),
    [
        ("take", {}, 303),
        ("wait", {"note": "for the engineer"}, 303),
        ("assign", {"owner": "005A"}, 303),
        ("assign", {"owner": "nobody"}, 422),
        ("snooze", {"until": "tomorrow"}, 422),
        ("snooze", {"until": "2001-01-01"}, 422),
        ("churn", {"reason": "Price"}, 303),
        ("note", {"note": "Called, no answer"}, 303),
        ("note", {}, 422),
        ("reopen", {}, 422),
        ("answer", {"answer": "x"}, 422),
        ("nothing", {}, 404),
    ],
)
def test_what_fits_is_done_and_what_does_not_says_why(
    filled: FlaskClient, sessions: Sessions, action: str, given: dict[str, str], status: int
) -> None:
    got = act(filled, sessions, action, **given)
    assert got.status_code == status
    if status == 422:
        assert 'role="alert"' in got.text
        assert last_event(sessions, loop_of(sessions)).action == "opened"


def test_a_snoozed_loop_leaves_the_inbox_and_its_due_date_follows(
    filled: FlaskClient, sessions: Sessions
) -> None:
    until = build.NOW.date() + timedelta(days=9)
    assert act(filled, sessions, "snooze", until=until.isoformat()).status_code == 303
    loop = loop_of(sessions)
    assert (loop.snoozed_until, loop.due_on) == (until, until)
    assert "Detractor 3/10" not in filled.get("/inbox").text
    assert "Detractor 3/10" in filled.get("/inbox?state=snoozed").text


def test_a_page_that_is_out_of_date_changes_nothing(
    filled: FlaskClient, sessions: Sessions
) -> None:
    got = filled.post(f"{LATE}/solve", data={"seen": "0"})
    assert got.status_code == 409
    assert "Somebody changed this loop" in got.text
    with_htmx = filled.post(f"{LATE}/solve", data={"seen": "0"}, headers={"HX-Request": "true"})
    assert with_htmx.status_code == 422
    assert loop_of(sessions).state == "open"


def test_viewers_read_and_change_nothing(
    filled: FlaskClient, client_of: Callable[[str | None], FlaskClient], sessions: Sessions
) -> None:
    viewer = client_of("viewer")
    page = viewer.get(LATE).text
    assert "What next" not in page
    assert act(viewer, sessions, "solve").status_code == 403
    assert act(client_of("analyst"), sessions, "take").status_code == 303
    with sessions() as session:
        assert len(session.scalars(select(Run).where(Run.kind == "loops")).all()) == 1


def test_the_account_page_lists_its_open_loops(filled: FlaskClient) -> None:
    page = filled.get("/accounts/acme/001EXPRESS").text
    assert LATE in page
    assert "Detractor 3/10" in page


def test_churn_reasons_are_counted_and_weighed(filled: FlaskClient, sessions: Sessions) -> None:
    act(filled, sessions, "churn", reason="Price & terms")
    page = filled.get("/inbox").text
    reasons = page[page.index("Why customers leave") :]
    assert "Price &amp; terms" in reasons
    assert "5,340,779" in reasons
