"""Whether a delivery comes from its tool: Standard Webhooks, HMACs of many forms, shared tokens.

Every active key is tried against every offered signature; digests are decoded strictly and
compared in constant time, so upper-case hex passes and nothing tells how near a guess was.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from feedback.decode import form_fields
from feedback.shapes import Delivery, Key, Scheme, Unreadable, Verdict

TOLERANCE = 300  # seconds that a signed time may be from ours, either way
_ALGORITHMS = ("sha1", "sha256", "sha512")
_PART = re.compile(r"(\{[a-z]+(?::[^}]+)?\})")


class NoUsableKey(Exception):
    """No key of the source is active, or one is malformed; the sender cannot be judged."""


def verify(delivery: Delivery, scheme: Scheme, keys: Sequence[Key], now: datetime) -> Verdict:
    """Judge a delivery by the keys active at `now`. Raises NoUsableKey."""
    active = [key for key in keys if key.until is None or now <= key.until]
    if not active:
        raise NoUsableKey("every secret of this source has ended; rotate it")
    if scheme.mode == "token":
        return _token(delivery, scheme, active)
    try:
        offered, timestamp = _offered(delivery, scheme)
    except (Unreadable, ValueError) as error:
        return Verdict(False, reason=f"malformed signature: {error}"[:40])
    if not offered:
        return Verdict(False, reason="no signature")
    if _signs_time(scheme) and not _within(timestamp, scheme, now):
        return Verdict(False, reason="signed too long ago or ahead")
    try:
        message = b"".join(_signed(delivery, scheme, timestamp))
    except Unreadable:
        return Verdict(False, reason="what is signed is missing")
    matched = None
    for key in active:
        expected = hmac.new(key_bytes(key.text, scheme.key), message, scheme.algorithm).digest()
        for digest in offered:
            if hmac.compare_digest(expected, digest) and matched is None:
                matched = key.id
    if matched is None:
        return Verdict(False, reason="wrong signature")
    return Verdict(True, matched)


def check_scheme(scheme: Scheme) -> None:
    """Raises Unreadable when a scheme that somebody wrote cannot work."""
    if scheme.mode not in ("standard", "hmac", "token"):
        raise Unreadable("verify.mode is standard, hmac or token")
    if scheme.mode == "token" and not (scheme.header or scheme.query):
        raise Unreadable("a token needs verify.header or verify.query: where it stands")
    if scheme.mode == "hmac" and not (scheme.header or scheme.field):
        raise Unreadable("an HMAC needs verify.header or verify.field: where it stands")
    if scheme.algorithm not in _ALGORITHMS:
        raise Unreadable(f"verify.algorithm is one of {', '.join(_ALGORITHMS)}")
    if scheme.encoding not in ("hex", "base64") or scheme.key not in ("text", "base64", "hex"):
        raise Unreadable("verify.encoding is hex or base64; verify.key is text, base64 or hex")
    if scheme.unit not in ("s", "ms", "iso"):
        raise Unreadable("verify.unit is s, ms or iso")
    known = {"body", "timestamp", "method", "url", "id"}
    for part in _PART.findall(scheme.signed):
        name = part[1:-1]
        if name not in known and not name.startswith("field:"):
            raise Unreadable(f"verify.signed knows no {part}; it knows {', '.join(sorted(known))}")


def key_bytes(text: str, form: str) -> bytes:
    """The bytes of a secret as its tool writes it; `whsec_` marks base64. Raises NoUsableKey."""
    try:
        if form == "base64":
            return base64.b64decode(text.removeprefix("whsec_"), validate=True)
        return bytes.fromhex(text) if form == "hex" else text.encode()
    except ValueError as error:
        raise NoUsableKey(f"the secret is not {form}; enter it as the tool shows it") from error


def standard(name: str = "webhook") -> Scheme:
    """Standard Webhooks; svix-* is an older spelling of its headers."""
    return Scheme(
        mode="standard",
        header=f"{name}-signature",
        encoding="base64",
        key="base64",
        signed="{id}.{timestamp}.{body}",
        timestamp=f"{name}-timestamp",
    )


def _token(delivery: Delivery, scheme: Scheme, keys: Sequence[Key]) -> Verdict:
    given = delivery.headers.get(scheme.header, "") if scheme.header else ""
    if scheme.prefix and given:
        given = given.removeprefix(scheme.prefix) if given.startswith(scheme.prefix) else ""
    if not given and scheme.query:
        given = parse_qs(urlsplit(delivery.url).query).get(scheme.query, [""])[0]
    if not given:
        return Verdict(False, reason="no token")
    matched = None
    for key in keys:
        same = hmac.compare_digest(_digest(key.text), _digest(given))
        if same and matched is None:
            matched = key.id
    return Verdict(True, matched) if matched else Verdict(False, reason="wrong token")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def _offered(delivery: Delivery, scheme: Scheme) -> tuple[list[bytes], str]:
    """Every signature that came, decoded, and the time that is signed as it came."""
    timestamp = delivery.headers.get(scheme.timestamp, "") if scheme.timestamp else ""
    given = delivery.headers.get(scheme.header, "") if scheme.header else ""
    if scheme.field:
        given = form_fields(delivery.body).get(scheme.field, "")
    if not given:
        return [], timestamp
    if scheme.mode == "standard":
        entries = (entry.partition(",") for entry in given.split(" "))
        return [_decoded(text, scheme) for name, _, text in entries if name == "v1"], timestamp
    if scheme.pairs:
        pairs = [entry.strip().partition("=") for entry in given.split(",")]
        stamps = [value for name, _, value in pairs if name == "t"]
        found = [_decoded(value, scheme) for name, _, value in pairs if name == "v1"]
        return found, stamps[0] if stamps else ""
    if not given.startswith(scheme.prefix):
        raise ValueError("no prefix")
    return [_decoded(given.removeprefix(scheme.prefix), scheme)], timestamp


def _decoded(text: str, scheme: Scheme) -> bytes:
    try:
        if scheme.encoding == "hex":
            return bytes.fromhex(text)
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, binascii.Error) as error:
        raise ValueError(f"not {scheme.encoding}") from error


def _signs_time(scheme: Scheme) -> bool:
    return bool(scheme.timestamp) or scheme.pairs


def _within(timestamp: str, scheme: Scheme, now: datetime) -> bool:
    try:
        if scheme.unit == "iso":
            instant = datetime.fromisoformat(timestamp)
            signed = instant.timestamp() if instant.tzinfo else float("nan")
        else:
            signed = int(timestamp) / (1000 if scheme.unit == "ms" else 1)
    except (ValueError, OverflowError):
        return False
    return abs(now.timestamp() - signed) <= TOLERANCE


def _signed(delivery: Delivery, scheme: Scheme, timestamp: str) -> Iterator[bytes]:
    """The bytes that the signature covers, piece by piece."""
    for piece in _PART.split(scheme.signed):
        if not piece.startswith("{"):
            yield piece.encode()
        elif piece == "{body}":
            yield delivery.body
        elif piece == "{timestamp}":
            yield timestamp.encode()
        elif piece == "{method}":
            yield delivery.method.encode()
        elif piece == "{url}":
            yield delivery.url.encode()
        elif piece == "{id}":
            yield delivery.headers.get(scheme.header.replace("signature", "id"), "").encode()
        else:
            yield _field(delivery, piece[len("{field:") : -1])


def _field(delivery: Delivery, name: str) -> bytes:
    fields = form_fields(delivery.body)
    if name not in fields:
        raise Unreadable(f"the form has no field {name}")
    return fields[name].encode()
