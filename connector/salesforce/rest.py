"""The REST calls Salesforce is asked with, one by one or several composed into one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connector.errors import (
    CrmAllowanceReached,
    CrmAnswerLost,
    CrmError,
    CrmRejected,
    CrmUnavailable,
)
from connector.salesforce.door import Client, Door
from connector.salesforce.refusals import DeadCursor, UriTooLong, call_error

COMPOSED = 25  # requests in one composite call
COMPOSED_QUERIES = 5  # of which queries or collections
_RESTARTS = 3  # of a query whose cursor died
_LONGEST_ADDRESS = 8000  # bytes of query in a URL; Salesforce takes 16,384 with all headers


@dataclass(frozen=True)
class Part:
    """One request inside a composite call; path is relative to the API version."""

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] | None = None


class Rest:
    """JSON in, JSON out, through the door."""

    def __init__(self, door: Door) -> None:
        self.door = door

    def call(
        self,
        path: str,
        *,
        purpose: str,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = True,
    ) -> Any:
        """The JSON answer of one REST call; None when it is empty.

        path  relative to the API version, or from the host's root when it begins with "/"
        """
        data = None if body is None else encoded(body)

        def send(client: Client) -> Any:
            if path.startswith("/"):
                return client.query_more(path, identifier_is_url=True)
            return client.restful(path, method=method, data=data, headers=dict(headers or {}))

        return self.door.through(send, purpose=purpose, repeatable=repeatable)

    def query(self, soql: str, *, purpose: str = "read") -> dict[str, Any]:
        """The first page of a query that also finds deleted and archived rows."""
        if len(quote(soql)) <= _LONGEST_ADDRESS:
            try:
                return self.door.through(
                    lambda client: expected(client.query(soql, include_deleted=True), "records"),
                    purpose=purpose,
                )
            except UriTooLong:
                pass  # something between us allows less than Salesforce does
        answer = self.composite([_query_part(soql)], purpose=purpose)[0]
        if isinstance(answer, CrmError):
            raise answer
        return expected(answer, "records")

    def queries(self, soqls: Sequence[str], *, purpose: str = "read") -> list[Any]:
        """The first page of each query, or the CrmRejected it met; five to one call."""
        if len(soqls) == 1:
            try:
                return [self.query(soqls[0], purpose=purpose)]
            except CrmRejected as error:
                return [error]
        pages: list[Any] = []
        for start in range(0, len(soqls), COMPOSED_QUERIES):
            parts = [_query_part(soql) for soql in soqls[start : start + COMPOSED_QUERIES]]
            pages += self.composite(parts, purpose=purpose)
        return pages

    def more(self, url: str, *, purpose: str = "read") -> dict[str, Any]:
        """The next page of a query, by the nextRecordsUrl of the page before."""
        return self.door.through(
            lambda client: expected(client.query_more(url, identifier_is_url=True), "records"),
            purpose=purpose,
        )

    def rows(
        self, soql: str, *, first: dict[str, Any] | None = None, purpose: str = "read"
    ) -> list[dict[str, Any]]:
        """All rows of a query of few pages; `first` is its first page when that is here already."""
        for _ in range(_RESTARTS):
            page = first or self.query(soql, purpose=purpose)
            rows: list[dict[str, Any]] = list(page["records"])
            try:
                while page.get("nextRecordsUrl"):
                    page = self.more(page["nextRecordsUrl"], purpose=purpose)
                    rows += page["records"]
                return rows
            except DeadCursor:
                first = None
        raise CrmUnavailable("Salesforce drops the query's cursor each time it is asked for more.")

    def composite(self, parts: Sequence[Part], *, purpose: str) -> list[Any]:
        """Up to 25 requests in one call: each one's answer, or the CrmError it met.

        The call is repeated as a whole when a part met something that passes, so every part
        must be repeatable.
        """
        body = encoded(
            {
                "allOrNone": False,
                "compositeRequest": [self._composed(n, part) for n, part in enumerate(parts)],
            }
        )

        def send(client: Client) -> list[Any]:
            answer = expected(
                client.restful("composite", method="POST", data=body), "compositeResponse"
            )
            results = [
                item.get("body") if item["httpStatusCode"] < 300 else _part_error(item)
                for item in answer["compositeResponse"]
            ]
            for result in results:
                if isinstance(result, CrmUnavailable | CrmAllowanceReached):
                    raise result
            return results

        return self.door.through(send, purpose=purpose)

    def _composed(self, number: int, part: Part) -> dict[str, Any]:
        composed: dict[str, Any] = {
            "method": part.method,
            "url": f"/services/data/v{self.door.version}/{part.path}",
            "referenceId": f"part{number}",
        }
        if part.body is not None:
            composed["body"] = part.body
        if part.headers:
            composed["httpHeaders"] = dict(part.headers)
        return composed


def expected(answer: Any, key: str) -> dict[str, Any]:
    """`answer` when it is an object with that key; CrmAnswerLost when it is something else."""
    if isinstance(answer, dict) and key in answer:
        return answer
    raise CrmAnswerLost(f"Salesforce's answer lacks “{key}”: something on the way changed it.")


def encoded(body: Any) -> bytes:
    """JSON as Salesforce takes it. ValueError for NaN, which JSON has not."""
    return json.dumps(body, allow_nan=False).encode()


def _query_part(soql: str) -> Part:
    return Part("GET", f"queryAll?q={quote(soql)}")


def _part_error(item: Mapping[str, Any]) -> CrmError:
    return call_error(item["httpStatusCode"], item.get("body"))
