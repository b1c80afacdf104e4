"""Assess, report, plan and save: from frames to rows of the outbox, on a synchronised database.

Floor of assess: the core counts by numpy on integer positions (contacts by level, promoters and
detractors, open and won amounts per account) of a rule set much simpler than ours. Floor of the
report: each account's row as a dict. Floor of plan: a plain comparison of dicts that are already in
the CRM's terms, and one executemany of the rows to send. Floor of save: JSON, zlib and one
executemany of the same assessments.
"""

import json
import sqlite3
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select, text

from benchmarks.place import Place, connection_of, copied, opened
from benchmarks.watch import Watch
from insights.assess import Assessed, Placed, assess_accounts, place
from insights.frames import Frames
from insights.model import Model
from insights.report import account_reports
from jobs.clock import utc_now
from jobs.figures import crm_values
from jobs.model import read_model
from jobs.plan import Wanted, plan_updates
from jobs.wiring import House
from store import results
from store.frames import load_frames
from store.models import OutboxRow

SYNCED = "salesforce-synced"
_PROVIDED = ("accounts", "contacts", "opportunities", "responses", "users")


def assess_ours(site: Place, watch: Watch) -> None:
    """`insights.assess.assess_accounts` and `place`: every rule."""
    frames, model = inputs(site)
    for _ in range(site.repeats):
        with watch.lap():
            assess(frames, model)
    watch.rows = _rows(frames)


def assess_floor(site: Place, watch: Watch) -> None:
    """Counts and sums per account, nothing else."""
    frames, _ = inputs(site)
    for _ in range(site.repeats):
        with watch.lap():
            _core(frames)
    watch.rows = _rows(frames)


def report_ours(site: Place, watch: Watch) -> None:
    """`insights.report.account_reports`: what is stored and sent of each account."""
    frames, model = inputs(site)
    assessed, placed = assess(frames, model)
    for _ in range(site.repeats):
        with watch.lap():
            reports = account_reports(assessed, placed, model)
    watch.rows = len(reports)


def report_floor(site: Place, watch: Watch) -> None:
    """The same accounts' rows as dicts."""
    frames, model = inputs(site)
    assessed, placed = assess(frames, model)
    for _ in range(site.repeats):
        with watch.lap():
            assessed.accounts.to_dict("records")
            placed.accounts.to_dict("records")
    watch.rows = len(assessed.accounts)


def plan_ours(site: Place, watch: Watch) -> None:
    """`jobs.plan.plan_updates` when every field differs."""
    for _ in range(site.repeats):
        with copied(site, SYNCED) as house:
            _, connection, schema = opened(house, "salesforce")
            wanted = _wanted(house, connection.id)
            with house.sessions.begin() as session:
                for table in ("written_fields", "outbox"):
                    session.execute(text(f"DELETE FROM {table}"))
                session.execute(text("UPDATE accounts SET remote = '{}'"))
            with watch.lap(), house.sessions.begin() as session:
                planned = plan_updates(
                    session, connection.id, schema, wanted, now=utc_now(), run_id=None
                )
        watch.rows, watch.details = planned.records, {"fields": planned.fields}


def plan_floor(site: Place, watch: Watch) -> None:
    """The same fields compared and queued by dicts and sqlite3."""
    with copied(site, SYNCED) as house, house.sessions() as session:
        query = select(OutboxRow.record_id, OutboxRow.fields).where(OutboxRow.action == "update")
        targets = {record_id: fields for record_id, fields in session.execute(query)}
    there: Mapping[str, Any] = {}
    for _ in range(site.repeats):
        database = sqlite3.connect(":memory:")
        database.execute("CREATE TABLE outbox (record_id TEXT, fields TEXT, before TEXT)")
        with watch.lap():
            rows = []
            for record_id, fields in targets.items():
                changes = {n: v for n, v in fields.items() if there.get(n) != v}
                before = {n: there.get(n) for n in changes}
                rows.append((record_id, json.dumps(changes), json.dumps(before)))
            database.executemany("INSERT INTO outbox VALUES (?,?,?)", rows)
            database.commit()
    watch.rows = len(targets)


def save_ours(site: Place, watch: Watch) -> None:
    """`store.results.save_assessments` of accounts never assessed before."""
    for _ in range(site.repeats):
        with copied(site, SYNCED) as house:
            connection = connection_of(house, "salesforce")
            rows = _saved(house, connection.id)
            with house.sessions.begin() as session:
                for table in ("current_assessments", "assessments"):
                    session.execute(text(f"DELETE FROM {table}"))
            with watch.lap(), house.sessions.begin() as session:
                results.save_assessments(
                    session, connection.id, rows, as_of=utc_now(), model_hash="m", run_id=None
                )
    watch.rows = len(rows)


def save_floor(site: Place, watch: Watch) -> None:
    """The same content by json, zlib and sqlite3."""
    with copied(site, SYNCED) as house:
        rows = _saved(house, connection_of(house, "salesforce").id)
    for _ in range(site.repeats):
        database = sqlite3.connect(":memory:")
        database.execute("CREATE TABLE assessments (account_id, health, result, inputs, figures)")
        with watch.lap():
            database.executemany(
                "INSERT INTO assessments VALUES (?,?,?,?,?)",
                [
                    (
                        row.account_id,
                        row.health,
                        json.dumps(row.result),
                        zlib.compress(json.dumps(row.inputs).encode()),
                        json.dumps(row.figures),
                    )
                    for row in rows
                ],
            )
            database.commit()
    watch.rows = len(rows)


def inputs(site: Place) -> tuple[Frames, Model]:
    """What is stored of every account, and the default model."""
    with copied(site, SYNCED) as house, house.sessions() as session:
        loaded = load_frames(session, 1, only_dirty=False)
    return Frames(**{name: loaded[name] for name in _PROVIDED}), read_model(None)


def assess(frames: Frames, model: Model) -> tuple[Assessed, Placed]:
    """Every account by itself, and its place among the others."""
    assessed = assess_accounts(frames, model, as_of=utc_now())
    return assessed, place(assessed.accounts, assessed.owned, model)


def _rows(frames: Frames) -> int:
    return sum(len(getattr(frames, name)) for name in _PROVIDED)


def _core(frames: Frames) -> dict[str, Any]:
    tables = {name: getattr(frames, name) for name in _PROVIDED}
    accounts = pd.Index(tables["accounts"]["account_id"])
    n = len(accounts)

    def counted(table: pd.DataFrame, chosen: Any, weights: Any = None) -> Any:
        at = accounts.get_indexer(table["account_id"])
        chosen = chosen & (at >= 0)
        weights = None if weights is None else np.nan_to_num(weights[chosen])
        return np.bincount(at[chosen], weights, minlength=n)

    people, deals, answers = tables["contacts"], tables["opportunities"], tables["responses"]
    level, score = people["level"].to_numpy(object), answers["score"].to_numpy(float)
    closed = deals["is_closed"].to_numpy(bool)
    won, amount = deals["is_won"].to_numpy(bool), deals["amount"].to_numpy(float)
    found = {name: counted(people, level == name) for name in ("decision_maker", "influencer")}
    found |= {"promoters": counted(answers, score >= 9), "detractors": counted(answers, score <= 6)}
    found["nps"] = (found["promoters"] - found["detractors"]) / np.maximum(
        counted(answers, score >= 0), 1
    )
    found |= {"open": counted(deals, ~closed, amount), "won": counted(deals, won, amount)}
    return found


def _wanted(house: House, connection_id: int) -> dict[str, Wanted]:
    with house.sessions() as session:
        standing = results.current(session, connection_id)
    return {
        one: Wanted(crm_values(row.result, as_of=utc_now(), link=f"http://localhost/{one}"), row.id)
        for one, row in standing.items()
    }


def _saved(house: House, connection_id: int) -> list[results.Assessed]:
    with house.sessions() as session:
        standing = results.current(session, connection_id)
        figures = results.standing(session, connection_id)
        bases = results.bases(session, connection_id)
    return [
        results.Assessed(
            account_id=one,
            health=row.health,
            band=row.band,
            annual_value=None if row.annual_value is None else float(row.annual_value),
            result=row.result,
            place=row.place,
            inputs=results.opened_inputs(row),
            inputs_hash=row.inputs_hash,
            figures=figures[one],
            basis=bases[one],
        )
        for one, row in standing.items()
    ]
