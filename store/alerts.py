"""Alerts: each opens once, keeps its history and closes when its condition is gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.bulk import among
from store.models import Alert, CrmTask


@dataclass(frozen=True)
class Raised:
    """An alert whose condition holds now."""

    kind: str
    message: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class AlertChanges:
    """What changed: newly opened and newly closed alerts."""

    opened: Sequence[Alert]
    closed: Sequence[Alert]


def follow_alerts(
    session: Session,
    connection_id: int,
    raised: Mapping[str, Sequence[Raised]],
    *,
    now: datetime,
) -> AlertChanges:
    """Open what is raised and not open, close what is open and no longer raised.

    raised  by account id, an empty sequence for an account that was assessed and has none;
            accounts not named are left as they are
    """
    opened: list[Alert] = []
    closed: list[Alert] = []
    present = _open_by_account(session, connection_id, list(raised))
    episodes = _episodes(session, connection_id, list(raised))
    for account_id, alerts in raised.items():
        before = present.get(account_id, {})
        for alert in alerts:
            standing = before.pop(alert.kind, None)
            if standing is not None:
                standing.message, standing.details = alert.message, dict(alert.details)
                continue
            new = Alert(
                connection_id=connection_id,
                account_id=account_id,
                kind=alert.kind,
                episode=episodes.get((account_id, alert.kind), 0) + 1,
                message=alert.message,
                details=dict(alert.details),
                opened_at=now,
            )
            session.add(new)
            opened.append(new)
        for gone in before.values():
            gone.closed_at = now
            closed.append(gone)
    session.flush()
    return AlertChanges(opened, closed)


def _open_by_account(
    session: Session, connection_id: int, account_ids: list[str]
) -> dict[str, dict[str, Alert]]:
    found: dict[str, dict[str, Alert]] = {}
    query = select(Alert).where(
        Alert.connection_id == connection_id,
        Alert.closed_at.is_(None),
        among(session, Alert.account_id, account_ids),
    )
    for alert in session.scalars(query):
        found.setdefault(alert.account_id, {})[alert.kind] = alert
    return found


def _episodes(
    session: Session, connection_id: int, account_ids: list[str]
) -> dict[tuple[str, str], int]:
    query = (
        select(Alert.account_id, Alert.kind, func.max(Alert.episode))
        .where(
            Alert.connection_id == connection_id,
            among(session, Alert.account_id, account_ids),
        )
        .group_by(Alert.account_id, Alert.kind)
    )
    return {(account, kind): last for account, kind, last in session.execute(query)}


def tasks_of(session: Session, alert_ids: Sequence[int]) -> dict[int, CrmTask]:
    """The CRM tasks of these alerts, by alert."""
    query = select(CrmTask).where(among(session, CrmTask.alert_id, alert_ids))
    return {task.alert_id: task for task in session.scalars(query) if task.alert_id}


def tasks_by_key(session: Session, connection_id: int, keys: Sequence[str]) -> dict[str, CrmTask]:
    """The CRM tasks with these keys, by key."""
    query = select(CrmTask).where(
        CrmTask.connection_id == connection_id, among(session, CrmTask.key, keys)
    )
    return {task.key: task for task in session.scalars(query)}
