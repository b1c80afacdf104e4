"""Trouble on the wire, at both CRMs: nothing is lost, nothing doubled, one sentence says why."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select

import sandbox.hubspot
import sandbox.salesforce
from connector.retry import Patience
from jobs.report import Report
from store.models import Account, Contact, CrmTask, OutboxRow, RefusedValue, TeamMember
from tests.jobs import drill, lines
from tests.jobs.lines import NOW, Line

SECOND = "Express Logistics"


@pytest.fixture
def line(synced: Line) -> Line:
    """The line of each CRM in turn, synchronised once before any trouble."""
    return synced


def refused(line: Line) -> list[RefusedValue]:
    with line.house.sessions() as session:
        open_ones = select(RefusedValue).where(RefusedValue.resolved_at.is_(None))
        return list(session.scalars(open_ones.order_by(RefusedValue.id)))


def states(line: Line, action: str) -> dict[str, int]:
    with line.house.sessions() as session:
        query = select(OutboxRow.state, func.count()).where(OutboxRow.action == action)
        return {s: n for s, n in session.execute(query.group_by(OutboxRow.state))}


def assert_one_sentence(report: Report) -> None:
    assert report.state == "failed"
    assert report.problem
    assert "\n" not in report.problem
    assert "Traceback" not in report.problem
    assert "Error:" not in report.problem
    assert report.problem[0].isupper()


# answers that were lost


def test_an_update_whose_answer_was_lost_is_found_not_sent_again(line: Line) -> None:
    account = drill.person_moves(line, 1)
    line.fault("cut_after", **drill.UPDATES[line.vendor])
    assert_one_sentence(line.sync(as_of=NOW))
    assert states(line, "update")["sending"] >= 1
    assert float(line.read(account)[line.fields["value"]]) == 1
    line.calm()
    again = line.sync(as_of=NOW)
    assert (again.state, again.sent.records) == ("done", 0)
    assert states(line, "update").keys() == {"sent"}
    drill.assert_settled(line)


def test_a_task_whose_answer_was_lost_is_found_not_made_again(line: Line) -> None:
    key = drill.person_asks_for_a_task(line)
    line.fault("cut_after", **drill.NEW_TASKS[line.vendor])
    assert line.sync(as_of=NOW).state in ("failed", "done")
    line.calm()
    again = line.sync(as_of=NOW)
    assert (again.state, again.tasks.created) == ("done", 0)
    assert drill.tasks_there(line)[key] == [False]
    drill.assert_settled(line)


# calls that fail

TROUBLES: list[dict[str, Any]] = [
    {"name": "cut_before"},
    {"name": "unavailable"},
    {"name": "html"},
    {"name": "malformed_json"},
    {"name": "status", "status": 500, "body": "{}"},
]


def test_calls_that_keep_failing_end_the_run_with_one_sentence_and_lose_nothing(
    line: Line,
) -> None:
    drill.person_moves(line, 1)
    for trouble in TROUBLES:
        line.fault(**trouble, **drill.READS[line.vendor])
        assert_one_sentence(line.sync(as_of=NOW))
        line.calm()
    line.sync(as_of=NOW, steps=("pull", "compute"))
    for trouble in TROUBLES:
        line.fault(**trouble, **drill.UPDATES[line.vendor])
        assert_one_sentence(line.sync(as_of=NOW, steps=("write_back",)))
        assert states(line, "update")["sending"] >= 1
        line.calm()
    assert line.sync(as_of=NOW).state == "done"
    drill.assert_settled(line)


def test_calls_that_fail_once_are_tried_again_within_the_run(line: Line) -> None:
    drill.person_moves(line, 1)
    patient = replace(lines.HASTY, tries=8)
    steady = replace(line, house=replace(line.house, patience=patient))
    for trouble in TROUBLES:
        line.fault(**trouble, **drill.READS[line.vendor], count=1)
        line.fault(**trouble, **drill.UPDATES[line.vendor], count=1)
    report = steady.sync(as_of=NOW)
    assert (report.state, report.problem) == ("done", None)
    drill.assert_settled(line)


def test_a_burst_of_refused_calls_is_waited_out(line: Line) -> None:
    drill.person_moves(line, 1)
    patient = Patience(tries=4, first=0.05, longest=2.0, jitter=0.05)
    steady = replace(line, house=replace(line.house, patience=patient))
    if line.vendor == "salesforce":
        line.fault("request_limit", text="concurrent", count=3)
    else:
        line.fault("rate_limit", policy="TEN_SECONDLY_ROLLING", count=3)
    assert steady.sync(as_of=NOW).state == "done"
    drill.assert_settled(line)


# sessions


def test_a_session_that_expires_in_the_middle_is_renewed_and_the_pull_goes_on(line: Line) -> None:
    account = drill.person_moves(line, 1)
    if line.vendor == "salesforce":
        line.fault("session_expired", count=1, path="/query")
        line.fault("session_expired", count=1, **drill.UPDATES[line.vendor])
        assert line.sync(as_of=NOW).state == "done"
        drill.assert_settled(line)
        return
    line.fault("token_expired", **drill.READS[line.vendor])  # a private app's token is not renewed
    failed = line.sync(as_of=NOW)
    assert_one_sentence(failed)
    assert "connect" in str(failed.problem)
    line.calm()
    assert line.sync(as_of=NOW).state == "done"
    assert float(line.read(account)[line.fields["value"]]) == 1
    drill.assert_settled(line)


def test_a_rotated_refresh_token_is_stored_before_the_new_session_is_used(line: Line) -> None:
    where = line.sandbox.credentials()[line.vendor]
    line.world.switches[f"{line.vendor}.rotate_refresh_tokens"] = True
    with line.house.sessions.begin() as session:
        connection = session.merge(line.connection)
        connection.settings = {**connection.settings, "credentials": "refresh_token"}
        secrets = {n: where[n] for n in ("client_id", "client_secret", "refresh_token")}
        connection.secrets = line.house.vault.seal(secrets)
    line = replace(line, connection=connection)
    read = line.sync(as_of=NOW)
    assert (read.state, read.problem) == ("done", None)
    first = stored_refresh_token(line)
    assert first not in ("", where["refresh_token"])

    # the renewed session is refused too: its renewal needs the token that came with it
    line.fault("session_expired" if line.vendor == "salesforce" else "token_expired", count=2)
    assert line.sync(as_of=NOW).state == ("done" if line.vendor == "salesforce" else "failed")
    assert stored_refresh_token(line) != first
    drill.person_moves(line, 1)
    assert line.sync(as_of=NOW).state == "done"
    drill.assert_settled(line)


def stored_refresh_token(line: Line) -> str:
    with line.house.sessions() as session:
        found = session.get_one(type(line.connection), line.connection.id)
        return line.house.vault.open(found.secrets)["refresh_token"]


# refusals


def test_a_held_record_is_one_row_and_goes_through_once_it_is_free(line: Line) -> None:
    held = drill.person_moves(line, 1)
    drill.person_moves(line, 1, SECOND)
    if line.vendor == "salesforce":
        line.fault("row_lock", object="Account", record_id=held)
    else:
        line.fault("record_locked", object="companies", record_id=held)
    code = {"salesforce": "UNABLE_TO_LOCK_ROW", "hubspot": "LOCKED"}[line.vendor]
    assert_refused_until_mended(line, held, "", code)


def test_a_value_that_a_list_does_not_allow_is_one_row_and_goes_through_once_it_does(
    line: Line,
) -> None:
    drill.person_moves(line, 1)  # the middle of all values moves, and with it another account
    line.sync(as_of=NOW, steps=("pull", "compute"))
    field = {"salesforce": "AX_Quadrant__c", "hubspot": "ax_quadrant"}[line.vendor]
    with line.house.sessions() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.state == "queued")).all()
    changed = {row.record_id: row.fields[field] for row in rows if field in row.fields}
    (held,) = changed
    allow(line, field, [word for word in QUADRANTS if word != changed[held]])
    code = {
        "salesforce": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "hubspot": "INVALID_OPTION",
    }[line.vendor]
    assert_refused_until_mended(line, held, field, code, lambda: allow(line, field, QUADRANTS))


def test_a_value_that_a_rule_of_the_org_refuses_is_one_row(
    loaded: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stand = lines.prepare_stand("salesforce", loaded, tmp_path_factory)
    with lines.standing_line("salesforce", stand, tmp_path) as line:
        field = "AX_Required_Contacts__c"
        held = drill.person_moves(line, 1)
        drill.person_moves(line, 5_340_800, SECOND)  # the same number of contacts
        line.fault("validation_rule", object="Account", field=field, message="Never fewer.")
        assert_refused_until_mended(line, held, field, "FIELD_CUSTOM_VALIDATION_EXCEPTION")


def assert_refused_until_mended(
    line: Line, held: str, field: str, code: str, mend: Callable[[], None] | None = None
) -> None:
    report = line.sync(as_of=NOW)
    assert report.state == "refusals"
    assert report.sent.records >= 1
    (row,) = refused(line)
    assert (row.object, row.record_id, row.field, row.code) == (line.kind, held, field, code)
    assert row.times == 1
    assert row.reason.endswith(".")
    assert row.remedy.endswith(".")
    with line.house.sessions() as session:
        kept = session.scalars(select(OutboxRow).where(OutboxRow.state == "refused")).one()
    assert kept.reason == row.reason
    if mend is None:
        assert line.sync(as_of=NOW).state == "refusals"
        assert [(row.record_id, row.times) for row in refused(line)] == [(held, 2)]
        assert states(line, "update")["refused"] == 1
    line.calm() if mend is None else mend()
    again = line.sync(as_of=NOW)
    assert (again.state, again.sent.records) == ("done", 1)
    assert refused(line) == []
    drill.assert_settled(line)


QUADRANTS = ["Strength", "Weakness", "Opportunity", "Threat", "Unheard"]


def allow(line: Line, field: str, words: list[str]) -> None:
    """An admin sets which values our list may hold."""
    if line.vendor == "hubspot":
        options = [{"label": w, "value": w, "displayOrder": n} for n, w in enumerate(words)]
        as_admin(line, "PATCH", f"/crm/v3/properties/companies/{field}", {"options": options})
        return
    found = as_admin(
        line,
        "GET",
        "/services/data/v64.0/tooling/query?q=SELECT Id, Metadata FROM CustomField WHERE "
        f"DeveloperName = '{field.removesuffix('__c')}'",
    ).json()
    (row,) = found["records"]
    values = [{"fullName": w, "label": w, "default": False} for w in words]
    row["Metadata"]["valueSet"]["valueSetDefinition"]["value"] = values
    path = f"/services/data/v64.0/tooling/sobjects/CustomField/{row['Id']}"
    as_admin(line, "PATCH", path, {"Metadata": row["Metadata"]})


def as_admin(line: Line, method: str, path: str, body: Any = None) -> requests.Response:
    """One call that an admin's tool makes."""
    token = line.sandbox.credentials()[line.vendor]["access_token"]
    answer = requests.request(
        method,
        line.sandbox.url + path,
        json=body,
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert answer.ok, answer.text
    return answer


NOT_TAKEN = {
    "status": "error",
    "message": 'Property values were not valid: [{"isValid":false,"message":"too loud",'
    '"error":"INVALID_OPTION","name":"hs_task_priority"}]',
    "correlationId": "0",
    "category": "VALIDATION_ERROR",
}


def test_a_refused_task_is_one_row_and_is_made_once_its_cause_is_gone(line: Line) -> None:
    key = drill.person_asks_for_a_task(line)
    if line.vendor == "salesforce":
        line.fault("validation_rule", object="Task", field="Priority", message="Not so loud.")
    else:
        where = drill.NEW_TASKS["hubspot"]
        line.fault("status", status=400, body=json.dumps(NOT_TAKEN), **where)
    assert line.sync(as_of=NOW).state == "refusals"
    assert [(row.object, row.record_id) for row in refused(line)] == [("tasks", key)]
    assert line.sync(as_of=NOW).state == "refusals"
    assert [row.times for row in refused(line)] == [2]
    line.calm()
    again = line.sync(as_of=NOW)
    assert (again.state, again.tasks.created) == ("done", 1)
    assert refused(line) == []
    drill.assert_settled(line)


def test_a_field_that_is_hidden_is_named_and_the_rest_is_written(line: Line) -> None:
    field = "AX_CLV__c" if line.vendor == "salesforce" else "ax_clv"
    drill.person_moves(line, 1)
    hide(line, field)
    failed = line.sync(as_of=NOW)
    assert_one_sentence(failed)
    assert field in str(failed.problem)
    report = line.sync(as_of=NOW)
    assert report.state == "done"
    assert any(field in note for note in report.notes)
    assert report.sent.records >= 1


def hide(line: Line, field: str) -> None:
    """An admin takes a field away from the integration user (HubSpot: archives it)."""
    if line.vendor == "salesforce":
        line.fault("field_hidden", object="Account", field=field)
        return
    as_admin(line, "DELETE", f"/crm/v3/properties/companies/{field}")


# people at work between and during runs


def test_an_edit_that_a_person_takes_back_is_no_longer_reported(line: Line) -> None:
    account = line.account_named(SECOND)
    ours = line.read(account)[line.fields["health"]]
    line.person("update", line.kind, account, **{line.fields["health"]: 99})
    drill.person_moves(line, 9, SECOND)
    assert line.sync(as_of=NOW).state == "refusals"
    assert [(r.code, r.field) for r in refused(line)] == [("EDITED_IN_CRM", line.fields["health"])]
    line.person("update", line.kind, account, **{line.fields["health"]: None})
    assert line.sync(as_of=NOW).state == "done"
    assert refused(line) == []
    assert ours is not None
    drill.assert_settled(line)


def test_merges_deletions_and_undeletions_are_followed(line: Line, tmp_path: Path) -> None:
    winner, loser = line.account_named(SECOND), line.account_named("Australian Roo Motors")
    with line.house.sessions() as session:
        people = session.scalars(select(Contact).where(Contact.account_id == winner)).all()
    line.person("delete", line.people, people[0].contact_id)
    line.person("merge", line.kind, winner, loser=loser)
    assert line.sync(as_of=NOW).state == "done"
    with line.house.sessions() as session:
        gone = session.get_one(Account, (line.connection.id, loser))
        assert gone.merged_into == winner
        person = (line.connection.id, people[0].contact_id)
        assert session.get_one(Contact, person).deleted_at is not None
    line.person("undelete", line.people, people[0].contact_id)
    assert line.sync(as_of=NOW).state == "done"
    with line.house.sessions() as session:
        assert session.get_one(Contact, person).deleted_at is None
    assert drill.live_rows(line.house, line.connection.id) == drill.rows_read_afresh(
        line, tmp_path / "fresh"
    )
    drill.assert_fields_agree(line)


def test_a_record_deleted_between_pull_and_write_stops_nothing(line: Line) -> None:
    gone = drill.person_moves(line, 1)
    other = drill.person_moves(line, 1, SECOND)
    line.sync(as_of=NOW, steps=("pull", "compute"))
    line.person("delete", line.kind, gone)
    report = line.sync(as_of=NOW, steps=("write_back",))
    assert report.state == "refusals"
    assert report.sent.records >= 1
    assert {r.record_id for r in refused(line)} == {gone}
    again = line.sync(as_of=NOW)
    assert again.state == "done"
    assert refused(line) == []
    assert set(states(line, "update")) <= {"sent", "refused", "withdrawn"}
    drill.assert_fields_agree(line)
    with line.house.sessions() as session:
        left = session.scalars(select(CrmTask).where(CrmTask.account_id == gone)).all()
        assert {task.state for task in left} == {"completed"}
    assert other != gone


# the API allowance


def test_a_reached_allowance_stops_the_run_and_the_next_goes_on(line: Line) -> None:
    drill.person_moves(line, 1)
    spent = line.world.stats.total(line.vendor)
    limit(line, 2 * (spent + 4))
    report = line.sync(as_of=NOW)
    assert (report.state, report.sent.records) == ("stopped", 0)
    assert "allowance" in str(report.problem)
    with line.house.sessions() as session:
        connection = session.get_one(type(line.connection), line.connection.id)
        assert connection.day_calls_limit == 2 * (spent + 4)
        assert connection.state == "working"
    limit(line, 100_000)
    assert line.sync(as_of=NOW).state == "done"
    drill.assert_settled(line)


def limit(line: Line, calls: int) -> None:
    if line.vendor == "salesforce":
        line.calm()
        line.fault("api_limit", max=calls)
    else:
        line.world.switches["hubspot.limits.daily"] = calls


# ties, late commits, deletions without a trace


def test_a_thousand_rows_on_one_time_stamp_are_all_read_over_page_borders_and_breaks(
    line: Line, tmp_path: Path
) -> None:
    one = line.account_named(SECOND)
    stamped(line, one, 1000)
    if line.vendor == "salesforce":
        line.world.switches["salesforce.page_size"] = 100
        line.fault("dead_cursor", count=2)
    line.fault("cut_before", path="/query/01g|/contacts/search", probability=0.4)
    reports = [line.sync(as_of=NOW, steps=("pull",))]
    while reports[-1].state == "failed" and len(reports) < 30:
        reports.append(line.sync(as_of=NOW, steps=("pull",)))
    line.calm()
    assert reports[-1].state == "done"
    with line.house.sessions() as session:
        query = select(func.count()).where(Contact.name.like("Tie %"), Contact.account_id == one)
        assert session.scalar(query) == 1000
    ours = drill.live_rows(line.house, line.connection.id)
    assert ours == drill.rows_read_afresh(line, tmp_path / "fresh")


def stamped(line: Line, account: str, many: int) -> None:
    """So many new contacts of the account, all on one time stamp."""
    world, person = line.world, SANDBOXES[line.vendor].person
    name, company, table, stamp, form = TIES[line.vendor]
    moment = world.clock.now().strftime(form)
    with world.transaction() as db:
        for number in range(many):
            fields = {name: f"Tie {number}", company: account}
            person(world, "create", line.people, None, fields)
        db.execute(f"UPDATE {table} SET {stamp} = ? WHERE {name} LIKE 'Tie %'", (moment,))


SANDBOXES: dict[str, Any] = {"salesforce": sandbox.salesforce, "hubspot": sandbox.hubspot}
TIES = {
    "salesforce": (
        "LastName",
        "AccountId",
        "sf_Contact",
        "SystemModstamp",
        "%Y-%m-%dT%H:%M:%S.000+0000",
    ),
    "hubspot": (
        "lastname",
        "associatedcompanyid",
        "hs_contacts",
        "lastmodifieddate",
        "%Y-%m-%dT%H:%M:%S.000Z",
    ),
}


def test_what_was_committed_late_is_found_by_the_overlap(line: Line) -> None:
    account = line.account_named(SECOND)
    if line.vendor == "salesforce":
        line.fault("late_commit", seconds=120, count=1)
        line.person("update", line.kind, account, **{line.fields["value"]: 7})
    else:
        line.person("update", line.kind, account, **{line.fields["value"]: 7})
        line.fault("search_lag", object="companies", seconds=30, count=1)
        line.sync(as_of=NOW)
    line.sync(as_of=NOW)
    with line.house.sessions() as session:
        assert session.get_one(Account, (line.connection.id, account)).annual_value == 7


def test_a_full_read_finds_what_left_no_trace(line: Line) -> None:
    with line.house.sessions() as session:
        member = session.scalars(select(TeamMember)).first()
    assert member is not None
    if line.vendor == "salesforce":
        line.person("delete", "AccountTeamMember", member.member_id)
    else:
        line.person("update", line.kind, member.account_id, **{member.role: None})
    line.sync(as_of=NOW, full=True)
    with line.house.sessions() as session:
        found = session.get_one(TeamMember, (line.connection.id, member.member_id))
        assert found.deleted_at is not None
