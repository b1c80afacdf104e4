"""Signatures of webhook deliveries.

Source: HubSpot API reference, webhook signatures v1 and v3.
"""

import hmac
import re
from base64 import b64encode
from hashlib import sha256

_DECODED = {
    "3A": ":",
    "2F": "/",
    "3F": "?",
    "40": "@",
    "21": "!",
    "24": "$",
    "27": "'",
    "28": "(",
    "29": ")",
    "2A": "*",
    "2C": ",",
    "3B": ";",
}


def version_1(secret: str, body: bytes) -> str:
    """Hex SHA-256 of secret and body."""
    return sha256(secret.encode() + body).hexdigest()


def version_3(secret: str, method: str, uri: str, body: bytes, timestamp: str) -> str:
    """Base64 HMAC-SHA256 over method, URI with the signed form of escapes, body, timestamp."""
    signed = re.sub(
        "%([0-9A-Fa-f]{2})", lambda found: _DECODED.get(found[1].upper(), found[0]), uri
    )
    message = method.encode() + signed.encode() + body + timestamp.encode()
    return b64encode(hmac.digest(secret.encode(), message, "sha256")).decode()
