"""From a request to a handler and back: path spellings, checks in order, JSON answers.

A handler takes the portal and the path's values and returns (status, body); a body of None is an
empty answer. Checks in order: token, rate limit, scopes. Source: HubSpot API reference, dated
paths, errors, sandbox checklist 1-3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from flask import Blueprint, Response, g, request
from werkzeug.exceptions import MethodNotAllowed, RequestURITooLarge
from werkzeug.routing import BaseConverter, Map, Rule

from sandbox.hubspot.auth import Token
from sandbox.hubspot.errors import HubSpotError, correlation_id, invalid, missing_scopes, refusal
from sandbox.hubspot.kinds import Kind, resolve
from sandbox.hubspot.limits import too_many
from sandbox.hubspot.portal import Portal

Answer = tuple[int, Any]
Handler = Callable[..., Answer]

LONGEST_URL = 16_000
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
JSON = "application/json;charset=utf-8"

_DATED = "<dated:version>"
FAMILIES = {
    "objects": ("/crm/v3/objects", "/crm/v4/objects", f"/crm/objects/{_DATED}", "/crm/objects/v3"),
    "links": ("/crm/v4/objects", f"/crm/objects/{_DATED}", "/crm/objects/v4"),
    "associations": (
        "/crm/v4/associations",
        "/crm/associations/v4",
        f"/crm/associations/{_DATED}",
    ),
    "old_associations": ("/crm/v3/associations", "/crm/associations/v3"),
    "old_links": ("/crm/v3/objects",),
    "properties": ("/crm/v3/properties", f"/crm/properties/{_DATED}", "/crm/properties/v3"),
    "pipelines": ("/crm/v3/pipelines", f"/crm/pipelines/{_DATED}", "/crm/pipelines/v3"),
    "owners": ("/crm/v3/owners", f"/crm/owners/{_DATED}", "/crm/owners/v3"),
    "schemas": (
        "/crm/v3/schemas",
        "/crm-object-schemas/v3/schemas",
        f"/crm-object-schemas/{_DATED}/schemas",
    ),
    "limits": ("/crm/v3/limits", f"/crm/limits/{_DATED}"),
    "account": ("/account-info/v3", f"/account-info/{_DATED}"),
    "currencies": ("/settings/v3/currencies", f"/settings/currencies/{_DATED}"),
    "exports": (
        "/crm/v3/exports/export",
        f"/crm/exports/{_DATED}/export",
        "/crm/exports/v3/export",
    ),
    "old": ("",),
    "webhooks": ("/webhooks/v3", f"/app-webhooks/{_DATED}"),
}


@dataclass(frozen=True)
class WithHeaders:
    """A body with headers of its own."""

    body: Any
    headers: dict[str, str]


class Dated(BaseConverter):
    """A dated API version: 2026-03, 2026-09, 2026-09-beta."""

    regex = r"20\d\d-(?:03|09)(?:-beta)?"


@dataclass(frozen=True)
class Route:
    """One operation under every spelling of its path."""

    method: str
    family: str
    path: str
    handler: Handler
    needs: str  # records.read, records.write, schema.read, schema.write, or a scope, or ""
    counts: str  # how the vendor's call counters see it: read, write, meta
    search: bool
    keyed: bool  # authorised by the developer's key instead of a token


ROUTES: list[Route] = []


def route(
    method: str,
    family: str,
    path: str,
    needs: str,
    *,
    counts: str | None = None,
    search: bool = False,
    keyed: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a handler; `<kind>` and `<other>` in the path arrive as object types.

    needs  records.read, records.write, schema.read or schema.write of the types in the path; or
           a scope; or empty
    """

    def keep(handler: Handler) -> Handler:
        usual = "meta" if needs.startswith("schema") else needs.rpartition(".")[2]
        how = counts or (usual if usual in ("meta", "write") else "read")
        ROUTES.append(Route(method, family, path, handler, needs, how, search, keyed))
        return handler

    return keep


@cache
def _paths() -> Map:
    """Every spelling of every route; compiled once, however many portals a process has."""
    rules = [
        Rule(prefix + each.path, endpoint=each, methods=[each.method])
        for each in ROUTES
        for prefix in FAMILIES[each.family]
    ]
    return Map(rules, converters={"dated": Dated}, strict_slashes=False)


def register(blueprint: Blueprint, portal: Portal) -> None:
    """Add all routes to a blueprint that answers for `portal`; call when all are in ROUTES."""

    def serve(path: str) -> Response:
        matched: tuple[Route, dict[str, Any]]
        matched = _paths().bind_to_environ(request.environ).match()  # type: ignore[assignment]
        return _answer(portal, *matched)

    roots = {str(rule).split("/")[1] for rule in _paths().iter_rules()}
    for root in sorted(roots):
        blueprint.add_url_rule(
            f"/{root}/<path:path>", f"serve_{root}", serve, methods=METHODS, strict_slashes=False
        )


def _answer(portal: Portal, route: Route, values: dict[str, Any]) -> Response:
    g.api_version = values.pop("version", "")  # of a dated path
    headers: dict[str, str] = {}
    if len(request.full_path) > LONGEST_URL:
        raise RequestURITooLarge
    try:
        g.api_kind = route.counts
        if route.keyed:
            portal.tokens.check_developer_key(request.args.get("hapikey"))
        else:
            headers = _admit(portal, route, values)
        status, body = route.handler(portal, **values)
        portal.deliveries.start()
    except HubSpotError as error:
        return respond(error.status, error.body, {**headers, **error.headers})
    if isinstance(body, WithHeaders):
        return respond(status, body.body, {**headers, **body.headers})
    return respond(status, body, headers)


def _admit(portal: Portal, route: Route, values: dict[str, Any]) -> dict[str, str]:
    """Token, limits, types and scopes of a call; returns the answer's rate headers."""
    g.token = token = portal.tokens.authenticate(request.headers.get("Authorization"))
    _deep_faults(portal)
    headers = portal.limiter.admit(token.token, oauth=token.oauth, search=route.search)
    for name in ("kind", "other"):
        if name in values:
            values[name] = resolve(values[name])
    _check_scopes(route, token, values)
    return headers


def _deep_faults(portal: Portal) -> None:
    limited = portal.world.faults.take("rate_limit", "hubspot")
    if limited is not None:
        policy = limited.get("policy", "TEN_SECONDLY_ROLLING")
        raise too_many(portal.world, policy, retry_after=limited.get("retry_after"))
    migrating = portal.world.faults.take("migrating", "hubspot")
    if migrating is not None:
        error = refusal(477, "MIGRATION_IN_PROGRESS", "The account is being migrated.")
        error.headers["Retry-After"] = str(migrating.get("retry_after", 30))
        raise error


def _check_scopes(route: Route, token: Token, values: dict[str, Any]) -> None:
    subject, _, right = route.needs.rpartition(".")
    if subject in ("records", "schema"):
        for kind in (values.get("kind"), values.get("other")):
            if isinstance(kind, Kind):
                _grant(
                    token, kind.scopes(right) if subject == "records" else kind.schema_scopes(right)
                )
    elif route.needs:
        _grant(token, (route.needs,))
    kind = values.get("kind")
    if route.needs == "records.write" and route.family == "objects" and isinstance(kind, Kind):
        refuse_read_only(kind)


def _grant(token: Token, scopes: tuple[str, ...]) -> None:
    if token.scopes.isdisjoint(scopes):
        raise missing_scopes(scopes)


def refuse_read_only(kind: Kind) -> None:
    """405 (HTML) for a write to a type that only HubSpot itself writes."""
    if kind.read_only:
        raise MethodNotAllowed(["GET"])


def respond(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer with its correlation id; None gives an empty body."""
    data = b"" if body is None else orjson.dumps(body)
    response = Response(data, status, content_type=None if body is None else JSON)
    known = body.get("correlationId") if isinstance(body, dict) else None
    response.headers["X-HubSpot-Correlation-Id"] = known or correlation_id()
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def json_body() -> Any:
    """The request's JSON; 400 when it is none, 415 when it is declared as something else."""
    data = request.get_data()
    declared = request.mimetype
    if declared and declared != "application/json" and not declared.endswith("+json"):
        raise refusal(415, "UNSUPPORTED_MEDIA_TYPE", f"Content type {declared} is not supported")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as problem:
        raise invalid(
            f"Invalid input JSON on line {problem.lineno}, column {problem.colno}: {problem.msg}"
        ) from problem


def json_object() -> dict[str, Any]:
    """The request's JSON, which must be an object."""
    body = json_body()
    if not isinstance(body, dict):
        raise invalid("Invalid input JSON on line 1, column 1: Cannot deserialize an object")
    return body


def words(name: str) -> list[str] | None:
    """A query list, repeated or comma-joined or both; None when absent."""
    if name not in request.args:
        return None
    given = (part.strip() for value in request.args.getlist(name) for part in value.split(","))
    return [part for part in given if part]


def flag(name: str) -> bool:
    """A query boolean in any letter case; absent is false."""
    value = request.args.get(name, "false").strip().lower()
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean for query parameter {name}: {value}")
    return value == "true"


def whole(name: str, default: int, most: int) -> int:
    """A query number from 1 to `most`; 400 outside."""
    text = request.args.get(name)
    if text is None or text == "":
        return default
    try:
        value = int(text)
    except ValueError:
        raise invalid(f"Invalid value for query parameter {name}: {text}") from None
    if not 1 <= value <= most:
        raise invalid(f"{name} must be between 1 and {most}, but was {value}")
    return value
