"""Delivery of queued events to the app's target URL.

One thread per portal, alive while events wait: arrays of up to 100, 5 s for an answer, up to ten
repetitions over a day by the world's clock, at least once, out of order when switched.
Source: HubSpot API reference, webhook delivery.
"""

import json
import random
import threading
from typing import Any

import requests

from sandbox.hubspot.instants import milliseconds
from sandbox.hubspot.signatures import version_1, version_3
from sandbox.world import World

MOST = 100
TIMEOUT = 5.0  # seconds
REPETITIONS = 10
_DAY = 86_400_000
_LOOK = 0.2  # seconds between looks at the queue


class Deliveries:
    """Sends what is due; started after a change, ends when the queue is empty."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def start(self) -> None:
        """Make sure that waiting events are looked after."""
        if self._queue_is_empty():
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop sending; what waits stays queued."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def settings(self) -> dict[str, Any] | None:
        """Target URL and throttling as the developer set them."""
        found: dict[str, Any] | None = self._world.read_state("hubspot.webhooks", None)
        return found

    def _queue_is_empty(self) -> bool:
        return self._world.db().execute("SELECT 1 FROM hs_events LIMIT 1").fetchone() is None

    def _run(self) -> None:
        try:
            while not self._closed.is_set() and not self._queue_is_empty():
                if not self._send_due():
                    self._closed.wait(_LOOK)
        finally:
            self._world.release()

    def _send_due(self) -> bool:
        """Send one array of what is due; False when nothing was."""
        settings = self.settings()
        rows = (
            self._world.db()
            .execute(
                "SELECT number, payload, attempt FROM hs_events WHERE due_at <= ? "
                "ORDER BY number LIMIT ?",
                (self._now(), MOST),
            )
            .fetchall()
        )
        if not rows or settings is None:
            return False
        events = [{**json.loads(text), "attemptNumber": tried} for _, text, tried in rows]
        if self._world.switches["hubspot.webhooks.shuffle"]:
            random.shuffle(events)
        repeats = self._world.faults.take("duplicate_delivery", "hubspot", path="", method="POST")
        accepted = all(
            [self._post(settings["targetUrl"], events) for _ in range(2 if repeats else 1)]
        )
        numbers = [row[0] for row in rows]
        if accepted:
            self._forget(numbers)
        else:
            self._postpone(numbers)
        return True

    def _post(self, target: str, events: list[dict[str, Any]]) -> bool:
        body = json.dumps(events, separators=(",", ":")).encode()
        secret = self._world.hubspot.client_secret
        stamp = str(self._now())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "HubSpot Connect 2.0 (http://dev.hubspot.com/) - Webhooks",
            "X-HubSpot-Signature": version_1(secret, body),
            "X-HubSpot-Signature-Version": "v1",
            "X-HubSpot-Signature-v3": version_3(secret, "POST", target, body, stamp),
            "X-HubSpot-Request-Timestamp": stamp,
        }
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(
                    target, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
                )
        except requests.RequestException:
            return False
        return answer.ok and answer.status_code < 300

    def _forget(self, numbers: list[int]) -> None:
        with self._world.transaction() as db:
            db.executemany("DELETE FROM hs_events WHERE number = ?", ((n,) for n in numbers))

    def _postpone(self, numbers: list[int]) -> None:
        """Try again later, at a random moment; give up after the last repetition."""
        gap = random.randint(1_000, 2 * _DAY // REPETITIONS)
        with self._world.transaction() as db:
            db.executemany(
                "UPDATE hs_events SET attempt = attempt + 1, due_at = ? WHERE number = ?",
                ((self._now() + gap, n) for n in numbers),
            )
            db.execute("DELETE FROM hs_events WHERE attempt > ?", (REPETITIONS,))

    def _now(self) -> int:
        return milliseconds(self._world.clock.now())
