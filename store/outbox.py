"""What is to be sent to the CRM, and what became of it.

A row goes queued → sending → sent or refused; `withdrawn` when it is no longer wanted before
it was sent. `sending` is committed before the call: after a crash such a row may or may not
have arrived, and the next plan compares it with what the CRM holds.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from store.bulk import among
from store.models import Account, OutboxRow, WrittenField
from store.records import upsert

WRITTEN_FIELDS = cast(Table, WrittenField.__table__)
UNSETTLED = ("queued", "sending")
REFUSED = ("refused",)


def queue_row(
    session: Session,
    connection_id: int,
    action: str,
    kind: str,
    record_id: str,
    *,
    fields: Mapping[str, Any],
    now: datetime,
    before: Mapping[str, Any] | None = None,
    key: str | None = None,
    assessment_id: int | None = None,
    run_id: int | None = None,
) -> None:
    """Queue one thing to send: update, create_task, update_task or complete_task."""
    session.add(
        OutboxRow(
            connection_id=connection_id,
            run_id=run_id,
            assessment_id=assessment_id,
            action=action,
            kind=kind,
            record_id=record_id,
            key=key,
            fields=dict(fields),
            before=dict(before or {}),
            state="queued",
            tries=0,
            queued_at=now,
        )
    )


def unsettled(
    session: Session,
    connection_id: int,
    action: str,
    record_ids: Sequence[str],
    states: Sequence[str] = UNSETTLED,
) -> list[OutboxRow]:
    """Rows of the records that are not known to have arrived, oldest first."""
    query = select(OutboxRow).where(
        OutboxRow.connection_id == connection_id,
        OutboxRow.action == action,
        OutboxRow.state.in_(states),
        among(session, OutboxRow.record_id, record_ids),
    )
    return list(session.scalars(query.order_by(OutboxRow.id)))


def next_batch(
    session: Session, connection_id: int, action: str, size: int, *, after: int
) -> list[OutboxRow]:
    """The next rows to send, marked as being sent; `after` is the last id already tried."""
    rows = list(
        session.scalars(
            select(OutboxRow)
            .where(
                OutboxRow.connection_id == connection_id,
                OutboxRow.action == action,
                OutboxRow.state.in_(UNSETTLED),
                OutboxRow.id > after,
            )
            .order_by(OutboxRow.id)
            .limit(size)
        )
    )
    for row in rows:
        row.state = "sending"
        row.tries += 1
    return rows


def settle_done(row: OutboxRow, *, now: datetime) -> None:
    """The CRM did what the row asks."""
    row.state, row.settled_at, row.code, row.reason = "sent", now, None, None


def settle_sent(
    session: Session,
    rows: Sequence[OutboxRow],
    *,
    now: datetime,
    normal: Callable[[str, Any], Any],
) -> None:
    """The CRM took these field changes of one connection: note what their fields now hold, and why.

    normal  (field, sent value) → the value as a pull will read it back
    """
    for row in rows:
        settle_done(row, now=now)
    upsert(
        session,
        WRITTEN_FIELDS,
        [
            {
                "connection_id": row.connection_id,
                "record_id": row.record_id,
                "field": field,
                "value": value,
                "sent_at": now,
                "assessment_id": row.assessment_id,
            }
            for row in rows
            for field, value in row.fields.items()
        ],
    )
    sent = {row.record_id: row.fields for row in rows}
    query = select(Account).where(Account.account_id.in_(sent))
    for account in session.scalars(query.where(Account.connection_id == rows[0].connection_id)):
        fields = sent[account.account_id]
        account.remote = {**account.remote, **{n: normal(n, v) for n, v in fields.items()}}


def reread(session: Session, rows: Sequence[OutboxRow]) -> list[OutboxRow]:
    """The same rows in this session, in order."""
    ids = [row.id for row in rows]
    found = {row.id: row for row in session.scalars(select(OutboxRow).where(OutboxRow.id.in_(ids)))}
    return [found[one] for one in ids]


def settle_refused(row: OutboxRow, *, code: str, reason: str, now: datetime) -> None:
    """The CRM refused the row."""
    row.state, row.settled_at, row.code, row.reason = "refused", now, code, reason


def requeue(
    row: OutboxRow, *, fields: Mapping[str, Any], run_id: int | None, now: datetime
) -> None:
    """A refused row gets another try."""
    row.fields = dict(fields)
    row.state, row.run_id, row.queued_at, row.settled_at = "queued", run_id, now, None


def withdraw(row: OutboxRow, *, now: datetime) -> None:
    """The row is not wanted any more."""
    row.state, row.settled_at = "withdrawn", now


def written_values(
    session: Session, connection_id: int, record_ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """What we last wrote, by record and field."""
    found: dict[str, dict[str, Any]] = {}
    query = select(WrittenField.record_id, WrittenField.field, WrittenField.value).where(
        WrittenField.connection_id == connection_id,
        among(session, WrittenField.record_id, record_ids),
    )
    for record_id, field, value in session.execute(query):
        found.setdefault(record_id, {})[field] = value
    return found


def all_unsettled(session: Session, connection_id: int) -> list[OutboxRow]:
    """Every row that a write-back would send, in its order."""
    query = select(OutboxRow).where(
        OutboxRow.connection_id == connection_id, OutboxRow.state.in_(UNSETTLED)
    )
    return list(session.scalars(query.order_by(OutboxRow.id)))


def waiting_records(session: Session, connection_id: int) -> list[str]:
    """Accounts with field changes that are not known to have arrived."""
    query = select(OutboxRow.record_id).where(
        OutboxRow.connection_id == connection_id,
        OutboxRow.action == "update",
        OutboxRow.state.in_(UNSETTLED),
    )
    return list(session.scalars(query.distinct()))


def withdrawn_at(session: Session, connection_id: int, instant: datetime) -> list[OutboxRow]:
    """Rows that a plan as of `instant` withdrew."""
    query = select(OutboxRow).where(
        OutboxRow.connection_id == connection_id,
        OutboxRow.state == "withdrawn",
        OutboxRow.settled_at == instant,
    )
    return list(session.scalars(query.order_by(OutboxRow.id)))


def count_unsettled(session: Session, connection_id: int) -> dict[str, int]:
    """Rows still to send, by action."""
    query = (
        select(OutboxRow.action, func.count())
        .where(OutboxRow.connection_id == connection_id, OutboxRow.state.in_(UNSETTLED))
        .group_by(OutboxRow.action)
    )
    return {action: count for action, count in session.execute(query)}
