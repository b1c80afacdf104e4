"""The pretend org of one world: its schema, switches, time, call count and open cursors."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sandbox.salesforce.schema import Schema
from sandbox.salesforce.values import instant_text
from sandbox.world import World

SWITCHES: dict[str, Any] = {
    "multi_currency": False,
    "account_teams": True,
    "contacts_to_multiple_accounts": True,
    "rotate_refresh_tokens": False,
    "password_grant": True,
    "security_token_required": False,
    "password_expired": False,
    "soap_login_disabled": False,
    "soap_login_last_version": 64,
    "session_seconds": 7200,
    "code_seconds": 900,
    "daily_api_requests": 100_000,
    "page_size": 2000,
    "cursor_seconds": 172_800,
    "cursor_needs_its_session": False,
    "cursor_drops_deleted": True,
    "hidden_field_write_code": "INVALID_FIELD_FOR_INSERT_UPDATE",
    "wrong_json_type_fails_the_request": False,
    "unknown_id_write_code": "INVALID_CROSS_REFERENCE_KEY",
    "row_lock_status": 400,
    "no_access_status": 403,
    "tooling_custom_fields": True,
    "delete_account_deletes_activities": True,
    "archive_events": False,
    "upsert_matches_deleted": False,
    "activity_permission_twin": "accept",
    "redirect_uris": [],
    "currency_rates": {},
    "instance_url": "",
    "duplicate_rule": "off",
    "bulk_seconds": 0.0,
    "async_api": True,
    "per_app_usage_header": False,
}
FEATURES = ("multi_currency", "account_teams", "contacts_to_multiple_accounts")


class Org:
    """What all requests to one world share."""

    def __init__(self, world: World) -> None:
        self.world = world
        for name, default in SWITCHES.items():
            world.switches.declare(f"salesforce.{name}", default)
        self.schema = Schema(world)
        self.permissions_version = 0
        self.caches: dict[str, Any] = {}
        self._calls: Counter[int] = Counter()
        self._lock = threading.Lock()

    def switch(self, name: str) -> Any:
        """The present value of one behaviour switch."""
        return self.world.switches[f"salesforce.{name}"]

    def features(self) -> frozenset[str]:
        """Which optional parts the org has at the moment."""
        return frozenset(name for name in FEATURES if self.switch(name))

    def now(self) -> datetime:
        """The world's time."""
        return self.world.clock.now()

    def stamp(self) -> str:
        """What a record changed now bears as its SystemModstamp.

        The fault `late_commit` makes it older than the moment others can see the record.
        """
        late = self.world.faults.take("late_commit", "salesforce")
        return instant_text(self.now() - timedelta(seconds=late["seconds"] if late else 0))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Writes that happen together or not at all, alone or as part of a larger transaction."""
        with self.world.transaction() as db:
            db.execute("SAVEPOINT org")
            try:
                yield
            except BaseException:
                db.execute("ROLLBACK TO org")
                db.execute("RELEASE org")
                raise
            db.execute("RELEASE org")

    def count_call(self, calls: int = 1) -> None:
        """Note API requests against the day's allowance."""
        with self._lock:
            self._calls[int(self.now().timestamp() // 3600)] += calls

    def usage(self) -> tuple[int, int]:
        """(API requests of the last 24 hours, the allowance)."""
        limit = self.world.faults.look("api_limit", "salesforce")
        allowed = int(limit["max"]) if limit else int(self.switch("daily_api_requests"))
        first = int(self.now().timestamp() // 3600) - 23
        with self._lock:
            for hour in [h for h in self._calls if h < first]:
                del self._calls[hour]
            return sum(self._calls.values()), allowed
