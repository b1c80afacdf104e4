"""What Salesforce's error codes mean: an error of ours for a call, a Refusal for a record.

The code in the body decides; the HTTP status only where the body holds no code, because
Salesforce answers 403 both for a missing permission and for a full limit. Source: REST API
reference, "Status Codes and Error Responses"; SOAP API reference, "StatusCode".
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connector.base import Refusal
from connector.errors import (
    CrmAllowanceReached,
    CrmAnswerLost,
    CrmError,
    CrmForbidden,
    CrmRateLimited,
    CrmRejected,
    CrmUnavailable,
    CrmUnknownField,
    CrmUnknownObject,
)
from connector.http import unreadable


class SessionExpired(CrmUnavailable):
    """The access token is no longer good; a new one may be."""


class DeadCursor(CrmRejected):
    """The query's cursor is gone; the query itself can be asked again."""


class QueryTimeout(CrmRejected):
    """The query ran for too long; a narrower one may not."""


class UriTooLong(CrmRejected):
    """The address with its query string was too long; a POST can carry the query."""


class CallRefused(CrmRejected):
    """The call was refused with a code that says nothing of permissions or names."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"Salesforce refuses the call: {code}: {message}")
        self.code = code
        self.detail = message


_WAIT = {
    "SERVER_UNAVAILABLE": "Salesforce is overloaded or under maintenance",
    "UNABLE_TO_LOCK_ROW": "another change holds the record",
    "TXN_SECURITY_METERING_ERROR": "a transaction security policy took too long",
    "UNKNOWN_EXCEPTION": "Salesforce failed inside",
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": "the org is read-only for maintenance",
}

_FORBIDDEN = {
    "API_DISABLED_FOR_ORG": "This Salesforce edition or user has no API access: "
    "enable the API for the org and “API Enabled” for the integration user.",
    "API_CURRENTLY_DISABLED": "API access is switched off for this user: "
    "grant “API Enabled” to the integration user.",
    "INSUFFICIENT_ACCESS": "The integration user lacks a permission for this call: "
    "give it the permission set and access to the records.",
    "INSUFFICIENT_ACCESS_OR_READONLY": "The integration user may not change this: "
    "give it edit access, or end the record lock.",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "The integration user has no access to a "
    "record this one points to: share it with the user.",
}

_EXPIRED = ("INVALID_SESSION_ID", "INVALID_AUTH_HEADER")
_EXPIRED_TEXT = ("Bad_OAuth_Token", "Missing_OAuth_Token")
_TOO_LONG = (414, 431)

# code of a refused record -> what happened, what a person can do
_WORDS: dict[str, tuple[str, str]] = {
    "UNABLE_TO_LOCK_ROW": (
        "Another change held the record for too long.",
        "Nothing to do: it is sent again with the next run.",
    ),
    "REQUIRED_FIELD_MISSING": (
        "The record lacks a value that Salesforce requires.",
        "Fill the named fields on the record, or make them optional.",
    ),
    "STRING_TOO_LONG": (
        "A text is longer than its field.",
        "Lengthen the field in Salesforce, or map a longer one.",
    ),
    "NUMBER_OUTSIDE_VALID_RANGE": (
        "A number has more digits than its field.",
        "Give the field more digits in Salesforce.",
    ),
    "INVALID_TYPE_ON_FIELD_IN_RECORD": (
        "A value is of another type than its field.",
        "Correct the mapping, or the field's type.",
    ),
    "JSON_PARSER_ERROR": (
        "A value is of another type than its field.",
        "Correct the mapping, or the field's type.",
    ),
    "FIELD_INTEGRITY_EXCEPTION": (
        "The value breaks a rule that binds several fields of the record.",
        "Read Salesforce's message and correct the record.",
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": (
        "A validation rule of the org refuses the record.",
        "Correct the record, or except the integration user from the rule.",
    ),
    "INVALID_FIELD": (
        "The field does not exist, or is hidden from the integration user.",
        "Run provisioning, or grant the field with the permission set AX_Sync.",
    ),
    "INVALID_FIELD_FOR_INSERT_UPDATE": (
        "The integration user may not write the field.",
        "Grant edit access to the field with the permission set AX_Sync.",
    ),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": (
        "The value is not among the values the picklist allows.",
        "Add the value to the picklist, or correct the mapping.",
    ),
    "DUPLICATE_VALUE": (
        "Another record already has this unique value.",
        "Find the other record named in the message.",
    ),
    "DUPLICATES_DETECTED": (
        "A duplicate rule of the org blocks the record.",
        "Merge the duplicates, or let the rule warn instead of block.",
    ),
    "DUPLICATE_EXTERNAL_ID": (
        "Several records share this key.",
        "Keep the key on one record and clear it on the others.",
    ),
    "INACTIVE_OWNER_OR_USER": (
        "The owner is an inactive user.",
        "Give the account an active owner.",
    ),
    "INSUFFICIENT_ACCESS_OR_READONLY": (
        "The integration user may not change this record.",
        "Share the record with the user, or end its approval lock.",
    ),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": (
        "The integration user has no access to a record this one points to.",
        "Share that record with the integration user.",
    ),
    "ENTITY_IS_LOCKED": (
        "An approval process locks the record.",
        "Finish the approval; it is sent again with the next run.",
    ),
    "ENTITY_IS_DELETED": (
        "The record was deleted in Salesforce.",
        "Nothing to do: the next read takes note of it.",
    ),
    "INVALID_CROSS_REFERENCE_KEY": (
        "The record, or one it points to, does not exist.",
        "Nothing to do if it was deleted; else correct the reference.",
    ),
    "MALFORMED_ID": (
        "An id is not of the object it should be.",
        "Correct the mapping of the reference.",
    ),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": (
        "A trigger or flow of the org failed on the record.",
        "Show Salesforce's message to the org's administrator.",
    ),
    "CANNOT_EXECUTE_FLOW_TRIGGER": (
        "A flow of the org failed on the record.",
        "Show Salesforce's message to the org's administrator.",
    ),
    "STORAGE_LIMIT_EXCEEDED": (
        "The org's data storage is full.",
        "Free or buy storage.",
    ),
}
_GONE = ("ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY")

_NO_COLUMN = re.compile(
    r"No such column '(?P<field>[^']+)' on (?:entity '(?P<a>[^']+)'|sobject of type (?P<b>\w+))"
)
_NO_RELATION = re.compile(r"Didn't understand relationship '(?P<field>[^']+)'")
_NO_KEY = re.compile(
    r"external ID field does not exist or is not accessible: ?(?P<field>[\w.]+)", re.IGNORECASE
)
_NO_OBJECT = re.compile(r"[sS]Object type '(?P<kind>[^']+)' is not supported")


def call_error(status: int, content: Any) -> CrmError:
    """The error that a whole call's answer means.

    status   HTTP status
    content  the body: parsed JSON, or text where it was no JSON
    """
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, Mapping) or not ("errorCode" in first or "statusCode" in first):
        return _without_code(status, first)
    code = str(first.get("errorCode") or first.get("statusCode"))
    message = str(first.get("message", ""))
    if code in _EXPIRED:
        return SessionExpired(f"Salesforce no longer accepts the session ({message}).")
    if code == "REQUEST_LIMIT_EXCEEDED":
        return _limit(message)
    if is_passing(code, message):
        return CrmUnavailable(f"Salesforce cannot answer now: {_WAIT[_waiting(code)]} ({message}).")
    if code in _FORBIDDEN:
        return CrmForbidden(f"{_FORBIDDEN[code]} Salesforce says: {message}")
    if code == "QUERY_TIMEOUT":
        return QueryTimeout(f"A query ran for too long ({message}).")
    if code == "INVALID_QUERY_LOCATOR":
        return DeadCursor("The query's cursor is gone: the query must be asked again.")
    unknown = _unknown(code, message)
    if unknown is not None:
        return unknown
    if code == "UNSUPPORTED_API_VERSION":
        return CrmRejected(
            f"Salesforce has retired or not yet released this API version ({message}): set "
            "api_version to one that the org offers."
        )
    if status >= 500:
        return CrmUnavailable(f"Salesforce failed: {code}: {message}")
    return CallRefused(code, message)


def refusal(errors: Sequence[Mapping[str, Any]]) -> Refusal:
    """Why one record was not taken, from the `errors` of its result."""
    first = errors[0] if errors else {}
    code = str(first.get("statusCode") or first.get("errorCode") or "UNKNOWN")
    fields = tuple(str(name) for name in first.get("fields") or ())
    words, remedy = _WORDS.get(code, ("Salesforce refuses the record.", "Read its message."))
    return Refusal(
        code=code,
        message="; ".join(str(error.get("message", "")) for error in errors),
        fields=fields,
        words=words,
        remedy=remedy,
        gone=code in _GONE and not fields,  # with a field, it is the record pointed to that is
    )


def is_passing(code: str, message: str) -> bool:
    """Whether the same change may be taken a moment later; a trigger can wrap a row lock."""
    return code in _WAIT or "UNABLE_TO_LOCK_ROW" in message


def _waiting(code: str) -> str:
    return code if code in _WAIT else "UNABLE_TO_LOCK_ROW"


def _limit(message: str) -> CrmError:
    if "concurrent" in message.lower():
        return CrmRateLimited(f"Too many long Salesforce calls at the same time ({message}).")
    return CrmAllowanceReached(
        f"Salesforce's API calls for the day are used up ({message}): the next run goes on from "
        "here, once the rolling 24 hours have freed some. To get more, buy API calls or lower "
        "the schedule."
    )


def _unknown(code: str, message: str) -> CrmError | None:
    found = _NO_COLUMN.search(message) or _NO_RELATION.search(message) or _NO_KEY.search(message)
    if found:
        groups = found.groupdict()
        kind = groups.get("a") or groups.get("b")
        where = f" on {kind}" if kind else ""
        return CrmUnknownField(
            f"Salesforce has no field {found['field']}{where}, or hides it from the integration "
            "user: correct the name in the map, or grant the field to the user (permission set "
            "AX_Sync; provisioning does it for our own fields)."
        )
    if code == "INVALID_FIELD_FOR_INSERT_UPDATE":
        return CrmUnknownField(
            f"The integration user may not write a field ({message}): grant edit access to it "
            "with the permission set AX_Sync."
        )
    no_object = _NO_OBJECT.search(message)
    if code == "INVALID_TYPE":
        named = no_object["kind"] if no_object else message
        return CrmUnknownObject(
            f"Salesforce has no object {named}, or hides it from the integration user: switch the "
            "feature on, give the user read access, or take the object out of the map."
        )
    return None


def _without_code(status: int, content: Any) -> CrmError:
    text = content if isinstance(content, str) else str(content)
    if any(mark in text for mark in _EXPIRED_TEXT):
        return SessionExpired(f"Salesforce no longer accepts the session ({text.strip()}).")
    if status in _TOO_LONG:
        return UriTooLong("The query is too long for an address.")
    if status == 300:
        return CrmRejected("Several Salesforce records share this key: keep it on one of them.")
    return CrmAnswerLost(unreadable("Salesforce", "org's address", status))
