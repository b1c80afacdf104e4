"""Drills: a line that was synchronised once, and what must be true after any trouble."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from connector.base import Span
from jobs.clock import utc_now
from jobs.connect import connect
from jobs.figures import crm_values
from jobs.schema import Schema, SchemaPlan, read_schema
from jobs.sync import Order, run_sync
from jobs.wiring import House, map_in_use, open_crm
from store.models import Account, Alert, CrmTask, Cursor, Lock, Loop, OutboxRow
from store.records import TABLES, key_of
from store.results import current
from tests.jobs.lines import NOW, Line, access, make_house

UPDATES = {  # where the field changes of accounts go
    "salesforce": {"path": r"/composite/sobjects(\?|$)", "method": "PATCH"},
    "hubspot": {"path": "/companies/batch/update", "method": "POST"},
}
NEW_TASKS = {
    "salesforce": {"path": "/composite/sobjects/Task/", "method": "PATCH"},
    "hubspot": {"path": "/tasks/batch/create", "method": "POST"},
}
READS = {  # where accounts are read
    "salesforce": {"path": r"/query|/composite$"},
    "hubspot": {"path": r"/objects/(0-2|companies)"},
}
CLOSED = {
    "salesforce": ("IsClosed", True),
    "hubspot": ("hs_task_status", "COMPLETED"),
}
_BOOKKEEPING = (
    "connection_id",
    "modified_at",  # our own writes move it after we read it
    "read_at",
    "deleted_at",
    "merged_into",
    "content_hash",
    "remote",
)
_LIVE_TABLES = [name for name in TABLES if name not in ("responses", "invitations")]


def person_moves(line: Line, value: float = 5_000_000, name: str = "Australian Roo Motors") -> str:
    """A person changes an account's annual value; returns the account's id."""
    account_id = line.account_named(name)
    line.person("update", line.kind, account_id, **{line.fields["value"]: value})
    return account_id


def person_asks_for_a_task(line: Line) -> str:
    """A person changes an account's value so that it lacks contacts; returns its task's key."""
    with line.house.sessions() as session:
        lacking = select(Alert.account_id).where(Alert.kind == "contacts_missing")
        query = select(Account.account_id).where(
            Account.annual_value > 0, Account.account_id.not_in(lacking)
        )
        account_id = session.scalars(query.order_by(Account.account_id)).first()
    assert account_id is not None
    value = {line.fields["value"]: 90_000_000}
    line.person("update", line.kind, account_id, **value)
    return f"ax:contacts_missing:{account_id}:1"


def schema_of(line: Line) -> Schema:
    """The map as the sync fits it."""
    crm = open_crm(line.house, line.connection)
    plan = SchemaPlan(map_in_use(line.house, line.connection), timedelta(hours=24), utc_now())
    sessions, one = line.house.sessions, line.connection
    return read_schema(crm, sessions, one.id, one.currency, False, plan)


def tasks_there(line: Line) -> dict[str, list[bool]]:
    """Our tasks in the CRM by key: for each copy whether it is closed. Read over the wire."""
    found: dict[str, list[bool]] = {}
    chosen = schema_of(line).map
    field, closed = CLOSED[line.vendor]
    crm = open_crm(line.house, line.connection)
    span = Span(None, crm.now() + timedelta(seconds=2))
    for page in crm.pull(chosen.task_kind, [chosen.task_key_field, field], span):
        for record in page.records:
            if record[chosen.task_key_field]:
                found.setdefault(record[chosen.task_key_field], []).append(record[field] == closed)
    return found


def assert_settled(line: Line) -> None:
    """The CRM and the database say the same, once, and nothing is left half done."""
    assert_fields_agree(line)
    with line.house.sessions() as session:
        of_us = CrmTask.connection_id == line.connection.id
        over = func.coalesce(Alert.closed_at, Loop.closed_at)
        query = select(CrmTask.key, CrmTask.state, over).outerjoin(Alert).outerjoin(Loop)
        query = query.where(of_us)
        noted = {key: (state, closed is not None) for key, state, closed in session.execute(query)}
        states = Counter(session.scalars(select(OutboxRow.state)))
        cursors = session.scalars(select(Cursor)).all()
        locks = session.scalars(select(Lock.name).where(Lock.name.like("sync:%"))).all()
    there = tasks_there(line)
    assert {key: copies for key, copies in there.items() if len(copies) > 1} == {}
    wanted = {key for key, (_, over) in noted.items() if not over}
    assert wanted <= there.keys(), "an open alert or loop without its task"
    assert {key for key in there if not there[key][0]} == wanted
    assert all(noted[key][0] == ("completed" if there[key][0] else "open") for key in there)
    assert not {"queued", "sending"} & states.keys()
    assert locks == []
    latest = utc_now() + timedelta(minutes=1)
    for cursor in cursors:
        under_way = (cursor.window_since, cursor.window_until, cursor.window_started, cursor.resume)
        assert under_way == (None,) * 4
        assert cursor.read_until is not None
        assert cursor.read_until < latest


def assert_fields_agree(line: Line) -> None:
    """Every field of ours on every live account is what the newest assessment says."""
    schema = schema_of(line)
    writing = schema.map.account
    pages = f"{line.house.settings.web.url}/accounts/{line.connection.id}"
    with line.house.sessions() as session:
        live = session.scalars(select(Account).where(Account.deleted_at.is_(None))).all()
        assessed = current(session, line.connection.id)
        assert {account.account_id for account in live} == assessed.keys()
        for account in live:
            figures = crm_values(
                assessed[account.account_id].result,
                as_of=NOW,
                link=f"{pages}/{account.account_id}",
            )
            target, refused = writing.to_remote(
                figures,
                currency=account.currency,
                rates=schema.rates,
                record_id=account.account_id,
            )
            assert list(refused) == []
            there = line.read(account.account_id)
            differing = {
                name: (there[name], value)
                for name, value in target.items()
                if name not in writing.only_with_others
                and not writing.same(name, there[name], value)
            }
            assert differing == {}, account.name


def live_rows(house: House, connection_id: int) -> dict[str, dict[str, tuple[Any, ...]]]:
    """The content of every live row that we hold of the CRM, by object and id."""
    found = {}
    with house.sessions() as session:
        for name in _LIVE_TABLES:
            table = TABLES[name]
            key = table.c[key_of(name)]
            content = [column for column in table.c if column.name not in _BOOKKEEPING]
            query = select(key, *content).where(
                table.c.connection_id == connection_id, table.c.deleted_at.is_(None)
            )
            found[name] = {row[0]: tuple(row[1:]) for row in session.execute(query)}
    return found


def rows_read_afresh(line: Line, folder: Path) -> dict[str, dict[str, tuple[Any, ...]]]:
    """What a database that never met trouble holds after one full read."""
    folder.mkdir()
    house = make_house(f"sqlite:///{folder / 'fresh.db'}", folder)
    connection = connect(house, line.vendor, access(line.sandbox, line.vendor))
    report = run_sync(house, connection, Order(steps=("pull",)))
    assert report.state == "done"
    found = live_rows(house, connection.id)
    house.engine.dispose()
    return found


def expire_locks(house: House) -> None:
    """Let the time of every lock run out, as waiting would."""
    with house.sessions.begin() as session:
        session.execute(update(Lock).values(expires_at=utc_now() - timedelta(seconds=1)))


def start_command(house: House, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """`barometer` as a process of its own on the same database."""
    environment: Mapping[str, str] = os.environ | {
        "BAROMETER_DATABASE__URL": house.settings.database.url,
        "BAROMETER_SECRETS__KEY_FILE": str(house.settings.secrets.key_file),
        "BAROMETER_SYNC__LOCK_EXPIRES_SECONDS": str(house.settings.sync.lock_expires_seconds),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "jobs", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
