"""What happens around every request: generic faults, and the counting of API calls."""

import gzip
import socket
import time
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, abort, g, request
from werkzeug.http import http_date

from sandbox.wire import cut
from sandbox.world import World

_SALESFORCE = ("/services/data/", "/services/async", "/services/Soap")
_HUBSPOT = (
    "/crm",
    "/properties",
    "/account-info",
    "/settings",
    "/companies",
    "/deals",
    "/engagements",
    "/webhooks",
)
_META = ("/describe", "/limits", "/properties", "/sobjects", "/account-info", "/pipelines")
_UNAVAILABLE = (
    "<html><head><title>503 Service Unavailable</title></head><body><h1>Down for maintenance"
    "</h1><p>We will be back shortly.</p></body></html>"
)
_SLOW_PARTS = 10


def crm_of(path: str) -> str | None:
    """Which CRM's API a path belongs to; None for sign-in, record pages and control."""
    if path.startswith(_SALESFORCE) and path != "/services/data/":
        return "salesforce"
    return "hubspot" if path.startswith(_HUBSPOT) else None


def kind_of(method: str, path: str) -> str:
    """read, write, login or meta: what a call is for, told by its method and path."""
    path = path.rstrip("/")
    if path.startswith("/services/Soap/u"):
        return "login"
    asks = method in ("GET", "HEAD")
    if asks and (path.endswith(_META) or "/properties/" in path or "/describe/" in path):
        return "meta"
    return "read" if asks or path.endswith(("/search", "/batch/read", "/query")) else "write"


def install(app: Flask, world: World) -> None:
    """Hook faults and counting into the app; call after the CRMs' own routes."""

    @app.before_request
    def meet_faults() -> Response | None:
        crm = _target(request.path)
        if crm is None:
            return None
        if latency := world.faults.take("latency", crm):
            time.sleep(float(latency["seconds"]))
        if world.faults.take("cut_before", crm):
            _cut()
            abort(Response(status=503))
        g.api_calls = 1
        for name, answer in (
            ("unavailable", _unavailable),
            ("status", _status),
            ("html", _html),
        ):
            if fault := world.faults.take(name, crm):
                return answer(fault)
        return None

    @app.after_request
    def spoil_answer(response: Response) -> Response:
        crm = _target(request.path)
        if crm is None:
            return response
        if world.faults.take("cut_after", crm):
            _cut()
        if world.faults.take("malformed_json", crm):
            body = response.get_data()
            response.set_data(body[: len(body) // 2] + b'{"truncated": ')
        if world.switches["http.gzip"]:
            _compress(response)
        if slow := world.faults.take("slow", crm):
            _slow_down(response, float(slow["seconds"]))
        return response

    @app.after_request
    def stamp(response: Response) -> Response:
        response.headers["Date"] = http_date(world.clock.now())
        return response

    @app.after_request
    def count_call(response: Response) -> Response:
        crm = crm_of(request.path)
        calls = g.get("api_calls", 0)
        if crm is not None and calls:
            kind = g.get("api_kind") or kind_of(request.method, request.path)
            world.stats.count(crm, kind, request.method, request.path, calls)
        return response


def _target(path: str) -> str | None:
    """The CRM whose faults a path meets: its API calls, and its sign-in."""
    if path.startswith("/services"):
        return "salesforce"
    return "hubspot" if path.startswith("/oauth") else crm_of(path)


def _cut() -> None:
    connection: socket.socket = request.environ["werkzeug.socket"]
    cut(connection)


def _unavailable(fault: dict[str, Any]) -> Response:
    return Response(_UNAVAILABLE, status=503, content_type="text/html")


def _status(fault: dict[str, Any]) -> Response:
    return Response(
        fault.get("body", ""),
        status=int(fault["status"]),
        content_type=fault.get("content_type", "application/json"),
        headers=fault.get("headers"),
    )


def _html(fault: dict[str, Any]) -> Response:
    body = fault.get("body", "<!DOCTYPE html><html><body>Sign in to continue</body></html>")
    return Response(body, status=int(fault.get("status", 200)), content_type="text/html")


def _compress(response: Response) -> None:
    """Pack the answer of a client that asks for gzip by name, as both vendors do."""
    accepted = any(name == "gzip" and quality for name, quality in request.accept_encodings)
    if not accepted or response.is_streamed or response.headers.get("Content-Encoding"):
        return
    if request.method != "HEAD" and response.get_data():
        response.set_data(gzip.compress(response.get_data(), compresslevel=1))
        response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")


def _slow_down(response: Response, seconds: float) -> None:
    body = response.get_data()
    size = max(1, -(-len(body) // _SLOW_PARTS))
    parts = [body[start : start + size] for start in range(0, len(body), size)] or [b""]

    def trickle() -> Iterator[bytes]:
        for part in parts:
            time.sleep(seconds / len(parts))
            yield part

    response.response = trickle()
