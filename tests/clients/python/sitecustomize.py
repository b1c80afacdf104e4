"""Sends the hosts that clients know by heart to the sandbox; they themselves stay unmodified.

Python imports this at start when its folder is on PYTHONPATH. SANDBOX_URL is the plain port.
"""

import os
from typing import Any

try:
    import requests
except ImportError:  # the programs that set up an environment have no need of it
    requests = None  # type: ignore[assignment]

_KNOWN = (
    "https://login.salesforce.com",
    "https://test.salesforce.com",
    "https://api.hubapi.com",
)


def _divert() -> None:
    send = requests.Session.send
    here = os.environ["SANDBOX_URL"]
    secure = here.replace("http://", "https://")  # simple-salesforce insists on https

    def mapped(self: requests.Session, request: Any, **options: Any) -> requests.Response:
        for host in (*_KNOWN, secure):
            if request.url.startswith(host + "/"):
                request.url = here + request.url[len(host) :]
        return send(self, request, **options)

    requests.Session.send = mapped  # type: ignore[method-assign]


if requests is not None and "SANDBOX_URL" in os.environ:
    _divert()
