"""Associations inside record bodies: in list and get answers, and in create requests.

Source: HubSpot API reference, list and paging (inline associations), create with associations.
"""

from collections.abc import Sequence
from typing import Any

from sandbox.hubspot import links, rows
from sandbox.hubspot.errors import invalid, not_found
from sandbox.hubspot.kinds import Kind, resolve
from sandbox.hubspot.labels import LinkType
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.rows import Record

MOST = 100  # linked ids per record before paging


def add_links(portal: Portal, kind: Kind, page: list[Record], asked: Sequence[str]) -> None:
    """Give each record of a page its links to the asked types; an id comes once per type."""
    ids = [int(record["id"]) for record in page]
    for word in dict.fromkeys(asked):
        other = resolve(word)
        key = other.name.replace("_", " ")
        found = links.read(portal, kind, ids, other)
        for record in page:
            linked = found.get(int(record["id"]), [])
            if not linked:
                continue
            entry: dict[str, Any] = {
                "results": [
                    {"id": str(link.to_id), "type": each.name}
                    for link in linked[:MOST]
                    for each in sorted(link.types, key=lambda t: t.label is None)
                ]
            }
            if len(linked) > MOST:
                after = str(linked[MOST].to_id)
                path = f"/crm/v3/objects/{kind.name}/{record['id']}/associations/{other.name}"
                link = f"{rows.origin()}{path}?after={after}"
                entry["paging"] = {"next": {"after": after, "link": link}}
            record.setdefault("associations", {})[key] = entry


def associate_on_create(
    portal: Portal, kind: Kind, record_id: int, given: Sequence[dict[str, Any]]
) -> None:
    """Link a new record as its create body says; inside a transaction."""
    for wish in given:
        wanted = wish.get("types") or []
        target = str((wish.get("to") or {}).get("id", ""))
        other, types = _target_kind(portal, kind, wanted)
        to_id = rows.find_id(portal, other, None, target)
        if to_id is None:
            raise not_found(target)
        links.add(portal, kind, record_id, other, to_id, [t for t in types if t.label is not None])


def _target_kind(
    portal: Portal, kind: Kind, wanted: Sequence[dict[str, Any]]
) -> tuple[Kind, list[LinkType]]:
    """Which type of record is meant: only the association type numbers tell."""
    for name in {t.to_kind for t in portal.labels.leaving(kind)}:
        other = resolve(name)
        types = [
            portal.labels.find(
                kind,
                other,
                str(t.get("associationCategory", "HUBSPOT_DEFINED")),
                int(t.get("associationTypeId", 0)),
            )
            for t in wanted
        ]
        found = [t for t in types if t is not None]
        if found and len(found) == len(wanted):
            return other, found
    raise invalid(f"The association types {list(wanted)} are not valid for {kind.word}")
