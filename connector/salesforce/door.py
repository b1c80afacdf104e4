"""The one door to Salesforce: every call passes here.

It signs in and renews the session, retries what is worth it, turns Salesforce's errors into
ours, respects the day's allowance and counts the calls.
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson
import requests
from simple_salesforce.api import Salesforce as SimpleSalesforce
from simple_salesforce.exceptions import SalesforceError

from connector.base import Usage
from connector.budget import Allowance, note_call
from connector.errors import CrmAnswerLost, CrmAuthFailed
from connector.http import Session, network_error, unreadable
from connector.retry import Patience
from connector.salesforce.auth import SalesforceCredentials, redeem, revoke, sign_in
from connector.salesforce.refusals import SessionExpired, call_error
from connector.tokens import AuthorizationCode, Tokens, TokenStore, redeemed, renewed

_RENEWALS = 2  # in one call; a session refused after that needs a person
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")

Answer = TypeVar("Answer")


class Client(SimpleSalesforce):
    """simple-salesforce with a faster JSON reader (five times on a page of 2,000 rows)."""

    def parse_result_to_json(self, result: requests.Response) -> Any:
        return orjson.loads(result.content)


class Door:
    """Calls Salesforce as one user; every method raises only `connector.errors`."""

    def __init__(
        self,
        credentials: SalesforceCredentials,
        *,
        tokens: TokenStore,
        api_version: str,
        login_url: str,
        ca_file: Path | str | None,
        patience: Patience,
        allowance: Allowance,
        client_name: str,
    ) -> None:
        self.usage = Usage()
        self.patience = patience
        self.version = api_version.removeprefix("v")
        self._credentials = credentials
        self._tokens = tokens
        self._login_url = login_url.rstrip("/")
        self._allowance = allowance
        self._client_name = client_name
        self._session = Session(ca_file=ca_file, observe=self._observe, user_agent=client_name)
        self._connected: tuple[Client, Tokens] | None = None
        self._clock: tuple[datetime, float] | None = None  # the CRM's time, ours

    def through(
        self, send: Callable[[Client], Answer], *, purpose: str, repeatable: bool = True
    ) -> Answer:
        """What `send` brings back from Salesforce with a live session."""
        return self.patience.call(lambda: self._once(send, purpose), repeatable=repeatable)

    def redeem(self, code: AuthorizationCode) -> None:
        """Sign in with a code from the consent page; raises CrmAuthFailed."""

        def attempt() -> Tokens:
            return redeem(self._credentials, code, self._session, self._login_url)

        tokens = redeemed(self._tokens, lambda: self.patience.call(attempt, repeatable=False))
        self._connected = self._client(tokens), tokens

    def sign_out(self) -> bool:
        """End our tokens at Salesforce; False when there was nothing to end."""
        stored = self._tokens.load()
        token = stored and (stored.refresh_token or stored.access_token)
        if stored is None or not token:
            return False
        return self.patience.call(lambda: revoke(token, self._session, self._instance(stored)))

    def now(self) -> datetime:
        """Salesforce's clock: the newest answer's Date header, and the time since (UTC)."""
        if self._clock is None:
            self._ask_time()
        if self._clock is None:
            return datetime.now(UTC)
        instant, noted = self._clock
        return instant + timedelta(seconds=time.monotonic() - noted)

    @property
    def instance_url(self) -> str:
        """Scheme and host of the org."""
        return self._instance(self._connection()[1])

    def _once(self, send: Callable[[Client], Answer], purpose: str) -> Answer:
        for _ in range(_RENEWALS):
            client, tokens = self._connection()
            try:
                return self._counted(send, client, purpose)
            except SessionExpired:
                self._connect(refused=tokens.access_token)
        try:
            return self._counted(send, self._connection()[0], purpose)
        except SessionExpired as error:
            raise CrmAuthFailed(
                "Salesforce refuses the session right after it was renewed: check that the "
                "integration user is active, may use the API, and that no IP or session policy "
                "shuts this server out."
            ) from error

    def _counted(self, send: Callable[[Client], Answer], client: Client, purpose: str) -> Answer:
        self._allowance.check(self.usage)
        note_call(self.usage, purpose)
        try:
            return send(client)
        except SalesforceError as error:
            raise call_error(error.status, error.content) from error
        except requests.RequestException as error:
            raise network_error(error) from error
        except orjson.JSONDecodeError as error:
            raise CrmAnswerLost(unreadable("Salesforce", "org's address")) from error

    def _connection(self) -> tuple[Client, Tokens]:
        if self._connected is None:
            tokens = self._tokens.load()
            if tokens is None or not tokens.access_token:
                return self._connect(refused=None)
            self._connected = self._client(tokens), tokens
        return self._connected

    def _connect(self, refused: str | None) -> tuple[Client, Tokens]:
        def renew(stored: Tokens | None) -> Tokens:
            return sign_in(self._credentials, stored, self._session, self._login_url)

        tokens = renewed(self._tokens, refused, renew)
        self._connected = self._client(tokens), tokens
        return self._connected

    def _client(self, tokens: Tokens) -> Client:
        instance = urlsplit(self._instance(tokens))
        if instance.scheme == "http":  # simple-salesforce knows only https
            self._session.rewrite[f"https://{instance.netloc}"] = f"http://{instance.netloc}"
        client = Client(
            session_id=tokens.access_token,
            instance=instance.netloc,
            session=self._session,
            version=self.version,
        )
        client.headers.pop("X-PrettyPrint")
        client.headers["Sforce-Call-Options"] = f"client={self._client_name}"
        return client

    def _instance(self, tokens: Tokens) -> str:
        return (tokens.instance_url or self._login_url).rstrip("/")

    def _observe(self, answer: requests.Response) -> None:
        if date := answer.headers.get("Date"):
            self._clock = parsedate_to_datetime(date).astimezone(UTC), time.monotonic()
        if found := _USAGE.search(answer.headers.get("Sforce-Limit-Info", "")):
            self.usage.day_used, self.usage.day_limit = int(found[1]), int(found[2])

    def _ask_time(self) -> None:
        try:
            self._session.get(f"{self.instance_url}/services/data")  # free, needs no session
        except requests.RequestException as error:
            raise network_error(error) from error
