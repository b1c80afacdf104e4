"""What commands show: progress on a terminal, plain lines elsewhere, tables at the end."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.tree import Tree

from store.preview_lines import lines_of
from store.previews import opened

if TYPE_CHECKING:
    from connector.base import ProvisionStep
    from jobs.intake import Imported
    from jobs.report import Report
    from store.models import Preview

# Names and values come from CRMs and files, so nothing is markup. In a file or a pipe nothing is
# cut or folded: it is as wide as it needs.
console = Console(
    highlight=False,
    soft_wrap=True,
    markup=False,
    width=None if sys.stdout.isatty() else 10_000,
)

_BANDS = {
    "healthy": "● Healthy",
    "watch": "▲ Watch",
    "at_risk": "■ At risk",
    "unknown": "◌ Unknown",
}


_LINE_EVERY = 10.0  # seconds between two plain lines about the same work


@contextmanager
def progress(title: str) -> Iterator[Callable[[str, int], None]]:
    """Yields `advance(what, count)`: bars on a terminal, plain lines elsewhere."""
    with _bars(title) if console.is_terminal else _lines(title) as advance:
        yield advance


@contextmanager
def _bars(title: str) -> Iterator[Callable[[str, int], None]]:
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[title]:<12} {task.description:<28}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.completed:>9,.0f}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as bars:
        tasks: dict[str, Any] = {}

        def advance(what: str, count: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=None, title=title)
            bars.advance(tasks[what], count)

        yield advance


@contextmanager
def _lines(title: str) -> Iterator[Callable[[str, int], None]]:
    """A line when a kind of work is over, and every ten seconds while it goes on."""
    done: Counter[str] = Counter()
    said: dict[str, int] = {}
    last_line = time.monotonic()

    def say(what: str) -> None:
        nonlocal last_line
        if said.get(what, 0) != done[what]:
            said[what], last_line = done[what], time.monotonic()
            print(f"{title}: {what} {done[what]:,}", flush=True)

    current: str | None = None

    def advance(what: str, count: int) -> None:
        nonlocal current
        if current is not None and what != current:
            say(current)
        current = what
        done[what] += count
        if time.monotonic() - last_line >= _LINE_EVERY:
            say(what)

    try:
        yield advance
    finally:
        if current is not None:
            say(current)


def show_report(report: "Report") -> None:
    """One run: what was read, assessed, written and refused, and its API calls.

    What stopped it goes to standard error, as every sentence that ends a command.
    """
    content = report.as_json()
    read = ", ".join(f"{count:,} {name}" for name, count in content["pulled"].items()) or "nothing"
    written = content["written"]
    calls = content["api_calls"]
    console.print(
        f"{report.name} ({report.crm}): {report.state} in {content['seconds']['total']:.1f} s",
        style="bold",
    )
    console.print(f"  read      {read}; {content['deleted']} gone")
    console.print(f"  assessed  {content['assessed']:,} accounts")
    console.print(
        f"  written   {written['fields']:,} fields on {written['records']:,} records, "
        f"{written['tasks']:,} tasks made, {written['tasks_completed']:,} completed; "
        f"{content['unchanged']:,} unchanged"
    )
    planned = "unknown" if calls.get("planned") is None else f"{calls['planned']:,}"
    console.print(
        f"  API calls planned {planned}, spent {calls.get('spent', 0):,}, "
        f"least possible {calls.get('least', 0):,}"
    )
    for note in report.notes:
        console.print(f"  note      {note}")
    if report.problem:
        print(f"barometer: {report.name}: {report.problem}", file=sys.stderr, flush=True)
    _show_refusals(report.refused)
    for change in report.would_write[:50]:
        console.print(
            f"  would write {change['record_id']} {change['field']}: "
            f"{change['now']!r} → {change['after']!r}"
        )
    if len(report.would_write) > 50:
        console.print(f"  … and {len(report.would_write) - 50:,} more; see --json")


def show_preview(preview: "Preview") -> None:
    """What a sync would send: totals, the first lines, and how to have exactly this sent."""
    counts = preview.counts
    console.print(
        f"  preview   {counts['fields']:,} fields on {counts['records']:,} records, "
        f"{counts['new_tasks']:,} tasks to make, {counts['changed_tasks']:,} to change, "
        f"{counts['ended_tasks']:,} to complete, "
        f"{counts['withdrawn']:,} withdrawn, {counts['refusals']:,} refusals expected, "
        f"{counts['calls']:,} calls to send"
    )
    lines = lines_of(opened(preview))
    for line in islice(lines, 50):
        what = _SHOWN_AS[line.kind].format(line=line, who=line.name or line.record_id)
        console.print(f"  {what}")
    more = sum(1 for _ in lines)
    if more:
        console.print(f"  … and {more:,} more; see --csv and --json")
    console.print(f"  hash      {preview.hash}; to send exactly this: sync --preview HASH")


_SHOWN_AS = {
    "change": "would write {who} {line.field}: {line.now!r} → {line.after!r}",
    "new_task": "would make the task {line.label!r}, due {line.after}",
    "changed_task": "would change the task {line.field}",
    "ended_task": "would complete the task {line.field}",
    "withdrawn": "would no longer send {line.field} of {who}",
    "refusal": "would be refused: {who} {line.field} {line.after!r}: {line.reason}",
}


def _show_refusals(refused: Sequence[Mapping[str, Any]]) -> None:
    causes: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in refused:
        causes.setdefault((row["code"], row["field"]), []).append(row)
    for (code, name), rows in sorted(causes.items(), key=lambda item: -len(item[1]))[:10]:
        first = rows[0]
        console.print(
            f"  refused   {len(rows)} x {code} {name}: {first['reason']} "
            f"(first: {first['object']} {first['record_id']}). {first['remedy']}"
        )


def show_steps(steps: "Sequence[ProvisionStep]") -> None:
    """What provisioning found or did, one line per component; what exists only counted."""
    there = sum(step.state == "exists" for step in steps)
    for step in steps:
        if step.state != "exists":
            console.print(f"  {step.state:<9} {step.component} {step.detail}".rstrip())
    console.print(f"  {there} of {len(steps)} components were there already")


def show_import(name: str, done: "Imported") -> None:
    """One imported file: what was stored, and what was not taken over."""
    console.print(
        f"{name}: {done.rows:,} rows, {done.changed:,} new or changed, "
        f"{done.unmatched:,} of nobody we know, {len(done.refused):,} refused"
    )
    if done.ignored:
        console.print(f"  not read  columns {', '.join(done.ignored)}")
    if done.erased:
        console.print(f"  left out  {done.erased:,} that were erased here")
    _show_lines([vars(one) for one in done.refused])


def _show_lines(refused: Sequence[Mapping[str, Any]]) -> None:
    for row in refused[:20]:
        column = f" {row['column']}" if row["column"] else ""
        console.print(
            f"  refused   {row['file']} line {row['line']}{column} {row['value']!r}: "
            f"{row['reason']}; {row['remedy']}"
        )
    if len(refused) > 20:
        console.print(f"  … and {len(refused) - 20:,} more")


def show_score(result: Mapping[str, Any]) -> None:
    """The portfolio's figures, and the accounts with the most revenue at risk."""
    figures = result["portfolio"]
    table = Table(title=f"Portfolio as of {result['as_of']}", show_header=False)
    for name in (
        "accounts",
        "annual_value",
        "nps",
        "nps_n",
        "response_rate",
        "revenue_coverage",
        "silent_revenue",
        "unknown_revenue",
        "revenue_at_risk",
        "expected_loss",
    ):
        table.add_row(name.replace("_", " "), _shown(figures.get(name)))
    for band, group in figures["by_band"].items():
        table.add_row(_BANDS.get(band, band), f"{group['accounts']:,} accounts")
    console.print(table)
    for name, columns in result["ignored_columns"].items():
        console.print(f"  not read  columns {', '.join(columns)} of {name}.csv")
    _show_lines(result["refused"])


def _shown(value: Any) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"


def show_tree(tree: Mapping[str, Any]) -> None:
    """An explanation: nested names and values, records by their CRM ids."""
    root = Tree(f"{tree.get('name') or 'account'} {tree.get('account_id', '')}")
    _grow(root, {key: value for key, value in tree.items() if key not in ("name", "account_id")})
    console.print(root, soft_wrap=False)


def _grow(branch: Tree, content: Any) -> None:
    pairs = content.items() if isinstance(content, Mapping) else enumerate(content, 1)
    for name, value in pairs:
        if isinstance(value, Mapping | list) and value:
            _grow(branch.add(str(name)), value)
        elif value not in (None, [], {}):
            branch.add(f"{name}: {value}")
        else:
            branch.add(f"{name}: unknown" if value is None else f"{name}: none")
