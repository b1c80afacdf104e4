"""What the pages on alerts, runs, refusals, connections and status ask. Read-only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement

from store.models import (
    Account,
    Activity,
    Alert,
    Case,
    Connection,
    Contact,
    ContactRole,
    CrmTask,
    CrmUser,
    Cursor,
    Invitation,
    Lock,
    Opportunity,
    OutboxRow,
    Product,
    RefusedValue,
    Response,
    Run,
    TeamMember,
)

_HELD = (
    Account,
    Contact,
    ContactRole,
    Opportunity,
    Product,
    Case,
    Activity,
    CrmUser,
    TeamMember,
    Response,
    Invitation,
)


@dataclass(frozen=True)
class OpenAlert:
    """One open alert with its account and the CRM task that mirrors it."""

    alert: Alert
    name: str | None
    value: Decimal | None  # corporate currency per year
    owner: str | None
    task: CrmTask | None


def open_alerts(
    session: Session, connection_id: int, *, kind: str = "", offset: int = 0, limit: int = 50
) -> list[OpenAlert]:
    """Open alerts, those of the largest annual value first, then the oldest."""
    query = (
        select(
            Alert,
            Account.name,
            Account.annual_value_corporate,
            func.coalesce(CrmUser.name, Account.owner_id),
            CrmTask,
        )
        .outerjoin(
            Account,
            and_(
                Account.connection_id == Alert.connection_id,
                Account.account_id == Alert.account_id,
            ),
        )
        .outerjoin(
            CrmUser,
            and_(
                CrmUser.connection_id == Account.connection_id,
                CrmUser.user_id == Account.owner_id,
            ),
        )
        .outerjoin(CrmTask, CrmTask.alert_id == Alert.id)
        .where(Alert.connection_id == connection_id, Alert.closed_at.is_(None))
        .order_by(Account.annual_value_corporate.desc().nulls_last(), Alert.opened_at, Alert.id)
    )
    if kind:
        query = query.where(Alert.kind == kind)
    return [OpenAlert(*row) for row in session.execute(query.offset(offset).limit(limit))]


def count_alerts(session: Session, connection_id: int) -> dict[str, int]:
    """Open alerts by kind."""
    query = (
        select(Alert.kind, func.count())
        .where(Alert.connection_id == connection_id, Alert.closed_at.is_(None))
        .group_by(Alert.kind)
        .order_by(Alert.kind)
    )
    return {kind: number for kind, number in session.execute(query)}


def list_runs(
    session: Session, *, state: str = "", kind: str = "", offset: int = 0, limit: int = 50
) -> list[tuple[Run, str | None]]:
    """Runs with the name of their connection, the newest first."""
    query = (
        select(Run, Connection.name)
        .outerjoin(Connection, Connection.id == Run.connection_id)
        .where(*_of_runs(state, kind))
        .order_by(Run.id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [(run, name) for run, name in session.execute(query)]


def count_runs(session: Session, *, state: str = "", kind: str = "") -> int:
    """How many runs match."""
    query = select(func.count()).select_from(Run).where(*_of_runs(state, kind))
    return session.scalar(query) or 0


def _of_runs(state: str, kind: str) -> Iterator[ColumnElement[bool]]:
    if state:
        yield Run.state == state
    if kind:
        yield Run.kind == kind


def find_run(session: Session, run_id: int) -> tuple[Run, Connection | None] | None:
    """The run and its connection."""
    run = session.get(Run, run_id)
    if run is None:
        return None
    return run, session.get(Connection, run.connection_id) if run.connection_id else None


@dataclass(frozen=True)
class Cause:
    """Open refusals that share one cause."""

    connection: str
    direction: str  # read | write
    object: str
    field: str
    code: str  # the CRM's own
    reason: str
    remedy: str
    records: int
    first_seen: datetime
    last_seen: datetime


def refusal_causes(
    session: Session, *, run_id: int | None = None, connection: str = ""
) -> list[Cause]:
    """Open refusals by cause, the one that concerns most records first.

    Records refused for one field with one code share a cause; the reason shown is of one of them.
    """
    query = (
        select(
            Connection.name.label("connection"),
            RefusedValue.direction,
            RefusedValue.object,
            RefusedValue.field,
            RefusedValue.code,
            func.min(RefusedValue.reason).label("reason"),
            func.min(RefusedValue.remedy).label("remedy"),
            func.count().label("records"),
            func.min(RefusedValue.first_seen).label("first_seen"),
            func.max(RefusedValue.last_seen).label("last_seen"),
        )
        .join(Connection, Connection.id == RefusedValue.connection_id)
        .where(RefusedValue.resolved_at.is_(None), *_of_refusals(run_id, connection))
        .group_by(
            Connection.name,
            RefusedValue.direction,
            RefusedValue.object,
            RefusedValue.field,
            RefusedValue.code,
        )
        .order_by(func.count().desc(), Connection.name, RefusedValue.object, RefusedValue.field)
    )
    return [Cause(**row._mapping) for row in session.execute(query)]


def list_refusals(
    session: Session,
    *,
    run_id: int | None = None,
    connection: str = "",
    offset: int = 0,
    limit: int | None = None,
) -> Iterator[tuple[RefusedValue, Connection]]:
    """Open refusals with their connection, the newest first."""
    query = (
        select(RefusedValue, Connection)
        .join(Connection, Connection.id == RefusedValue.connection_id)
        .where(RefusedValue.resolved_at.is_(None), *_of_refusals(run_id, connection))
        .order_by(RefusedValue.last_seen.desc(), RefusedValue.id)
        .offset(offset)
        .limit(limit)
    )
    yield from session.execute(query.execution_options(yield_per=500))


def _of_refusals(run_id: int | None, connection: str) -> Iterator[ColumnElement[bool]]:
    if run_id is not None:
        yield RefusedValue.run_id == run_id
    if connection:
        yield Connection.name == connection


def count_refusals(session: Session, connection_id: int) -> dict[str, int]:
    """Open refusals by direction (read, write)."""
    query = (
        select(RefusedValue.direction, func.count())
        .where(RefusedValue.connection_id == connection_id, RefusedValue.resolved_at.is_(None))
        .group_by(RefusedValue.direction)
    )
    return {direction: number for direction, number in session.execute(query)}


def read_cursors(session: Session, connection_id: int) -> Sequence[Cursor]:
    """Where the pull of each CRM object stands, by object."""
    return session.scalars(
        select(Cursor).where(Cursor.connection_id == connection_id).order_by(Cursor.source)
    ).all()


def count_rows(session: Session, connection_id: int) -> dict[str, int]:
    """Live rows we hold of the connection, by table."""
    return {
        table.__tablename__: session.scalar(
            select(func.count()).where(
                table.connection_id == connection_id, table.deleted_at.is_(None)
            )
        )
        or 0
        for table in _HELD
    }


@dataclass(frozen=True)
class Queue:
    """What waits to be sent to one CRM."""

    waiting: int
    oldest: datetime | None


def outbox_queue(session: Session, connection_id: int) -> Queue:
    """Rows of the outbox that are queued or on their way."""
    waiting, oldest = session.execute(
        select(func.count(), func.min(OutboxRow.queued_at)).where(
            OutboxRow.connection_id == connection_id,
            OutboxRow.state.in_(("queued", "sending")),
        )
    ).one()
    return Queue(waiting, oldest)


def last_sync(session: Session, connection_id: int) -> datetime | None:
    """When a sync, of changes or in full, last ended well; refusals included."""
    return session.scalar(
        select(func.max(Run.finished_at)).where(
            Run.connection_id == connection_id,
            Run.kind.in_(("sync", "full_sync")),
            Run.state.in_(("done", "refusals")),
        )
    )


def find_lock(session: Session, name: str) -> Lock | None:
    """The lock called `name`, expired or not."""
    return session.get(Lock, name)
