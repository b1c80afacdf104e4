"""Tasks over the wire: one per key, never back from the bin, completed once."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from connector.base import FieldSpec, TaskChange, TaskDraft
from connector.errors import CrmUnknownField
from connector.salesforce import Salesforce
from tests.connector.salesforce.conftest import Org

KEY = "AX_Key__c"


@pytest.fixture
def account(org: Org) -> str:
    """One account."""
    return org.add("Account", Name="Express Logistics")


@pytest.fixture
def tasked(crm: Salesforce) -> Salesforce:
    """A connector to an org whose tasks have a key."""
    spec = FieldSpec("Task", KEY, "AX Key", "text", "Key of the alert", length=80, unique=True)
    crm.provision([spec])
    return crm


def _draft(account: str, key: str = "ax:silent:1", **fields: Any) -> TaskDraft:
    draft = TaskDraft(key, "Call them", "They are silent.", date(2026, 7, 1), "high", account)
    return replace(draft, **fields)


def _user(org: Org, name: str, **fields: Any) -> str:
    (profile,) = org.world.db().execute("SELECT Id FROM sf_Profile LIMIT 1").fetchone()
    email = f"{name}@acme.example"
    given = {"LastName": name, "Email": email, "Username": email, "Alias": name}
    return org.add("User", **given, ProfileId=profile, **fields)


def _tasks(org: Org) -> list[dict[str, Any]]:
    rows = org.world.db().execute("SELECT * FROM sf_Task WHERE IsDeleted = 0").fetchall()
    return [dict(row) for row in rows]


def test_a_task_is_made_once(tasked: Salesforce, org: Org, account: str) -> None:
    contact = org.add("Contact", LastName="Doe", AccountId=account)
    draft = _draft(account, contact_id=contact)

    first = tasked.put_tasks([draft], KEY)[draft.key]
    second = tasked.put_tasks([draft], KEY)[draft.key]

    (task,) = _tasks(org)
    assert (first.created, second.created) == (True, False)
    assert first.task_id == second.task_id == task["Id"]
    assert task["Subject"] == "Call them"
    assert task["Description"] == "They are silent."
    assert task["ActivityDate"] == "2026-07-01"
    assert task["Priority"] == "High"
    assert task["Status"] == "Not Started"
    assert (task["WhatId"], task["WhoId"]) == (account, contact)
    assert tasked.usage.by_purpose["task"] == 3


def test_a_deleted_or_completed_task_stays_so(tasked: Salesforce, org: Org, account: str) -> None:
    drafts = [_draft(account, f"ax:{n}") for n in range(2)]
    made = tasked.put_tasks(drafts, KEY)
    deleted, completed = (str(made[draft.key].task_id) for draft in drafts)
    org.act("delete", "Task", deleted)
    org.act("update", "Task", completed, Status="Completed")

    again = tasked.put_tasks(drafts, KEY)

    assert [again[draft.key].created for draft in drafts] == [False, False]
    assert [again[draft.key].task_id for draft in drafts] == [deleted, completed]
    assert [task["Status"] for task in _tasks(org)] == ["Completed"]


@pytest.mark.parametrize("name", ["cut_after", "cut_before", "malformed_json"])
def test_a_lost_answer_does_not_double_a_task(
    tasked: Salesforce, org: Org, account: str, name: str
) -> None:
    org.fault(name, count=1, path=f"/Task/{KEY}")

    result = tasked.put_tasks([_draft(account)], KEY)["ax:silent:1"]

    assert org.fired(name) == 1
    assert [task["Id"] for task in _tasks(org)] == [result.task_id]


def test_five_hundred_tasks_cost_two_calls(tasked: Salesforce, org: Org, account: str) -> None:
    before = org.calls()

    results = tasked.put_tasks([_draft(account, f"ax:{n}") for n in range(500)], KEY)

    assert all(result.created for result in results.values())
    assert len(_tasks(org)) == 500
    assert org.calls() - before == 2


def test_the_same_key_twice_in_one_batch_is_one_task(
    tasked: Salesforce, org: Org, account: str
) -> None:
    results = tasked.put_tasks([_draft(account), _draft(account, subject="Other")], KEY)

    assert results["ax:silent:1"].created
    assert [task["Subject"] for task in _tasks(org)] == ["Call them"]


def test_a_refused_task_says_why(tasked: Salesforce, org: Org, account: str) -> None:
    former = _user(org, "gone", IsActive=False)
    drafts = [_draft(account, "ax:1", owner_id=former), _draft(account, "ax:2")]

    results = tasked.put_tasks(drafts, KEY)

    assert results["ax:1"].task_id is None
    assert results["ax:1"].refusal is not None
    assert results["ax:1"].refusal.code == "INACTIVE_OWNER_OR_USER"
    assert "active owner" in results["ax:1"].refusal.remedy
    assert results["ax:2"].created


def test_without_the_key_field_nothing_is_made(crm: Salesforce, org: Org, account: str) -> None:
    with pytest.raises(CrmUnknownField, match=KEY):
        crm.put_tasks([_draft(account)], KEY)
    assert _tasks(org) == []


def test_open_tasks_are_completed_and_others_left_alone(
    tasked: Salesforce, org: Org, account: str
) -> None:
    drafts = [_draft(account, f"ax:{n}") for n in range(3)]
    made = [str(one.task_id) for one in tasked.put_tasks(drafts, KEY).values()]
    org.act("delete", "Task", made[1])
    org.act("update", "Task", made[2], Status="Completed")
    stamp = org.act("read", "Task", made[2])["SystemModstamp"]
    org.world.clock.advance(60)

    refused = tasked.complete_tasks([*made, "00T000000000001EAA"])

    assert refused == {}
    assert {task["Id"]: task["Status"] for task in _tasks(org)} == {
        made[0]: "Completed",
        made[2]: "Completed",
    }
    assert org.act("read", "Task", made[2])["SystemModstamp"] == stamp
    before = org.calls()
    tasked.complete_tasks(made)
    assert org.calls() - before == 1  # a look, no write


def test_tasks_are_read_changed_reopened_and_ended_with_a_note(
    tasked: Salesforce, org: Org, account: str
) -> None:
    drafts = [_draft(account, f"ax:{n}") for n in range(2)]
    task, gone = (str(one.task_id) for one in tasked.put_tasks(drafts, KEY).values())
    other = _user(org, "ben", IsActive=True)
    org.act("delete", "Task", gone)

    change = TaskChange(owner_id=other, due=date(2026, 7, 8))
    assert tasked.update_tasks({task: change}) == {}
    before = org.calls()
    found = tasked.read_tasks([task, gone])
    assert org.calls() - before == 1
    assert found[gone].gone
    assert (found[task].owner_id, found[task].due) == (other, date(2026, 7, 8))
    assert (found[task].is_closed, found[task].gone) == (False, False)

    assert tasked.complete_tasks([task], {task: "Solved."}) == {}
    assert tasked.complete_tasks([task], {task: "Solved."}) == {}  # adds no second note
    (row,) = _tasks(org)
    assert (row["Status"], row["Description"]) == ("Completed", "They are silent.\n\nSolved.")
    assert tasked.read_tasks([task])[task].is_closed
    assert tasked.update_tasks({task: TaskChange(reopen=True)}) == {}
    assert _tasks(org)[0]["Status"] == "Not Started"
    assert set(tasked.update_tasks({gone: TaskChange(reopen=True)})) == {gone}
