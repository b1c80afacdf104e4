"""One REST call and its answer, free of the web framework, so that composite can make calls too."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
from werkzeug.datastructures import Headers
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from sandbox.salesforce.access import View
from sandbox.salesforce.errors import ApiError, ManyMatches, not_found
from sandbox.salesforce.org import Org

JSON = "application/json;charset=UTF-8"


@dataclass
class Answer:
    """A status, a body (JSON data, bytes, or None for an empty one) and headers."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON
    calls: int = 1  # API requests this one counts as

    def payload(self) -> bytes:
        """The body's bytes."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


@dataclass
class Call:
    """A request to `/services/data/v<version><path>` by a user with a live session."""

    org: Org
    method: str
    path: str  # still percent-encoded
    version: str
    args: Mapping[str, str]
    headers: Headers
    body: bytes | Any  # bytes from the wire, data when composite made the call
    user_id: str
    token: str
    view: View
    site: str  # scheme and host as the caller addressed them
    inner: bool = False

    @property
    def number(self) -> float:
        """The API version as a number."""
        return float(self.version)

    def json(self) -> Any:
        """The body as JSON data; JSON_PARSER_ERROR when it is none."""
        if not isinstance(self.body, bytes):
            return self.body
        try:
            return orjson.loads(self.body) if self.body else {}
        except orjson.JSONDecodeError as problem:
            raise ApiError(
                "JSON_PARSER_ERROR", f"{problem.msg} at [line:{problem.lineno}, "
                f"column:{problem.colno}]",
            ) from None  # fmt: skip

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object."""
        data = self.json()
        if not isinstance(data, dict):
            raise ApiError(
                "JSON_PARSER_ERROR",
                "The HTTP entity body is required, but this request has no entity body.",
            )
        return data

    def within(self, method: str, url: str, headers: Mapping[str, str], body: Any) -> "Call":
        """A call made inside this one, to a URL with or without host, base and version."""
        parts = urlsplit(url)
        path = parts.path
        version = self.version
        if path.startswith("/services/data/"):
            path = path.removeprefix("/services/data/")
        path = path.lstrip("/")
        if path[:1] == "v" and path[1:2].isdigit():
            head, _, path = path.partition("/")
            version = head[1:]
        args = dict(parse_qsl(parts.query, keep_blank_values=True))
        return replace(
            self, method=method.upper(), path="/" + path, version=version, args=args,
            headers=Headers(list(headers.items())), body=body, inner=True,
        )  # fmt: skip

    @property
    def base(self) -> str:
        """`/services/data/vN`, as the caller addressed it."""
        return f"/services/data/v{self.version}"


Handler = Callable[..., Answer]


class Router:
    """Which function answers which path; values keep their encoded slashes apart."""

    def __init__(self) -> None:
        self._map = Map(strict_slashes=False, merge_slashes=False)
        self._handlers: dict[str, Handler] = {}

    def add(self, methods: str, path: str) -> Callable[[Handler], Handler]:
        """Decorator: `@router.add("GET POST", "/sobjects/<name>")`."""

        def keep(handler: Handler) -> Handler:
            endpoint = f"{methods} {path}"
            self._handlers[endpoint] = handler
            self._map.add(Rule(path, methods=methods.split(), endpoint=endpoint))
            return handler

        return keep

    def answer(self, call: Call) -> Answer:
        """Run the handler of a call; refusals become answers."""
        try:
            endpoint, values = self._map.bind("sandbox").match(call.path, method=call.method)
            return self._handlers[endpoint](call, **{k: unquote(v) for k, v in values.items()})
        except MethodNotAllowed as problem:
            allowed = ",".join(sorted(problem.valid_methods or ()))
            text = f"HTTP Method '{call.method}' not allowed. Allowed are {allowed}"
            return refusal(ApiError("METHOD_NOT_ALLOWED", text, 405))
        except NotFound:
            return refusal(not_found())
        except ApiError as problem:
            return refusal(problem)


def refusal(problem: ApiError) -> Answer:
    """A refusal as an answer: the list of errors, or the addresses of several matches."""
    if isinstance(problem, ManyMatches):
        return Answer(problem.status, problem.urls)
    return Answer(problem.status, [problem.entry()])
