"""The whole line over real sockets: pull, compute, write back, and what it costs."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from jobs.explain import explain_account, verify_assessments
from store.models import Account, Alert, Assessment, Contact, CrmTask, OutboxRow, Run, WrittenField
from store.results import current
from tests.jobs.conftest import ACCOUNTS, NOW, Line


def figures(line: Line) -> dict[str, dict[str, Any]]:
    """The current report of each account by the account's name, without ids."""
    with line.house.sessions() as session:
        names = {a.account_id: a.name for a in session.scalars(select(Account))}
        found = current(session, line.connection.id)
    return {
        names[one]: {k: v for k, v in row.result.items() if k != "account_id"}
        for one, row in found.items()
    }


def test_the_first_sync_assesses_every_account_and_writes_it_onto_the_record(line: Line) -> None:
    report = line.sync(as_of=NOW)
    assert (report.state, report.problem) == ("done", None)
    assert report.computed.assessed == report.pulled.rows["accounts"] >= ACCOUNTS
    assert report.sent.records == report.computed.assessed
    assert report.tasks.created > 0
    with line.house.sessions() as session:
        for written in session.scalars(select(WrittenField)).all():
            there = line.read(written.record_id)[written.field]
            assert line_says(line, written.field, there, written.value)


def line_says(line: Line, field: str, there: Any, ours: Any) -> bool:
    from mappings import load

    return load(line.vendor).account.same(field, there, ours)


def test_a_second_sync_of_an_unchanged_world_writes_nothing(line: Line) -> None:
    line.sync(as_of=NOW)
    line.writes()
    again = line.sync(as_of=NOW)
    assert (again.state, again.sent.records, again.tasks.created) == ("done", 0, 0)
    assert again.computed.assessed == 0
    assert line.writes() == 0
    assert again.calls["spent"] <= 1.1 * again.calls["least"]


def test_only_what_changed_in_the_crm_is_assessed_and_written(line: Line) -> None:
    line.sync(as_of=NOW)
    roo = line.account_named("Australian Roo Motors")
    with line.house.sessions() as session:
        people = session.scalars(select(Contact).where(Contact.account_id == roo)).all()
        known = current(session, line.connection.id, [roo])[roo].result["known"]
    line.person("update", line.people, people[0].contact_id, **{line.fields["left"]: "2026-01-05"})
    again = line.sync(as_of=NOW)
    assert again.computed.changed_ids == [roo]
    assert again.pulled.changed["contacts"] == 1
    assert again.sent.records == 1
    with line.house.sessions() as session:
        assessed = current(session, line.connection.id, [roo])[roo]
    assert assessed.result["known"] == known - 1


def test_the_same_world_in_both_crms_gives_the_same_assessments(
    open_line: Callable[[str], Line],
) -> None:
    lines = [open_line("salesforce"), open_line("hubspot")]
    for one in lines:
        assert one.sync(as_of=NOW).state == "done"
    ours, theirs = (comparable(figures(one)) for one in lines)
    assert ours.keys() == theirs.keys()
    for name, report in ours.items():
        assert report == theirs[name], name


def comparable(reports: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Figures rounded to what both CRMs can carry: HubSpot keeps milliseconds, both cents."""
    return {name: rounded(report) for name, report in reports.items()}


def rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return [rounded(v) for v in value] if isinstance(value, list) else value


def test_every_stored_assessment_can_be_computed_again(line: Line) -> None:
    line.sync(as_of=NOW)
    line.person(
        "update", line.kind, line.account_named("Express Logistics"), **{line.fields["value"]: 9}
    )
    line.sync(as_of=NOW)
    checked, differing = verify_assessments(line.house, line.connection, None)
    assert checked > ACCOUNTS
    assert differing == []


def test_a_tampered_assessment_is_found(line: Line) -> None:
    line.sync(as_of=NOW)
    with line.house.sessions.begin() as session:
        row = session.scalars(select(Assessment).limit(1)).one()
        row.result = {**row.result, "health": 99.0}
    _, differing = verify_assessments(line.house, line.connection, None)
    assert [one["account_id"] for one in differing] == [row.account_id]
    assert "health" in differing[0]["reason"]


def test_an_explanation_leads_down_to_crm_records(line: Line) -> None:
    line.sync(as_of=NOW)
    tree = explain_account(line.house, line.connection, "Express Logistics", None)
    sentiment = tree["health"]["components"]["sentiment"]
    assert len(sentiment["records"]) == 2
    assert tree["required_contacts"]["required"] == 11
    assert len(tree["required_contacts"]["records"]) == 8
    assert {row["field"] for row in tree["written"]} >= {line.fields["health"]}


def test_a_field_a_person_edited_is_left_alone_and_reported(line: Line) -> None:
    line.sync(as_of=NOW)
    roo = line.account_named("Australian Roo Motors")
    line.person("update", line.kind, roo, **{line.fields["health"]: 100})
    line.person("update", line.kind, roo, **{line.fields["value"]: 100})
    again = line.sync(as_of=NOW)
    assert again.state == "refusals"
    assert [(r["code"], r["record_id"], r["field"]) for r in again.refused] == [
        ("EDITED_IN_CRM", roo, line.fields["health"])
    ]
    assert float(line.read(roo)[line.fields["health"]]) == 100


def test_a_field_a_person_emptied_is_written_again(line: Line) -> None:
    line.sync(as_of=NOW)
    roo = line.account_named("Australian Roo Motors")
    before = line.read(roo)[line.fields["health"]]
    line.person("update", line.kind, roo, **{line.fields["health"]: None})
    assert line.sync(as_of=NOW).sent.fields >= 1
    assert float(line.read(roo)[line.fields["health"]]) == float(before)


def test_a_task_is_completed_when_its_alert_is_over_and_a_new_episode_makes_a_new_one(
    line: Line,
) -> None:
    line.sync(as_of=NOW)
    roo = line.account_named("Australian Roo Motors")
    line.person("update", line.kind, roo, **{line.fields["value"]: 1})
    over = line.sync(as_of=NOW)
    assert over.tasks.completed >= 1
    with line.house.sessions() as session:
        tasks = {t.key: t for t in session.scalars(select(CrmTask))}
    assert tasks[f"ax:contacts_missing:{roo}:1"].state == "completed"
    line.person("update", line.kind, roo, **{line.fields["value"]: 5_000_000})
    line.sync(as_of=NOW)
    with line.house.sessions() as session:
        keys = {t.key: t.state for t in session.scalars(select(CrmTask))}
        open_now = session.scalars(
            select(Alert.kind).where(Alert.account_id == roo, Alert.closed_at.is_(None))
        ).all()
    assert keys[f"ax:contacts_missing:{roo}:2"] == "open"
    assert "contacts_missing" in open_now


def test_an_account_deleted_in_the_crm_leaves_the_portfolio(line: Line) -> None:
    first = line.sync(as_of=NOW)
    roo = line.account_named("Australian Roo Motors")
    line.person("delete", line.kind, roo)
    again = line.sync(as_of=NOW)
    assert again.pulled.deleted >= 1
    with line.house.sessions() as session:
        standing = current(session, line.connection.id)
    assert len(standing) == first.computed.assessed - 1
    assert roo not in standing


def test_a_dry_run_lists_what_the_next_run_writes_and_writes_nothing(line: Line) -> None:
    planned = line.sync(as_of=NOW, dry_run=True)
    assert line.read(line.account_named("Express Logistics"))[line.fields["health"]] is None
    expected = {
        (row["record_id"], row["field"], str(row["after"]))
        for row in planned.computed.preview
        if row["action"] == "update"
    }
    line.sync(as_of=NOW)
    with line.house.sessions() as session:
        sent = {
            (row.record_id, name, str(value))
            for row in session.scalars(select(OutboxRow).where(OutboxRow.action == "update"))
            for name, value in row.fields.items()
        }
    assert sent == expected


def test_the_run_row_tells_what_the_report_tells(line: Line) -> None:
    report = line.sync(as_of=NOW)
    with line.house.sessions() as session:
        run = session.scalars(select(Run)).one()
    assert (run.kind, run.state) == ("sync", "done")
    assert run.calls_spent == report.calls["spent"]
    assert run.counts["written_fields"] == report.sent.fields
