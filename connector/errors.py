"""Everything that can go wrong with a CRM call, named for what the caller can do.

CrmError
├── CrmUnavailable         worth another try later: network, 5xx, HTML instead of JSON, locks
│   ├── CrmAnswerLost      no readable answer came back: the call may have been carried out
│   └── CrmRateLimited     short-term limit; the connector has already waited and retried
├── CrmAllowanceReached    the day's share of API calls is spent: stop cleanly, resume later
├── CrmAuthFailed          a person must renew the credentials
└── CrmRejected            the request itself is wrong; trying again will not help
    ├── CrmUnknownObject   the CRM has no such object, or hides it from our user
    ├── CrmUnknownField    the CRM has no such field, or hides it from our user
    └── CrmForbidden       our user lacks a permission

A record that the CRM refuses is no error: it is returned as a `Refusal`.
"""


class CrmError(Exception):
    """A CRM call failed. `str()` is one sentence with the remedy, fit for an admin."""


class CrmUnavailable(CrmError):
    """The CRM cannot answer now; another try later is worth it.

    retry_after  seconds the CRM asked us to wait, when it said so
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CrmAnswerLost(CrmUnavailable):
    """No readable answer came back; the call may or may not have been carried out."""


class CrmRateLimited(CrmUnavailable):
    """A short-term limit held for longer than the connector was willing to wait."""


class CrmAllowanceReached(CrmError):
    """The day's API allowance, or our share of it, is spent."""


class CrmAuthFailed(CrmError):
    """The credentials no longer work; a person must renew them."""


class CrmRejected(CrmError):
    """The CRM refuses the request as it stands."""


class CrmUnknownObject(CrmRejected):
    """The CRM has no such object, or hides it from our user."""


class CrmUnknownField(CrmRejected):
    """The CRM has no such field, or hides it from our user."""


class CrmForbidden(CrmRejected):
    """Our user lacks a permission that the call needs."""
