"""What a changed map makes the next sync read again, and what that costs."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from mappings.maps import read_together, reading_version
from store.models import Cursor
from store.samples import stored_rows
from web import wiring
from web.mapping_state import Desk


@dataclass(frozen=True)
class Reread:
    """CRM objects that are read again in full.

    objects  (CRM object or relation, records as stored)
    calls    fewest API calls; None when they are not known here
    """

    objects: list[tuple[str, int]]
    calls: int | None


def reread(session: Session, desk: Desk) -> Reread:
    """What a sync with the desk's map reads again, because it is read in another way."""
    objects: list[tuple[str, int]] = []
    records: list[int] = []
    linked: list[int] = []
    together = read_together(desk.resolved.map.sources) if desk.fields else {}
    for name, sources in together.items():
        cursor = session.get(Cursor, (desk.connection.id, name))
        if cursor is not None and cursor.map_version == reading_version(sources):
            continue
        number = max(
            stored_rows(session, desk.connection.id, one.object, one.name) for one in sources
        )
        objects.append((name, number))
        (linked if sources[0].mode == "links" else records).append(number)
    count = wiring().reading_calls
    calls = None if count is None else count(desk.connection.vendor, records, linked)
    return Reread(objects, calls if objects else 0)
