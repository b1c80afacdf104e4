"""Start-up: how long a person waits for `barometer --help`."""

import subprocess
import sys

from benchmarks.place import Place
from benchmarks.watch import Watch


def ours(site: Place, watch: Watch) -> None:
    """`barometer --help`."""
    _run(site, watch, ["-m", "jobs", "--help"])


def floor(site: Place, watch: Watch) -> None:
    """Python and click."""
    _run(site, watch, ["-c", "import click"])


def _run(site: Place, watch: Watch, arguments: list[str]) -> None:
    watch.rows, watch.memory = 1, False
    for _ in range(max(5, site.repeats)):
        with watch.lap():
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
