"""HTTP as every connector needs it: time-outs, kept-alive connections, explicit trust."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.utils import get_environ_proxies
from urllib3.exceptions import NewConnectionError

from connector.errors import CrmAnswerLost, CrmError, CrmRejected, CrmUnavailable

Timeouts = tuple[float, float]  # seconds to connect, seconds between two bytes of the answer


class Session(requests.Session):
    """A `requests` session that cannot hang and that trusts only what it was told to.

    ca_file   certificates to trust instead of the public ones. REQUESTS_CA_BUNDLE and .netrc are
              ignored, because `requests` lets them overrule what was asked for; the proxy
              variables of the environment still count
    rewrite   URL prefix -> the prefix to call instead. It leads libraries that insist on
              https, or on a vendor's host, to another server
    observe   is shown every answer, for its headers
    """

    def __init__(
        self,
        *,
        ca_file: Path | str | None = None,
        timeouts: Timeouts = (10.0, 120.0),
        rewrite: Mapping[str, str] = MappingProxyType({}),
        observe: Callable[[requests.Response], None] | None = None,
        user_agent: str | None = None,
    ) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = True if ca_file is None else str(ca_file)
        self.timeouts = timeouts
        self.rewrite = dict(rewrite)
        self._observe = observe
        if user_agent is not None:
            self.headers["User-Agent"] = user_agent

    def request(
        self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """One request; raises `requests.RequestException` when no whole answer came back."""
        target = self._rewritten(url if isinstance(url, str) else url.decode())
        kwargs.setdefault("timeout", self.timeouts)
        kwargs["proxies"] = kwargs.get("proxies") or get_environ_proxies(target)
        answer = super().request(method, target, *args, **kwargs)
        if self._observe is not None:
            self._observe(answer)
        return answer

    def _rewritten(self, url: str) -> str:
        for prefix, target in self.rewrite.items():
            if url.startswith(prefix) and url[len(prefix) : len(prefix) + 1] in ("", "/", "?"):
                return target + url[len(prefix) :]
        return url


def network_error(error: requests.RequestException) -> CrmError:
    """What a request without a whole answer means: was it sent, and is another try worth it?"""
    host = urlsplit(str(error.request.url)).netloc if error.request is not None else "the CRM"
    if isinstance(error, requests.exceptions.SSLError):
        return CrmRejected(
            f"The certificate of {host} is not trusted or does not fit it: name the file with "
            f"the issuer's certificate as ca_file, or correct the address ({_reason(error)})."
        )
    if isinstance(error, requests.ConnectTimeout) or _never_connected(error):
        return CrmUnavailable(
            f"No connection to {host}: check the address, the network and the proxy "
            f"({_reason(error)})."
        )
    if isinstance(
        error,
        requests.ConnectionError
        | requests.Timeout
        | requests.exceptions.ChunkedEncodingError
        | requests.exceptions.ContentDecodingError,
    ):
        return CrmAnswerLost(f"The connection to {host} broke off before its answer was complete.")
    return CrmRejected(f"The request to {host} could not be made: {_reason(error)}.")


def unreadable(who: str, address: str, status: int | None = None) -> str:
    """A sentence for an answer that is not the JSON of a CRM, such as a page for people.

    who      which part of the CRM answers there, such as HubSpot's sign-in
    address  what the connection calls the address, such as base URL
    """
    return (
        f"{who} answered{'' if status is None else f' {status}'} with something that is not whole "
        "JSON, as a maintenance page or a proxy's own page is. What is stored stays, and the next "
        f"run goes on from there. If it lasts, open the {address} in a browser: wait while it "
        "shows maintenance, let the proxy pass it unchanged, or correct it in the connection."
    )


def _never_connected(error: requests.RequestException) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", None), NewConnectionError)


def _reason(error: requests.RequestException) -> str:
    cause = error.args[0] if error.args else error
    return str(getattr(cause, "reason", cause)).split(": ")[-1].rstrip(".")
