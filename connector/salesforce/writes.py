"""Writing records: collections of 200, five of them composed into one call."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from connector.base import Record, Refusal
from connector.errors import CrmAnswerLost, CrmError, CrmUnavailable
from connector.salesforce.refusals import CallRefused, is_passing, refusal
from connector.salesforce.rest import COMPOSED_QUERIES, Part, Rest

COLLECTION = 200  # records
BATCH = COLLECTION * COMPOSED_QUERIES  # records that one call can write

# An alert-type duplicate rule and an assignment rule are for people's edits, not for our fields.
_HEADERS = {
    "Sforce-Auto-Assign": "FALSE",
    "Sforce-Duplicate-Rule-Header": "allowSave=true",
}

Key = TypeVar("Key")
Result = Mapping[str, Any]


class _Held(CrmUnavailable):
    """Some records were held by other changes; they alone are sent again."""


class Writer:
    """Sends records, each settled by itself."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def update(
        self, kind: str, changes: Mapping[str, Record], *, purpose: str = "write"
    ) -> Mapping[str, Refusal]:
        """See Crm.update. ValueError above `BATCH` records or for NaN."""
        if len(changes) > BATCH:
            raise ValueError(f"{len(changes)} records in one update; {BATCH} are the most")
        records = {
            record_id: {"attributes": {"type": kind}, "id": record_id, **values}
            for record_id, values in sorted(changes.items())  # one order for all = fewer locks
        }
        results = self.settle(records, "composite/sobjects", "PATCH", purpose)
        return {
            key: refusal(result.get("errors") or ())
            for key, result in results.items()
            if not result.get("success")
        }

    def settle(
        self, records: Mapping[Key, Record], path: str, method: str, purpose: str
    ) -> dict[Key, Result]:
        """Each record's own result, by key; records held by another change are sent again.

        Every record must be repeatable: an update, or an upsert by a unique key.
        """
        waiting = dict(records)
        results: dict[Key, Result] = {}

        def attempt() -> None:
            keys = list(waiting)
            answers = self._send([waiting[key] for key in keys], path, method, purpose)
            for key, result in zip(keys, answers, strict=True):
                results[key] = result
                if not _held(result):
                    del waiting[key]
            if waiting:
                raise _Held(f"{len(waiting)} Salesforce records are held by other changes.")

        if waiting:
            self._patiently(attempt)
        return results

    def _patiently(self, attempt: Callable[[], None]) -> None:
        try:
            self._rest.door.patience.call(attempt, on=_Held)
        except _Held:
            return  # what is still held stands among the results as refused

    def _send(
        self, records: Sequence[Record], path: str, method: str, purpose: str
    ) -> list[Result]:
        results: list[Result] = []
        for start in range(0, len(records), BATCH):
            batch = records[start : start + BATCH]
            collections = [
                batch[first : first + COLLECTION] for first in range(0, len(batch), COLLECTION)
            ]
            for part, answer in zip(
                collections, self._answers(collections, path, method, purpose), strict=True
            ):
                if isinstance(answer, CallRefused):
                    results += self._divided(part, answer, path, method, purpose)
                elif isinstance(answer, CrmError):
                    raise answer
                else:
                    results += _complete(answer, len(part))
        return results

    def _divided(
        self, records: Sequence[Record], error: CallRefused, path: str, method: str, purpose: str
    ) -> list[Result]:
        """One unreadable record spoils its whole collection: find it, and save the others."""
        if len(records) == 1:
            failure = {"statusCode": error.code, "message": error.detail}
            return [{"success": False, "errors": [failure]}]
        half = len(records) // 2
        return self._send(records[:half], path, method, purpose) + self._send(
            records[half:], path, method, purpose
        )

    def _answers(
        self, collections: Sequence[Sequence[Record]], path: str, method: str, purpose: str
    ) -> list[Any]:
        bodies = [{"allOrNone": False, "records": list(part)} for part in collections]
        if len(bodies) > 1:
            parts = [Part(method, path, body, _HEADERS) for body in bodies]
            return self._rest.composite(parts, purpose=purpose)
        try:
            answer = self._rest.call(
                path, method=method, body=bodies[0], headers=_HEADERS, purpose=purpose
            )
        except CallRefused as error:
            answer = error
        return [answer]


def _complete(answer: Any, count: int) -> list[Result]:
    if isinstance(answer, list) and len(answer) == count:
        return answer
    raise CrmAnswerLost("Salesforce's answer does not tell what became of each record.")


def _held(result: Result) -> bool:
    return not result.get("success") and any(
        is_passing(str(error.get("statusCode", "")), str(error.get("message", "")))
        for error in result.get("errors") or ()
    )
