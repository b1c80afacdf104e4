"""The day's API calls: counting them, and stopping before our share is spent."""

from dataclasses import dataclass

from connector.base import Usage
from connector.errors import CrmAllowanceReached


@dataclass(frozen=True)
class Allowance:
    """How much of the CRM's daily API limit may be used up before we stop.

    share  0..1 of the limit. It is compared with what the whole organisation has used, as the
           CRM's own headers say, so that our calls never take the last ones from others
    """

    share: float = 0.5

    def check(self, usage: Usage) -> None:
        """Raise CrmAllowanceReached when one more call would exceed the share.

        A day of unknown limit or use is not held back: the CRM says both with its first answer.
        """
        if usage.day_limit is None or usage.day_used is None:
            return
        if usage.day_used + 1 > self.share * usage.day_limit:
            raise CrmAllowanceReached(
                f"{usage.day_used} of today's {usage.day_limit} API calls are used and our "
                f"allowance ends at {self.share:.0%} of the day: the next run goes on from here. "
                "To allow more, raise the API share of this connection."
            )


def note_call(usage: Usage, purpose: str, calls: int = 1) -> None:
    """Count calls for a purpose: read, write, task, describe or provision.

    The day's use grows with them at once; the CRM's next header corrects it.
    """
    usage.spent += calls
    usage.by_purpose[purpose] = usage.by_purpose.get(purpose, 0) + calls
    if usage.day_used is not None:
        usage.day_used += calls
