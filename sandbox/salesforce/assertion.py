"""JWT bearer assertions: taken apart, their signature and claims checked."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from sandbox.salesforce.org import Org
from sandbox.salesforce.users import certificates

_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
_LONGEST = 360  # seconds ahead; the documented three minutes and room for clock skew


class Refused(Exception):
    """Why an assertion is not accepted: OAuth error and description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


def subject(org: Org, assertion: str, site: str) -> tuple[str, str]:
    """(client id, user name) of a valid RS256 assertion addressed to this org; else Refused.

    `exp` may be a number or text. It is valid by the world's clock or by the machine's, since a
    client reads the machine's.
    """
    head, claims, signed, signature = _parts(assertion)
    if head.get("alg") != "RS256":
        raise Refused("invalid_grant", "algorithm not supported")
    client_id = str(claims.get("iss", ""))
    if not any(_valid(key, signed, signature) for key in certificates(org, client_id)):
        raise Refused("invalid_grant", "invalid assertion")
    audience = str(claims.get("aud", "")).rstrip("/")
    if audience.removesuffix("/services/oauth2/token") not in (*_AUDIENCES, site):
        raise Refused("invalid_grant", "audience is invalid")
    try:
        expires = float(claims.get("exp", ""))
    except (TypeError, ValueError):
        raise Refused("invalid_grant", "invalid exp") from None
    clocks = (org.now(), datetime.now(UTC))
    if not any(0 < expires - clock.timestamp() <= _LONGEST for clock in clocks):
        raise Refused("invalid_grant", "assertion is expired or lives too long")
    username = claims.get("sub") or claims.get("prn") or ""
    return client_id, str(username)


def _parts(assertion: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    try:
        head, claims, signature = assertion.split(".")
        decoded = [json.loads(_decode(part)) for part in (head, claims)]
        return decoded[0], decoded[1], f"{head}.{claims}".encode(), _decode(signature)
    except (ValueError, binascii.Error):
        raise Refused("invalid_grant", "invalid assertion") from None


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _valid(key: Any, signed: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
