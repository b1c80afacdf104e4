"""Salesforce's error bodies, as its reference words them, and what they mean for the caller."""

from typing import Any

import pytest

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
from connector.salesforce.refusals import (
    DeadCursor,
    QueryTimeout,
    SessionExpired,
    UriTooLong,
    call_error,
    refusal,
)


def _body(code: str, message: str) -> list[dict[str, str]]:
    return [{"message": message, "errorCode": code}]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, _body("INVALID_SESSION_ID", "Session expired or invalid"), SessionExpired),
        (403, "Bad_OAuth_Token", SessionExpired),
        (
            403,
            _body("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
            CrmAllowanceReached,
        ),
        (
            403,
            _body("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
            CrmRateLimited,
        ),
        (
            403,
            _body(
                "REQUEST_LIMIT_EXCEEDED",
                "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            ),
            CrmRateLimited,
        ),
        (403, _body("API_DISABLED_FOR_ORG", "API is not enabled"), CrmForbidden),
        (403, _body("INSUFFICIENT_ACCESS", "insufficient access rights"), CrmForbidden),
        (503, _body("SERVER_UNAVAILABLE", "Server temporarily unavailable"), CrmUnavailable),
        (
            400,
            _body("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access"),
            CrmUnavailable,
        ),
        (
            400,
            _body("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "Trigger: UNABLE_TO_LOCK_ROW, unable"),
            CrmUnavailable,
        ),
        (500, _body("SOMETHING_NEW", "ErrorId: 1"), CrmUnavailable),
        (400, _body("SOMETHING_NEW", "no"), CrmRejected),
        (400, _body("QUERY_TIMEOUT", "running for too long"), QueryTimeout),
        (400, _body("INVALID_QUERY_LOCATOR", "invalid query locator"), DeadCursor),
        (400, _body("INVALID_TYPE", "sObject type 'Foo' is not supported."), CrmUnknownObject),
        (414, "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>", UriTooLong),
        (503, "<html><body>Down for maintenance</body></html>", CrmAnswerLost),
        (200, "<html>Sign in</html>", CrmAnswerLost),
        (502, "", CrmAnswerLost),
        (400, {}, CrmAnswerLost),
    ],
)
def test_the_code_decides_not_the_status(status: int, body: Any, kind: type[CrmError]) -> None:
    assert type(call_error(status, body)) in (kind, *kind.__subclasses__())


@pytest.mark.parametrize(
    ("code", "message", "named"),
    [
        (
            "INVALID_FIELD",
            "\nSELECT Id,ARR__c FROM Account\n          ^\nERROR at Row:1:Column:11\n"
            "No such column 'ARR__c' on entity 'Account'. If you are attempting to use a custom "
            "field, be sure to append the '__c'",
            "ARR__c on Account",
        ),
        ("INVALID_FIELD", "No such column 'foo' on sobject of type Account", "foo on Account"),
        (
            "INVALID_FIELD",
            "Didn't understand relationship 'Boss' in field path.",
            "Boss",
        ),
        (
            "NOT_FOUND",
            "Provided external ID field does not exist or is not accessible: AX_Key__c",
            "AX_Key__c",
        ),
        (
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "Unable to create/update fields: AX_Score__c. Please check the security settings",
            "AX_Score__c",
        ),
    ],
)
def test_a_hidden_field_is_named_with_the_remedy(code: str, message: str, named: str) -> None:
    error = call_error(400, _body(code, message))

    assert isinstance(error, CrmUnknownField)
    assert named in str(error)
    assert "AX_Sync" in str(error)


def test_an_unfilterable_field_is_not_called_unknown() -> None:
    message = "field 'Description' can not be filtered in a query call"

    assert not isinstance(call_error(400, _body("INVALID_FIELD", message)), CrmUnknownField)


def test_a_refused_record_keeps_salesforces_words_and_gets_ours() -> None:
    errors = [
        {
            "statusCode": "STRING_TOO_LONG",
            "message": "Reason: data value too large (max length=20)",
            "fields": ["AX_Reason__c"],
        }
    ]

    got = refusal(errors)

    assert (got.code, got.fields, got.gone) == ("STRING_TOO_LONG", ("AX_Reason__c",), False)
    assert got.message == "Reason: data value too large (max length=20)"
    assert got.words == "A text is longer than its field."
    assert "Lengthen the field" in got.remedy


def test_only_the_record_itself_counts_as_gone() -> None:
    deleted = {"statusCode": "ENTITY_IS_DELETED", "message": "entity is deleted", "fields": []}

    assert refusal([deleted]).gone
    assert not refusal([deleted | {"fields": ["OwnerId"]}]).gone


def test_a_code_nobody_knows_is_still_a_refusal() -> None:
    got = refusal([{"statusCode": "BRAND_NEW", "message": "nope"}])

    assert (got.code, got.message) == ("BRAND_NEW", "nope")
    assert got.words
    assert got.remedy
