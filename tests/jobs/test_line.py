"""The whole line over real sockets: pull, compute, write back, and what it costs."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from jobs.explain import explain_account, verify_assessments
from store.models import Account, Alert, Assessment, Contact, CrmTask, OutboxRow, Run, WrittenField
from store.results import current
from tests.jobs.lines import ACCOUNTS, NOW, Line, prepare_stand, standing_line


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
    assert report.calls["least"] <= report.calls["spent"] <= 1.1 * report.calls["least"]
    with line.house.sessions() as session:
        for written in session.scalars(select(WrittenField)).all():
            there = line.read(written.record_id)[written.field]
            assert line_says(line, written.field, there, written.value)


def line_says(line: Line, field: str, there: Any, ours: Any) -> bool:
    from mappings import load

    return load(line.vendor).account.same(field, there, ours)


def test_a_second_sync_of_an_unchanged_world_writes_nothing(synced: Line) -> None:
    synced.writes()
    again = synced.sync(as_of=NOW)
    assert (again.state, again.sent.records, again.tasks.created) == ("done", 0, 0)
    assert again.computed.assessed == 0
    assert synced.writes() == 0
    assert again.calls["spent"] <= 1.1 * again.calls["least"]


def test_only_what_changed_in_the_crm_is_assessed_and_written(synced: Line) -> None:
    roo = synced.account_named("Australian Roo Motors")
    with synced.house.sessions() as session:
        people = session.scalars(select(Contact).where(Contact.account_id == roo)).all()
        known = current(session, synced.connection.id, [roo])[roo].result["known"]
    synced.person(
        "update", synced.people, people[0].contact_id, **{synced.fields["left"]: "2026-01-05"}
    )
    again = synced.sync(as_of=NOW)
    assert again.computed.changed_ids == [roo]
    assert again.pulled.changed["contacts"] == 1
    assert again.sent.records == 1
    with synced.house.sessions() as session:
        assessed = current(session, synced.connection.id, [roo])[roo]
    assert assessed.result["known"] == known - 1


def test_the_same_world_in_both_crms_gives_the_same_assessments(
    loaded: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = []
    for vendor in ("salesforce", "hubspot"):
        stand = prepare_stand(vendor, loaded, tmp_path_factory)
        with standing_line(vendor, stand, tmp_path) as line:
            found.append(comparable(figures(line)))
    ours, theirs = found
    assert len(ours) >= ACCOUNTS
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


def test_every_stored_assessment_can_be_computed_again(synced: Line) -> None:
    synced.person(
        "update",
        synced.kind,
        synced.account_named("Express Logistics"),
        **{synced.fields["value"]: 9},
    )
    synced.sync(as_of=NOW)
    checked, differing = verify_assessments(synced.house, synced.connection, None)
    assert checked > ACCOUNTS
    assert differing == []


def test_a_tampered_assessment_is_found(synced: Line) -> None:
    with synced.house.sessions.begin() as session:
        row = session.scalars(select(Assessment).limit(1)).one()
        row.result = {**row.result, "health": 99.0}
    _, differing = verify_assessments(synced.house, synced.connection, None)
    assert [one["account_id"] for one in differing] == [row.account_id]
    assert "health" in differing[0]["reason"]


def test_an_explanation_leads_down_to_crm_records(synced: Line) -> None:
    tree = explain_account(synced.house, synced.connection, "Express Logistics", None)
    sentiment = tree["health"]["components"]["sentiment"]
    assert len(sentiment["records"]) == 2
    assert tree["required_contacts"]["required"] == 11
    assert len(tree["required_contacts"]["records"]) == 8
    assert {row["field"] for row in tree["written"]} >= {synced.fields["health"]}


def test_a_field_a_person_edited_is_left_alone_and_reported(synced: Line) -> None:
    roo = synced.account_named("Australian Roo Motors")
    synced.person("update", synced.kind, roo, **{synced.fields["health"]: 100})
    synced.person("update", synced.kind, roo, **{synced.fields["value"]: 100})
    again = synced.sync(as_of=NOW)
    assert again.state == "refusals"
    assert [(r["code"], r["record_id"], r["field"]) for r in again.refused] == [
        ("EDITED_IN_CRM", roo, synced.fields["health"])
    ]
    assert float(synced.read(roo)[synced.fields["health"]]) == 100


def test_a_field_a_person_emptied_is_written_again(synced: Line) -> None:
    roo = synced.account_named("Australian Roo Motors")
    before = synced.read(roo)[synced.fields["health"]]
    synced.person("update", synced.kind, roo, **{synced.fields["health"]: None})
    assert synced.sync(as_of=NOW).sent.fields >= 1
    assert float(synced.read(roo)[synced.fields["health"]]) == float(before)


def test_a_task_is_completed_when_its_alert_is_over_and_a_new_episode_makes_a_new_one(
    synced: Line,
) -> None:
    roo = synced.account_named("Australian Roo Motors")
    synced.person("update", synced.kind, roo, **{synced.fields["value"]: 1})
    over = synced.sync(as_of=NOW)
    assert over.tasks.completed >= 1
    with synced.house.sessions() as session:
        tasks = {t.key: t for t in session.scalars(select(CrmTask))}
    assert tasks[f"ax:contacts_missing:{roo}:1"].state == "completed"
    synced.person("update", synced.kind, roo, **{synced.fields["value"]: 5_000_000})
    synced.sync(as_of=NOW)
    with synced.house.sessions() as session:
        keys = {t.key: t.state for t in session.scalars(select(CrmTask))}
        open_now = session.scalars(
            select(Alert.kind).where(Alert.account_id == roo, Alert.closed_at.is_(None))
        ).all()
    assert keys[f"ax:contacts_missing:{roo}:2"] == "open"
    assert "contacts_missing" in open_now


def test_an_account_deleted_in_the_crm_leaves_the_portfolio(synced: Line) -> None:
    before = figures(synced)
    synced.person("delete", synced.kind, synced.account_named("Australian Roo Motors"))
    again = synced.sync(as_of=NOW)
    assert again.pulled.deleted >= 1
    assert figures(synced).keys() == before.keys() - {"Australian Roo Motors"}


def test_a_dry_run_lists_what_the_next_run_writes_and_writes_nothing(line: Line) -> None:
    planned = line.sync(as_of=NOW, dry_run=True)
    assert line.read(line.account_named("Express Logistics"))[line.fields["health"]] is None
    expected = {
        (row["record_id"], row["field"], str(row["after"]))
        for row in planned.would_write
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
