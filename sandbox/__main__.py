"""Runs the sandbox until it is stopped: `python -m sandbox`."""

import argparse
import json
import signal
import sys
import tempfile
import threading
from pathlib import Path

from sandbox.data import read_directory
from sandbox.portfolio import Portfolio, generate
from sandbox.server import Server, load
from sandbox.world import World


def main(arguments: list[str] | None = None) -> int:
    """Load a world, print where it answers as one JSON line, serve until SIGINT or SIGTERM.

    Exit 0 after serving, 1 when the data cannot be read. What could not be loaded from CSV files
    is told on standard error.
    """
    options = _parser().parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with tempfile.TemporaryDirectory(prefix="crm-sandbox-") as scratch:
        world = World(options.database or Path(scratch) / "world.sqlite")
        if not world.read_state("loaded", False):
            try:
                portfolio = _portfolio(options, world)
            except ValueError as error:
                print(error, file=sys.stderr)
                return 1
            for problem in portfolio.problems:
                print(problem, file=sys.stderr)
            load(world, portfolio)
        server = Server(
            world,
            http_port=options.http_port,
            https_port=options.https_port,
            host_names=tuple(options.host_name),
        )
        with server:
            print(json.dumps(server.credentials()), flush=True)
            stopped.wait()
        world.release()
    return 0


def _portfolio(options: argparse.Namespace, world: World) -> Portfolio:
    if world.db().execute("SELECT 1 FROM sandbox_ids LIMIT 1").fetchone():
        raise ValueError(f"{world.path} was left half loaded; delete it and start again")
    now = world.clock.now()
    if options.data is not None:
        return read_directory(options.data, now)
    return generate(options.accounts, options.seed, now)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A local Salesforce org and HubSpot portal."
    )
    parser.add_argument("--http-port", type=int, default=0, help="plain port; 0 takes a free one")
    parser.add_argument("--https-port", type=int, default=0, help="TLS port; 0 takes a free one")
    parser.add_argument("--accounts", type=int, default=200, help="accounts to generate")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another portfolio")
    parser.add_argument("--data", type=Path, help="load the CSV files in this directory instead")
    parser.add_argument(
        "--database", type=Path, help="keep the world in this file; one already loaded is served"
    )
    parser.add_argument(
        "--host-name", action="append", default=[], help="another name for the certificate"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
