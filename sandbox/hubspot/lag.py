"""The search index as it stood some seconds ago.

Records written since then are shown as they were before, new ones not at all, archived ones still.
Source: HubSpot API reference, search (freshness).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal


@contextmanager
def view(portal: Portal, kind: Kind) -> Iterator[str]:
    """The table (or SQL in its place) that a search of `kind` reads."""
    fault = portal.world.faults.take("search_lag", "hubspot", object=kind.name)
    seconds = float(portal.switch("search_lag"))
    if fault is not None:
        seconds = float(fault.get("seconds", 30))
    if seconds <= 0:
        yield kind.table
        return
    db = portal.world.db()
    then = portal.now() - int(seconds * 1000)
    db.execute("DROP TABLE IF EXISTS temp.hs_stale")
    db.execute(
        f"CREATE TEMP TABLE hs_stale AS SELECT * FROM {kind.table} "
        "WHERE _touched > ? AND _born <= ?",
        (then, then),
    )
    try:
        db.execute("UPDATE hs_stale SET _archived = NULL WHERE _archived > ?", (then,))
        changes = db.execute(
            "SELECT h.id, h.name, h.old FROM hs_history h JOIN hs_stale s ON s._id = h.id "
            "WHERE h.kind = ? AND h.at > ? ORDER BY h.rowid DESC",
            (kind.name, then),
        ).fetchall()
        for record_id, name, old in changes:
            db.execute(f'UPDATE hs_stale SET "{name}" = ? WHERE _id = ?', (old, record_id))
        yield (
            f"(SELECT * FROM {kind.table} WHERE _touched <= {then} "
            "UNION ALL SELECT * FROM hs_stale)"
        )
    finally:
        db.execute("DROP TABLE IF EXISTS temp.hs_stale")
