"""The REST API as Flask sees it: authentication, limits and faults around each call."""

import gzip
import re
import zlib
from typing import Any

from flask import Flask, Response, current_app, g, request
from werkzeug.datastructures import Headers

from sandbox.salesforce import (  # noqa: F401  (importing them fills the table of routes)
    api_bulk_ingest,
    api_bulk_query,
    api_collections,
    api_composite,
    api_deploy,
    api_feeds,
    api_meta,
    api_rows,
    api_search,
    api_tooling,
    api_tree,
)
from sandbox.salesforce.access import View
from sandbox.salesforce.call import JSON, Answer, Call, refusal
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.org import Org
from sandbox.salesforce.routes import router
from sandbox.salesforce.sessions import Session, sessions_of

OLDEST, NEWEST, UNKNOWN = 31, 67, 71
LONGEST_URI = 16_384
METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]
_SEASONS = {0: "Winter", 1: "Spring", 2: "Summer"}
_TOO_LONG = "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>"
_UNEXPECTED = (
    "An unexpected error occurred. Please include this ErrorId if you contact support: "
    "1795000000-1 (0)"
)
_TOTAL = "TotalRequests Limit exceeded."
_CONCURRENT = "ConcurrentPerOrgLongTxn Limit exceeded."


def install(app: Flask, org: Org) -> None:
    """Route /services/data."""

    def versions() -> Response:
        body = Answer(body=[_version(n) for n in range(OLDEST, NEWEST + 1)]).payload()
        return Response(body, content_type=JSON)

    def call(version: str, path: str = "") -> Response:
        return serve(org, version)

    app.add_url_rule("/services/data", "sf_versions", versions, methods=["GET"])
    app.add_url_rule("/services/data/", "sf_versions_slash", versions, methods=["GET"])
    for rule in ("/services/data/v<version>", "/services/data/v<version>/<path:path>"):
        app.add_url_rule(
            rule, f"sf_{rule}", call, methods=METHODS, merge_slashes=False,
            provide_automatic_options=False,
        )  # fmt: skip


def serve(org: Org, version: str) -> Response:
    """Answer one request below /services/data/vN."""
    raw = request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or request.path
    if len(raw) + sum(len(k) + len(v) + 4 for k, v in request.headers) > LONGEST_URI:
        return Response(_TOO_LONG, status=414, content_type="text/html")
    try:
        check_version(version)
        session = authenticate(org, request.headers)
        check_allowance(org)
        answer = router.answer(_call(org, version, raw, session))
    except ApiError as problem:
        answer = refusal(problem)
        answer.calls = 0 if problem.status == 401 else 1
    except Exception:
        current_app.logger.exception("Salesforce %s %s", request.method, raw)
        answer = refusal(ApiError("UNKNOWN_EXCEPTION", _UNEXPECTED, 500))
    org.count_call(answer.calls)
    g.api_calls = answer.calls
    return _response(org, answer)


def authenticate(org: Org, headers: Any, token: str | None = None) -> Session:
    """The session of a request; 401 INVALID_SESSION_ID without a live one."""
    if token is None:
        kind, _, token = headers.get("Authorization", "").strip().partition(" ")
        if token and kind.lower() not in ("bearer", "oauth"):
            raise ApiError("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE", 401)
    expired = ApiError("INVALID_SESSION_ID", "Session expired or invalid", 401)
    session = sessions_of(org).find(token.strip())
    if session is None:
        raise expired
    fault = org.world.faults.take("session_expired", "salesforce")
    if fault:
        if fault.get("revoke", True):
            sessions_of(org).close(session.token)
        raise expired
    return session


def check_version(version: str) -> None:
    """Refuse versions that never were, are not yet, or are retired."""
    if not re.fullmatch(r"\d\d\.0", version) or float(version) >= UNKNOWN:
        raise not_found()
    if float(version) < OLDEST:
        raise ApiError(
            "UNSUPPORTED_API_VERSION", f"API version {version} is retired; use a later one", 410
        )


def check_allowance(org: Org) -> None:
    """Refuse a call beyond the day's allowance."""
    used, allowed = org.usage()
    if used >= allowed:
        raise ApiError("REQUEST_LIMIT_EXCEEDED", _TOTAL, 403)
    fault = org.world.faults.take("request_limit", "salesforce")
    if fault:
        text = {"total": _TOTAL, "concurrent": _CONCURRENT}.get(fault.get("text", "total"), _TOTAL)
        raise ApiError("REQUEST_LIMIT_EXCEEDED", text, 403)


def _call(org: Org, version: str, raw: str, session: Session) -> Call:
    body = body_of()
    path = raw.partition("?")[0]
    path = path[path.index("/services/data/v") + len("/services/data/v") :].partition("/")[2]
    method = request.method
    override = request.args.get("_HttpMethod")
    if method == "POST" and override:
        method = override.upper()
    if body and not path.startswith(("jobs/", "metadata/")):
        _check_json(request.headers)
    return Call(
        org, method, "/" + path, version, request.args.to_dict(), Headers(request.headers), body,
        session.user_id, session.token, View(org, session.user_id),
        request.host_url.rstrip("/"),
    )  # fmt: skip


def body_of() -> bytes:
    """The request's body, unpacked if it came packed."""
    body = request.get_data(cache=False)
    if not body or request.headers.get("Content-Encoding", "").lower() != "gzip":
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        raise ApiError("JSON_PARSER_ERROR", "The body is not in GZIP format") from None


def _check_json(headers: Any) -> None:
    kind = headers.get("Content-Type", "application/json").split(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError("UNSUPPORTED_MEDIA_TYPE", f"Content type {kind} is not supported", 415)


def _response(org: Org, answer: Answer) -> Response:
    response = Response(answer.payload(), status=answer.status, headers=answer.headers)
    if answer.body is None:
        response.headers.pop("Content-Type", None)
    else:
        response.headers["Content-Type"] = answer.content_type
    used, allowed = org.usage()
    usage = f"api-usage={used}/{allowed}"
    if org.switch("per_app_usage_header"):
        usage += f"; per-app-api-usage={used}/{allowed}(appName=barometer)"
    response.headers["Sforce-Limit-Info"] = usage
    return response


def _version(number: int) -> dict[str, str]:
    """v66 is Spring '26: three releases a year, numbered through."""
    year, season = divmod(number - 66 + 1, 3)
    label = f"{_SEASONS[season]} '{26 + year:02d}"
    return {"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
