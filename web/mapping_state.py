"""What the mapping pages work on: the map in use, the reader's draft, and the CRM's fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from flask import abort
from sqlalchemy import select
from sqlalchemy.orm import Session

import mappings
from mappings import Circumstances, CrmMap, Finding, MapError, Resolved
from mappings.editing import Document, read_document
from mappings.findings import Described, described
from store import publishing
from store.connections import all_connections
from store.facts import baselines
from store.models import Connection, CrmFact, MapDraft, Run
from store.schema_changes import open_changes
from web import access, wiring
from web.pager import chosen_connection

FACT = "describe:"
RULES_FROM = "2026-09"  # HubSpot's dated API that holds writes against admins' rules


@dataclass(frozen=True)
class Desk:
    """One person's view of one connection's map.

    used          the map in use, and its hash
    map           the draft, else the map in use
    fields        what the CRM said of each object's fields; empty when it never did
    described_at  when it said so first; None when it never did
    """

    connection: Connection
    used: CrmMap
    used_hash: str
    map: CrmMap
    draft: MapDraft | None
    fields: Mapping[str, Mapping[str, Described]]
    described_at: datetime | None
    around: Circumstances

    @property
    def revision(self) -> int:
        """Of the draft; 0 without one."""
        return self.draft.revision if self.draft is not None else 0

    @property
    def base(self) -> str:
        """Hash of the version that what is saved builds on."""
        return self.draft.base_hash if self.draft is not None else self.used_hash

    @property
    def overtaken(self) -> bool:
        """Whether another version was published since the draft was begun."""
        return self.draft is not None and self.draft.base_hash != self.used_hash

    @cached_property
    def document(self) -> Document:
        """The map as plain tables."""
        return read_document(self.map.content)

    @cached_property
    def resolved(self) -> Resolved:
        """The map held against the CRM's fields."""
        return self.resolve(self.map)

    def resolve(self, one: CrmMap, filled: Mapping[str, float] | None = None) -> Resolved:
        """A map held against the CRM's fields. `filled` as in Circumstances."""
        around = self.around
        if filled:
            around = Circumstances(**{**vars(around), "filled": filled})
        return mappings.resolve(one, self.fields.get, around)

    @cached_property
    def findings(self) -> Sequence[Finding]:
        """Everything found, errors first."""
        return (*self.resolved.problems, *self.resolved.notes) if self.fields else ()

    def load(self, content: str) -> CrmMap:
        """A map that is to become the draft. Raises MapError."""
        return mappings.loads(self.connection.vendor, content, "the draft")


def chosen(session: Session) -> tuple[list[Connection], Connection | None]:
    """Every connection, and the one that the address names."""
    connections = all_connections(session)
    return connections, chosen_connection(connections)


def one_connection(session: Session) -> Connection:
    """The connection that the address names; 404 without any."""
    return chosen(session)[1] or abort(404, "No CRM is connected yet.")


def open_desk(session: Session, connection: Connection) -> Desk:
    """What the person signed in sees; 409 with a sentence when the map in use is broken."""
    published = publishing.published_map(session, connection.id)
    draft = publishing.find_draft(session, connection.id, access.actor())
    try:
        used = mappings.choose(  # as jobs.wiring.map_in_use does
            connection.vendor,
            None if published is None else published.content,
            wiring().settings.map_file(connection.vendor),
        )
        shown = used
        if draft is not None:
            shown = mappings.loads(connection.vendor, draft.content, "the draft")
    except MapError as error:
        abort(409, f"The mapping cannot be shown: {error}. Nothing was changed.")
    fields, described_at = _fields(session, connection.id)
    return Desk(
        connection,
        used,
        used.version if published is None else published.hash,
        shown,
        draft,
        fields,
        described_at,
        _around(session, connection, described_at),
    )


def save_draft(session: Session, desk: Desk, one: CrmMap, *, base: str, seen: int) -> None:
    """Make `one` the draft of the person signed in, and keep the version that it is compared with.

    base, seen  as the person's page had them
    Raises DraftConflict when something was saved or published in between.
    """
    keep_used(session, desk)
    publishing.save_draft(
        session,
        desk.connection.id,
        access.actor(),
        content=one.content,
        hash=one.version,
        base=base,
        seen=seen,
        used=desk.used_hash,
        now=access.now(),
    )


def keep_used(session: Session, desk: Desk) -> None:
    """Keep the version in use, so that a later one can be compared with it."""
    publishing.keep_map(
        session,
        desk.connection.id,
        desk.used_hash,
        desk.used.content,
        author="Barometer",
        reason="the map of the settings, or the one that comes with Barometer",
        now=access.now(),
    )


def _fields(
    session: Session, connection_id: int
) -> tuple[dict[str, Mapping[str, Described]], datetime | None]:
    """What the CRM last said, also when it is to be asked again."""
    said: dict[str, Any] = {
        kind: kept["fields"] for kind, kept in baselines(session, connection_id).items()
    }
    facts = session.scalars(select(CrmFact).where(CrmFact.connection_id == connection_id)).all()
    said |= {
        fact.name.removeprefix(FACT): fact.content for fact in facts if fact.name.startswith(FACT)
    }
    fields: dict[str, Mapping[str, Described]] = {
        kind: described(content) for kind, content in said.items() if content
    }
    return fields, min((fact.read_at for fact in facts), default=None) if fields else None


def _around(
    session: Session, connection: Connection, described_at: datetime | None
) -> Circumstances:
    hidden: dict[str, set[str]] = {}
    for change in open_changes(session, connection.id):
        if change.change == "hidden":
            hidden.setdefault(change.object, set()).add(change.field)
    release = wiring().settings.hubspot.api_version  # v3, or a date
    dated = connection.vendor == "hubspot" and not release.startswith("v")
    return Circumstances(
        multi_currency=bool(connection.settings.get("multi_currency")),
        hidden=hidden,
        enforces_rules=dated and release >= RULES_FROM,
        described_at=described_at,
        now=access.now(),
    )


def reading_run(session: Session, connection_id: int) -> Run | None:
    """The newest run that reads the CRM's fields."""
    query = select(Run).where(Run.connection_id == connection_id, Run.kind == "schema")
    return session.scalar(query.order_by(Run.id.desc()).limit(1))
