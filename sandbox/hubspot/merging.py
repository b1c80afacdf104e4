"""Merging two records of a type.

The primary keeps its values and takes those it lacks; links move over; the other record is gone
and its id is kept in hs_merged_object_ids. Source: HubSpot API reference, companies, webhooks.
"""

from sandbox.hubspot import links, rows
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.rows import Source


def merge(portal: Portal, kind: Kind, primary: int, loser: int, source: Source) -> int:
    """Merge `loser` into `primary`, inside a transaction; returns the survivor's id."""
    db = portal.world.db()
    definitions = portal.schema.properties(kind)
    names = sorted(
        name
        for name, known in definitions.items()
        if not known.wire["calculated"] and name not in (*kind.system, "hs_createdate")
    )
    kept = rows.current(db, kind, primary, names)
    lost = rows.current(db, kind, loser, names)
    stamp = portal.now()
    db.execute(
        f"UPDATE {kind.table} SET _archived = ?, _touched = ?, _merged_into = ? WHERE _id = ?",
        (stamp, stamp, primary, loser),
    )
    db.execute(f"UPDATE {kind.table} SET _merged_into = ? WHERE _merged_into = ?", (primary, loser))
    moved = {
        name: lost[name]
        for name in names
        if kept[name] is None and lost[name] is not None and not definitions[name].unique
    }
    merged = [*(kept["hs_merged_object_ids"] or "").split(";"), str(loser)]
    merged += (lost["hs_merged_object_ids"] or "").split(";")
    moved["hs_merged_object_ids"] = ";".join(sorted({part for part in merged if part}))
    rows.update(portal, kind, primary, moved, source)
    links.move_all(portal, kind, loser, primary)
    portal.changes.merged(kind, primary, loser, primary, len(moved) - 1, source, stamp)
    return primary
