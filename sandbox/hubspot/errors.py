"""Refusals in HubSpot's own shape, and the correlation id of each answer.

Source: HubSpot API reference, sections on errors (body, categories) and on token errors.
"""

import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

SCOPES_PAGE = "https://developers.hubspot.com/scopes"


class HubSpotError(Exception):
    """An answer that is not a success: status, JSON body, extra headers."""

    def __init__(
        self, status: int, body: dict[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(body.get("message", status))
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


def correlation_id() -> str:
    """A UUID of version 7 (time first), as HubSpot numbers its answers."""
    stamp = time.time_ns() // 1_000_000
    value = (stamp << 80) | (7 << 76) | (secrets.randbits(12) << 64) | (2 << 62)
    return str(uuid.UUID(int=value | secrets.randbits(62)))


def refusal(status: int, category: str, message: str, **more: Any) -> HubSpotError:
    """An error body; `more` are further members such as subCategory, errors, context, links."""
    return HubSpotError(
        status,
        {
            "status": "error",
            "message": message,
            "correlationId": correlation_id(),
            **more,
            "category": category,
        },
    )


def invalid(message: str, **more: Any) -> HubSpotError:
    """400 VALIDATION_ERROR."""
    return refusal(400, "VALIDATION_ERROR", message, **more)


def not_found(record_id: str) -> HubSpotError:
    """404 for one record."""
    return refusal(
        404,
        "OBJECT_NOT_FOUND",
        "Object not found.  objectId is usually positive.",
        context={"id": [record_id]},
    )


def no_resource() -> HubSpotError:
    """404 for a path below a known one."""
    error = refusal(404, "", "resource not found")
    del error.body["category"]
    return error


def entry(category: str, message: str, **more: Any) -> dict[str, Any]:
    """One element of the `errors` of a 207."""
    return {"status": "error", "category": category, "message": message, **more}


def missing_scopes(scopes: Sequence[str]) -> HubSpotError:
    """403: none of `scopes` was granted to the token."""
    return refusal(
        403,
        "MISSING_SCOPES",
        "This app hasn't been granted all required scopes to make this call. "
        f"Read more about required scopes here: {SCOPES_PAGE}.",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(scopes)},
            }
        ],
        links={"scopes": SCOPES_PAGE},
    )
