"""What was approved is what is sent, or nothing is: also while people edit the CRM in between.

DRILL_WORLDS says in how many seeded worlds (default 12), DRILL_SEED where to begin.
"""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from jobs.planned import sent_by
from jobs.preview import approve_by_command, execute_preview, make_preview
from sandbox.portfolio import generate
from sandbox.server import Server, load
from sandbox.world import World
from store import previews
from store.models import CrmTask, Preview
from tests.jobs import lines
from tests.jobs.drill import schema_of, tasks_there
from tests.jobs.lines import NOW, Line

WORLDS = int(os.environ.get("DRILL_WORLDS", "12"))
FIRST = int(os.environ.get("DRILL_SEED", "1"))
PORTFOLIOS = 5
VENDORS = ("salesforce", "hubspot")
NAME = {"salesforce": "Name", "hubspot": "name"}
PHONE = {"salesforce": "Phone", "hubspot": "phone"}
DONE = {
    "salesforce": ("Task", {"Status": "Completed"}),
    "hubspot": ("tasks", {"hs_task_status": "COMPLETED"}),
}


@dataclass
class Stage:
    """One served world that can be put back to how it was before, and after, the first sync."""

    line: Line
    folder: Path

    def keep(self, synced: bool) -> None:
        for name in ("world.sqlite", "barometer.db"):
            with closing(sqlite3.connect(self.folder / name)) as source:
                source.execute("VACUUM INTO ?", (str(self.folder / f"{synced}-{name}"),))

    def reset(self, synced: bool) -> None:
        with closing(sqlite3.connect(self.folder / f"{synced}-world.sqlite")) as kept:
            kept.backup(self.line.world.db())
        self.line.house.engine.dispose()
        for leftover in self.folder.glob("barometer.db-*"):
            leftover.unlink()
        shutil.copy(self.folder / f"{synced}-barometer.db", self.folder / "barometer.db")


@pytest.fixture(scope="session")
def stage_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, int], Stage]]:
    """stage_of(vendor, portfolio): made once; starting and joining takes a while."""
    stages: dict[tuple[str, int], Stage] = {}
    servers: list[Server] = []

    def make(vendor: str, portfolio: int) -> Stage:
        folder = tmp_path_factory.mktemp(f"stage-{vendor}-{portfolio}")
        world = World(folder / "world.sqlite")
        load(world, generate(6, 100 + portfolio, NOW))
        server = Server(world).start()
        servers.append(server)
        world.switches["hubspot.limits.enforced"] = False
        house = lines.make_house(f"sqlite:///{folder / 'barometer.db'}", folder)
        stage = Stage(lines.join_line(house, server, vendor, folder), folder)
        stage.keep(synced=False)
        report = stage.line.sync()
        assert (report.state, report.problem) == ("done", None)
        stage.keep(synced=True)
        return stage

    def stage(vendor: str, portfolio: int) -> Stage:
        if (vendor, portfolio) not in stages:
            stages[vendor, portfolio] = make(vendor, portfolio)
        return stages[vendor, portfolio]

    yield stage
    for server in servers:
        server.stop()
        server.world.release()
    for one in stages.values():
        one.line.house.engine.dispose()


class Person:
    """Somebody who edits random records in the CRM's own pages."""

    def __init__(self, line: Line, chance: random.Random) -> None:
        self.line, self.chance = line, chance
        self.accounts, self.contacts = self._ids("accounts"), self._ids("contacts")

    def _ids(self, kind: str) -> list[str]:
        query = "SELECT crm_id FROM sandbox_ids WHERE crm = ? AND object = ? ORDER BY crm_id"
        found = self.line.world.db().execute(query, (self.line.vendor, kind))
        return [row[0] for row in found]

    def edits(self, times: int) -> None:
        for _ in range(times):
            self.chance.choice(
                (
                    *(self.value, self.value, self.ours, self.ours, self.emptied, self.renamed),
                    *(self.phone, self.left, self.no_contact, self.no_account, self.task),
                )
            )()

    def _account(self, **fields: Any) -> None:
        one = self.chance.choice(self.accounts)
        self.line.person("update", self.line.kind, one, **fields)

    def value(self) -> None:
        self._account(**{self.line.fields["value"]: self.chance.choice((9_000, 7_000_000))})

    def ours(self) -> None:
        self._account(**{self.line.fields["health"]: self.chance.randint(0, 100)})

    def emptied(self) -> None:
        self._account(**{self.line.fields["health"]: None})

    def renamed(self) -> None:
        self._account(**{NAME[self.line.vendor]: f"Renamed {self.chance.randint(1, 999)}"})

    def phone(self) -> None:
        self._account(**{PHONE[self.line.vendor]: f"+31 20 {self.chance.randint(100, 999)}"})

    def left(self) -> None:
        day = (NOW - timedelta(days=3)).date().isoformat()
        one = self.chance.choice(self.contacts)
        self.line.person("update", self.line.people, one, **{self.line.fields["left"]: day})

    def no_contact(self) -> None:
        one = self.contacts.pop(self.chance.randrange(len(self.contacts)))
        self.line.person("delete", self.line.people, one)

    def no_account(self) -> None:
        if len(self.accounts) > 3:
            one = self.accounts.pop(self.chance.randrange(len(self.accounts)))
            if self.line.vendor == "salesforce":  # its contacts go with it
                self.contacts = [c for c in self.contacts if self._stands(c)]
            self.line.person("delete", self.line.kind, one)
            self.contacts = [c for c in self.contacts if self._stands(c)]

    def _stands(self, contact: str) -> bool:
        record = self.line.person("read", self.line.people, contact)
        return not record.get("IsDeleted", record.get("archived", False))

    def task(self) -> None:
        with self.line.house.sessions() as session:
            query = select(CrmTask.task_id).where(CrmTask.state == "open")
            tasks = sorted(str(one) for one in session.scalars(query))
        if tasks:
            kind, done = DONE[self.line.vendor]
            self.line.person("update", kind, self.chance.choice(tasks), **done)


Fields = dict[tuple[str, str], Any]


def seen(line: Line, accounts: list[str]) -> Fields:
    """Our fields as they stand in the CRM, by account and field."""
    names = schema_of(line).map.account.fields
    return {
        (one, name): record.get(name)
        for one in accounts
        for record in [line.read(one)]
        for name in names
    }


def assert_sent(line: Line, preview: Preview, before: Fields, after: Fields) -> None:
    """Exactly what the preview lists was written to fields."""
    same = schema_of(line).map.account.same
    items = sent_by(previews.opened(preview))
    wanted = {item[1:]: values[1] for item, values in items.items() if item[0] == "update"}
    assert wanted.keys() <= after.keys()
    for place, value in after.items():
        if place in wanted:
            assert same(place[1], value, wanted[place]), place
        else:
            assert value == before[place], place


def preview_now(line: Line, preview_id: int) -> Preview:
    with line.house.sessions() as session:
        return session.get_one(Preview, preview_id)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + WORLDS))
def test_what_was_approved_is_what_is_sent_or_nothing_is(
    seed: int, stage_of: Callable[[str, int], Stage]
) -> None:
    chance = random.Random(seed)
    stage = stage_of(VENDORS[seed % 2], seed // 20 % PORTFOLIOS)
    line = stage.line
    stage.reset(synced=chance.random() < 0.7)
    person = Person(line, chance)
    everyone = list(person.accounts)
    person.edits(chance.randint(0, 3))
    report, made = make_preview(line.house, line.connection)
    assert (made.state, report.problem) == ("ready", None)
    approve_by_command(line.house, line.connection, str(made.hash))
    edits = chance.choice((0, 1, 1, 2, 3))
    person.edits(edits)
    before, tasks_before = seen(line, everyone), tasks_there(line)
    line.writes()

    report = execute_preview(line.house, line.connection, made.id)

    writes = line.writes()
    after, tasks_after = seen(line, everyone), tasks_there(line)
    preview = preview_now(line, made.id)
    if report.state == "stopped":
        assert edits, report.problem
        assert preview.state == "differed"
        assert report.difference[0]["record_id"] in str(report.problem)
        assert (after, tasks_after, writes) == (before, tasks_before, 0)
        return
    assert (report.state in ("done", "refusals"), report.problem) == (True, None)
    assert preview.state == "done"
    assert_sent(line, preview, before, after)
    items = sent_by(previews.opened(preview))
    assert items or not writes
    assert writes or all(action == "complete_task" for action, _, _ in items)  # completed already
    assert tasks_after.keys() - tasks_before.keys() == {
        key for action, _, key in items if action == "create_task"
    }
    ended = {key for key in tasks_before if tasks_after[key] != tasks_before[key]}
    assert ended <= {key for action, _, key in items if action == "complete_task"}
