"""What the commands share: options and the database."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from jobs.wiring import House
    from store.models import Connection

FAILED, REFUSALS, STOPPED = 1, 3, 4  # 2, wrong use, is click.UsageError's
EXIT = {
    "done": 0,
    "refusals": REFUSALS,
    "stopped": STOPPED,
    "failed": FAILED,
    "cancelled": FAILED,
}
_WORST_FIRST = (FAILED, STOPPED, REFUSALS)


class ReportFile(click.Path):
    """A file to write; its folder must be there before hours of work depend on it."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> Any:
        """The path; UsageError when nothing can be written there."""
        file = Path(str(super().convert(value, param, ctx)))
        if not file.parent.is_dir():
            self.fail(f"there is no folder {file.parent}; make it or name another file", param, ctx)
        return file


json_option = click.option(
    "--json", "json_file", type=ReportFile(), help="Write a machine-readable report here."
)


_YEARS = range(1900, 2200)  # beyond, no record of a CRM and no nanosecond clock reaches


class Instant(click.ParamType[datetime]):
    """An ISO 8601 date or time; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> datetime:
        """The aware UTC instant that `value` names."""
        try:
            parsed = datetime.fromisoformat(value)
            aware = parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed
            instant = aware.astimezone(UTC)
        except (ValueError, OverflowError):
            instant = None
        if instant is None or instant.year not in _YEARS:
            self.fail(
                f"{value!r} is no date or time; write 2026-11-22 or 2026-11-22T09:00Z", param, ctx
            )
        return instant


def fail(sentence: str, code: int = FAILED) -> NoReturn:
    """Say one sentence on stderr and leave with `code`."""
    click.echo(f"barometer: {sentence}", err=True)
    sys.exit(code)


def house(context: click.Context) -> "House":
    """The deployment that the settings describe."""
    from jobs.wiring import open_house
    from settings import load_settings

    return open_house(load_settings(context.obj))


def connection_named(house: "House", name: str) -> "Connection":
    """The connection called `name`; UsageError naming those there are."""
    from store.connections import all_connections, find_connection

    with house.sessions() as session:
        found = find_connection(session, name)
        known = ", ".join(c.name for c in all_connections(session)) or "none yet"
    if found is None:
        raise click.UsageError(f"no connection is called {name!r}; there are: {known}")
    return found


def chosen(house: "House", name: str | None) -> "list[Connection]":
    """The named connection, or all; UsageError when there is none."""
    from store.connections import all_connections

    if name is not None:
        return [connection_named(house, name)]
    with house.sessions() as session:
        found = all_connections(session)
    if not found:
        raise click.UsageError("no CRM is connected yet; see: barometer connect --help")
    return found


def exit_code(states: Iterable[str]) -> int:
    """The code that tells the worst of the runs' states: failed, stopped, refusals, done."""
    codes = {EXIT[state] for state in states}
    return next((code for code in _WORST_FIRST if code in codes), 0)


def write_json(file: Path | None, content: Any) -> None:
    """Write `content` as JSON to `file`, if one was asked for; ends with one sentence if it cannot.

    The work that is reported is done and stored by then.
    """
    if file is None:
        return
    try:
        file.write_text(json.dumps(content, indent=2, default=str) + "\n")
    except OSError as error:
        fail(f"{file}: {error.strerror}; only this report is missing, the work itself is done")


def write_csv(file: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table as the pages' downloads are; ends with one sentence if it cannot."""
    from web.download import csv_lines

    try:
        with file.open("w", encoding="utf-8", newline="") as opened:
            opened.writelines(csv_lines(header, rows))
    except OSError as error:
        fail(f"{file}: {error.strerror}; only this table is missing, the work itself is done")
