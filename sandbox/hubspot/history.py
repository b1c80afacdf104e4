"""Earlier values of properties, newest first.

Source: HubSpot API reference, list and paging (propertiesWithHistory).
"""

from collections.abc import Sequence
from typing import Any

from sandbox.hubspot.instants import to_text
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.rows import Record, current

DEEPEST = 45  # versions kept per property


def add_history(portal: Portal, kind: Kind, page: list[Record], names: Sequence[str]) -> None:
    """Give each record of a page the versions of the named properties that exist."""
    known = portal.schema.properties(kind)
    wanted = [name for name in dict.fromkeys(names) if name in known and name != "hs_object_id"]
    for record in page:
        record["propertiesWithHistory"] = {
            name: _versions(portal, kind, record, name) for name in wanted
        }


def _versions(portal: Portal, kind: Kind, record: Record, name: str) -> list[dict[str, Any]]:
    db = portal.world.db()
    changes = db.execute(
        "SELECT at, old, new, source, source_id FROM hs_history "
        "WHERE kind = ? AND id = ? AND name = ? ORDER BY rowid DESC",
        (kind.name, int(record["id"]), name),
    ).fetchall()
    versions = [
        {
            "value": row["new"] or "",
            "timestamp": to_text(row["at"]),
            "sourceType": row["source"],
            "sourceId": row["source_id"],
            **_by_user(row["source_id"]),
        }
        for row in changes
    ]
    stored = current(db, kind, int(record["id"]), [name, "hs_object_source"])
    first = changes[-1]["old"] if changes else stored[name]
    if first is not None:
        versions.append(
            {
                "value": first,
                "timestamp": record["createdAt"],
                "sourceType": stored["hs_object_source"] or "IMPORT",
                "sourceId": None,
            }
        )
    return versions[:DEEPEST]


def _by_user(source_id: str | None) -> dict[str, int]:
    word, _, number = (source_id or "").partition(":")
    return {"updatedByUserId": int(number)} if word == "userId" else {}
