"""Drift: what an admin changes in the CRM is found before a write fails, and said with its cost."""

from typing import Any

import pytest
from click.testing import CliRunner

from jobs.clock import utc_now
from jobs.commands_admin import schema
from jobs.queue import work_once
from mappings.drift import told
from sandbox.hubspot.auth import SCOPES
from store.models import Run, SchemaChange
from store.runs import request_run
from store.schema_changes import count_breaking, open_changes, resolved_changes
from tests.jobs.crm_admin import rename_field, set_field, set_rights
from tests.jobs.lines import FIELDS, Line

BAND = {"salesforce": "AX_Health_Band__c", "hubspot": "ax_health_band"}
BANDS = ["Healthy", "Watch", "At risk", "Unknown"]


def look(line: Line) -> list[dict[str, Any]]:
    """The nightly job, done now; the changes that are open then, in words."""
    with line.house.sessions.begin() as session:
        run = request_run(session, line.connection.id, "schema", "schedule", now=utc_now())
    assert work_once(line.house)
    with line.house.sessions() as session:
        ended = session.get_one(Run, run.id)
        assert (ended.state, ended.problem) == ("done", None)
        found = open_changes(session, line.connection.id)
        assert ended.counts == {
            "changes": len(found), "breaking": sum(one.breaks for one in found),
        }  # fmt: skip
        return [told(row) for row in found]


def test_a_renamed_field_names_its_heir_and_the_numbers_it_feeds(line: Line) -> None:
    assert look(line) == []
    old = FIELDS[line.vendor]["value"]
    new = "Yearly_Value__c" if line.vendor == "salesforce" else "yearly_value"
    rename_field(line.sandbox, line.vendor, line.kind, old, new)
    [one] = look(line)

    assert (one["field"], one["change"], one["breaks"]) == (old, "renamed", True)
    assert one["sentence"] == f"{line.kind}.{old} is gone; {new} looks like it, under a new name"
    assert one["remedy"].startswith(f"map {new} instead")
    assert [hit["row"] for hit in one["rows"]] == ["accounts.annual_value"]
    assert "revenue at risk" in one["figures"]
    report = line.sync()
    assert (report.state, report.refused) == ("done", [])  # read without it, nothing failed
    assert len(look(line)) == 1


def test_a_narrowed_picklist_stops_a_sync_before_it_writes(line: Line) -> None:
    set_field(line.sandbox, line.vendor, line.kind, BAND[line.vendor], values=BANDS[:2])
    [one] = look(line)

    assert (one["change"], one["breaks"]) == ("narrowed", True)
    assert one["sentence"].endswith("lost the values At risk, Unknown")
    assert [hit["row"] for hit in one["rows"]] == ["write.health_band"]
    assert len(look(line)) == 1
    with line.house.sessions() as session:
        assert session.query(SchemaChange).count() == 1
    line.writes()
    report = line.sync()
    assert report.state == "failed"
    assert "refuses the values At risk, Unknown" in str(report.problem)
    assert line.writes() == 0

    set_field(line.sandbox, line.vendor, line.kind, BAND[line.vendor], values=BANDS)
    assert look(line) == []
    with line.house.sessions() as session:
        [past] = resolved_changes(session, line.connection.id)
        assert past.change == "narrowed"
        assert count_breaking(session) == {}
    assert line.sync().state == "done"


@pytest.mark.parametrize(("read", "change"), [(True, "read_only"), (False, "hidden")])
def test_a_revoked_permission_is_told_from_a_deleted_field(
    open_line: Any, read: bool, change: str
) -> None:
    line = open_line("salesforce")
    set_rights(line.sandbox, "Account.AX_NPS__c", read=read, edit=False)
    [one] = look(line)

    assert (one["field"], one["change"], one["breaks"]) == ("AX_NPS__c", change, True)
    assert "right to edit" in one["remedy"] if read else "field-level security" in one["remedy"]
    line.writes()
    report = line.sync()
    if read:
        assert (report.state, line.writes()) == ("failed", 0)
        assert "cannot be written by our user" in str(report.problem)
    else:
        assert (report.state, report.refused) == ("done", [])  # the rest is written
    set_rights(line.sandbox, "Account.AX_NPS__c", read=True, edit=True)
    assert look(line) == []


def test_an_object_out_of_sight_is_one_change(open_line: Any) -> None:
    line = open_line("hubspot")
    line.world.switches["hubspot.scopes"] = [one for one in SCOPES if "ticket" not in one]
    [one] = look(line)
    assert one["sentence"] == "tickets is gone: it was deleted, or is hidden from our user"
    assert "support" in one["figures"]
    line.world.switches["hubspot.scopes"] = None
    assert look(line) == []


def test_the_command_lists_what_is_open(open_line: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    line = open_line("hubspot")
    set_field(line.sandbox, "hubspot", "companies", "ax_quadrant", values=["Strength"])
    settings = line.house.settings
    monkeypatch.setenv("BAROMETER_DATABASE__URL", settings.database.url)
    monkeypatch.setenv("BAROMETER_SECRETS__KEY_FILE", str(settings.secrets.key_file))
    ended = CliRunner().invoke(schema, ["hubspot"])
    said = ended.output
    assert ended.exit_code == 1, ended.exception
    assert "breaks   companies.ax_quadrant lost the values Weakness, Opportunity" in said
