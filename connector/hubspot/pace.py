"""Staying below HubSpot's short-term limits instead of running into them."""

import threading
import time
from collections import deque
from collections.abc import Mapping

_SECOND = 1.05  # seconds, with some room for uneven travel
_RESERVE = 3  # calls left in the window below which we slow down


class Pace:
    """When the next call may be sent; thread-safe.

    Searches are counted here, each from its answer on: when HubSpot counted it lies between
    sending and answer. For all other calls the newest answer's headers say how many are left in
    HubSpot's rolling window; near its end a call waits until our oldest one leaves it.

    searches_per_second  how many are ours of the 5 that all apps of an account share; search
                         answers carry no rate headers
    """

    def __init__(self, searches_per_second: int = 5) -> None:
        self._lock = threading.Lock()
        self._searches: deque[float] = deque(maxlen=searches_per_second)  # when answered
        self._calls: deque[float] = deque(maxlen=1000)
        self._window = 10.0  # seconds
        self._left: int | None = None  # calls, as the newest header says

    def wait(self, *, search: bool) -> None:
        """Return when the next call may go out."""
        with self._lock:
            self._wait_for_search() if search else self._wait_for_burst()

    def searched(self) -> None:
        """A search was answered, or will not be."""
        self._searches.append(time.monotonic())

    def note(self, headers: Mapping[str, str]) -> None:
        """Take the rate headers of an answer, if it has any."""
        left = headers.get("X-HubSpot-RateLimit-Remaining", "")
        window = headers.get("X-HubSpot-RateLimit-Interval-Milliseconds", "")
        if left.isdecimal():
            self._left = int(left)
        if window.isdecimal():
            self._window = int(window) / 1000

    def _wait_for_search(self) -> None:
        if len(self._searches) == self._searches.maxlen:
            _sleep_until(self._searches[0] + _SECOND)

    def _wait_for_burst(self) -> None:
        now = time.monotonic()
        while self._calls and self._calls[0] <= now - self._window:
            self._calls.popleft()
        if self._left is not None and self._left < _RESERVE and self._calls:
            _sleep_until(self._calls.popleft() + self._window)
        self._calls.append(time.monotonic())


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
