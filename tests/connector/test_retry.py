"""Patience: what is tried again, how often, and after how long."""

import time
from collections.abc import Callable

import pytest

from connector.errors import (
    CrmAllowanceReached,
    CrmAnswerLost,
    CrmAuthFailed,
    CrmError,
    CrmRateLimited,
    CrmRejected,
    CrmUnavailable,
)
from connector.retry import Patience

QUICK = Patience(tries=3, first=0.001, longest=0.2, jitter=0.0)


def _failing(*errors: CrmError) -> tuple[Callable[[], str], list[int]]:
    """An attempt that raises the errors one after the other, then succeeds; and its count."""
    calls = [0]
    left = list(errors)

    def attempt() -> str:
        calls[0] += 1
        if left:
            raise left.pop(0)
        return "done"

    return attempt, calls


def test_it_tries_again_while_the_crm_is_unavailable() -> None:
    attempt, calls = _failing(CrmUnavailable("busy"), CrmRateLimited("slow down"))

    assert QUICK.call(attempt) == "done"
    assert calls == [3]


def test_it_gives_up_with_the_last_error() -> None:
    attempt, calls = _failing(*(CrmUnavailable(f"busy {n}") for n in range(5)))

    with pytest.raises(CrmUnavailable, match="busy 2"):
        QUICK.call(attempt)
    assert calls == [3]


@pytest.mark.parametrize("error", [CrmRejected, CrmAuthFailed, CrmAllowanceReached])
def test_it_does_not_repeat_what_will_not_help(error: type[CrmError]) -> None:
    attempt, calls = _failing(error("no"))

    with pytest.raises(error):
        QUICK.call(attempt)
    assert calls == [1]


def test_a_call_that_must_not_run_twice_is_not_repeated_after_a_lost_answer() -> None:
    lost, lost_calls = _failing(CrmAnswerLost("cut"))
    busy, busy_calls = _failing(CrmUnavailable("busy"))

    with pytest.raises(CrmAnswerLost):
        QUICK.call(lost, repeatable=False)
    assert QUICK.call(busy, repeatable=False) == "done"  # the CRM said that it did nothing
    assert (lost_calls, busy_calls) == ([1], [2])


def test_it_waits_as_long_as_the_crm_asks() -> None:
    attempt, _ = _failing(CrmRateLimited("wait", retry_after=0.1))

    started = time.monotonic()
    QUICK.call(attempt)

    assert time.monotonic() - started >= 0.1  # its own first wait is 0.001


def test_it_does_not_wait_for_longer_than_it_was_told_to() -> None:
    attempt, calls = _failing(CrmRateLimited("wait", retry_after=3600))

    with pytest.raises(CrmRateLimited):
        QUICK.call(attempt)
    assert calls == [1]


def test_waits_double() -> None:
    attempt, _ = _failing(CrmUnavailable("1"), CrmUnavailable("2"))

    started = time.monotonic()
    Patience(tries=3, first=0.05, longest=1, jitter=0).call(attempt)

    assert time.monotonic() - started >= 0.05 + 0.1
