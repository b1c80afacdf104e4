"""HubSpot's rate limits: a rolling ten seconds per token, a day per account, searches per second.

Source: HubSpot API reference, limits by token kind, headers and the bodies of a 429. Time is the
world's clock, so a test may move it on instead of waiting.
"""

import threading
from collections import deque
from datetime import UTC, datetime, timedelta, tzinfo
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.hubspot.errors import HubSpotError, correlation_id
from sandbox.world import World

WINDOW = timedelta(seconds=10)
SECOND = timedelta(seconds=1)
OAUTH_BURST = 110
PRIVATE_BURST = 190

_MESSAGES = {
    "TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
    "SECONDLY": "You have reached your secondly limit.",
    "DAILY": "You have reached your daily limit.",
}
_GROUPS = {
    "TEN_SECONDLY_ROLLING": "publicapi:private-apps:api-calls-per-ten-seconds",
    "SECONDLY": "publicapi:crm:search:per-second",
    "DAILY": "publicapi:api-calls-daily",
}


class Limiter:
    """Counts calls and says when there were too many; thread-safe."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._bursts: dict[str, deque[datetime]] = {}
        self._searches: deque[datetime] = deque()
        self._day: str | None = None
        self.used_today = 0

    def admit(self, token: str, *, oauth: bool, search: bool) -> dict[str, str]:
        """Count one call; returns the rate headers its answer carries.

        Raises the 429 of the limit that the call exceeds.
        """
        switches = self._world.switches
        now = self._world.clock.now()
        with self._lock:
            self._roll_day(now)
            self.used_today += 1
            if switches["hubspot.limits.enforced"]:
                self._check_day(oauth)
            if search:
                self._take(self._searches, now, SECOND, self._search_limit(), "SECONDLY")
                return {}
            burst = self._bursts.setdefault(token, deque())
            most = switches["hubspot.limits.ten_secondly"] or (
                OAUTH_BURST if oauth else PRIVATE_BURST
            )
            self._take(burst, now, WINDOW, most, "TEN_SECONDLY_ROLLING")
            return self._headers(most, len(burst), oauth)

    def time_zone(self) -> tzinfo:
        """The account's time zone, at whose midnight the day's count starts again."""
        name = self._world.switches["hubspot.time_zone"]
        return UTC if name == "UTC" else ZoneInfo(name)

    def _search_limit(self) -> int:
        return int(self._world.switches["hubspot.limits.search_secondly"])

    def _roll_day(self, now: datetime) -> None:
        day = now.astimezone(self.time_zone()).date().isoformat()
        if day != self._day:
            self._day, self.used_today = day, 0

    def _check_day(self, oauth: bool) -> None:
        if not oauth and self.used_today > self._world.switches["hubspot.limits.daily"]:
            raise too_many(self._world, "DAILY")

    def _take(
        self, calls: deque[datetime], now: datetime, window: timedelta, most: int, policy: str
    ) -> None:
        while calls and (calls[0] <= now - window or calls[0] > now):
            calls.popleft()
        if self._world.switches["hubspot.limits.enforced"] and len(calls) >= most:
            raise too_many(self._world, policy, wait=(calls[0] + window - now).total_seconds())
        calls.append(now)

    def _headers(self, most: int, used: int, oauth: bool) -> dict[str, str]:
        headers = {
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Max": str(most),
            "X-HubSpot-RateLimit-Remaining": str(max(0, most - used)),
            "X-HubSpot-RateLimit-Secondly": str(most // 10),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(max(0, most // 10 - 1)),
        }
        if not oauth:
            daily = self._world.switches["hubspot.limits.daily"]
            headers["X-HubSpot-RateLimit-Daily"] = str(daily)
            headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(0, daily - self.used_today))
        return headers


def too_many(
    world: World, policy: str, *, wait: float = 1.0, retry_after: float | None = None
) -> HubSpotError:
    """The 429 of `policy`; Retry-After [s] only when asked for or switched on."""
    body: dict[str, Any] = {
        "status": "error",
        "message": _MESSAGES[policy],
        "errorType": "RATE_LIMIT",
        "correlationId": correlation_id(),
        "policyName": policy,
        "groupName": f"{_GROUPS[policy]}:{world.hubspot.app_id}",
    }
    if retry_after is None and world.switches["hubspot.limits.retry_after"]:
        retry_after = wait
    headers = {} if retry_after is None else {"Retry-After": str(max(1, ceil(retry_after)))}
    return HubSpotError(429, body, headers)
