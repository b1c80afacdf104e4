"""Survey answers from webhooks: the newest version of each stands, the earlier ones are kept."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from store.attach import Attached, Claims
from store.models import Response, ResponseVersion
from store.records import mark_accounts

_FACTS = (
    *("survey_type", "metric", "score", "scale_min", "scale_max", "comment", "drivers"),
    *("answered_at", "campaign", "email", "is_partial"),
)


def put_answer(
    session: Session,
    connection_id: int,
    response_id: str,
    facts: Mapping[str, Any],
    attached: Attached,
    claims: Claims,
    *,
    sequence: float,
    hook_id: int,
    source: str,
    raw_event_id: int | None,
    parts: Mapping[str, Any],
    now: datetime,
) -> list[str]:
    """Keep an answer if it is newer than what is stored; returns the accounts it touches.

    A complete answer is newer than a partial one, then the larger sequence is; of two alike
    the one that a webhook brought, at last that with the larger content hash, so that no order of
    arrival changes the result. An answer made of
    `parts` has been joined with what is stored already. What stood before is kept as a version.
    A deleted answer stays deleted, and a person's assignment stays.
    """
    row = session.get(Response, (connection_id, response_id))
    content_hash = _hash(facts)
    new = {**{name: facts[name] for name in _FACTS}, "parts": dict(parts)}
    whose = {**asdict(attached), "claims": claims.kept(attached.because)}
    whose.pop("because")
    if row is None:
        row = Response(connection_id=connection_id, response_id=response_id, hook_id=hook_id, **new)
        row.source, row.version = source, 1
        session.add(row)
        before = None
    else:
        if row.deleted_at is not None:
            return []
        stored = (not row.is_partial, row.sequence or 0.0, _pushed(row.source), row.content_hash)
        given = (not facts["is_partial"], sequence, _pushed(source), content_hash)
        if content_hash == row.content_hash if parts else given <= stored:
            return []
        before = row.account_id
        if row.content_hash != content_hash:
            _keep_version(session, row, raw_event_id, now)
        if row.matched_by == "person" or (attached.matched_by is None and row.matched_by):
            whose = {"claims": {**whose["claims"], "because": row.claims.get("because", "")}}
        row.source = source
        for name, value in new.items():
            setattr(row, name, value)
    for name, value in whose.items():
        setattr(row, name, value)
    row.sequence, row.content_hash = sequence, content_hash
    row.modified_at, row.read_at = now, now
    session.flush()
    touched = [one for one in (before, row.account_id) if one is not None]
    mark_accounts(session, connection_id, touched, now)
    return touched


def _keep_version(session: Session, row: Response, raw_event_id: int | None, now: datetime) -> None:
    content = {name: getattr(row, name) for name in _FACTS}
    if row.answered_at is not None:
        content["answered_at"] = row.answered_at.isoformat()
    session.add(
        ResponseVersion(
            connection_id=row.connection_id,
            response_id=row.response_id,
            version=row.version,
            content=content,
            raw_event_id=raw_event_id,
            replaced_at=now,
        )
    )
    row.version += 1


def _pushed(source: str) -> bool:
    """Whether a webhook brought it; what a tool's API lists may hold less."""
    return source.startswith("hook:")


def _hash(facts: Mapping[str, Any]) -> str:
    content = orjson.dumps([facts[name] for name in _FACTS], default=str)
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
