"""Rows the platform itself puts into an org."""

import sqlite3
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.org import Org


def put(
    org: Org, db: sqlite3.Connection, table: str, prefix: str, number: int, facts: dict[str, Any]
) -> str:
    """Insert one row as the platform itself would; returns its id."""
    stamp, user = org.stamp(), org.world.salesforce.user_id
    row = {"_row": number, "Id": ids.make_id(prefix, number)}
    known = org.schema[table].fields
    row |= {name: stamp for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp")
            if name in known}  # fmt: skip
    row |= {name: user for name in ("CreatedById", "LastModifiedById") if name in known}
    row |= facts
    names = ", ".join(f'"{name}"' for name in row)
    db.execute(
        f'INSERT INTO "sf_{table}" ({names}) VALUES ({", ".join("?" * len(row))})',
        tuple(row.values()),
    )
    return str(row["Id"])
