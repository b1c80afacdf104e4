"""A load of HTTP requests over kept-alive connections, as fast as they are answered."""

import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Load:
    """What was answered: indices of the requests by status; `seconds` from first to last."""

    seconds: float = 0.0
    answered: dict[int, list[int]] = field(default_factory=dict)
    millis: list[float] = field(default_factory=list)

    @property
    def statuses(self) -> Counter[int]:
        """How many of each status; 0 is a connection that broke."""
        return Counter({code: len(ones) for code, ones in self.answered.items()})


def post_all(
    port: int,
    requests: Sequence[bytes],
    *,
    connections: int,
    stop_at: threading.Event | None = None,
) -> Load:
    """Send every request once; those whose answer does not come count as status 0.

    stop_at  set when half of them have been answered
    """
    waiting = deque(enumerate(requests))
    load, lock = Load(), threading.Lock()

    def run() -> None:
        line: socket.socket | None = None
        while True:
            try:
                index, request = waiting.popleft()
            except IndexError:
                break
            started = time.perf_counter()
            try:
                line = line or socket.create_connection(("127.0.0.1", port), timeout=60)
                line.sendall(request)
                code, keep = _answer(line)
            except OSError:
                code, keep = 0, False
            if not keep and line is not None:
                line.close()
                line = None
            with lock:
                load.answered.setdefault(code, []).append(index)
                load.millis.append(1000 * (time.perf_counter() - started))
                if stop_at is not None and len(load.millis) >= len(requests) // 2:
                    stop_at.set()
        if line is not None:
            line.close()

    started = time.perf_counter()
    threads = [threading.Thread(target=run) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - started
    return load


def _answer(line: socket.socket) -> tuple[int, bool]:
    """Status of the next answer, and whether the connection stays."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(line)
    head, _, body = data.partition(b"\r\n\r\n")
    lower = head.lower()
    length = int(lower.partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += _some(line)
    return int(head.split(b" ", 2)[1]), b"connection: close" not in lower


def _some(line: socket.socket) -> bytes:
    data = line.recv(65536)
    if not data:
        raise ConnectionError("closed")
    return data
