"""A company as its record page shows it: fields, people, deals and tasks."""

from typing import Any

from sandbox.hubspot import links, rows
from sandbox.hubspot.kinds import KINDS
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.property import ADMIN_GROUP, Property
from sandbox.hubspot.rows import Projection

MOST = 200  # linked records shown per type

_HIDDEN = ("hs_object_source", "hs_object_id")


def company(portal: Portal, record_id: str) -> dict[str, Any] | None:
    """Content of the record page; None when there is no such live company."""
    kind = KINDS["companies"]
    found = rows.find_id(portal, kind, None, record_id)
    if found is None:
        return None
    definitions = portal.schema.properties(kind)
    every = Projection(portal, kind, list(definitions))
    values = rows.by_ids(portal, every, [found])[found]["properties"]
    fields = []
    for name, known in definitions.items():
        ours = known.custom and known.wire["groupName"] != ADMIN_GROUP
        if name not in _HIDDEN and (ours or values[name] is not None):
            fields.append((known.wire["label"], name, _shown(portal, known, values[name]), ours))
    return {
        "id": str(found),
        "name": values["name"] or values["domain"] or str(found),
        "fields": fields,
        "contacts": _contacts(portal, found),
        "opportunities": _deals(portal, found),
        "tasks": _tasks(portal, found),
        "portal_or_org": f"portal {portal.id}",
    }


def _linked(portal: Portal, company_id: int, name: str, shown: list[str]) -> list[dict[str, Any]]:
    other = KINDS[name]
    found = links.read(portal, KINDS["companies"], [company_id], other).get(company_id, [])
    ids = [link.to_id for link in found[:MOST]]
    records = rows.by_ids(portal, Projection(portal, other, shown), ids)
    return [records[each] for each in ids if each in records]


def _contacts(portal: Portal, company_id: int) -> list[dict[str, Any]]:
    wanted = ["firstname", "lastname", "email", "jobtitle", "dmu_level"]
    people = []
    for record in _linked(portal, company_id, "contacts", wanted):
        values = record["properties"]
        name = " ".join(filter(None, (values["firstname"], values["lastname"])))
        people.append(
            {
                "id": record["id"],
                "name": name or values["email"],
                "title": values["jobtitle"],
                "email": values["email"],
                "level": values["dmu_level"],
            }
        )
    return people


def _deals(portal: Portal, company_id: int) -> list[dict[str, Any]]:
    wanted = ["dealname", "dealtype", "dealstage", "amount", "deal_currency_code", "closedate"]
    deals = []
    for record in _linked(portal, company_id, "deals", wanted):
        values = record["properties"]
        stage = portal.pipelines.stage(KINDS["deals"], values["dealstage"] or "")
        deals.append(
            {
                "id": record["id"],
                "name": values["dealname"],
                "type": values["dealtype"],
                "stage": stage[1]["label"] if stage else values["dealstage"],
                "amount": None if values["amount"] is None else float(values["amount"]),
                "currency": values["deal_currency_code"],
                "close_date": (values["closedate"] or "")[:10] or None,
            }
        )
    return deals


def _tasks(portal: Portal, company_id: int) -> list[dict[str, Any]]:
    definitions = portal.schema.properties(KINDS["tasks"])
    keys = [name for name, known in definitions.items() if known.unique and known.custom]
    wanted = ["hs_task_subject", "hs_task_status", "hs_task_priority", "hs_task_body"]
    wanted += ["hs_timestamp", "hubspot_owner_id", *keys]
    tasks = []
    for record in _linked(portal, company_id, "tasks", wanted):
        values = record["properties"]
        tasks.append(
            {
                "id": record["id"],
                "subject": values["hs_task_subject"],
                "status": values["hs_task_status"],
                "priority": values["hs_task_priority"],
                "due": (values["hs_timestamp"] or "")[:10] or None,
                "owner": _owner(portal, values["hubspot_owner_id"]),
                "body": values["hs_task_body"],
                "key": next((values[k] for k in keys if values[k] is not None), None),
            }
        )
    return tasks


def _shown(portal: Portal, known: Property, value: str | None) -> str | None:
    if value is not None and known.owner:
        return _owner(portal, value)
    labels = {option["value"]: option["label"] for option in known.wire["options"]}
    return value if value is None else labels.get(value, value)


def _owner(portal: Portal, owner_id: str | None) -> str | None:
    row = (
        portal.world.db()
        .execute("SELECT first_name, last_name FROM hs_owners WHERE id = ?", (owner_id,))
        .fetchone()
    )
    return owner_id if row is None else f"{row[0]} {row[1]}".strip()
