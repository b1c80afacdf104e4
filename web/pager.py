"""What list pages take from the address: the connection and the page number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import abort, request

from store.models import Connection

SIZE = 50


@dataclass(frozen=True)
class Pager:
    """One page of a long list. `page` counts from 1."""

    page: int
    total: int
    size: int = SIZE

    @classmethod
    def of_request(cls, total: int) -> "Pager":
        """The page asked for; one past the end shows the last. 400 when it is no number."""
        given = request.args.get("page", "1")
        if not (given.isascii() and given.isdigit() and len(given) < 10 and int(given)):
            abort(400, "The page number must be a whole number from 1 on.")
        last = max(1, -(-total // SIZE))
        return cls(min(int(given), last), total)

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.size

    @property
    def pages(self) -> int:
        """How many pages there are, at least 1."""
        return max(1, -(-self.total // self.size))

    @property
    def last(self) -> int:
        """Number of the last row on this page, from 1."""
        return min(self.total, self.offset + self.size)


def here(**changes: Any) -> str:
    """This page's address with some arguments changed; one set to None is left out."""
    kept = {**request.args.to_dict(), **changes}
    query = urlencode({name: value for name, value in kept.items() if value not in (None, "")})
    return f"{request.path}?{query}" if query else request.path


def chosen_connection(connections: Sequence[Connection]) -> Connection | None:
    """The connection named in the address, else the first; 404 when the name is unknown."""
    name = request.args.get("connection")
    if name:
        return next((c for c in connections if c.name == name), None) or abort(
            404,
            "There is no connection of this name. See the connections page for those that exist.",
        )
    return connections[0] if connections else None
