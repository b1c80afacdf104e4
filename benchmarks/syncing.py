"""Whole syncs, and what they cost in API calls beside the fewest possible."""

import requests

from benchmarks.place import Place, connection_of, copied
from benchmarks.watch import Watch
from jobs.report import Report
from jobs.sync import Order, run_sync
from jobs.wiring import House


def first(site: Place, watch: Watch, *, vendor: str) -> None:
    """Pull, compute and write back a world that was never read; it stays for later stages."""
    with copied(site, vendor, keep_as=f"{vendor}-synced") as house:
        report = _sync(site, watch, house, vendor)
        with house.engine.connect() as database:
            database.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    watch.rows = sum(report.pulled.rows.values())


def unchanged(site: Place, watch: Watch, *, vendor: str) -> None:
    """The same world again."""
    with copied(site, f"{vendor}-synced") as house:
        report = _sync(site, watch, house, vendor)
    watch.rows = sum(report.pulled.rows.values())


def _sync(site: Place, watch: Watch, house: House, vendor: str) -> Report:
    stats = f"{site.where['control']}/stats"
    requests.delete(stats, timeout=60)
    with watch.lap():
        report = run_sync(house, connection_of(house, vendor), Order())
    counted = requests.get(stats, timeout=60).json()[vendor]
    watch.details = {
        "state": report.state,
        "problem": report.problem,
        "calls": report.calls["spent"],
        "least_calls": report.calls["least"],
        "write_calls": counted["write"],
        "step_seconds": {name: round(value, 3) for name, value in report.seconds.items()},
        "assessed": report.computed.assessed,
        "written": report.sent.records,
        "tasks": report.tasks.created,
        "refused": len(report.refused),
    }
    return report
