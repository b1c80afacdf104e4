"""What HubSpot's errors mean: an error of ours for a call, a Refusal for a record.

The body's own words (policyName, category, errors[].code) decide; the status only where there
are none, as in the HTML of an edge. Source: HubSpot API reference, errors and rate limits.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from connector.base import Refusal
from connector.errors import (
    CrmAllowanceReached,
    CrmAnswerLost,
    CrmAuthFailed,
    CrmError,
    CrmForbidden,
    CrmRateLimited,
    CrmRejected,
    CrmUnavailable,
    CrmUnknownObject,
)
from connector.http import unreadable
from connector.hubspot.words import WORDS

Json = Mapping[str, Any]


class TokenRefused(CrmAuthFailed):
    """The access token is no longer good; a new one may be."""


class RecordLocked(CrmUnavailable):
    """Another change holds a record."""


class CallRefused(CrmRejected):
    """A call refused for what it contains; `content` is HubSpot's error."""

    def __init__(self, message: str, status: int, content: Json) -> None:
        super().__init__(message)
        self.status = status
        self.content = content


@dataclass(frozen=True)
class Detail:
    """One fault that HubSpot names inside an error."""

    code: str
    field: str
    message: str


_EXPIRED = ("EXPIRED_AUTHENTICATION", "INVALID_AUTHENTICATION")
_PASSING = ("INTERNAL_ERROR", "RATE_LIMIT", "LOCKED", "TIMEOUT", "SERVICE_UNAVAILABLE")
_NO_ADDRESS = (404, 405, 410)
_TOO_LONG = (413, 414, 431)
_NOT_VALID = re.compile(r"Property values were not valid: (\[.*\])", re.DOTALL)


def parsed(body: bytes) -> Json | None:
    """The JSON object of an answer; None when it holds something else."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) else None


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header; None when there is none."""
    text = headers.get("Retry-After", "").strip()
    return float(text) if text.replace(".", "", 1).isdecimal() else None


def call_error(status: int, content: Json | None, headers: Mapping[str, str]) -> CrmError:
    """The error that a whole call's answer means; `content` None = not a JSON object."""
    wait = asked_wait(headers)
    if content is None:
        return _without_code(status, wait)
    category = str(content.get("category") or content.get("errorType") or "")
    message = f"{content.get('message', '')} [{content.get('correlationId', '-')}]"
    if "policyName" in content or category.startswith("RATE_LIMIT") or status == 429:
        return _limit(content, wait)
    if category in _EXPIRED or status == 401:
        return TokenRefused(
            f"HubSpot does not accept the access token ({message}): connect HubSpot again."
        )
    if category == "MISSING_SCOPES" or status == 403:
        return _forbidden(content, message)
    if status == 477 or "MIGRATION" in category:
        return _migrating(wait)
    if status == 423:
        return RecordLocked("Another change holds a HubSpot record.", wait)
    if status >= 500:
        return CrmAnswerLost(f"HubSpot failed inside ({status} {message}).", wait)
    if "Unable to infer object type" in message:
        return CrmUnknownObject(
            f"HubSpot has no such object ({message}): take it out of the map, or correct its name."
        )
    return CallRefused(f"HubSpot refuses the call: {message}", status, content)


def entry_error(entries: Sequence[Json]) -> CrmError | None:
    """What errors inside a multi-status read mean; None when all say "nothing there"."""
    for entry in entries:
        category = str(entry.get("category", ""))
        if category == "OBJECT_NOT_FOUND" or _ends(entry, "NO_ASSOCIATIONS_FOUND"):
            continue
        if category == "MISSING_SCOPES":
            return _forbidden(entry, str(entry.get("message", "")))
        if is_passing(entry):
            return CrmUnavailable(f"HubSpot answered in part only: {entry.get('message', '')}")
        return CallRefused(f"HubSpot answered in part only: {entry.get('message')}", 207, entry)
    return None


def is_passing(content: Json) -> bool:
    """Whether an error inside a multi-status answer may be gone a moment later."""
    words = f"{content.get('category', '')} {content.get('subCategory', '')}"
    return any(mark in words for mark in _PASSING)


def details(content: Json) -> list[Detail]:
    """The single faults of an error: from errors[], else from the list inside its message."""
    found = [
        Detail(str(error.get("code") or ""), name, str(error.get("message", "")))
        for error in content.get("errors") or ()
        for name in _named_properties(error) or [""]
    ]
    if any(detail.code for detail in found):
        return found
    inside = _NOT_VALID.search(str(content.get("message", "")))
    try:
        faults = orjson.loads(inside[1]) if inside else []
    except orjson.JSONDecodeError:
        return found
    return [
        Detail(str(f.get("error", "")), str(f.get("name", "")), str(f.get("message", "")))
        for f in faults
        if isinstance(f, dict)
    ]


def named_records(content: Json) -> set[str]:
    """Ids and trace ids that an error names."""
    named: set[str] = set()
    for part in (content, *(content.get("errors") or ())):
        context = part.get("context") or {}
        for key in ("objectWriteTraceId", "ids", "id", "fromObjectId"):
            named |= _texts(context.get(key))
        named |= _texts(part.get("id"))
    return named


def refusal(content: Json) -> Refusal:
    """Why one record was not taken, from HubSpot's error about it."""
    faults = details(content)
    general = str(content.get("category") or content.get("errorType") or "UNKNOWN")
    code = next((fault.code for fault in faults if fault.code), general)
    says = [fault.message for fault in faults if fault.message]
    return own_refusal(
        code,
        "; ".join(says) or str(content.get("message", "")),
        fields=tuple(dict.fromkeys(fault.field for fault in faults if fault.field)),
        gone=code == "OBJECT_NOT_FOUND",
    )


def own_refusal(
    code: str, message: str, *, fields: tuple[str, ...] = (), gone: bool = False
) -> Refusal:
    """A Refusal with the plain words that belong to its code."""
    words, remedy = WORDS.get(code, ("HubSpot refuses the record.", "Read its message."))
    return Refusal(code, message, fields, words, remedy, gone)


def _limit(content: Json, wait: float | None) -> CrmError:
    policy, message = str(content.get("policyName", "")), str(content.get("message", ""))
    if policy == "DAILY" or (not policy and "daily" in message):
        return CrmAllowanceReached(
            f"HubSpot's API calls for the day are used up ({message}): the next run goes on from "
            "here after midnight in the account's time zone. To get more, buy API calls or thin "
            "out the schedule."
        )
    return CrmRateLimited(f"HubSpot takes no more calls right now ({message}).", wait)


def _forbidden(content: Json, message: str) -> CrmForbidden:
    scopes = sorted(
        {
            scope
            for error in (content, *(content.get("errors") or ()))
            for key, values in (error.get("context") or {}).items()
            if key.endswith("Scopes")
            for scope in _texts(values)
        }
    )
    if scopes:
        one = "one of the scopes " if len(scopes) > 1 else "the scope "
        return CrmForbidden(
            f"The HubSpot app lacks {one}{', '.join(scopes)}: add it to the app and connect again."
        )
    return CrmForbidden(
        f"HubSpot refuses access ({message}): check the app's scopes and the account's plan."
    )


def _migrating(wait: float | None) -> CrmUnavailable:
    when = "later" if wait is None else f"in {round(wait / 60) or 1} min"
    return CrmUnavailable(
        f"HubSpot is moving this account to another data centre: the next run goes on {when}.", wait
    )


def _without_code(status: int, wait: float | None) -> CrmError:
    if status == 401:
        return TokenRefused("HubSpot does not accept the access token: connect HubSpot again.")
    if status == 530:
        return CrmAuthFailed("HubSpot's edge refuses the access token: re-enter it whole.")
    if status == 429:
        return CrmRateLimited("HubSpot takes no more calls right now.", wait)
    if status == 423:
        return RecordLocked("Another change holds a HubSpot record.", wait)
    if status == 477:
        return _migrating(wait)
    if status in _NO_ADDRESS:
        return CrmRejected(
            f"HubSpot has no such address ({status}): check the base URL and the API version."
        )
    if status in _TOO_LONG:
        return CrmRejected(f"HubSpot finds the request too long ({status}): map fewer fields.")
    return CrmAnswerLost(unreadable("HubSpot", "base URL", status), wait)


def _ends(content: Json, mark: str) -> bool:
    return str(content.get("subCategory", "")).endswith(mark)


def _named_properties(error: Json) -> list[str]:
    context = error.get("context") or {}
    named = _texts(context.get("propertyName")) | _texts(context.get("properties"))
    return sorted(named) or ([str(error["in"])] if error.get("in") else [])


def _texts(value: Any) -> set[str]:
    if value is None:
        return set()
    many = value if isinstance(value, Iterable) and not isinstance(value, str) else (value,)
    return {str(each) for each in many}
