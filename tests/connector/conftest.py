"""A plain HTTP server, and a store of tokens, for the parts below any CRM."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connector.tokens import Tokens

Respond = Callable[[BaseHTTPRequestHandler], None]


class MemoryTokens:
    """A store for one process."""

    def __init__(self, tokens: Tokens | None = None) -> None:
        self._tokens = tokens
        self._lock = threading.Lock()

    def load(self) -> Tokens | None:
        """See TokenStore."""
        return self._tokens

    def save(self, tokens: Tokens) -> None:
        """See TokenStore."""
        self._tokens = tokens

    def lock(self) -> AbstractContextManager[object]:
        """See TokenStore."""
        return self._lock


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
