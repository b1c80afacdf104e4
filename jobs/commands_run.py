"""Commands that read, compute and write: sync and its steps, and score."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from jobs.cli import (
    FAILED,
    REFUSALS,
    Instant,
    ReportFile,
    chosen,
    connection_named,
    exit_code,
    house,
    json_option,
    write_csv,
    write_json,
)

if TYPE_CHECKING:
    from jobs.report import Report

_SHORTEST_HASH = 12  # characters; fewer are a slip of the pen


@contextmanager
def _steps_shown(title: str) -> Iterator[Callable[[str, int], None]]:
    from jobs.screen import progress

    with progress(title) as advance:
        yield advance


def _run(
    context: click.Context,
    name: str | None,
    json_file: Path | None,
    **order: Any,
) -> NoReturn:
    from jobs.alone import Busy
    from jobs.screen import show_report
    from jobs.sync import Order, run_sync

    place = house(context)
    reports: list[Report] = []
    busy = False
    for connection in chosen(place, name):
        try:
            with _steps_shown(connection.name) as advance:
                report = run_sync(place, connection, Order(progress=advance, **order))
        except Busy as error:
            busy = True
            click.echo(f"barometer: {error}", err=True)
            continue
        show_report(report)
        reports.append(report)
    write_json(json_file, {"connections": [report.as_json() for report in reports]})
    sys.exit(FAILED if busy else exit_code(report.state for report in reports))


def _execute(context: click.Context, name: str, digest: str, json_file: Path | None) -> NoReturn:
    from jobs.preview import approve_by_command, execute_preview
    from jobs.screen import show_report

    place = house(context)
    connection = connection_named(place, name)
    preview = approve_by_command(place, connection, digest)
    with _steps_shown(connection.name) as advance:
        report = execute_preview(place, connection, preview.id, progress=advance)
    show_report(report)
    write_json(json_file, {"connections": [report.as_json()]})
    sys.exit(exit_code([report.state]))


@click.command()
@click.argument("connection", required=False)
@click.option("--full", is_flag=True, help="Read everything again, not only what changed.")
@click.option("--dry-run", is_flag=True, help="Read and compute; show what would be written.")
@click.option("--as-of", type=Instant(), help="Compute for this instant instead of now.")
@click.option(
    "--preview", "digest", metavar="HASH", help="Send exactly what this preview lists, or nothing."
)
@json_option
@click.pass_context
def sync(
    context: click.Context,
    connection: str | None,
    full: bool,
    dry_run: bool,
    as_of: datetime | None,
    digest: str | None,
    json_file: Path | None,
) -> None:
    """Pull, compute and write back: one CONNECTION, or all."""
    if digest is not None:
        if connection is None or full or dry_run or as_of is not None:
            raise click.UsageError("--preview goes with a CONNECTION and no other choice")
        if len(digest) < _SHORTEST_HASH:
            raise click.UsageError(f"give at least {_SHORTEST_HASH} characters of the hash")
        _execute(context, connection, digest, json_file)
    _run(context, connection, json_file, full=full, dry_run=dry_run, as_of=as_of)


@click.command()
@click.argument("connection", required=False)
@click.option("--full", is_flag=True, help="Read everything again, not only what changed.")
@json_option
@click.pass_context
def pull(
    context: click.Context, connection: str | None, full: bool, json_file: Path | None
) -> None:
    """Read what changed in the CRM; compute and write nothing."""
    _run(context, connection, json_file, steps=("pull",), full=full)


@click.command()
@click.argument("connection", required=False)
@click.option("--all", "everything", is_flag=True, help="Every account, changed or not.")
@click.option("--as-of", type=Instant(), help="Compute for this instant instead of now.")
@json_option
@click.pass_context
def compute(
    context: click.Context,
    connection: str | None,
    everything: bool,
    as_of: datetime | None,
    json_file: Path | None,
) -> None:
    """Assess the accounts that changed, and queue what the CRM shall show."""
    _run(context, connection, json_file, steps=("compute",), full=everything, as_of=as_of)


@click.command("write-back")
@click.argument("connection", required=False)
@json_option
@click.pass_context
def write_back(context: click.Context, connection: str | None, json_file: Path | None) -> None:
    """Send what is queued to the CRM."""
    _run(context, connection, json_file, steps=("write_back",))


@click.command()
@click.argument("connection")
@click.option("--csv", "csv_file", type=ReportFile(), help="Write every line as CSV here.")
@json_option
@click.pass_context
def preview(
    context: click.Context, connection: str, csv_file: Path | None, json_file: Path | None
) -> None:
    """Read and compute; list every change, task and call of a sync, and send nothing."""
    from jobs.preview import as_json, make_preview
    from jobs.screen import show_preview, show_report
    from store.preview_lines import CSV_HEADER, csv_rows
    from store.previews import opened

    place = house(context)
    found = connection_named(place, connection)
    with _steps_shown(found.name) as advance:
        report, made = make_preview(place, found, progress=advance)
    show_report(report)
    if made.state == "ready":
        show_preview(made)
        if csv_file is not None:
            write_csv(csv_file, CSV_HEADER, csv_rows(opened(made)))
    write_json(json_file, {"connections": [report.as_json()], "preview": as_json(made)})
    sys.exit(exit_code([report.state]))


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--as-of", type=Instant(), help="Score for this instant instead of now.")
@click.option(
    "--model", "model_file", type=click.Path(dir_okay=False, path_type=Path), help="Scoring model."
)
@json_option
def score(
    directory: Path, as_of: datetime | None, model_file: Path | None, json_file: Path | None
) -> None:
    """Score the CSV files in DIRECTORY; no CRM is needed. Columns: docs/data.md."""
    from jobs.clock import utc_now
    from jobs.score import score as score_directory
    from jobs.screen import show_score

    result = score_directory(directory, as_of=as_of or utc_now(), model=_model_dict(model_file))
    show_score(result)
    write_json(json_file, result)
    sys.exit(REFUSALS if result["refused"] else 0)


def _model_dict(file: Path | None) -> Any:
    from jobs.model import read_model

    return read_model(file)


COMMANDS = (sync, pull, compute, write_back, preview, score)
