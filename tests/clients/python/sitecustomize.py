"""Sends the hosts that clients know by heart to the sandbox; they themselves stay unmodified.

Python imports this at start when its folder is on PYTHONPATH. SANDBOX_URL is the plain port.
"""

import os
from typing import Any

import requests

_KNOWN = ("https://login.salesforce.com", "https://test.salesforce.com")
_send = requests.Session.send


def _mapped(self: requests.Session, request: Any, **options: Any) -> requests.Response:
    here = os.environ["SANDBOX_URL"]
    secure = here.replace("http://", "https://")  # simple-salesforce insists on https
    for host in (*_KNOWN, secure):
        if request.url.startswith(host + "/"):
            request.url = here + request.url[len(host) :]
    return _send(self, request, **options)


requests.Session.send = _mapped  # type: ignore[method-assign]
