"""The day's allowance is counted and not exceeded."""

import pytest

from connector.base import Usage
from connector.budget import Allowance, note_call
from connector.errors import CrmAllowanceReached


def test_calls_are_counted_by_purpose() -> None:
    usage = Usage(day_used=10, day_limit=100)

    note_call(usage, "read")
    note_call(usage, "read")
    note_call(usage, "write", 3)

    assert usage.spent == 5
    assert usage.by_purpose == {"read": 2, "write": 3}
    assert usage.day_used == 15


def test_the_share_is_used_to_its_last_call_and_no_further() -> None:
    half = Allowance(share=0.5)

    half.check(Usage(day_used=49, day_limit=100))
    with pytest.raises(CrmAllowanceReached, match="50 of today's 100 API calls"):
        half.check(Usage(day_used=50, day_limit=100))


def test_an_unknown_day_holds_nothing_back() -> None:
    Allowance(share=0.0).check(Usage())
    with pytest.raises(CrmAllowanceReached):
        Allowance(share=0.0).check(Usage(day_used=0, day_limit=100))
