"""The measured stages as one table."""

from typing import Any

from rich.console import Console
from rich.table import Table


def show(result: dict[str, Any]) -> None:
    """Print one line per stage: speeds, shares of the floor, memory and API calls."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=132)
    table = Table(title=f"{result['accounts']:,} accounts, {result['seconds']:.0f} s in all")
    table.add_column("stage", no_wrap=True)
    table.add_column("of", no_wrap=True)
    for name in ("ours/s", "floor/s", "of floor", "by CPU", "goal", "MB", "floor MB", "calls"):
        table.add_column(name, justify="right", no_wrap=True)
    for stage in result["stages"]:
        if "ceiling" in stage:
            speed = _speed(stage["ceiling"])
            table.add_row(f"{stage['stage']}: the sandbox alone", stage["unit"], speed)
        table.add_row(*_line(stage))
    console.print(table)
    machine = result["machine"]
    console.print(
        f"{machine['cpus']} CPUs, {machine['system']}, Python {machine['python']}, "
        f"load {machine['load_average']}, {result['at']}",
        highlight=False,
    )


def _line(stage: dict[str, Any]) -> list[str]:
    ours, floor, shares = stage["ours"], stage.get("floor"), stage.get("of_floor")
    details = ours["details"]
    calls = f"{details['calls']:,}" if "calls" in details else ""
    if "least_calls" in details:
        calls += f" of {details['least_calls']:,}"
    return [
        stage["stage"],
        stage["unit"],
        _speed(ours),
        _speed(floor) if floor else "",
        f"{shares['seconds']:.2f}" if shares else "",
        f"{shares['cpu_seconds']:.2f}" if shares else "",
        f"{stage['goal']:.1f}" if stage["goal"] else "",
        _memory(ours),
        _memory(floor) if floor else "",
        calls,
    ]


def _speed(measured: dict[str, Any]) -> str:
    speed = measured["rows"] / measured["seconds"]
    return f"{speed:,.0f}" if speed >= 10 else f"{speed:.2f}"


def _memory(measured: dict[str, Any]) -> str:
    return f"{measured['peak_mb']:,.0f}" if measured["peak_mb"] else ""
