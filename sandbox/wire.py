"""HTTP over sockets: Werkzeug's threaded server with connections that stay open.

Werkzeug's own request handler closes the connection after each answer; clients of a real CRM
reuse theirs. So this handler reads each request to its end before the application runs, and
frames each answer by its length or in chunks.
"""

import io
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

_NO_BODY = frozenset({"204", "304"})


class KeepAliveHandler(WSGIRequestHandler):
    """Serves many requests on one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request that was just parsed."""
        self.environ = environ = self.make_environ()
        length = int(environ.get("CONTENT_LENGTH") or 0)
        chunked = environ.get("wsgi.input_terminated", False)
        body = environ["wsgi.input"].read() if chunked else self.rfile.read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], None]:
            started[:] = [(status, headers)]
            return self._refuse_write

        answer = self.server.app(environ, start_response)
        try:
            self._send(*started[0], answer)
        except (ConnectionError, ssl.SSLError):
            self.close_connection = True
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()

    def _send(self, status: str, headers: list[tuple[str, str]], answer: Iterable[bytes]) -> None:
        code, _, reason = status.partition(" ")
        names = {name.lower() for name, _ in headers}
        bare = self.command == "HEAD" or code in _NO_BODY
        self.send_response_only(int(code), reason)
        if "date" not in names:
            self.send_header("Date", self.date_time_string())
        for name, value in headers:
            self.send_header(name, value)
        unmeasured = not bare and "content-length" not in names
        in_chunks = unmeasured and self.request_version != "HTTP/1.0"
        if in_chunks:
            self.send_header("Transfer-Encoding", "chunked")
        elif unmeasured:
            self.close_connection = True  # in HTTP/1.0 the end of the body is the connection's
        if self.close_connection:
            self.send_header("Connection", "close")
        # Sent together with the first part of the body, so that a small answer is one packet.
        pending = b"".join([*self._headers_buffer, b"\r\n"])
        self._headers_buffer: list[bytes] = []
        for part in () if bare else answer:
            if part:
                framed = b"%x\r\n%b\r\n" % (len(part), part) if in_chunks else part
                self.wfile.write(pending + framed)
                pending = b""
        self.wfile.write(pending + (b"0\r\n\r\n" if in_chunks else b""))

    @staticmethod
    def _refuse_write(data: bytes) -> None:
        raise RuntimeError("the sandbox answers with iterables, not through write()")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are counted in the world's stats, not logged."""


class ConnectionServer(ThreadedWSGIServer):
    """One listening port; a thread per connection; `stop` also ends the open connections."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        port: int,
        app: Any,
        *,
        tls: ssl.SSLContext | None = None,
        on_close: Callable[[], None],
    ) -> None:
        super().__init__("127.0.0.1", port, app, KeepAliveHandler)
        # Not handed to Werkzeug, which would shake hands in the accepting thread.
        self.ssl_context = tls
        self._on_close = on_close
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def start(self) -> None:
        """Begin to accept connections, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Stop accepting, cut what is open, free the port."""
        self.shutdown()
        self._thread.join()
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            cut(connection)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One connection's life."""
        with self._lock:
            self._open.add(request)
        try:
            if self.ssl_context is not None:
                request = self._handshake(request)
            super().process_request_thread(request, client_address)
        except OSError:
            self.shutdown_request(request)  # the client gave up during the handshake
        finally:
            with self._lock:
                self._open = {c for c in self._open if c.fileno() != -1}
            self._on_close()

    def _handshake(self, plain: socket.socket) -> ssl.SSLSocket:
        assert self.ssl_context is not None
        secure = self.ssl_context.wrap_socket(plain, server_side=True)
        with self._lock:
            self._open.add(secure)
        return secure


def cut(connection: socket.socket) -> None:
    """End a connection at once, as a broken network would."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it had ended already
