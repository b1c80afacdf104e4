"""Tasks: one per key, linked, never doubled, completed only while open."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from connector.base import FieldSpec, TaskChange, TaskDraft
from connector.errors import CrmAnswerLost, CrmUnknownField
from connector.hubspot import HubSpot
from tests.connector.hubspot.conftest import Connect, Portal

KEY = "ax_task_key"
CREATE = "/tasks/batch/create"


@pytest.fixture(params=[True, False], ids=["unique", "by search"])
def unique(request: pytest.FixtureRequest, crm: HubSpot, portal: Portal) -> bool:
    """Whether the portal takes a unique property on tasks; the key property is made."""
    wanted: bool = request.param
    portal.switch("tasks_accept_unique", wanted)
    make_key(crm)
    return wanted


def make_key(crm: HubSpot) -> None:
    spec = FieldSpec("tasks", KEY, "Task key", "text", "Set by Barometer", unique=True)
    assert [step.state for step in crm.provision([spec])] == ["created", "created"]


def draft(company: str, number: int = 1, **other: Any) -> TaskDraft:
    plain = TaskDraft(
        key=f"ax:Silent:{company}:{number}",
        subject="Speak with a silent account",
        body="Nobody spoke with them for 90 days.",
        due=date(2026, 12, 1),
        priority="normal",
        account_id=company,
        owner_id="301",
    )
    return replace(plain, **other)


def tasks_of(portal: Portal) -> list[str]:
    rows = portal.world.db().execute("SELECT _id FROM hs_tasks WHERE _archived IS NULL")
    return [str(row[0]) for row in rows]


@pytest.mark.usefixtures("unique")
def test_a_task_is_made_once_with_its_links(crm: HubSpot, portal: Portal) -> None:
    company = portal.add("companies", name="A")
    contact = portal.add("contacts", email="a@x.example")
    wanted = draft(company, contact_id=contact)

    first = crm.put_tasks([wanted], KEY)[wanted.key]
    again = crm.put_tasks([wanted], KEY)[wanted.key]

    assert (first.created, again.created) == (True, False)
    assert first.task_id is not None
    assert tasks_of(portal) == [first.task_id] == [again.task_id]
    assert [
        link.to_id for link in next(iter(crm.links("tasks", "companies", [first.task_id])))
    ] == [company]
    assert [link.to_id for link in next(iter(crm.links("tasks", "contacts", [first.task_id])))] == [
        contact
    ]
    values = portal.act("read", "tasks", first.task_id)["properties"]
    assert values["hs_timestamp"] == "2026-12-01T12:00:00.000Z"
    assert (values["hs_task_priority"], values["hs_task_status"]) == ("MEDIUM", "NOT_STARTED")
    assert values["hubspot_owner_id"] == "301"


@pytest.mark.usefixtures("unique")
def test_a_completed_task_stays_completed(crm: HubSpot, portal: Portal) -> None:
    wanted = draft(portal.add("companies", name="A"))
    made = crm.put_tasks([wanted], KEY)[wanted.key].task_id
    assert made is not None
    assert crm.complete_tasks([made]) == {}

    result = crm.put_tasks([wanted], KEY)[wanted.key]

    assert (result.task_id, result.created) == (made, False)
    assert portal.value("tasks", made, "hs_task_status") == "COMPLETED"


@pytest.mark.usefixtures("unique")
def test_an_answer_lost_after_the_write_makes_no_second_task(crm: HubSpot, portal: Portal) -> None:
    drafts = [draft(portal.add("companies", name=f"{n}"), n) for n in range(3)]
    portal.fault("cut_after", path=CREATE, count=1)

    results = crm.put_tasks(drafts, KEY)

    assert portal.fired("cut_after") == 1
    assert sorted(str(r.task_id) for r in results.values()) == sorted(tasks_of(portal))
    assert [r.created for r in results.values()] == [True] * 3


def test_a_lost_answer_is_looked_for_only_once_the_index_knows(
    connect: Connect, portal: Portal
) -> None:
    portal.switch("tasks_accept_unique", False)
    crm = connect(index_lag=1.0)
    make_key(crm)
    wanted = draft(portal.add("companies", name="A"))
    portal.switch("search_lag", 0.8)
    portal.fault("cut_after", path=CREATE, count=1)

    result = crm.put_tasks([wanted], KEY)[wanted.key]

    assert tasks_of(portal) == [result.task_id]


def test_answers_that_stay_lost_are_an_error(crm: HubSpot, portal: Portal) -> None:
    make_key(crm)
    wanted = draft(portal.add("companies", name="A"))
    portal.fault("cut_before", path=CREATE)

    with pytest.raises(CrmAnswerLost):
        crm.put_tasks([wanted], KEY)

    assert tasks_of(portal) == []


def test_a_refused_task_does_not_stop_the_others(crm: HubSpot, portal: Portal) -> None:
    make_key(crm)
    good, bad = (draft(portal.add("companies", name=n), owner_id=None) for n in "AB")
    bad = replace(bad, account_id="99999999")

    results = crm.put_tasks([good, bad], KEY)

    assert results[good.key].created
    assert results[bad.key].task_id is None
    refusal = results[bad.key].refusal
    assert refusal is not None
    assert refusal.code == "OBJECT_NOT_FOUND"


def test_a_task_is_made_though_its_contact_is_gone(crm: HubSpot, portal: Portal) -> None:
    make_key(crm)
    wanted = draft(portal.add("companies", name="A"), contact_id="99999999")

    assert crm.put_tasks([wanted], KEY)[wanted.key].created


def test_without_the_key_property_the_remedy_is_named(crm: HubSpot, portal: Portal) -> None:
    with pytest.raises(CrmUnknownField, match="run provisioning"):
        crm.put_tasks([draft("1")], KEY)


def test_completing_leaves_the_closed_alone_and_tells_the_gone(
    crm: HubSpot, portal: Portal
) -> None:
    make_key(crm)
    company = portal.add("companies", name="A")
    results = crm.put_tasks([draft(company, n) for n in range(3)], KEY)
    opened, closed, gone = (str(r.task_id) for r in results.values())
    portal.act("update", "tasks", closed, hs_task_status="COMPLETED")
    stamp = portal.value("tasks", closed, "hs_lastmodifieddate")
    portal.act("delete", "tasks", gone)

    refused = crm.complete_tasks([opened, closed, gone])

    assert {i: r.gone for i, r in refused.items()} == {gone: True}
    assert portal.value("tasks", opened, "hs_task_status") == "COMPLETED"
    assert portal.value("tasks", closed, "hs_lastmodifieddate") == stamp


def test_tasks_are_read_changed_reopened_and_ended_with_a_note(
    crm: HubSpot, portal: Portal
) -> None:
    make_key(crm)
    company = portal.add("companies", name="A")
    results = crm.put_tasks([draft(company, n) for n in range(2)], KEY)
    task, gone = (str(r.task_id) for r in results.values())
    portal.act("delete", "tasks", gone)

    change = TaskChange(owner_id="302", due=date(2026, 12, 9))
    assert crm.update_tasks({task: change}) == {}
    found = crm.read_tasks([task, gone])
    assert found[gone].gone
    assert (found[task].owner_id, found[task].due) == ("302", date(2026, 12, 9))
    assert (found[task].is_closed, found[task].gone) == (False, False)

    for _ in range(2):  # the second adds no second note
        assert crm.complete_tasks([task], {task: "Solved."}) == {}
    assert portal.value("tasks", task, "hs_task_status") == "COMPLETED"
    body = portal.value("tasks", task, "hs_task_body")
    assert body == "Nobody spoke with them for 90 days.\n\nSolved."
    assert crm.read_tasks([task])[task].is_closed
    assert crm.update_tasks({task: TaskChange(reopen=True)}) == {}
    assert portal.value("tasks", task, "hs_task_status") == "NOT_STARTED"
    assert {i: r.gone for i, r in crm.update_tasks({gone: change}).items()} == {gone: True}
