"""The one door to HubSpot: every call passes here.

It keeps the access token fresh, stays below the rate limits, retries what is worth it, turns
HubSpot's errors into ours, respects the day's allowance and counts the calls.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import requests

from connector.base import Usage
from connector.budget import Allowance, note_call
from connector.errors import CrmAnswerLost
from connector.http import Session, network_error, unreadable
from connector.hubspot.auth import Access, HubSpotCredentials
from connector.hubspot.library import Library
from connector.hubspot.pace import Pace
from connector.hubspot.refusals import (
    RecordLocked,
    TokenRefused,
    call_error,
    entry_error,
    parsed,
)
from connector.retry import Patience
from connector.tokens import AuthorizationCode, TokenStore

_LOCK_WAIT = 2.0  # seconds HubSpot wants a locked record to be left alone


class Door:
    """Calls HubSpot for one account; raises only `connector.errors`."""

    def __init__(
        self,
        credentials: HubSpotCredentials,
        *,
        tokens: TokenStore,
        base_url: str,
        api_version: str,
        ca_file: Path | str | None,
        patience: Patience,
        allowance: Allowance,
        client_name: str,
        searches_per_second: int,
    ) -> None:
        self.usage = Usage()
        self.base_url = base_url.rstrip("/")
        self.credentials = credentials
        self._patience = patience
        self._allowance = allowance
        self._pace = Pace(searches_per_second)
        self._session = Session(ca_file=ca_file, observe=self._observe)
        self.library = Library(
            base_url=self.base_url,
            version=api_version,
            user_agent=client_name,
            send=self._session.request,
        )
        self.access = Access(credentials, tokens, self.library, self.now)
        self._clock: tuple[datetime, float] | None = None  # HubSpot's time, ours

    def call(
        self,
        operation: Callable[..., Any],
        *args: Any,
        purpose: str,
        repeatable: bool = True,
        patient: bool = True,
        search: bool = False,
        holds: str = "results",
        **kwargs: Any,
    ) -> dict[str, Any]:
        """The JSON answer of one operation of the library.

        repeatable  False for what must not be carried out twice
        patient     False to try once only
        search      it counts against HubSpot's limit of searches
        holds       what the answer must hold; without it, it is no answer of HubSpot's
        """

        def attempt() -> dict[str, Any]:
            answer = self._once(operation, args, kwargs, purpose, search)
            return _whole(answer, holds)

        patience = self._patience if patient else Patience(tries=1)
        return patience.call(attempt, repeatable=repeatable)

    def gather(
        self, operation: Callable[..., Any], *args: Any, purpose: str, **kwargs: Any
    ) -> dict[str, Any]:
        """A batch read, repeated while HubSpot answers for a part of the batch only.

        "Nothing there" for some inputs is an answer; every other error of an input is raised.
        """

        def attempt() -> dict[str, Any]:
            answer = _whole(self._once(operation, args, kwargs, purpose, False), "results")
            error = entry_error(answer.get("errors") or ())
            if error is not None:
                raise error
            return answer

        return self._patience.call(attempt)

    def redeem(self, code: AuthorizationCode) -> None:
        """Sign in with a code from the consent page; raises CrmAuthFailed."""
        self.access.redeem(code, self._patience)

    def sign_out(self) -> bool:
        """End our access at HubSpot; False where it must be done by hand."""
        return self._patience.call(self.access.revoke)

    def now(self) -> datetime:
        """HubSpot's clock: the newest answer's Date header, and the time since (UTC)."""
        if self._clock is None:
            self._ask_time()
        if self._clock is None:
            return datetime.now(UTC)
        instant, noted = self._clock
        return instant + timedelta(seconds=time.monotonic() - noted)

    def _once(
        self,
        operation: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        purpose: str,
        search: bool,
    ) -> dict[str, Any]:
        token = self.access.token()
        try:
            return self._sent(operation, args, kwargs, purpose, search, token)
        except TokenRefused:
            self.access.renew(token)
        return self._sent(operation, args, kwargs, purpose, search, self.access.token())

    def _sent(
        self,
        operation: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        purpose: str,
        search: bool,
        token: str,
    ) -> dict[str, Any]:
        self._allowance.check(self.usage)
        self._pace.wait(search=search)
        bearer = {"in": "header", "key": "Authorization", "value": f"Bearer {token}"}
        note_call(self.usage, purpose)
        try:
            answer = operation(*args, **kwargs, _preload_content=False, _request_auth=bearer)
        except requests.RequestException as error:
            raise network_error(error) from error
        finally:
            if search:
                self._pace.searched()
        self._count_day(answer)
        return self._content(answer)

    def _content(self, answer: requests.Response) -> dict[str, Any]:
        content = parsed(answer.content)
        if 200 <= answer.status_code < 300:
            if content is None:
                raise CrmAnswerLost(unreadable("HubSpot", "base URL", answer.status_code))
            return dict(content)
        error = call_error(answer.status_code, content, answer.headers)
        if isinstance(error, RecordLocked) and error.retry_after is None:
            error.retry_after = min(_LOCK_WAIT, self._patience.longest)
        raise error

    def _count_day(self, answer: requests.Response) -> None:
        limit = answer.headers.get("X-HubSpot-RateLimit-Daily", "")
        left = answer.headers.get("X-HubSpot-RateLimit-Daily-Remaining", "")
        if limit.isdecimal() and left.isdecimal():
            self.usage.day_limit = int(limit)
            self.usage.day_used = int(limit) - int(left)

    def _observe(self, answer: requests.Response) -> None:
        try:
            date = parsedate_to_datetime(answer.headers.get("Date", ""))
        except ValueError:
            pass  # no clock, or none that can be read
        else:
            self._clock = date.replace(tzinfo=date.tzinfo or UTC), time.monotonic()
        self._pace.note(answer.headers)

    def _ask_time(self) -> None:
        try:
            self._session.head(f"{self.base_url}/")  # needs no token and is not counted
        except requests.RequestException as error:
            raise network_error(error) from error


def _whole(answer: dict[str, Any], holds: str) -> dict[str, Any]:
    if holds not in answer:
        raise CrmAnswerLost(unreadable("HubSpot", "base URL"))
    return answer
