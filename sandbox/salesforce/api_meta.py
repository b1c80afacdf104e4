"""Discovery: resources, objects, describe, limits, record counts."""

from datetime import datetime
from email.utils import format_datetime
from typing import Any

from sandbox.salesforce import preconditions
from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.describe import describe, global_entry
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.routes import querying, router, sobject_of

_RESOURCES = (
    "sobjects", "query", "queryAll", "limits", "composite", "tooling", "jobs", "search",
    "parameterizedSearch", "metadata", "recent",
)  # fmt: skip


@router.add("GET", "/")
def resources(call: Call) -> Answer:
    """The resources of this version."""
    links = {name: f"{call.base}/{name}" for name in _RESOURCES}
    own = call.org.world.salesforce
    links["identity"] = f"{call.site}/id/{own.org_id}/{call.user_id}"
    return Answer(body=links)


@router.add("GET", "/sobjects")
def all_objects(call: Call) -> Answer:
    """Every object this user can see."""

    def body() -> dict[str, Any]:
        entries = [global_entry(one, call.base) for one in call.view if not one.tooling]
        return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries}

    return _unless_unchanged(call, body)


@router.add("GET", "/sobjects/<name>")
def one_object(call: Call, name: str) -> Answer:
    """An object's headline."""
    one = sobject_of(call, name)
    return Answer(body={"objectDescribe": global_entry(one, call.base), "recentItems": []})


@router.add("GET", "/sobjects/<name>/describe")
def describe_object(call: Call, name: str) -> Answer:
    """An object in full."""
    one = sobject_of(call, name)
    return _unless_unchanged(call, lambda: describe(call.view, one, call.base))


@router.add("GET", "/sobjects/<name>/describe/layouts")
@router.add("GET", "/sobjects/<name>/describe/layouts/<record_type>")
def layouts(call: Call, name: str, record_type: str = "012000000000000AAA") -> Answer:
    """The one page layout: every field in one section."""
    one = sobject_of(call, name)
    rows = [
        {"layoutItems": [{"label": f.label, "layoutComponents": [
            {"type": "Field", "value": f.name}], "editableForUpdate": f.updateable,
            "editableForNew": f.createable, "required": f.required}]}
        for f in one.fields.values()
    ]  # fmt: skip
    section = {"heading": one.label, "layoutRows": rows, "rows": len(rows), "columns": 1}
    layout = {"id": "00h000000000000AAA", "detailLayoutSections": [section],
              "editLayoutSections": [section]}  # fmt: skip
    return Answer(body={"layouts": [layout], "recordTypeMappings": [
        {"layoutId": layout["id"], "recordTypeId": record_type}]})  # fmt: skip


@router.add("GET", "/limits")
def limits(call: Call) -> Answer:
    """The org's allowances and what is left of them."""
    used, allowed = call.org.usage()
    batches = "DailyBulkApiBatches" if call.number >= 49 else "DailyBulkApiRequests"
    full = {
        "DailyApiRequests": (allowed, max(0, allowed - used)),
        batches: (15000, 15000),
        "DailyBulkV2QueryJobs": (10000, 10000),
        "DailyBulkV2QueryFileStorageMB": (976562, 976562),
        "DailyDeliveredPlatformEvents": (10000, 10000),
        "HourlyPublishedPlatformEvents": (50000, 50000),
        "DataStorageMB": (1073, 1070),
        "FileStorageMB": (1073, 1073),
        "SingleEmail": (15, 15),
    }
    return Answer(
        body={name: {"Max": top, "Remaining": left} for name, (top, left) in full.items()}
    )


@router.add("GET", "/limits/recordCount")
def record_count(call: Call) -> Answer:
    """How many live records objects have; empty ones are absent."""
    names = [n.strip() for n in call.args.get("sObjects", "").split(",") if n.strip()]
    chosen = [call.view.find(name) for name in names] if names else list(call.view)
    counts = []
    for one in chosen:
        if one is None:
            continue
        where = " WHERE IsDeleted = 0" if "IsDeleted" in one.fields else ""
        row = call.org.world.db().execute(f'SELECT count(*) FROM "{one.table}"{where}').fetchone()
        if row[0]:
            counts.append({"count": row[0], "name": one.name})
    return Answer(body={"sObjects": counts})


@router.add("GET", "/query")
@router.add("GET", "/queryAll")
def query(call: Call) -> Answer:
    """The first page of a SOQL statement's result."""
    text = call.args.get("q")
    if text is None:
        raise ApiError("MALFORMED_QUERY", "SOQL statement is missing: use the parameter q")
    deleted_too = call.path.startswith("/queryAll")
    page = querying(call).run(text, deleted_too=deleted_too, batch=batch_size(call))
    return Answer(body=page)


@router.add("GET", "/query/<locator>")
@router.add("GET", "/queryAll/<locator>")
def query_more(call: Call, locator: str) -> Answer:
    """A further page."""
    return Answer(body=querying(call).more(locator))


@router.add("GET", "/recent")
def recent(call: Call) -> Answer:
    """Recently viewed records: nobody has viewed any."""
    return Answer(body=[])


def batch_size(call: Call) -> int:
    """The page size a caller asks for."""
    options = call.headers.get("Sforce-Query-Options", "")
    for part in options.split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "batchsize":
            if not value.isdigit() or not 200 <= int(value) <= 2000:
                raise ApiError("INVALID_BATCH_SIZE", "batchSize is from 200 to 2000")
            return int(value)
    return 2000


def _unless_unchanged(call: Call, body: Any) -> Answer:
    """304 when the schema is as it was at If-Modified-Since."""
    changed = _changed_at(call)
    headers = {
        "Last-Modified": format_datetime(changed, usegmt=True),
        "ETag": f'"{changed.timestamp():.0f}"',
    }
    if preconditions.unchanged(call, headers) and not _fields_hidden(call):
        return Answer(304, None, headers)
    return Answer(200, body(), headers)


def _changed_at(call: Call) -> datetime:
    org = call.org
    state = ("schema", org.schema.version, org.permissions_version, org.features(), call.user_id)
    known = org.caches.setdefault("changed", {})
    return known.setdefault(state, org.now().replace(microsecond=0))  # type: ignore[no-any-return]


def _fields_hidden(call: Call) -> bool:
    return any(r["name"] == "field_hidden" for r in call.org.world.faults.listing())
