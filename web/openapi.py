"""The description of the JSON API, in OpenAPI 3.1; tests hold it against the routes and answers."""

from typing import Any

TEXT = {"type": "string"}
MAYBE_TEXT = {"type": ["string", "null"]}
MONEY = {"type": ["string", "null"], "description": "decimal number; null = unknown"}
INSTANT = {"type": ["string", "null"], "format": "date-time"}
NUMBER = {"type": ["number", "null"]}
WHOLE = {"type": "integer"}
MAYBE_WHOLE = {"type": ["integer", "null"]}
OBJECT = {"type": "object"}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": sorted(properties), "properties": properties}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _paged(name: str) -> dict[str, Any]:
    items = {"type": "array", "items": _ref(name)}
    return _object(page=WHOLE, pages=WHOLE, total=WHOLE, items=items)


SCHEMAS: dict[str, dict[str, Any]] = {
    "Connection": _object(
        name=TEXT,
        crm={"enum": ["salesforce", "hubspot"]},
        organisation_id=MAYBE_TEXT,
        organisation_name=MAYBE_TEXT,
        currency=MAYBE_TEXT,
        state={"enum": ["new", "working", "failed"]},
        problem=MAYBE_TEXT,
    ),
    "Connections": _object(items={"type": "array", "items": _ref("Connection")}),
    "AccountLine": _object(
        account_id=TEXT,
        name=TEXT,
        segment=MAYBE_TEXT,
        owner=MAYBE_TEXT,
        annual_value=MONEY,
        currency=MAYBE_TEXT,
        health=NUMBER,
        band=TEXT,
        url=TEXT,
    ),
    "AccountPage": _paged("AccountLine"),
    "Account": _object(
        account_id=TEXT,
        connection=TEXT,
        name=TEXT,
        segment=MAYBE_TEXT,
        owner_id=MAYBE_TEXT,
        annual_value=MONEY,
        currency=MAYBE_TEXT,
        deleted_at=INSTANT,
        merged_into=MAYBE_TEXT,
        report={"anyOf": [_ref("Report"), {"type": "null"}]},
    ),
    "Report": _object(
        as_of=INSTANT, computed_at=INSTANT, model_hash=TEXT, inputs_hash=TEXT, figures=OBJECT
    ),
    "Portfolio": _object(
        connection=TEXT, currency=MAYBE_TEXT, as_of=INSTANT, figures={"type": ["object", "null"]}
    ),
    "Alert": _object(
        id=WHOLE,
        kind=TEXT,
        account_id=TEXT,
        account=MAYBE_TEXT,
        annual_value=MONEY,
        currency=MAYBE_TEXT,
        owner=MAYBE_TEXT,
        message=TEXT,
        opened_at=INSTANT,
        task_id=MAYBE_TEXT,
        task_state=MAYBE_TEXT,
    ),
    "AlertPage": _paged("Alert"),
    "Run": _object(
        id=WHOLE,
        connection=MAYBE_TEXT,
        kind=TEXT,
        trigger=TEXT,
        requested_by=MAYBE_TEXT,
        state=TEXT,
        problem=MAYBE_TEXT,
        requested_at=INSTANT,
        started_at=INSTANT,
        finished_at=INSTANT,
        seconds=NUMBER,
        counts=OBJECT,
        calls_spent=MAYBE_WHOLE,
        url=TEXT,
    ),
    "RunPage": _paged("Run"),
    "RunOrder": {
        "type": "object",
        "required": ["connection"],
        "properties": {"connection": TEXT, "kind": {"enum": ["sync", "full_sync"]}},
    },
    "Problem": _object(type=TEXT, title=TEXT, status=WHOLE, detail=TEXT, instance=TEXT),
}

PAGE = ("page", "page number, from 1")
CONNECTION = ("connection", "name of the connection; the first one without it")

# path, method, scope, summary, arguments in the query, answer
OPERATIONS: tuple[tuple[str, str, str, str, tuple[tuple[str, str], ...], str], ...] = (
    ("/connections", "get", "read", "The CRM organisations connected", (), "Connections"),
    (
        "/accounts",
        "get",
        "read",
        "Live accounts of a connection, the largest annual value first",
        (CONNECTION, PAGE, ("band", "health band"), ("search", "part of the name")),
        "AccountPage",
    ),
    (
        "/accounts/{connection}/{account_id}",
        "get",
        "read",
        "One account with its current report",
        (),
        "Account",
    ),
    ("/portfolio", "get", "read", "Totals of the newest computation", (CONNECTION,), "Portfolio"),
    (
        "/alerts",
        "get",
        "read",
        "Open alerts of a connection",
        (CONNECTION, PAGE, ("kind", "kind of alert")),
        "AlertPage",
    ),
    (
        "/runs",
        "get",
        "read",
        "Runs, the newest first",
        (PAGE, ("state", "state of the run"), ("kind", "kind of run")),
        "RunPage",
    ),
    ("/runs/{run_id}", "get", "read", "One run", (), "Run"),
    ("/runs", "post", "write", "Ask for a sync", (), "Run"),
)


def description(version: str) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for path, method, scope, summary, query, answer in OPERATIONS:
        paths.setdefault(path, {})[method] = _operation(path, method, scope, summary, query, answer)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Barometer", "version": version or "0"},
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(
    path: str,
    method: str,
    scope: str,
    summary: str,
    query: tuple[tuple[str, str], ...],
    answer: str,
) -> dict[str, Any]:
    in_path = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": WHOLE if name == "run_id" else TEXT,
        }
        for name in in_path
    ]
    parameters += [
        {
            "name": name,
            "in": "query",
            "description": meaning,
            "schema": {"type": "integer", "minimum": 1} if name == "page" else TEXT,
        }
        for name, meaning in query
    ]
    refused = {"application/problem+json": {"schema": _ref("Problem")}}
    operation: dict[str, Any] = {
        "summary": summary,
        "description": f"Needs a token with the scope {scope}.",
        "security": [{"token": []}],
        "parameters": parameters,
        "responses": {
            "202" if method == "post" else "200": {
                "description": "What was asked for",
                "content": {"application/json": {"schema": _ref(answer)}},
            },
            "default": {"description": "Why it was refused", "content": refused},
        },
    }
    if method == "post":
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _ref("RunOrder")}},
        }
    return operation
