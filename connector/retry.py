"""How patient a connector is with a CRM that cannot answer now."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from connector.errors import CrmAnswerLost, CrmUnavailable

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Patience:
    """When to try again, and how long to wait before.

    tries    calls in all, the first included
    first    seconds before the second try; doubled before each further one
    longest  seconds; no wait is longer, and a CRM that asks for more is not waited for
    jitter   seconds; up to so much is added at random
    """

    tries: int = 6
    first: float = 0.5
    longest: float = 60.0
    jitter: float = 0.5

    def call(
        self,
        attempt: Callable[[], Answer],
        *,
        repeatable: bool = True,
        on: type[CrmUnavailable] = CrmUnavailable,
    ) -> Answer:
        """What `attempt` returns; it is repeated while it raises `on`.

        on          the error worth another try
        repeatable  False for a call that must not be carried out twice: after CrmAnswerLost,
                    when it may have been, it is not tried again
        Raises      the last error. Every other error passes at once
        """

        def worth_it(error: BaseException) -> bool:
            if not isinstance(error, on):
                return False
            if isinstance(error, CrmAnswerLost) and not repeatable:
                return False
            return error.retry_after is None or error.retry_after <= self.longest

        return Retrying(
            retry=retry_if_exception(worth_it),
            stop=stop_after_attempt(self.tries),
            wait=self._wait,
            reraise=True,
        )(attempt)

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, CrmUnavailable) else None
        growing = wait_exponential_jitter(
            multiplier=self.first, max=self.longest, jitter=self.jitter
        )
        return growing(state) if asked is None else asked
