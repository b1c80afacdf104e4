"""Survey tools' own APIs: one door, with time-outs, retries, and hosts that no payload changes."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson
import requests
from tenacity import (
    RetryError,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
)

from feedback.reading import find
from feedback.shapes import Provider, Unreadable
from feedback.values import instant, text

_TIMEOUT = (3.05, 15.0)  # seconds to connect, and between two bytes
_LARGEST = 32 * 1024 * 1024  # bytes of an answer
_HOST_PART = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


class NotYet(Exception):
    """Worth another try later; `seconds` is when the tool asks for it, if it says so."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class _Unavailable(Exception):
    """The tool did not answer, or said that it cannot now."""


class SurveyTool:
    """A client of one source's tool.

    settings  the source's: `api_base` replaces the host, `datacenter` fills it in
    secrets   credentials: token, or client_id and client_secret where the tool gives tokens
    pause     seconds before the second try of a call; doubled after
    """

    def __init__(
        self,
        provider: Provider,
        settings: Mapping[str, Any],
        secrets: Mapping[str, str],
        *,
        pause: float = 0.3,
    ) -> None:
        if provider.api is None:
            raise Unreadable(f"{provider.title} has no API that Barometer knows")
        self._provider, self._api, self._secrets, self._pause = (
            *(provider, provider.api, dict(secrets), pause),
        )
        self._base = _address(provider, self._api.host, settings, settings.get("api_base"))
        self._login = self._api.login and _address(
            provider,
            self._api.login,
            settings,
            settings.get("api_base") and f"{settings['api_base'].rstrip('/')}/oauth2/token",
        )
        self._http = requests.Session()
        self._http.trust_env = False

    def __enter__(self) -> "SurveyTool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def get(self, path: str) -> Any:
        """The content at `path`. Raises NotYet, or Unreadable for what is not JSON."""
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(_Unavailable),
                stop=stop_after_attempt(3),
                wait=wait_exponential(self._pause, max=5),
            ):
                with attempt:
                    return self._get(path)
        except RetryError as error:
            raise NotYet(f"{self._provider.title} does not answer") from error.__cause__
        raise AssertionError("not reached")

    def items(self, survey: str, since: datetime, cursor: str) -> Iterator[tuple[Any, str | None]]:
        """What was answered since, page by page: an item as its webhook would have brought it,
        and where to go on after it (a time in ISO 8601, or the tool's own cursor).
        """
        if self._api.cursor:
            yield from self._by_cursor(survey, cursor)
        else:
            yield from self._by_time(survey, since)

    def _by_time(self, survey: str, since: datetime) -> Iterator[tuple[Any, str | None]]:
        known: set[str] = set()
        while True:
            page = self._page(survey, since=since.strftime("%Y-%m-%dT%H:%M:%SZ"))
            fresh = [one for one in page if repr(one) not in known]
            for one in fresh:
                known.add(repr(one))
                at = instant(find(self._api.stamp, one, "the time"), "UTC", "", "the time")
                since = max(since, at) if at is not None else since
                yield find(self._api.wrap, one, "wrap"), since.isoformat()
            if len(page) < self._api.page or not fresh:
                return

    def _by_cursor(self, survey: str, cursor: str) -> Iterator[tuple[Any, str | None]]:
        while True:
            path = self._api.listing.format(survey="", page=self._api.page, cursor=quote(cursor))
            content = self.get(path.removesuffix("&cursor="))
            page = find(self._api.items, content, "items") or []
            cursor = text(find(self._api.cursor, content, "cursor")) or cursor
            for one in page:
                yield one, cursor
            if not page:
                return

    def _page(self, survey: str, *, since: str) -> list[Any]:
        path = self._api.listing.format(
            survey=quote(survey, safe=""), page=self._api.page, since=quote(since, safe="")
        )
        return find(self._api.items, self.get(path), "items") or []

    def _get(self, path: str) -> Any:
        try:
            answer = self._http.get(
                self._base + path,
                headers={self._api.header: self._credential(), "Accept": "application/json"},
                timeout=_TIMEOUT,
                allow_redirects=False,
                stream=True,
            )
            body = answer.raw.read(_LARGEST + 1, decode_content=True)
        except (requests.RequestException, OSError) as error:
            raise _Unavailable from error
        return self._content(answer, body)

    def _content(self, answer: requests.Response, body: bytes) -> Any:
        title, code = self._provider.title, answer.status_code
        if code in (500, 502, 503, 504):
            raise _Unavailable
        if code == 404:
            raise NotYet(f"{title} does not show this answer yet")
        if code == 429:
            raise NotYet(f"{title} allows no more calls now", _seconds(answer))
        if code in (401, 403):
            self._secrets.pop("access_token", None)
            raise NotYet(
                f"{title} refused the API credential ({code}): enter a valid one, with the right "
                "to read answers, at the source; then replay"
            )
        if code != 200 or len(body) > _LARGEST:
            raise NotYet(f"{title} answered {code} with {len(body)} bytes")
        try:
            return orjson.loads(body)
        except ValueError as error:
            raise Unreadable(f"{title} answered with something that is not JSON") from error

    def _credential(self) -> str:
        token = self._secrets.get("token") or self._secrets.get("access_token")
        if token is None and self._login and self._secrets.get("client_id"):
            token = self._signed_in(self._login)
        if not token:
            raise NotYet(f"the source has no API credential for {self._provider.title}: enter one")
        return self._api.credential.format(token=token)

    def _signed_in(self, login: str) -> str | None:
        form = {
            "grant_type": "client_credentials",
            **{name: self._secrets.get(name, "") for name in ("client_id", "client_secret")},
        }
        try:
            answer = self._http.post(login, data=form, timeout=_TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            raise _Unavailable from error
        content = self._content(answer, answer.content)
        token = content.get("access_token") if isinstance(content, dict) else None
        self._secrets["access_token"] = token or ""
        return token


def _address(
    provider: Provider, template: str, settings: Mapping[str, Any], instead: str | None
) -> str:
    if instead:
        return instead.rstrip("/")
    named = settings.get("datacenter", "")
    if "{datacenter}" in template and not _HOST_PART.fullmatch(named):
        raise Unreadable(
            f"{provider.title} needs `datacenter` in the source's mapping: the part of its host "
            "that is your organisation's, such as fra1 or eu"
        )
    return template.format(datacenter=named)


def _seconds(answer: requests.Response) -> float | None:
    given = answer.headers.get("Retry-After", "")
    return float(given) if given.isdigit() else None
