"""Forgetting: what one answer, or one person's answers, hold of a person; a tombstone stays."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Text, cast, delete, func, or_, select, update
from sqlalchemy.orm import Session

from store.bulk import among
from store.models import Contact, Invitation, RawEvent, RefusedValue, Response, ResponseVersion
from store.records import TABLES, key_of, mark_accounts

_AT_ONCE = 200
_ERASED = ""  # content hash of an invitation whose person was forgotten


@dataclass(frozen=True)
class Erased:
    """How much was forgotten; `accounts` are to be computed anew."""

    responses: int
    deliveries: int
    invitations: int
    accounts: tuple[str, ...]


def delete_answer(
    session: Session,
    connection_id: int,
    response_id: str,
    *,
    hook_id: int | None,
    source: str,
    now: datetime,
) -> list[str]:
    """Forget an answer with its versions and deliveries; returns the accounts it touches.

    What stays is its id, so that a delivery that comes again does not bring it back.
    """
    row = session.get(Response, (connection_id, response_id))
    if row is None:
        row = Response(connection_id=connection_id, response_id=response_id, hook_id=hook_id)
        row.source, row.content_hash, row.read_at = source, "", now
        session.add(row)
    account_id = row.account_id
    for name in ("email", "comment", "contact_id", "drivers", "campaign", "matched_by"):
        setattr(row, name, None)
    row.claims, row.parts, row.score, row.answered_at = {}, {}, None, None
    row.deleted_at = row.deleted_at or now
    session.flush()
    session.execute(
        delete(ResponseVersion).where(
            ResponseVersion.connection_id == connection_id,
            ResponseVersion.response_id == response_id,
        )
    )
    session.execute(
        update(RefusedValue)
        .where(
            RefusedValue.connection_id == connection_id,
            RefusedValue.object == "responses",
            RefusedValue.record_id == response_id,
        )
        .values(value=None)
    )
    named = json.dumps(response_id)[1:-1]
    session.execute(
        update(RawEvent)
        .where(
            RawEvent.connection_id == connection_id,
            RawEvent.state != "waiting",
            cast(RawEvent.response_ids, Text).contains(f'"{named}"', autoescape=True),
        )
        .values(content=b"")
    )
    touched = [] if account_id is None else [account_id]
    mark_accounts(session, connection_id, touched, now)
    return touched


def erase_person(
    session: Session,
    connection_id: int,
    email: str,
    body_of: Callable[[bytes], str],
    *,
    now: datetime,
) -> Erased:
    """Forget every answer, invitation and delivery with this e-mail address.

    body_of  the text of a sealed delivery, decoded so far that an address in it is found
    The CRM's own contact is the CRM's to erase; the next pull follows it.
    """
    address = email.strip().lower()
    people = select(Contact.contact_id).where(
        Contact.connection_id == connection_id, func.lower(Contact.email) == address
    )
    rows = session.scalars(
        select(Response).where(
            Response.connection_id == connection_id,
            Response.deleted_at.is_(None),
            or_(func.lower(Response.email) == address, Response.contact_id.in_(people)),
        )
    ).all()
    accounts: set[str] = set()
    for row in rows:
        accounts |= set(
            delete_answer(
                session,
                connection_id,
                row.response_id,
                hook_id=row.hook_id,
                source=row.source,
                now=now,
            )
        )
    invitations = session.execute(
        update(Invitation)
        .where(Invitation.connection_id == connection_id, func.lower(Invitation.email) == address)
        .values(email=None, content_hash=_ERASED)
    )
    deliveries = 0
    for events in _deliveries(session, connection_id):
        for event in events:
            if address in body_of(event.content).lower():
                event.content, event.problem = b"", None
                if event.state == "waiting":
                    event.state, event.settled_at = "ignored", now
                deliveries += 1
        session.flush()
    return Erased(len(rows), deliveries, invitations.rowcount, tuple(sorted(accounts)))  # type: ignore[attr-defined]


def erased_ids(
    session: Session, connection_id: int, object_name: str, ids: Sequence[str]
) -> set[str]:
    """Which of these responses or invitations were forgotten, so that no import fills them."""
    table = TABLES[object_name]
    key = table.c[key_of(object_name)]
    query = select(key).where(
        table.c.connection_id == connection_id,
        among(session, key, ids),
        or_(table.c.deleted_at.is_not(None), table.c.content_hash == _ERASED),
    )
    return set(session.scalars(query))


def _deliveries(session: Session, connection_id: int) -> Iterator[Sequence[RawEvent]]:
    last = 0
    while True:
        query = select(RawEvent).where(
            RawEvent.connection_id == connection_id,
            RawEvent.id > last,
            func.length(RawEvent.content) > 0,
        )
        found = session.scalars(query.order_by(RawEvent.id).limit(_AT_ONCE)).all()
        if not found:
            return
        yield found
        last = found[-1].id
