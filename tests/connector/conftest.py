"""A running sandbox, and a plain HTTP server for the parts below any CRM."""

import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sandbox.server import Server
from sandbox.world import World

Respond = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty world with both CRMs' tables, to be copied: they take a while."""
    world = World(tmp_path_factory.mktemp("founded") / "world.sqlite")
    with Server(world):
        world.release()
    return world.path


@pytest.fixture
def world(founded: Path, tmp_path: Path) -> Iterator[World]:
    """An empty world in a file of its own."""
    world = World(shutil.copy(founded, tmp_path / "world.sqlite"))
    yield world
    world.release()


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    """The sandbox over `world`, answering on a plain and a TLS port."""
    with Server(world) as running:
        yield running


@pytest.fixture
def listen() -> Iterator[Callable[[Respond], str]]:
    """listen(respond) starts a server that answers every GET by `respond`; returns its URL."""
    running: list[ThreadingHTTPServer] = []

    def start(respond: Respond) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                respond(self)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()
