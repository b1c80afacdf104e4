"""Compute: assess what changed or aged, and queue what the CRM shall show of it.

Results, alerts and outbox rows are one transaction, so a crash leaves all or none of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from insights.assess import (
    PLACE_COLUMNS,
    PORTFOLIO_COLUMNS,
    Assessed,
    Placed,
    assess_accounts,
    place,
)
from insights.frames import Frames
from insights.model import Model
from insights.portfolio import portfolio
from insights.report import account_reports
from insights.snapshot import input_hash, inputs_of
from insights.what_if import basis_rows
from jobs.figures import crm_values, raised_alerts
from jobs.loop_tasks import plan_loop_tasks
from jobs.loops import Keeping, keep_time, with_loops, withdraw_gone
from jobs.plan import Planned, Wanted, plan_updates
from jobs.schema import Schema
from jobs.tasks import plan_tasks
from jobs.wiring import House
from mappings import CrmMap
from store import outbox, records, results
from store.alerts import AlertChanges, Raised, follow_alerts
from store.frames import load_frames
from store.models import Connection
from store.refusals import resolve_refusals
from store.results import Assessed as Result

_LIGHT = tuple(dict.fromkeys((*PLACE_COLUMNS, *PORTFOLIO_COLUMNS)))
_SURVEYS = ("responses", "invitations")


@dataclass
class Computed:
    """What a computation did."""

    assessed: int = 0
    model_hash: str | None = None
    changed_ids: list[str] = field(default_factory=list)  # whose numbers differ from their last
    alerts_opened: int = 0
    alerts_closed: int = 0
    planned_records: int = 0
    planned_fields: int = 0
    unchanged: int = 0  # accounts whose fields in the CRM are right as they stand
    refused: int = 0

    def counts(self) -> dict[str, int]:
        """The numbers, for the run's row."""
        return {
            "assessed": self.assessed,
            "changed": len(self.changed_ids),
            "alerts_opened": self.alerts_opened,
            "alerts_closed": self.alerts_closed,
            "planned_records": self.planned_records,
            "planned_fields": self.planned_fields,
            "unchanged": self.unchanged,
        }


@dataclass(frozen=True)
class _Work:
    """One computation under way."""

    house: House
    connection_id: int
    schema: Schema
    model: Model
    as_of: datetime
    run_id: int | None

    @property
    def pages(self) -> str:
        """Address of the pages of the connection's accounts."""
        return f"{self.house.settings.web.url}/accounts/{self.connection_id}"


def compute(
    house: House,
    connection_id: int,
    schema: Schema,
    model: Model,
    *,
    as_of: datetime,
    run_id: int | None,
    everything: bool,
    computed: Computed,
    keep: Callable[[Session], bool],
    pinned: bool = False,
) -> None:
    """Assess accounts and plan the write-back; what was done is counted in `computed`.

    everything  all accounts, as when they were last assessed by another model; else those whose
                records changed or that were last assessed on an earlier day, and those whose
                place among the others moved because of them
    keep        asked before the transaction ends, with everything in it; False takes it back
    pinned      `as_of` is a preview's: what waits to be sent is planned anew as of then, and the
                accounts stay marked, so that the next run assesses them as of its own time
    """
    work = _Work(house, connection_id, schema, model, as_of, run_id)
    computed.model_hash = work.model.hash()
    with house.sessions() as session:
        last_by = results.model_hashes(session, connection_id)
        everything = everything or any(one != computed.model_hash for one in last_by)
        if pinned:
            waiting = outbox.waiting_records(session, connection_id)
            records.mark_accounts(session, connection_id, waiting, as_of)
        chosen = _compute(session, work, everything, computed)
        if not pinned:
            records.clean_accounts(session, connection_id, chosen)
        keep_time(_keeping(session, work))
        plan_loop_tasks(_keeping(session, work))
        session.flush()
        if keep(session):
            session.commit()


def _compute(session: Session, work: _Work, everything: bool, computed: Computed) -> list[str]:
    """Returns the accounts that were assessed."""
    chosen = _choose(session, work, everything)
    if not chosen:
        return []
    while True:
        found = records_known(session, work.connection_id, work.schema.map, only_dirty=True)
        frames = with_loops(_keeping(session, work), found, work.model)
        previous = _previous(session, work, chosen)
        assessed = assess_accounts(frames, work.model, as_of=work.as_of, previous=previous)
        whole = _whole(session, work, assessed)
        placed = place(whole.accounts, whole.owned, work.model)
        moved = whole.moved(placed) - set(chosen)
        if not moved:
            break
        records.mark_accounts(session, work.connection_id, moved, work.as_of)
        chosen = _choose(session, work, everything)
    reports = account_reports(assessed, placed, work.model)
    ids, computed.changed_ids = _save(session, work, frames, previous, assessed, placed, reports)
    results.save_portfolio(
        session,
        work.connection_id,
        portfolio(whole.accounts, placed.accounts, whole.drivers, work.model),
        currency=work.schema.currency,
        as_of=work.as_of,
    )
    _plan(session, work, reports, ids, computed)
    computed.assessed = len(chosen)
    return chosen


def _keeping(session: Session, work: _Work) -> Keeping:
    zone = session.get_one(Connection, work.connection_id).time_zone
    settings = work.house.settings
    return Keeping(session, work.connection_id, settings, zone, work.as_of, work.run_id)


def _choose(session: Session, work: _Work, everything: bool) -> list[str]:
    """Live accounts to assess, marked; those of deleted accounts lose their current result."""
    _let_go(session, work, results.drop_deleted(session, work.connection_id))
    as_of = datetime.max.replace(tzinfo=work.as_of.tzinfo) if everything else work.as_of
    aged = results.aged_accounts(session, work.connection_id, as_of)
    records.mark_accounts(session, work.connection_id, aged, work.as_of)
    return records.live_dirty_accounts(session, work.connection_id)


def _let_go(session: Session, work: _Work, gone: Sequence[str]) -> None:
    """Accounts that are deleted: their alerts and tasks end, nothing more is sent to them."""
    over: dict[str, Sequence[Raised]] = {one: () for one in gone}
    changes = follow_alerts(session, work.connection_id, over, now=work.as_of)
    _plan_tasks(session, work, changes, gone)
    withdraw_gone(_keeping(session, work), gone)
    states = (*outbox.UNSETTLED, *outbox.REFUSED)
    for row in outbox.unsettled(session, work.connection_id, "update", gone, states):
        outbox.withdraw(row, now=work.as_of)
    kind = work.schema.map.account.kind
    settled = dict.fromkeys(gone)
    resolve_refusals(session, work.connection_id, "write", kind, settled, now=work.as_of)


def records_known(
    session: Session, connection_id: int, crm_map: CrmMap, *, only_dirty: bool
) -> Frames:
    """Records of all accounts or of the marked ones.

    None where the map reads none or no survey ever told.
    """
    loaded = load_frames(session, connection_id, only_dirty=only_dirty)
    read = {source.object for source in crm_map.sources}
    for name in _SURVEYS:
        if records.has_rows(session, connection_id, name):
            read.add(name)
    return Frames(**{name: frame for name, frame in loaded.items() if name in read})


def _previous(session: Session, work: _Work, chosen: Sequence[str]) -> pd.DataFrame:
    """Band of the last run, and the score one trend window ago."""
    trend = timedelta(days=work.model.windows.trend_days)
    earlier = results.health_before(session, work.connection_id, chosen, work.as_of - trend)
    standing = results.standing(session, work.connection_id, chosen)
    rows = [
        {
            "account_id": account_id,
            "band": figures["band"],
            "plain_band": figures["plain_band"],
            "earlier_health": earlier.get(account_id),
        }
        for account_id, figures in standing.items()
    ]
    columns = ["account_id", "band", "plain_band", "earlier_health"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"earlier_health": float})


@dataclass(frozen=True)
class _Portfolio:
    """The light rows of every account: fresh ones of this run, stored ones of the others."""

    accounts: pd.DataFrame
    owned: pd.DataFrame
    drivers: pd.DataFrame
    stored: Mapping[str, Mapping[str, Any]]  # of accounts not assessed in this run

    def moved(self, placed: Placed) -> set[str]:
        """Accounts not assessed in this run whose place among the others changed."""
        places = _places(placed)
        return {one for one, figures in self.stored.items() if figures["place"] != places[one]}


def _whole(session: Session, work: _Work, assessed: Assessed) -> _Portfolio:
    fresh = assessed.accounts
    mine = set(fresh["account_id"])
    stored = {
        one: figures
        for one, figures in results.standing(session, work.connection_id).items()
        if one not in mine
    }
    light = pd.DataFrame([f["light"] for f in stored.values()], columns=list(_LIGHT))
    light = light.astype({name: fresh[name].dtype for name in _LIGHT})
    return _Portfolio(
        pd.concat([fresh[list(_LIGHT)], light], ignore_index=True),
        _joined(assessed.owned, stored, "owned"),
        _joined(assessed.drivers, stored, "drivers"),
        stored,
    )


def _joined(
    fresh: pd.DataFrame, stored: Mapping[str, Mapping[str, Any]], name: str
) -> pd.DataFrame:
    rows = [row for figures in stored.values() for row in figures[name]]
    if not rows:
        return fresh
    other = pd.DataFrame(rows, columns=fresh.columns).astype(fresh.dtypes.to_dict())
    return pd.concat([fresh, other], ignore_index=True)


def _places(placed: Placed) -> dict[str, dict[str, Any]]:
    """Stage 2 of each account as plain JSON; every offer counts, not only the best."""
    offers = placed.cross_sell.groupby("account_id", sort=False)["product"].agg(list).to_dict()
    return {
        row["account_id"]: {**row, "cross_sell": offers.get(row["account_id"], [])}
        for row in _plain_rows(placed.accounts)
    }


def _plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(k): v for k, v in row.items()} for row in plain.to_dict("records")]


def _save(
    session: Session,
    work: _Work,
    frames: Frames,
    previous: pd.DataFrame,
    assessed: Assessed,
    placed: Placed,
    reports: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, int], list[str]]:
    inputs = inputs_of(frames, [r["account_id"] for r in reports], previous)
    plain_bands = assessed.accounts.set_index("account_id")["plain_band"].to_dict()
    light = {row["account_id"]: row for row in _plain_rows(assessed.accounts[list(_LIGHT)])}
    owned, drivers = _grouped(assessed.owned), _grouped(assessed.drivers)
    places = _places(placed)
    bases = basis_rows(assessed, previous)
    model_hash = results.keep_model(session, work.model.to_dict(), work.model.hash(), work.as_of)
    return results.save_assessments(
        session,
        work.connection_id,
        (
            Result(
                account_id=report["account_id"],
                health=report["health"],
                band=report["band"],
                annual_value=report["annual_value"],
                result=report,
                place=places[report["account_id"]],
                inputs=inputs[report["account_id"]],
                inputs_hash=input_hash(inputs[report["account_id"]], model_hash),
                figures={
                    "band": report["band"],
                    "plain_band": plain_bands[report["account_id"]],
                    "light": light[report["account_id"]],
                    "owned": owned.get(report["account_id"], []),
                    "drivers": drivers.get(report["account_id"], []),
                    "place": places[report["account_id"]],
                },
                basis=bases[report["account_id"]],
            )
            for report in reports
        ),
        as_of=work.as_of,
        model_hash=model_hash,
        run_id=work.run_id,
    )


def _grouped(frame: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in _plain_rows(frame):
        groups.setdefault(row["account_id"], []).append(row)
    return groups


def _plan(
    session: Session,
    work: _Work,
    reports: Iterable[Mapping[str, Any]],
    ids: Mapping[str, int],
    computed: Computed,
) -> None:
    """Alerts, their tasks and the fields of the assessed accounts."""
    by_account = {report["account_id"]: report for report in reports}
    changes = follow_alerts(
        session,
        work.connection_id,
        {one: raised_alerts(report) for one, report in by_account.items()},
        now=work.as_of,
    )
    computed.alerts_opened, computed.alerts_closed = len(changes.opened), len(changes.closed)
    _plan_tasks(session, work, changes, list(by_account))
    planned: Planned = plan_updates(
        session,
        work.connection_id,
        work.schema,
        {
            one: Wanted(crm_values(report, as_of=work.as_of, link=f"{work.pages}/{one}"), ids[one])
            for one, report in by_account.items()
        },
        now=work.as_of,
        run_id=work.run_id,
    )
    computed.planned_records, computed.planned_fields = planned.records, planned.fields
    computed.unchanged, computed.refused = planned.unchanged, planned.refused


def _plan_tasks(
    session: Session, work: _Work, changes: AlertChanges, account_ids: Sequence[str]
) -> None:
    plan_tasks(
        session,
        work.connection_id,
        changes,
        account_ids,
        page_url=work.pages,
        policy=work.house.settings.tasks,
        fallback_owner=work.house.settings.loops.fallback_owner,
        now=work.as_of,
        run_id=work.run_id,
    )
