"""Approving, executing, cancelling and expiring; previews of mapping drafts; the commands."""

import csv
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from jobs.clock import utc_now
from jobs.preview import approve_by_command, execute_preview, make_preview
from jobs.queue import work_once
from jobs.sync import NOT_APPROVED
from jobs.wiring import map_in_use
from mappings import loads
from sandbox.server import Server
from store import previews
from store.models import Account, Assessment, Connection, Cursor, OutboxRow, Preview, Run
from store.publishing import publish, save_draft
from store.runs import ask_cancel
from tests.jobs import lines
from tests.jobs.drill import NEW_TASKS, person_moves
from tests.jobs.lines import Line
from tests.jobs.shell import Shell


@pytest.fixture
def salesforce(
    loaded: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Line]:
    """Salesforce, connected and never synchronised; its writes wait for an approved preview."""
    stand = lines.prepare_stand("salesforce", loaded, tmp_path_factory, synced=False)
    with lines.standing_line("salesforce", stand, tmp_path) as line:
        with line.house.sessions.begin() as session:
            session.get_one(Connection, line.connection.id).writes_approved = False
        yield line


@pytest.fixture
def synced_salesforce(
    loaded: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Line]:
    """Salesforce after one sync."""
    stand = lines.prepare_stand("salesforce", loaded, tmp_path_factory)
    with lines.standing_line("salesforce", stand, tmp_path) as line:
        yield line


@pytest.fixture
def line_on_either(database_url: str, sandbox: Server, tmp_path: Path) -> Iterator[Line]:
    """Salesforce after one sync, our rows on each of the two kinds of database."""
    house = lines.make_house(database_url, tmp_path)
    line = lines.join_line(house, sandbox, "salesforce", tmp_path)
    assert line.sync().state == "done"
    line.writes()
    yield line
    house.engine.dispose()


def stored(line: Line, preview_id: int) -> Preview:
    with line.house.sessions() as session:
        return session.get_one(Preview, preview_id)


def approves(line: Line) -> bool:
    with line.house.sessions() as session:
        return session.get_one(Connection, line.connection.id).writes_approved


def ask_preview(line: Line, draft_id: int | None = None) -> Preview:
    with line.house.sessions.begin() as session:
        return previews.request_preview(
            session, line.connection.id, by="amy@acme.example", now=utc_now(), draft_id=draft_id
        )


def test_nothing_is_sent_before_a_preview_is_approved(salesforce: Line) -> None:
    line = salesforce
    assert line.sync().notes[-1] == NOT_APPROVED
    assert line.sync(steps=("write_back",)).notes == [NOT_APPROVED]
    assert line.writes() == 0
    _, made = make_preview(line.house, line.connection)
    line.sync()  # the schedule goes on; it computes anew, later the same day
    assert (made.counts["records"], approves(line)) == (lines.ACCOUNTS, False)
    approve_by_command(line.house, line.connection, str(made.hash))
    report = execute_preview(line.house, line.connection, made.id)
    assert (report.state, report.problem) == ("done", None)
    assert report.sent.fields == made.counts["fields"]
    assert report.tasks.created == made.counts["new_tasks"]
    assert report.calls["by_purpose"]["write"] <= made.counts["calls"]
    assert (stored(line, made.id).state, approves(line)) == ("done", True)
    assert (line.sync().sent.records, line.sync().sent.records) == (0, 0)
    again = execute_preview(line.house, line.connection, made.id)
    assert "is done, not approved" in str(again.problem)


def test_a_preview_stores_and_sends_nothing_of_what_it_computes(salesforce: Line) -> None:
    line = salesforce
    report, made = make_preview(line.house, line.connection)
    with line.house.sessions() as session:
        kept = [
            session.scalar(select(func.count()).select_from(m)) for m in (Assessment, OutboxRow)
        ]
        run = session.get_one(Run, made.run_id)
    assert (kept, line.writes()) == ([0, 0], 0)
    assert (run.kind, run.state, report.state) == ("preview", "done", "done")
    content = previews.opened(made)
    roo = next(one for one in content["updates"] if one["name"] == "Australian Roo Motors")
    assert roo["changes"]["AX_Health_Score__c"][0] is None
    assert content["fields"]["AX_Health_Score__c"]["label"] == "Health score"
    assert roo["why"]
    assert len(made.hash or "") == 64


def test_a_difference_names_the_record_and_both_values(synced_salesforce: Line) -> None:
    line = synced_salesforce
    account_id = person_moves(line)
    _, made = make_preview(line.house, line.connection)
    items = previews.opened(made)["updates"]
    assert account_id in {one["record_id"] for one in items}
    approve_by_command(line.house, line.connection, str(made.hash)[:12])
    line.person("update", line.kind, account_id, ARR__c=6_000_000)
    line.writes()
    report = execute_preview(line.house, line.connection, made.id)
    assert (report.state, line.writes()) == ("stopped", 0)
    at_account = [one for one in report.difference if one["record_id"] == account_id]
    assert at_account
    assert all(one["name"] == "Australian Roo Motors" for one in report.difference[:1])
    assert "Nothing was sent" in str(report.problem)
    assert stored(line, made.id).difference == report.difference
    fresh = make_preview(line.house, line.connection)[1]
    approve_by_command(line.house, line.connection, str(fresh.hash))
    assert execute_preview(line.house, line.connection, fresh.id).state == "done"


def test_an_expired_approval_sends_nothing(synced_salesforce: Line) -> None:
    line = synced_salesforce
    person_moves(line)
    _, made = make_preview(line.house, line.connection)
    approve_by_command(line.house, line.connection, str(made.hash))
    with line.house.sessions.begin() as session:
        session.get_one(Preview, made.id).approved_at = utc_now() - timedelta(hours=25)
    line.writes()
    report = execute_preview(line.house, line.connection, made.id)
    assert (report.state, line.writes()) == ("failed", 0)
    assert "older than 24 hours" in str(report.problem)


def test_a_run_that_fails_before_it_sends_leaves_the_approval(synced_salesforce: Line) -> None:
    line = synced_salesforce
    person_moves(line)
    _, made = make_preview(line.house, line.connection)
    approve_by_command(line.house, line.connection, str(made.hash))
    line.fault("unavailable", path=r"/query|/composite$", count=20)
    assert execute_preview(line.house, line.connection, made.id).state == "failed"
    assert stored(line, made.id).state == "approved"
    line.calm()
    assert execute_preview(line.house, line.connection, made.id).state == "done"


def test_what_broke_off_while_sending_is_in_the_next_preview(salesforce: Line) -> None:
    line = salesforce
    _, made = make_preview(line.house, line.connection)
    approve_by_command(line.house, line.connection, str(made.hash))
    line.fault("unavailable", **NEW_TASKS["salesforce"], count=20)  # fields go out before tasks
    assert execute_preview(line.house, line.connection, made.id).state == "failed"
    assert (stored(line, made.id).state, approves(line)) == ("failed", False)
    line.calm()
    _, rest = make_preview(line.house, line.connection)
    assert (rest.counts["fields"], rest.counts["new_tasks"]) == (0, made.counts["new_tasks"])
    approve_by_command(line.house, line.connection, str(rest.hash))
    assert execute_preview(line.house, line.connection, rest.id).state == "done"
    assert approves(line)


def test_work_that_somebody_cancels_stops_at_a_safe_point(synced_salesforce: Line) -> None:
    line = synced_salesforce
    asked = ask_preview(line)
    with line.house.sessions.begin() as session:
        run = session.get_one(Run, asked.run_id)
        run.state, run.cancel_asked = "running", True

    def cancel(_what: str, _count: int) -> None:
        with line.house.sessions.begin() as session:
            newest = session.scalars(select(Run).order_by(Run.id.desc()).limit(1)).one()
            ask_cancel(session, newest.id)

    assert line.sync(progress=cancel).state == "cancelled"
    report, made = make_preview(line.house, line.connection, progress=cancel)
    assert (report.state, made.state, made.content) == ("cancelled", "cancelled", None)
    assert line.writes() == 0
    assert line.sync().state == "done"


def held(line: Line) -> dict[str, Any]:
    """What a draft's preview must leave alone."""
    with line.house.sessions() as session:
        return {
            "accounts": {
                row.account_id: (row.name, row.annual_value, row.remote, row.read_at)
                for row in session.scalars(select(Account))
            },
            "cursors": {(row.source, row.read_until) for row in session.scalars(select(Cursor))},
            "outbox": session.scalar(select(func.count()).select_from(OutboxRow)),
        }


def test_a_drafts_preview_is_of_the_draft_and_disturbs_nothing(line_on_either: Line) -> None:
    line = line_on_either
    used = map_in_use(line.house, line.connection)
    lines_kept = [one for one in used.content.splitlines() if "ARR__c" not in one]
    text = "\n".join(lines_kept)  # the annual value is then that of the won opportunities
    assert text != used.content
    draft_map = loads("salesforce", text, "the draft")
    with line.house.sessions.begin() as session:
        draft = save_draft(
            session,
            line.connection.id,
            "amy@acme.example",
            content=text,
            hash=draft_map.version,
            base=used.version,
            seen=0,
            used=used.version,
            now=utc_now(),
        )
    before = held(line)
    asked = ask_preview(line, draft.id)
    assert work_once(line.house)
    made = stored(line, asked.id)
    with line.house.sessions() as session:
        assert session.get_one(Run, made.run_id).problem is None
    assert (made.state, made.mapping_hash) == ("ready", draft_map.version)
    assert made.counts["records"] > 0
    assert (held(line), line.writes()) == (before, 0)

    with line.house.sessions.begin() as session:
        preview = session.get_one(Preview, made.id)
        now = utc_now()
        previews.approve(session, preview, by="amy", digest=str(preview.hash), now=now)
        publish(session, line.connection.id, draft, preview, "amy", "what was won counts", now)
    report = execute_preview(line.house, line.connection, made.id)
    assert (report.state, report.problem) == ("done", None)
    assert report.mapping_hash == draft_map.version
    assert report.sent.fields == made.counts["fields"]


def test_the_commands_preview_and_send_exactly_that(shell_of: Any) -> None:
    shell: Shell = shell_of
    said = shell.run("preview", "salesforce", "--json", "p.json", "--csv", "p.csv").well()
    told = json.loads((shell.folder / "p.json").read_text())["preview"]
    with (shell.folder / "p.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert told["hash"] in said
    assert "would write" in said
    assert len(rows) == 1 + told["counts"]["fields"] + told["counts"]["new_tasks"]
    shell.run("sync", "salesforce", "--preview", "0" * 12).says(1, "0" * 12, "barometer preview")
    assert shell.run("sync", "--preview", told["hash"]).code == 2
    assert shell.run("sync", "salesforce", "--preview", "abc").code == 2
    shell.run("sync", "salesforce", "--preview", told["hash"][:12], "--json", "s.json").well()
    (run,) = json.loads((shell.folder / "s.json").read_text())["connections"]
    assert run["written"]["fields"] == told["counts"]["fields"]
    assert run["difference"] == []
    shell.run("sync", "salesforce", "--preview", told["hash"]).says(1, "not approved")


@pytest.fixture
def shell_of(salesforce: Line, tmp_path: Path) -> Shell:
    """Commands on the same database."""
    settings = salesforce.house.settings
    return Shell(
        tmp_path,
        {
            "BAROMETER_DATABASE__URL": settings.database.url,
            "BAROMETER_SECRETS__KEY_FILE": str(settings.secrets.key_file),
        },
    )
