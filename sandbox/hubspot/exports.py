"""Exports of whole object types as CSV files behind short-lived addresses.

The file is ready when its id is told. Source: HubSpot API reference, imports and exports; columns
and the life of the address [ms]: unverified. Not spoken: XLS, XLSX, lists, columns of links.
"""

import csv
import io
import secrets
from typing import Any

from flask import Blueprint, Response, request

from sandbox.hubspot.errors import invalid, refusal
from sandbox.hubspot.http import Answer, json_object, route
from sandbox.hubspot.kinds import Kind, resolve
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.property import Property
from sandbox.hubspot.rows import Projection
from sandbox.hubspot.search import matching

LIFE = 300_000
_NEEDS = "crm.export"


@route("POST", "exports", "/async", _NEEDS, counts="read")
def start(portal: Portal) -> Answer:
    """Write the file of one object type, filtered if the caller says so."""
    body = json_object()
    for name in ("exportType", "exportName", "format", "objectType", "objectProperties"):
        if not body.get(name):
            raise invalid(f"Some required fields were not set: [{name}]")
    if (body["exportType"], body["format"]) != ("VIEW", "CSV"):
        raise invalid("This sandbox exports views as CSV only")
    kind = resolve(str(body["objectType"]))
    known = portal.schema.properties(kind)
    unknown = [name for name in body["objectProperties"] if name not in known]
    if unknown:
        raise invalid(f"Unknown properties: {', '.join(unknown)}")
    columns = [known[name] for name in body["objectProperties"]]
    data = _file(portal, kind, columns, body)
    key = secrets.token_hex(8)
    portal.exports[key] = (portal.now() + LIFE, data)
    return 202, {"id": key, "links": {"status": f"{request.base_url}/tasks/{key}/status"}}


@route("GET", "exports", "/async/tasks/<key>/status", _NEEDS, counts="read")
def status(portal: Portal, key: str) -> Answer:
    """How far an export is, and where its file lies."""
    if key not in portal.exports:
        raise refusal(404, "OBJECT_NOT_FOUND", f"No export has the id {key}")
    now = portal.now_text()
    place = f"{request.host_url}_exports/{key}.csv"
    told = {"status": "COMPLETE", "result": place, "startedAt": now, "completedAt": now}
    return 200, told


def register(blueprint: Blueprint, portal: Portal) -> None:
    """Add the address of the files, which needs no token."""

    def download(key: str) -> Response:
        until, data = portal.exports.get(key, (0, b""))
        if portal.now() >= until:
            return Response("<h1>Access denied</h1>", 403, content_type="text/html")
        return Response(data, content_type="text/csv; charset=utf-8")

    blueprint.add_url_rule("/_exports/<key>.csv", "export_file", download, methods=["GET"])


def _file(portal: Portal, kind: Kind, columns: list[Property], body: dict[str, Any]) -> bytes:
    """Labels in the heads and for options, unless the caller wants NAMES and VALUES."""
    internal = body.get("exportInternalValuesOptions") or []
    where = matching(portal, kind, body.get("publicCrmSearchRequest") or {})
    projection = Projection(portal, kind, [each.name for each in columns])
    cursor = portal.world.db().cursor()
    cursor.row_factory = None
    cursor.execute(
        f"SELECT {projection.columns} FROM {kind.table} WHERE {where.sql} ORDER BY _id",
        where.values,
    )
    written = io.StringIO()
    out = csv.writer(written)
    named = "NAMES" in internal
    heads = [each.name if named else each.wire["label"] for each in columns]
    out.writerow(["hs_object_id" if named else "Record ID", *heads])
    labels = [{} if "VALUES" in internal else _labels(each) for each in columns]
    for row in cursor:
        record = projection.record(row)
        values = [record["properties"].get(each.name) or "" for each in columns]
        shown = [known.get(value, value) for known, value in zip(labels, values, strict=True)]
        out.writerow([record["id"], *shown])
    return written.getvalue().encode()


def _labels(each: Property) -> dict[str, str]:
    return {option["value"]: option["label"] for option in each.wire.get("options") or []}
