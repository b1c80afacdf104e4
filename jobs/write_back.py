"""Write back: send what the outbox holds, batch by batch, each record settled by itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from connector.base import Crm, Refusal
from jobs.clock import utc_now
from jobs.refused import from_crm, reason
from jobs.schema import Schema
from mappings import WriteMap
from store import outbox, records, refusals
from store.models import OutboxRow


@dataclass
class Sent:
    """What a write-back did."""

    records: int = 0
    fields: int = 0
    refused: int = 0
    calls: int = 0


def write_back(
    crm: Crm,
    sessions: sessionmaker[Session],
    connection_id: int,
    schema: Schema,
    *,
    run_id: int | None,
    sent: Sent,
    progress: Callable[[int], None],
) -> None:
    """Send queued field changes; what was sent and refused is counted in `sent` as it happens.

    A batch is marked as being sent before the call and settled after it, so that an answer
    lost in between is looked for in the CRM, not sent again blindly. A refused record is one
    row of refusals and never stops the rest. Raises connector.errors; what was settled stays.
    """
    last = 0
    while True:
        with sessions.begin() as session:
            batch = outbox.next_batch(session, connection_id, "update", crm.batch_size, after=last)
        if not batch:
            return
        last = batch[-1].id
        refused = crm.update(schema.map.account.kind, {row.record_id: row.fields for row in batch})
        sent.calls += 1
        with sessions.begin() as session:
            _settle(session, connection_id, schema.map.account, batch, refused, run_id, sent)
        progress(len(batch))


def _settle(
    session: Session,
    connection_id: int,
    writing: WriteMap,
    batch: Sequence[OutboxRow],
    refused: Mapping[str, Refusal],
    run_id: int | None,
    sent: Sent,
) -> None:
    now = utc_now()
    accepted, again = [], []
    for row in outbox.reread(session, batch):
        refusal = refused.get(row.record_id)
        if refusal is None:
            accepted.append(row)
            sent.records += 1
            sent.fields += len(row.fields)
            continue
        outbox.settle_refused(row, code=refusal.code, reason=reason(refusal), now=now)
        sent.refused += refusals.note_refusals(
            session,
            connection_id,
            "write",
            from_crm(writing.kind, row.record_id, refusal, row.fields),
            run_id=run_id,
            now=now,
        )
        if refusal.gone:
            records.mark_deleted(
                session, connection_id, "accounts", [(row.record_id, now, None)], at=now
            )
        else:
            again.append(row.record_id)
    if accepted:
        outbox.settle_sent(session, accepted, now=now, normal=writing.normal)
    records.mark_accounts(session, connection_id, again, now)  # the next run plans them again
    through = {row.record_id: {*row.fields, ""} for row in accepted}
    refusals.resolve_refusals(session, connection_id, "write", writing.kind, through, now=now)
