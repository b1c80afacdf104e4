"""Pull: CRM pages → canonical frames → our tables; the cursor moves with the rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from connector.base import Crm, Page, Span
from connector.errors import CrmForbidden
from jobs.clock import utc_now
from jobs.refused import from_conversion
from jobs.schema import Schema
from mappings import Converted, MapError, Source, to_frame
from mappings.maps import reading_version
from store import cursors, records, refusals

# The CRM tells its time in whole seconds. What changes later in this second than it is read has
# its stamp inside the window all the same; the overlap of the next one finds it.
_CLOCK_TICK = timedelta(seconds=1)
_PARENTS = 1000  # relations of so many records are stored in one transaction


@dataclass
class SourceRead:
    """How one source was read, for the account of API calls."""

    name: str
    full: bool
    links: bool
    associated: bool  # carries associations that a windowed read fetches by themselves
    archived: bool  # deleted records had to be looked for
    records: int = 0


@dataclass
class Pulled:
    """What a pull did, by canonical object."""

    rows: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    deleted: int = 0
    refused: int = 0
    counted: int = 0  # objects whose records the CRM was asked to count
    read: list[SourceRead] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, object_name: str, touched: records.Touched) -> None:
        """Count one stored page."""
        self.rows[object_name] = self.rows.get(object_name, 0) + touched.rows
        self.changed[object_name] = self.changed.get(object_name, 0) + touched.changed


@dataclass(frozen=True)
class PullPlan:
    """How to pull: what is overlapped, and whether everything is read again."""

    overlap: timedelta
    full: bool
    run_id: int | None
    progress: Callable[[str, int], None]


@dataclass(frozen=True)
class _Pull:
    """One pull under way."""

    crm: Crm
    sessions: sessionmaker[Session]
    connection_id: int
    schema: Schema
    plan: PullPlan
    until: datetime  # end of every window: just after the CRM's time when the pull began
    pulled: Pulled


def pull(
    crm: Crm,
    sessions: sessionmaker[Session],
    connection_id: int,
    schema: Schema,
    plan: PullPlan,
    pulled: Pulled,
) -> None:
    """Read every source of the map into our tables; goes on where a broken-off pull stopped.

    A page's rows, its refusals and the cursor are one transaction. After a complete full read,
    rows that were not in it are noted as deleted. What was done is counted in `pulled` as it
    happens. Raises connector.errors; what was stored stays.
    """
    until = crm.now() + _CLOCK_TICK
    this = _Pull(crm, sessions, connection_id, schema, plan, until, pulled)
    readings = [
        _reading(this, kind, sources) for kind, sources in _by_kind(schema.map.sources).items()
    ]
    crm.fetch_ahead([(r.kind, r.fields, r.span) for r in readings if r.window.resume is None])
    for reading in readings:
        try:
            _read(this, reading)
        except CrmForbidden as error:
            if any(source.object == "accounts" for source in reading.sources):
                raise
            pulled.notes.append(f"{reading.kind} was not read: {error}")
    for source in schema.map.sources:
        if source.mode == "links":
            _read_links(this, source)


def _by_kind(sources: Sequence[Source]) -> dict[str, list[Source]]:
    """Sources of one CRM object are read in one go: a page serves them all."""
    kinds: dict[str, list[Source]] = {}
    for source in sources:
        if source.mode != "links":
            kinds.setdefault(source.kind, []).append(source)
    return kinds


@dataclass(frozen=True)
class _Reading:
    """One CRM object to read, for every source that is made from it."""

    kind: str
    sources: list[Source]
    fields: list[str]
    window: cursors.Window

    @property
    def span(self) -> Span:
        return Span(self.window.since, self.window.until)


def _reading(this: _Pull, kind: str, sources: list[Source]) -> _Reading:
    version = reading_version(sources)
    fields = list(dict.fromkeys(name for source in sources for name in source.fields))
    whole = any(source.mode == "full" for source in sources)
    window = _open(this, kind, version, this.plan.overlap, full=whole)
    return _Reading(kind, sources, fields, window)


def _read(this: _Pull, reading: _Reading) -> None:
    kind, window = reading.kind, reading.window
    read = SourceRead(
        kind,
        window.full,
        links=False,
        associated=any(name.startswith("@") for name in reading.fields),
        # a first read needs only what lives; what tells no time of change is always read whole
        archived=window.full == (reading.sources[0].modified is None),
    )
    this.pulled.read.append(read)
    for page in this.crm.pull(kind, reading.fields, reading.span, window.resume):
        with this.sessions.begin() as session:
            for source in reading.sources:
                _store(this, session, source, page, window)
            cursors.move_window(session, this.connection_id, kind, page.resume)
        read.records += len(page.records)
        this.plan.progress(kind, len(page.records))
    whole = window.full and _saw_all(this, reading, read)
    with this.sessions.begin() as session:
        for source in reading.sources if whole else ():
            this.pulled.deleted += records.mark_absent(
                session, this.connection_id, source.object, source.name, read_at=window.started
            )
        cursors.close_window(session, this.connection_id, kind)


def _saw_all(this: _Pull, reading: _Reading, read: SourceRead) -> bool:
    """Whether a full read brought every record, so that what it lacks may count as deleted.

    The CRM is asked to count when the object is read for the first time, or when stored rows
    were not seen; a full read that lacks nothing we know of needs no call.
    """
    window = reading.window
    with this.sessions() as session:
        unseen = sum(
            records.unseen_count(
                session, this.connection_id, source.object, source.name, window.started
            )
            for source in reading.sources
        )
    if not unseen and not window.first:
        return True
    there = this.crm.count(reading.kind)
    this.pulled.counted += there is not None
    if there is None or there <= read.records or window.resume is not None:
        return True
    this.pulled.notes.append(
        f"{reading.kind}: {read.records:,} records came but the CRM counts {there:,}; nothing "
        "counts as deleted, the next full read looks again"
    )
    return False


def _store(
    this: _Pull, session: Session, source: Source, page: Page, window: cursors.Window
) -> None:
    converted = _convert(this, source, page.records)
    touched = records.store_rows(
        session,
        this.connection_id,
        source.object,
        converted.frame,
        source=source.name,
        read_at=window.started,
    )
    gone = [
        (row_id, deletion.deleted_at, deletion.merged_into)
        for deletion in page.deletions
        for row_id in source.row_ids(deletion.record_id)
    ]
    gone += [(row_id, None, None) for row_id in converted.skipped]
    this.pulled.deleted += records.mark_deleted(
        session, this.connection_id, source.object, gone, at=window.started
    )
    _keep(this, session, source, converted, touched)


def _read_links(this: _Pull, source: Source) -> None:
    """Relations of every parent that was read since the relations were last complete."""
    column, parent = _parent(source)
    window = _open(this, source.name, reading_version([source]), timedelta(0), full=False)
    with this.sessions() as session:
        ids = records.ids_read_since(session, this.connection_id, parent, window.since)
    after = (window.resume or {}).get("after", "")
    ids = [parent_id for parent_id in ids if parent_id > after]
    this.pulled.read.append(SourceRead(source.name, window.full, True, False, False, len(ids)))
    for first in range(0, len(ids), _PARENTS):
        chosen = ids[first : first + _PARENTS]
        links = [
            link
            for batch in this.crm.links(source.kind, str(source.links_to), chosen)
            for link in batch
        ]
        converted = _convert(this, source, links)
        with this.sessions.begin() as session:
            touched = records.replace_links(
                session,
                this.connection_id,
                source.object,
                converted.frame,
                source=source.name,
                parents=(column, chosen),
                read_at=window.started,
            )
            _keep(this, session, source, converted, touched)
            cursors.move_window(session, this.connection_id, source.name, {"after": chosen[-1]})
        this.plan.progress(source.name, len(links))
    with this.sessions.begin() as session:
        cursors.close_window(session, this.connection_id, source.name)


def _parent(source: Source) -> tuple[str, str]:
    """The canonical column that holds the record asked about, and its object."""
    column = source.from_column
    parents = {records.key_of(name): name for name in ("accounts", "contacts", "opportunities")}
    if column not in parents:
        raise MapError(
            f"source {source.name}: one of {', '.join(parents)} must be read from from_id"
        )
    return column, parents[column]


def _open(
    this: _Pull, name: str, version: str, overlap: timedelta, *, full: bool
) -> cursors.Window:
    with this.sessions.begin() as session:
        return cursors.open_window(
            session,
            this.connection_id,
            name,
            now=this.until,
            overlap=overlap,
            full=this.plan.full or full,
            version=version,
        )


def _convert(this: _Pull, source: Source, rows: Sequence[Any]) -> Converted:
    converted = to_frame(source, rows, rates=this.schema.rates, corporate=this.schema.currency)
    if source.read_back:
        normal = this.schema.map.account.normal
        converted.frame["remote"] = converted.frame["remote"].map(
            lambda remote: {name: normal(name, value) for name, value in remote.items()}
        )
    return converted


def _read_columns(source: Source) -> set[str]:
    return {*source.read, *(f"{name}_corporate" for name in source.read)}


def _keep(
    this: _Pull,
    session: Session,
    source: Source,
    converted: Converted,
    touched: records.Touched,
) -> None:
    """Count a page, note what was refused of it and what now goes through."""
    this.pulled.add(source.object, touched)
    now = utc_now()
    bad: dict[str, set[str]] = {}
    for one in converted.refused:
        bad.setdefault(one.record_id, set()).add(one.field)
    good = {
        row_id: {*_read_columns(source), ""} - bad.get(row_id, set())
        for row_id in converted.frame[records.key_of(source.object)]
    }
    refusals.resolve_refusals(session, this.connection_id, "read", source.object, good, now=now)
    this.pulled.refused += refusals.note_refusals(
        session,
        this.connection_id,
        "read",
        from_conversion(converted.refused),
        run_id=this.plan.run_id,
        now=now,
    )
