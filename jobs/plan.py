"""Planning a write-back: what the CRM shall hold against what it holds.

Differences only. A field that a person has changed since we last wrote it is left alone and
reported; emptied by a person, it is ours again.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from jobs.refused import edited_by_person, from_conversion
from jobs.schema import Schema
from store import outbox, refusals
from store.models import Account, OutboxRow
from store.people import accounts_by_id


@dataclass
class Planned:
    """What a plan queued."""

    records: int = 0
    fields: int = 0
    unchanged: int = 0
    refused: int = 0
    found: int = 0  # earlier sends whose answer was lost, found in the CRM


@dataclass(frozen=True)
class Wanted:
    """The figures of one account that the CRM shall show, by canonical output name."""

    values: Mapping[str, Any]
    assessment_id: int


@dataclass
class _Record:
    account: Account
    wanted: Wanted
    pending: list[OutboxRow] = field(default_factory=list)
    refused: list[OutboxRow] = field(default_factory=list)


def plan_updates(
    session: Session,
    connection_id: int,
    schema: Schema,
    wanted: Mapping[str, Wanted],
    *,
    now: datetime,
    run_id: int | None,
) -> Planned:
    """Queue one row for each account whose fields in the CRM differ from `wanted`.

    Rows still unsettled for these accounts are settled first: one whose values the CRM already
    holds has arrived; any other is withdrawn in favour of the new plan. What was refused is tried
    again while it is wanted; a refusal of what the CRM holds by now is settled.
    """
    planned = Planned()
    through: dict[str, Container[str] | None] = {}
    ids = list(wanted)
    written = outbox.written_values(session, connection_id, ids)
    for record in _records(session, connection_id, wanted):
        account = record.account
        target, refused = schema.map.account.to_remote(
            record.wanted.values,
            currency=account.currency,
            rates=schema.rates,
            record_id=account.account_id,
        )
        planned.refused += refusals.note_refusals(
            session,
            connection_id,
            "write",
            from_conversion(refused),
            run_id=run_id,
            now=now,
        )
        ours = dict(written.get(account.account_id, {}))
        for row in record.pending:
            if _holds(schema, account.remote, row.fields):
                outbox.settle_sent(session, [row], now=now, normal=schema.map.account.normal)
                planned.found += 1
            else:
                outbox.withdraw(row, now=now)
            ours.update({f: v for f, v in row.fields.items() if row.tries})
        changes, right, edited = _changes(schema, account, target, ours)
        planned.refused += refusals.note_refusals(
            session, connection_id, "write", edited, run_id=run_id, now=now
        )
        settled = not (changes or edited or refused)
        through[account.account_id] = None if settled else right
        again = _tried_again(record.refused, changes, run_id, now)
        if not changes:
            planned.unchanged += 1
            continue
        planned.records += 1
        planned.fields += len(changes)
        if again:
            continue
        outbox.queue_row(
            session,
            connection_id,
            "update",
            schema.map.account.kind,
            account.account_id,
            fields=changes,
            before={name: account.remote.get(name) for name in changes},
            assessment_id=record.wanted.assessment_id,
            run_id=run_id,
            now=now,
        )
    kind = schema.map.account.kind
    refusals.resolve_refusals(session, connection_id, "write", kind, through, now=now)
    return planned


def _tried_again(
    rows: Sequence[OutboxRow], changes: Mapping[str, Any], run_id: int | None, now: datetime
) -> bool:
    """Queue the refused row that holds `changes`, if one does; the others are not wanted."""
    again = False
    for row in rows:
        if changes and row.fields == changes and not again:
            outbox.requeue(row, fields=changes, run_id=run_id, now=now)
            again = True
        else:
            outbox.withdraw(row, now=now)
    return again


def _records(
    session: Session, connection_id: int, wanted: Mapping[str, Wanted]
) -> Sequence[_Record]:
    ids = list(wanted)
    found: dict[str, _Record] = {}
    for account_id, account in accounts_by_id(session, connection_id, ids).items():
        if account.deleted_at is None:
            found[account_id] = _Record(account, wanted[account_id])
    states = (*outbox.UNSETTLED, *outbox.REFUSED)
    for row in outbox.unsettled(session, connection_id, "update", ids, states):
        record = found[row.record_id]
        (record.refused if row.state in outbox.REFUSED else record.pending).append(row)
    return list(found.values())


def _holds(schema: Schema, remote: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    same = schema.map.account.same
    return all(same(name, remote.get(name), value) for name, value in fields.items())


def _changes(
    schema: Schema, account: Account, target: Mapping[str, Any], ours: Mapping[str, Any]
) -> tuple[dict[str, Any], set[str], list[refusals.Refused]]:
    """Fields to send, fields that are right as they stand, and those that a person has changed."""
    writing = schema.map.account
    changes: dict[str, Any] = {}
    right: set[str] = set()
    edited: list[refusals.Refused] = []
    for name, value in target.items():
        there = account.remote.get(name)
        if writing.same(name, there, value):
            right.add(name)
            continue
        blank = there is None or there == ""
        if not blank and name in ours and not writing.same(name, there, ours[name]):
            edited.append(
                edited_by_person(writing.kind, account.account_id, name, there, ours[name])
            )
            continue
        changes[name] = value
    return {} if set(changes) <= writing.only_with_others else changes, right, edited
