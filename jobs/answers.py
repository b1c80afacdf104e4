"""Answers: what webhooks delivered becomes survey answers, and soon the CRM's fields.

decode → split → key → fetch (where only ids came) → normalise → attach → keep → ask for a delivery
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from feedback.joining import join
from feedback.links import is_signed
from feedback.shapes import Answer
from jobs.alone import alone
from jobs.clock import utc_now
from jobs.deliveries import Read, Reader, Source
from jobs.noted import Noted, noted
from jobs.wiring import House
from store import hooks
from store.answers import put_answer
from store.attach import Claims, Directory
from store.erasure import delete_answer
from store.models import Connection, Hook, RawEvent, Response, Run
from store.runs import request_run

_AT_ONCE = 100  # deliveries of one transaction
_EXPIRES = timedelta(seconds=60)  # the next reader waits no longer for one that died
_COUNTED = ("deliveries", "answers", "deleted", "ignored", "later", "dead")


def read_answers(house: House, connection: Connection, run: Run) -> None:
    """Read every delivery that waits; accounts they touch are computed and written by a next run.

    Raises Busy when another process reads this connection's deliveries.
    """
    with alone(house, connection, what="answers", expires=_EXPIRES), noted(house, run) as doing:
        touched = _read_all(house, connection.id, doing)
        if touched:
            with house.sessions.begin() as session:
                request_run(session, connection.id, "deliver", run.trigger, now=utc_now())


def _read_all(house: House, connection_id: int, doing: Noted) -> set[str]:
    touched: set[str] = set()
    counts = dict.fromkeys(_COUNTED, 0)
    last = 0
    with Reader(house) as reader:
        while True:
            with house.sessions() as session:
                batch = hooks.waiting_events(
                    session, connection_id, after=last, limit=_AT_ONCE, now=utc_now()
                )
            if not batch:
                break
            last = batch[-1].id
            reads = [reader.read(event) for event in batch]
            with house.sessions.begin() as session:
                touched |= _keep(session, connection_id, reads, counts)
            doing.progress("deliveries", counts["deliveries"])
    doing.counts = {name: count for name, count in counts.items() if count}
    return touched


def _keep(
    session: Session, connection_id: int, reads: list[Read], counts: dict[str, int]
) -> set[str]:
    """Store what a batch holds and settle its deliveries, in the order they came."""
    now = utc_now()
    claims = {
        id(answer): _claims(read.source, answer)
        for read in reads
        for _, answer in read.answers
        if read.source is not None
    }
    directory = Directory(session, connection_id, claims.values())
    touched: set[str] = set()
    for read in reads:
        if read.source is not None:
            for response_id, answer in read.answers:
                place = (session, connection_id, response_id)
                touched |= _put(place, read, read.source, answer, claims, directory, now)
            for response_id in read.deleted:
                touched |= set(
                    delete_answer(
                        session,
                        connection_id,
                        response_id,
                        hook_id=read.event.hook_id,
                        source=f"hook:{read.source.provider.name}",
                        now=now,
                    )
                )
        _settle(session, read, now)
        counts["deliveries"] += 1
        counts["answers"] += len(read.answers)
        counts["deleted"] += len(read.deleted)
        counts["ignored"] += read.state == "ignored"
        counts["dead"] += read.state == "dead"
        counts["later"] += read.again is not None
    return touched


def _put(
    place: tuple[Session, int, str],
    read: Read,
    source: Source,
    answer: Answer,
    claims: Mapping[int, Claims],
    directory: Directory,
    now: datetime,
) -> set[str]:
    session, connection_id, response_id = place
    claim = claims[id(answer)]
    parts: dict[str, list[Any]] = {}
    if source.provider.joins:
        row = session.get(Response, (connection_id, response_id))
        before = ({}, True) if row is None else (row.parts, row.is_partial)
        parts, answer = join(*before, answer)
        claim = _claims(source, answer)
        directory = Directory(session, connection_id, [claim])
    came = "pull" if (read.event.event_key or "").startswith("pull:") else "hook"
    return set(
        put_answer(
            session,
            connection_id,
            response_id,
            asdict(answer),
            directory.attach(claim),
            claim,
            sequence=answer.sequence or 0.0,
            hook_id=read.event.hook_id,
            source=f"{came}:{source.provider.name}",
            raw_event_id=read.event.id,
            parts=parts,
            now=now,
        )
    )


def _claims(source: Source, answer: Answer) -> Claims:
    """Who the answer says it is from, and whether our signature or the tool proves it."""
    return Claims(
        contact_id=answer.contact_id,
        account_id=answer.account_id,
        email=answer.email,
        domain=answer.domain,
        signed=bool(source.secrets.link_key)
        and is_signed(
            source.secrets.link_key,
            answer.signature,
            answer.email,
            answer.account_id,
            answer.campaign,
        ),
        trusted=source.provider.trusted,
    )


def _settle(session: Session, read: Read, now: datetime) -> None:
    event = session.get_one(RawEvent, read.event.id)
    event.tries += 1
    event.state, event.problem = read.state, read.problem
    event.response_ids = [one for one, _ in read.answers] + read.deleted
    event.next_try_at = None if read.again is None else now + read.again
    event.settled_at = None if read.state == "waiting" else now
    if read.deleted:
        event.content = b""
    if read.source is not None:
        hook = session.get_one(Hook, event.hook_id)
        hook.problem = read.problem if read.state in ("dead", "waiting") else None


def ask_waiting(house: House) -> None:
    """Ask for runs that read deliveries whose time has come, or which a dead process left."""
    now = utc_now()
    with house.sessions.begin() as session:
        for connection_id in hooks.connections_waiting(session, now=now):
            hooks.ask_to_read(session, connection_id, now=now)


def forget_bodies(house: House) -> int:
    """Forget the bodies of deliveries that are older than the deployment keeps them."""
    kept = timedelta(days=house.settings.feedback.keep_deliveries_days)
    with house.sessions.begin() as session:
        return hooks.purge_bodies(session, before=utc_now() - kept)
