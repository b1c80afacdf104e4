"""Loops over real sockets: opened by answers, mirrored by a task of the CRM in both directions."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import select

from jobs.intake import import_feedback
from jobs.loop_tasks import task_key
from jobs.loops import loop_key
from jobs.queue import work_once
from store.loop_moves import escalate
from store.loops import move
from store.models import Account, Contact, CrmTask, CrmUser, Loop, LoopEvent, OutboxRow
from store.results import current
from store.runs import request_run
from tests.jobs.lines import NOW, Line

ROO = "Australian Roo Motors"
COLUMNS = "response_id,contact_id,survey_type,metric,score,scale_min,scale_max,comment,answered_at"
TASK = {"salesforce": "Task", "hubspot": "tasks"}
WORDS: dict[str, dict[str, Any]] = {
    "salesforce": {
        "owner": "OwnerId",
        "due": "ActivityDate",
        "state": "Status",
        "open": "Not Started",
        "closed": "Completed",
        "body": "Description",
        "accounts_owner": "OwnerId",
    },
    "hubspot": {
        "owner": "hubspot_owner_id",
        "due": "hs_timestamp",
        "state": "hs_task_status",
        "open": "NOT_STARTED",
        "closed": "COMPLETED",
        "body": "hs_task_body",
        "accounts_owner": "hubspot_owner_id",
    },
}


def answer(line: Line, score: int, response_id: str = "bad") -> None:
    """A person of Roo Motors answers the survey, or the answer is corrected."""
    person = person_of(line, ROO)
    given = (NOW - timedelta(minutes=5)).isoformat()
    row = f"{response_id},{person},relationship,nps,{score},0,10,slow answers,{given}"
    with TemporaryDirectory() as folder:
        file = Path(folder) / "answer.csv"
        file.write_text(f"{COLUMNS}\n{row}\n")
        import_feedback(line.house.sessions, line.connection.id, "responses", file, now=NOW)


def person_of(line: Line, account: str) -> str:
    with line.house.sessions() as session:
        of = session.scalars(select(Account.account_id).where(Account.name == account)).one()
        people = select(Contact.contact_id).where(
            Contact.account_id == of, Contact.deleted_at.is_(None)
        )
        return session.scalars(people.order_by(Contact.contact_id)).all()[0]


def loop_of(line: Line, response_id: str = "bad", kind: str = "detractor") -> Loop:
    with line.house.sessions() as session:
        return session.scalars(select(Loop).where(Loop.key == loop_key(kind, response_id))).one()


def task_of(line: Line, loop: Loop, suffix: str = "") -> CrmTask:
    with line.house.sessions() as session:
        key = task_key(loop) + suffix
        return session.scalars(select(CrmTask).where(CrmTask.key == key)).one()


def steps_of(line: Line, loop: Loop) -> list[tuple[str, str | None]]:
    with line.house.sessions() as session:
        query = select(LoopEvent).where(LoopEvent.loop_id == loop.id).order_by(LoopEvent.id)
        return [(event.action, event.after) for event in session.scalars(query)]


def there(line: Line, task: CrmTask) -> dict[str, Any]:
    """The task as a person sees it in the CRM."""
    assert task.task_id is not None
    record = line.person("read", TASK[line.vendor], task.task_id)
    fields: dict[str, Any] = record.get("properties", record)
    return {word: fields.get(name) for word, name in WORDS[line.vendor].items()}


def in_crm(line: Line, task: CrmTask, **words: Any) -> None:
    """A person changes the task in the CRM."""
    fields = {WORDS[line.vendor][word]: value for word, value in words.items()}
    assert task.task_id is not None
    line.person("update", TASK[line.vendor], task.task_id, **fields)


def colleagues(line: Line, but: str | None) -> Sequence[str]:
    with line.house.sessions() as session:
        query = select(CrmUser.user_id).where(
            CrmUser.is_active.is_not(False), CrmUser.user_id != (but or "")
        )
        return session.scalars(query.order_by(CrmUser.user_id)).all()


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def open_loops(line: Line, loop: Loop) -> float:
    with line.house.sessions() as session:
        found = current(session, line.connection.id, [loop.account_id])
    loops: float = found[loop.account_id].result["open_loops"]
    return loops


def test_state_owner_and_due_date_follow_in_both_directions(synced: Line) -> None:
    line = synced
    answer(line, 3)
    line.sync(as_of=NOW)
    loop, task = loop_of(line), task_of(line, loop_of(line))
    seen, words = there(line, task), WORDS[line.vendor]
    assert (loop.state, task.state, seen["state"]) == ("open", "open", words["open"])
    assert seen["owner"] == loop.owner_id == task.owner_id
    assert str(seen["due"])[:10] == loop.due_on.isoformat()
    assert "slow answers" in str(seen["body"])
    assert loop.priority == pytest.approx(5_409_264 * 0.7 * loop.influence)
    assert open_loops(line, loop) == 1

    in_crm(line, task, state=words["closed"])
    solved = line.sync(as_of=later(1))
    loop = loop_of(line)
    assert (loop.state, task_of(line, loop).state) == ("solved", "completed")
    assert loop.account_id in solved.computed.changed_ids
    assert (solved.tasks.changed, solved.tasks.completed, open_loops(line, loop)) == (0, 0, 0)

    other, third = colleagues(line, loop.owner_id)[:2]
    in_crm(line, task, state=words["open"])
    line.person("update", line.kind, loop.account_id, **{words["owner"]: other})
    moved = line.sync(as_of=later(2))
    loop = loop_of(line)
    assert (loop.state, loop.reopened, loop.closed_at) == ("open", 1, None)
    assert [step for step, _ in steps_of(line, loop)][:3] == ["opened", "solved", "reopened"]
    assert moved.tasks.changed >= 1
    assert there(line, task)["owner"] == other == loop.owner_id

    due = loop.due_on + timedelta(days=7)
    value = due.isoformat() if line.vendor == "salesforce" else f"{due.isoformat()}T09:00:00Z"
    in_crm(line, task, owner=third, due=value)
    line.sync(as_of=later(3))
    assert (loop_of(line).owner_id, loop_of(line).due_on) == (third, due)
    line.writes()
    again = line.sync(as_of=later(3))  # a person's choice stands until the account's owner changes
    assert (loop_of(line).owner_id, line.writes()) == (third, 0)
    assert again.calls["spent"] <= 1.1 * again.calls["least"]


def test_a_task_ends_with_its_loop_and_opens_with_it(synced: Line) -> None:
    line = synced
    answer(line, 4)
    line.sync(as_of=NOW)
    loop, task, words = loop_of(line), task_of(line, loop_of(line)), WORDS[line.vendor]
    answer(line, 9)  # the same answer, corrected
    ended = line.sync(as_of=later(1))
    assert ended.tasks.completed == 1
    assert loop_of(line).state == "withdrawn"
    seen = there(line, task)
    assert seen["state"] == words["closed"]
    assert str(seen["body"]).endswith("Completed by Barometer: its cause is gone.")

    answer(line, 1)
    line.sync(as_of=later(2))
    assert (loop_of(line).state, loop_of(line).reopened) == ("open", 1)
    assert there(line, task)["state"] == words["open"]

    for state, word in (("solved", "closed"), ("open", "open")):
        with line.house.sessions.begin() as session:  # as the pages do
            move(session, session.get_one(Loop, loop.id), state, state, "amy", now=NOW)
        line.sync(as_of=later(2))
        assert there(line, task)["state"] == words[word]
    assert loop_of(line).reopened == 2


def test_those_above_get_one_task_each_and_a_lost_answer_makes_no_second_one(
    open_line: Callable[[str], Line],
) -> None:
    line = open_line("salesforce")
    line.sync(as_of=NOW, steps=("pull",))
    answer(line, 0)
    line.sync(as_of=NOW)
    loop, task = loop_of(line), task_of(line, loop_of(line))
    manager = colleagues(line, loop.owner_id)[0]
    with line.house.sessions.begin() as session:
        session.scalars(
            select(CrmUser).where(CrmUser.user_id == loop.owner_id)
        ).one().manager_id = manager
        lost = session.get_one(CrmTask, task.id)  # as a crash after the call leaves it
        lost.task_id, lost.state = None, "queued"
        row = session.scalars(select(OutboxRow).where(OutboxRow.key == task.key)).one()
        row.state, row.settled_at = "sending", None
    for _ in range(2):
        with line.house.sessions.begin() as session:
            session.get_one(Loop, loop.id).due_on = NOW.date() - timedelta(days=3)
            request_run(session, line.connection.id, "loops", "schedule", now=NOW)
        assert work_once(line.house)
    loop = loop_of(line)
    assert loop.overdue_at is not None
    assert there(line, task_of(line, loop, ":overdue:1"))["owner"] == manager
    with line.house.sessions() as session:
        tasks = session.scalars(select(CrmTask).where(CrmTask.loop_id == loop.id)).all()
    assert {one.key: one.state for one in tasks} == {
        task.key: "open",
        f"{task.key}:overdue:1": "open",
    }
    assert task_of(line, loop).task_id == task.task_id
    assert there(line, task)["due"] == loop.due_on.isoformat()

    with line.house.sessions.begin() as session:
        asked = session.get_one(Loop, loop.id)
        escalate(session, asked, "management", "May we give a discount?", "amy", NOW)
        request_run(session, line.connection.id, "loops", "page", now=NOW)
    assert work_once(line.house)
    above = task_of(line, loop, ":management:1")
    seen = there(line, above)
    assert seen["owner"] == manager
    assert "May we give a discount?" in seen["body"]
    assert "Annual value USD 5,409,264; revenue at risk USD" in seen["body"]
    in_crm(line, above, state=WORDS[line.vendor]["closed"])
    line.sync(as_of=later(5))
    loop = loop_of(line)
    assert (loop.level, loop.highest_level, loop.state) == ("account", "management", "in_progress")
    assert str(loop.answer).startswith("Completed in the CRM by")
    assert there(line, task)["state"] == WORDS[line.vendor]["open"]


def test_the_budget_goes_to_the_most_urgent_loops_and_the_others_say_why(
    open_line: Callable[[str], Line],
) -> None:
    line = open_line("salesforce")
    line.sync(as_of=NOW, steps=("pull",))
    for response_id, score in (("a", 6), ("b", 0)):
        answer(line, score, response_id)
    settings = line.house.settings
    budget = settings.tasks.model_copy(update={"per_owner_week": 1})
    house = replace(line.house, settings=settings.model_copy(update={"tasks": budget}))
    replace(line, house=house).sync(as_of=NOW)
    with line.house.sessions() as session:
        ranked = session.scalars(
            select(Loop).order_by(Loop.priority.desc().nulls_last(), Loop.opened_at, Loop.id)
        ).all()
        given = session.scalars(select(CrmTask.owner_id).where(CrmTask.loop_id.is_not(None))).all()
    assert len(given) == len(set(given)) == len({loop.owner_id for loop in ranked})
    seen: set[str | None] = set()
    for loop in ranked:
        assert (loop.suppressed is not None) == (loop.owner_id in seen)
        seen.add(loop.owner_id)
    assert any("1 tasks this week" in str(loop.suppressed) for loop in ranked)
