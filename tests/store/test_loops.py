"""What is kept and asked of loops, on both kinds of database."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from store import inbox, loop_moves, loops, survey
from store.models import Account, Connection, CrmTask, CrmUser, Loop, Opportunity
from store.records import live_dirty_accounts
from tests.store.conftest import NOON

TODAY = NOON.date()


def pulled(connection: Connection, **columns: Any) -> dict[str, Any]:
    return {
        "connection_id": connection.id,
        "source": "test",
        "read_at": NOON,
        "content_hash": "x",
        **columns,
    }


@pytest.fixture
def rows(session: Session, connection: Connection) -> Sequence[Loop]:
    """Three loops of one account, of priority 5, 9 and unknown; each with its task."""
    worth = Decimal("1000")
    session.add(
        Account(
            **pulled(connection, account_id="A", name="Acme", annual_value_corporate=worth),
            is_customer=True,
        )
    )
    session.add(CrmUser(**pulled(connection, user_id="ben", name="Ben", email="Ben@x.example")))
    made = [
        Loop(
            connection_id=connection.id,
            key=f"detractor:{n}",
            kind="detractor",
            account_id="A",
            response_id=str(n),
            state="open",
            priority=priority,
            severity=1,
            influence=3,
            owner_id="ben",
            due_on=TODAY + timedelta(days=n),
            opened_at=NOON - timedelta(days=4),
        )
        for n, priority in enumerate((5.0, 9.0, None))
    ]
    session.add_all(made)
    session.flush()
    session.add_all(
        CrmTask(
            connection_id=connection.id,
            loop_id=loop.id,
            account_id="A",
            key=f"ax:loop:{loop.key}",
            task_id=loop.response_id,
            state="open",
            owner_id="ben",
            due_on=loop.due_on,
            queued_at=NOON,
        )
        for loop in made
    )
    for loop in made:
        loops.note_event(session, loop, "opened", loops.BAROMETER, now=NOON, after="open")
    session.commit()
    return made


def test_the_most_urgent_comes_first_and_the_unknown_last(
    session: Session, connection: Connection, rows: Sequence[Loop]
) -> None:
    low, high, unknown = rows
    assert loops.working_list(session, connection.id) == [high, low, unknown]
    listed = inbox.list_loops(session, connection.id, inbox.Filters(TODAY))
    assert [row.loop for row in listed] == [high, low, unknown]
    assert (listed[0].account, listed[0].owner, listed[0].value) == ("Acme", "Ben", Decimal(1000))
    assert listed[0].task is not None
    late = inbox.Filters(TODAY + timedelta(days=1), owner_id="ben", overdue=True)
    assert inbox.count_loops(session, connection.id, late) == 1


def test_an_ended_loop_has_its_account_assessed_and_its_task_ended(
    session: Session, connection: Connection, rows: Sequence[Loop]
) -> None:
    loop = rows[0]
    loops.move(session, loop, "solved", "solved", "amy", now=NOON)
    session.flush()
    assert live_dirty_accounts(session, connection.id) == ["A"]
    frame = loops.loops_frame(session, connection.id, ("detractor",))
    assert frame["closed_at"].notna().tolist() == [True, False, False]
    assert loops.ended_with_tasks(session, connection.id) == [loop]
    assert loops.tasks_made(session, connection.id, NOON) == {"ben": 3}
    seen = loops.mirrored_tasks(session, connection.id, now=NOON)
    assert len(seen) == 3
    later = NOON + loops.REMEMBERED + timedelta(seconds=1)
    assert len(loops.mirrored_tasks(session, connection.id, now=later)) == 2
    history = loops.history_frame(session, connection.id, now=NOON)
    assert sorted(history["is_done"]) == [False, False, True]
    loops.move(session, loop, "open", "reopened", "amy", now=NOON)
    session.flush()
    history = loops.history_frame(session, connection.id, now=NOON)
    assert history["reopened_at"].notna().sum() == 1


def test_reasons_to_leave_are_weighed_by_revenue(
    session: Session, connection: Connection, rows: Sequence[Loop]
) -> None:
    loop_moves.note_churn(session, rows[0], "Price", "amy", NOON)
    for n, (reason, amount) in enumerate((("Price", 500), ("Service", 9000), ("Old", 1))):
        session.add(
            Opportunity(
                **pulled(connection, opportunity_id=str(n), account_id="A", type="renewal"),
                is_closed=True,
                is_won=False,
                loss_reason=reason,
                amount_corporate=Decimal(amount),
                close_date=TODAY - timedelta(days=900 if reason == "Old" else 5),
            )
        )
    session.flush()
    found = inbox.churn_reasons(session, connection.id, TODAY - timedelta(days=365))
    assert [(one.reason, one.times, one.revenue) for one in found] == [
        ("Service", 1, Decimal(9000)),
        ("Price", 2, Decimal(1500)),
    ]


def test_people_are_known_by_their_address(
    session: Session, connection: Connection, rows: Sequence[Loop]
) -> None:
    known = loop_moves.colleague(session, connection.id, "ben@X.example")
    assert known is not None
    assert known.user_id == rows[0].owner_id
    assert loop_moves.colleague(session, connection.id, "b_n@x.example") is None


def test_the_survey_reads_what_is_there(
    session: Session, connection: Connection, rows: Sequence[Loop]
) -> None:
    frames, addressed = survey.asked_frames(session, connection.id)
    assert (len(frames["accounts"]), len(rows), addressed) == (1, 3, set())
    assert survey.last_model(session, connection.id) == {}
    assert survey.account_names(session, connection.id, ["A", "B"]) == {"A": "Acme"}
    assert survey.invitees(session, connection.id, ["nobody"]) == {}
