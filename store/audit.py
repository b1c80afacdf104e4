"""Who changed what: rows are only ever added, in the transaction of the change they tell of."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from store.models import AuditRow


def add_audit(
    session: Session,
    *,
    at: datetime,
    actor: str,
    action: str,
    connection_id: int | None = None,
    subject: str | None = None,
    details: Mapping[str, Any] | None = None,
    address: str | None = None,
) -> None:
    """Note a change.

    actor    e-mail address, "command line" or "barometer" itself
    action   noun.verb, such as user.invite
    details  plain JSON; never a secret
    """
    session.add(
        AuditRow(
            at=at,
            actor=actor[:255],
            action=action,
            connection_id=connection_id,
            subject=None if subject is None else subject[:255],
            details=dict(details or {}),
            address=address,
        )
    )


def count_audit(session: Session, *, actor: str = "", action: str = "") -> int:
    """How many rows `audit_rows` has for these."""
    chosen = select(func.count()).select_from(AuditRow).where(*_chosen(actor, action))
    return session.scalar(chosen) or 0


def audit_rows(
    session: Session,
    *,
    actor: str = "",
    action: str = "",
    offset: int = 0,
    limit: int | None = None,
) -> Iterator[AuditRow]:
    """The log, the newest first; of one actor and one action where given."""
    query = select(AuditRow).where(*_chosen(actor, action)).order_by(AuditRow.id.desc())
    return iter(session.scalars(query.offset(offset).limit(limit)))


def audit_choices(session: Session) -> tuple[Sequence[str], Sequence[str]]:
    """The actors and the actions that the log knows, each in order."""
    return tuple(  # type: ignore[return-value]
        session.scalars(select(column).distinct().order_by(column)).all()
        for column in (AuditRow.actor, AuditRow.action)
    )


def _chosen(actor: str, action: str) -> list[ColumnElement[bool]]:
    chosen = []
    if actor:
        chosen.append(AuditRow.actor == actor)
    if action:
        chosen.append(AuditRow.action == action)
    return chosen
