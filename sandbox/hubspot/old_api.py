"""The v1 and v2 forms that older clients still read: paged companies and deals, properties.

Source: HubSpot API reference, other clients; shapes as the open-source Singer tap reads them.
"""

from typing import Any

from flask import request

from sandbox.hubspot import links, rows
from sandbox.hubspot.errors import invalid, not_found
from sandbox.hubspot.http import Answer, flag, route, whole, words
from sandbox.hubspot.instants import from_text
from sandbox.hubspot.kinds import KINDS, Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.properties import wire
from sandbox.hubspot.property import Property
from sandbox.hubspot.rows import Projection, Record

PAGE = 250


@route("GET", "old", "/properties/v1/<kind>/properties", "schema.read")
@route("GET", "old", "/properties/v2/<kind>/properties", "schema.read")
def old_properties(portal: Portal, kind: Kind) -> Answer:
    """All live definitions as a bare list."""
    return 200, [_definition(portal, kind, p) for p in portal.schema.properties(kind).values()]


@route("GET", "old", "/companies/v2/properties", "crm.objects.companies.read", counts="meta")
def old_company_properties(portal: Portal) -> Answer:
    """The same for companies."""
    return old_properties(portal, KINDS["companies"])


@route("GET", "old", "/companies/v2/companies/paged", "crm.objects.companies.read")
def old_companies(portal: Portal) -> Answer:
    """A page of companies from an offset on."""
    page, more, offset = _page(portal, KINDS["companies"], "limit")
    found = [_record(portal, KINDS["companies"], "companyId", record) for record in page]
    return 200, {"companies": found, "has-more": more, "offset": offset}


@route("GET", "old", "/companies/v2/companies/<record_id>", "crm.objects.companies.read")
def old_company(portal: Portal, record_id: str) -> Answer:
    """One company with all its values."""
    kind = KINDS["companies"]
    found = rows.find_id(portal, kind, None, record_id)
    if found is None:
        raise not_found(record_id)
    projection = Projection(portal, kind, list(portal.schema.properties(kind)))
    record = rows.by_ids(portal, projection, [found])[found]
    return 200, _record(portal, kind, "companyId", record)


@route("GET", "old", "/companies/v2/companies/<record_id>/vids", "crm.objects.contacts.read")
def old_company_contacts(portal: Portal, record_id: str) -> Answer:
    """Ids of a company's contacts."""
    count = whole("count", 100, 100)
    after = request.args.get("vidOffset", "0")
    company = int(record_id) if record_id.isdigit() else 0
    linked = links.read(
        portal, KINDS["companies"], [company], KINDS["contacts"], after=offset_of(after)
    ).get(company, [])
    more = len(linked) > count
    return 200, {
        "vids": [link.to_id for link in linked[:count]],
        "hasMore": more,
        "vidOffset": linked[count].to_id if more else 0,
    }


@route("GET", "old", "/deals/v1/deal/paged", "crm.objects.deals.read")
def old_deals(portal: Portal) -> Answer:
    """A page of deals from an offset on, with their associations when asked."""
    kind = KINDS["deals"]
    page, more, offset = _page(portal, kind, "count" if "count" in request.args else "limit")
    ids = [int(record["id"]) for record in page]
    wanted = ("contacts", "companies", "deals")
    linked = {
        name: links.read(portal, kind, ids, KINDS[name]) if flag("includeAssociations") else {}
        for name in wanted
    }
    deals = []
    for record in page:
        deal = _record(portal, kind, "dealId", record)
        near = [[link.to_id for link in linked[n].get(int(record["id"]), [])] for n in wanted]
        keys = ("associatedVids", "associatedCompanyIds", "associatedDealIds")
        deal["associations"] = dict(zip(keys, near, strict=True))
        deals.append(deal)
    return 200, {"deals": deals, "hasMore": more, "offset": offset}


@route("GET", "old", "/deals/v1/pipelines", "crm.objects.deals.read")
def old_deal_pipelines(portal: Portal) -> Answer:
    """Deal pipelines as a bare list."""
    return 200, _pipelines(portal, KINDS["deals"])


@route("GET", "old", "/crm-pipelines/v1/pipelines/<kind>", "records.read")
def old_pipelines(portal: Portal, kind: Kind) -> Answer:
    """Pipelines of a type."""
    return 200, {"results": _pipelines(portal, kind)}


def _page(portal: Portal, kind: Kind, limit_name: str) -> tuple[list[Record], bool, int]:
    limit = whole(limit_name, 100, PAGE)
    offset = offset_of(request.args.get("offset") or "0")
    projection = Projection(portal, kind, words("properties") or [])
    found = rows.select(
        portal,
        projection,
        "_archived IS NULL AND _id > ? ORDER BY _id LIMIT ?",
        (offset, limit + 1),
    )
    page = found[:limit]
    return page, len(found) > limit, int(page[-1]["id"]) if page else offset


def offset_of(text: str) -> int:
    """The number a page starts after; 400 when it is none."""
    if not text.isdigit():
        raise invalid(f"Invalid offset: {text}")
    return int(text)


def _record(portal: Portal, kind: Kind, key: str, record: Record) -> dict[str, Any]:
    known = portal.schema.properties(kind)
    stamp = from_text(record["updatedAt"])
    values = {
        name: _version(known[name], value, stamp)
        for name, value in record["properties"].items()
        if value is not None
    }
    return {
        "portalId": portal.id,
        key: int(record["id"]),
        "isDeleted": False,
        "properties": values,
        "additionalDomains": [],
        "stateChanges": [],
        "mergeAudits": [],
    }


def _version(known: Property, value: str, stamp: int) -> dict[str, Any]:
    instant = known.type == "datetime"
    text = str(from_text(value)) if instant else value
    when = from_text(value) if instant and known.name.endswith("modifieddate") else stamp
    source = {"source": "API", "sourceId": None, "updatedByUserId": None}
    version = {"name": known.name, "value": text, "timestamp": when, **source}
    return {**version, "versions": [version]}


def _definition(portal: Portal, kind: Kind, known: Property) -> dict[str, Any]:
    shown = wire(portal, kind, known)
    return {
        "name": shown["name"],
        "label": shown["label"],
        "description": shown["description"],
        "groupName": shown["groupName"],
        "type": shown["type"],
        "fieldType": shown["fieldType"],
        "options": [{**option, "readOnly": False} for option in shown["options"]],
        "deleted": False,
        "displayOrder": shown["displayOrder"],
        "readOnlyValue": known.read_only,
        "readOnlyDefinition": shown["modificationMetadata"]["readOnlyDefinition"],
        "hidden": shown["hidden"],
        "calculated": shown["calculated"],
        "externalOptions": shown["externalOptions"],
        "hubspotDefined": shown["hubspotDefined"],
        "formField": shown["formField"],
        "createdAt": from_text(shown["createdAt"]),
        "updatedAt": from_text(shown["updatedAt"]),
    }


def _pipelines(portal: Portal, kind: Kind) -> list[dict[str, Any]]:
    return [
        {
            "pipelineId": pipeline["id"],
            "label": pipeline["label"],
            "active": True,
            "displayOrder": pipeline["displayOrder"],
            "objectType": kind.word,
            "stages": [
                {
                    "stageId": stage["id"],
                    "label": stage["label"],
                    "active": True,
                    "displayOrder": stage["displayOrder"],
                    "metadata": stage["metadata"],
                    "probability": float(stage["metadata"].get("probability", 0)),
                    "closedWon": stage["metadata"].get("probability") == "1.0",
                }
                for stage in pipeline["stages"]
            ],
        }
        for pipeline in portal.pipelines.of(kind).values()
    ]
