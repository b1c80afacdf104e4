"""The Tooling API, so far as custom fields go: create, query, read, change, delete."""

import json
from typing import Any

from sandbox.salesforce import customfields, ids
from sandbox.salesforce.api_meta import batch_size
from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.describe import describe, global_entry
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.routes import querying, router, sobject_of

_REFUSED = "Save or update not supported in active organizations"
_ONE_ROW = (
    "When retrieving results with Metadata or FullName fields, the query qualifications must "
    "specify no more than one row for retrieval. Result size: {}"
)


@router.add("GET", "/tooling")
def resources(call: Call) -> Answer:
    """What the Tooling API offers here."""
    base = f"{call.base}/tooling"
    return Answer(body={"query": f"{base}/query", "sobjects": f"{base}/sobjects"})


@router.add("GET", "/tooling/sobjects")
def all_objects(call: Call) -> Answer:
    """The Tooling objects."""
    shown = [call.view.find(one.name, tooling=True) for one in call.org.schema if one.tooling]
    entries = [global_entry(one, f"{call.base}/tooling") for one in shown if one]
    return Answer(body={"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries})


@router.add("GET", "/tooling/sobjects/CustomField/describe")
@router.add("GET", "/tooling/sobjects/<name>/describe")
def describe_object(call: Call, name: str = "CustomField") -> Answer:
    """One Tooling object in full."""
    one = sobject_of(call, name, tooling=True)
    return Answer(body=describe(call.view, one, f"{call.base}/tooling"))


@router.add("GET", "/tooling/query")
def query(call: Call) -> Answer:
    """SOQL over Tooling objects; Metadata and FullName only when one row matches."""
    page = querying(call).run(call.args.get("q", ""), tooling=True, batch=batch_size(call))
    records = page["records"]
    heavy = any("Metadata" in r or "FullName" in r for r in records)
    if heavy and page["totalSize"] > 1:
        raise ApiError("MALFORMED_QUERY", _ONE_ROW.format(page["totalSize"]))
    for record in records:
        _open(record)
    page |= {"size": len(records), "queryLocator": None, "entityTypeName": "CustomField"}
    return Answer(body=page)


@router.add("GET", "/tooling/query/<locator>")
def query_more(call: Call, locator: str) -> Answer:
    """A further page."""
    return Answer(body=querying(call).more(locator))


@router.add("POST", "/tooling/sobjects/CustomField")
def create(call: Call) -> Answer:
    """Make a custom field."""
    _allow(call)
    data = call.json_object()
    field_id = customfields.create(call.org, str(data.get("FullName", "")), _metadata(data))
    body = {"id": field_id, "success": True, "errors": [], "warnings": [], "infos": []}
    location = {"Location": f"{call.base}/tooling/sobjects/CustomField/{field_id}"}
    return Answer(201, body, location)


@router.add("GET", "/tooling/sobjects/CustomField/<field_id>")
def read(call: Call, field_id: str) -> Answer:
    """One custom field with its metadata."""
    one = sobject_of(call, "CustomField", tooling=True)
    full = ids.normalise(field_id) or ""
    found = querying(call).retrieve(one, [full], list(one.fields))
    if full not in found:
        raise not_found()
    return Answer(body=_open(found[full]))


@router.add("PATCH", "/tooling/sobjects/CustomField/<field_id>")
def update(call: Call, field_id: str) -> Answer:
    """Change a custom field's metadata."""
    _allow(call)
    customfields.update(call.org, _full_name(call, field_id), _metadata(call.json_object()))
    return Answer(204)


@router.add("DELETE", "/tooling/sobjects/CustomField/<field_id>")
def delete(call: Call, field_id: str) -> Answer:
    """Remove a custom field."""
    _allow(call)
    customfields.delete(call.org, _full_name(call, field_id))
    return Answer(204)


def _allow(call: Call) -> None:
    if not call.org.switch("tooling_custom_fields"):
        raise ApiError("INVALID_OPERATION", _REFUSED)


def _metadata(data: dict[str, Any]) -> dict[str, Any]:
    metadata = data.get("Metadata")
    if not isinstance(metadata, dict):
        raise ApiError(
            "REQUIRED_FIELD_MISSING", "Required fields are missing: [Metadata]",
            fields=("Metadata",),
        )  # fmt: skip
    return metadata


def _full_name(call: Call, field_id: str) -> str:
    row = call.org.world.db().execute(
        "SELECT FullName FROM sf_CustomField WHERE Id = ?", (ids.normalise(field_id),)
    )
    found = row.fetchone()
    if found is None:
        raise not_found()
    return str(found[0])


def _open(record: dict[str, Any]) -> dict[str, Any]:
    """A record with its metadata as an object and its Tooling address."""
    if isinstance(record.get("Metadata"), str):
        record["Metadata"] = json.loads(record["Metadata"])
    attributes = record["attributes"]
    if "/tooling/" not in attributes["url"]:
        attributes["url"] = attributes["url"].replace("/sobjects/", "/tooling/sobjects/", 1)
    return record
