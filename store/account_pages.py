"""What the page of one account asks. Read-only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.models import (
    Account,
    Alert,
    Assessment,
    Contact,
    CrmTask,
    CrmUser,
    CurrentAssessment,
    ModelVersion,
    OutboxRow,
    RefusedValue,
    WrittenField,
)

R = TypeVar("R")


def find_account(session: Session, connection_id: int, account_id: str) -> Account | None:
    """The account, deleted and merged ones too."""
    return session.get(Account, {"connection_id": connection_id, "account_id": account_id})


def current_assessment(
    session: Session, connection_id: int, account_id: str
) -> tuple[Assessment, datetime] | None:
    """The account's newest assessment and when it was last confirmed."""
    row = session.execute(
        select(Assessment, CurrentAssessment.confirmed_at)
        .join(CurrentAssessment, CurrentAssessment.assessment_id == Assessment.id)
        .where(
            CurrentAssessment.connection_id == connection_id,
            CurrentAssessment.account_id == account_id,
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def find_model(session: Session, model_hash: str) -> ModelVersion | None:
    """The version of the scoring model with this hash."""
    return session.scalar(select(ModelVersion).where(ModelVersion.hash == model_hash))


def score_history(
    session: Session, connection_id: int, account_id: str, *, since: datetime
) -> list[tuple[datetime, float | None, str]]:
    """(valid from, health, band) of every assessment from `since` on, oldest first."""
    query = (
        select(Assessment.valid_from, Assessment.health, Assessment.band)
        .where(
            Assessment.connection_id == connection_id,
            Assessment.account_id == account_id,
            Assessment.valid_from >= since,
        )
        .order_by(Assessment.valid_from, Assessment.id)
    )
    return [(valid_from, health, band) for valid_from, health, band in session.execute(query)]


def account_records(
    session: Session, model: type[R], connection_id: int, account_id: str, *order: Any
) -> list[R]:
    """Live rows of a pulled table that belong to the account, in `order`."""
    columns: Any = model
    return list(
        session.scalars(
            select(model)
            .where(
                columns.connection_id == connection_id,
                columns.account_id == account_id,
                columns.deleted_at.is_(None),
            )
            .order_by(*order)
        )
    )


def account_family(session: Session, account: Account) -> tuple[Account | None, Sequence[Account]]:
    """The parent account and the live children, by name."""
    parent = account.parent_id and find_account(session, account.connection_id, account.parent_id)
    children = session.scalars(
        select(Account)
        .where(
            Account.connection_id == account.connection_id,
            Account.parent_id == account.account_id,
            Account.deleted_at.is_(None),
        )
        .order_by(Account.name)
    ).all()
    return parent or None, children


def user_names(session: Session, connection_id: int, user_ids: Sequence[str]) -> dict[str, str]:
    """Names of our colleagues by CRM id; those without a name are left out."""
    query = select(CrmUser.user_id, CrmUser.name).where(
        CrmUser.connection_id == connection_id, CrmUser.user_id.in_(user_ids)
    )
    return {user_id: name for user_id, name in session.execute(query) if name}


def contact_names(session: Session, connection_id: int, account_id: str) -> dict[str, str]:
    """Names of the account's people by CRM id, those who are gone too."""
    query = select(Contact.contact_id, Contact.name).where(
        Contact.connection_id == connection_id, Contact.account_id == account_id
    )
    return {contact_id: name for contact_id, name in session.execute(query) if name}


def written_fields(session: Session, connection_id: int, record_id: str) -> Sequence[WrittenField]:
    """What we last wrote into the record, by field."""
    return session.scalars(
        select(WrittenField)
        .where(WrittenField.connection_id == connection_id, WrittenField.record_id == record_id)
        .order_by(WrittenField.field)
    ).all()


def unsettled_updates(session: Session, connection_id: int, record_id: str) -> Sequence[OutboxRow]:
    """Field changes of the record that wait, are on their way or were refused, oldest first."""
    return session.scalars(
        select(OutboxRow)
        .where(
            OutboxRow.connection_id == connection_id,
            OutboxRow.record_id == record_id,
            OutboxRow.action == "update",
            OutboxRow.state.in_(("queued", "sending", "refused")),
        )
        .order_by(OutboxRow.id)
    ).all()


def record_refusals(session: Session, connection_id: int, record_id: str) -> Sequence[RefusedValue]:
    """Open refusals that name the record."""
    return session.scalars(
        select(RefusedValue)
        .where(
            RefusedValue.connection_id == connection_id,
            RefusedValue.record_id == record_id,
            RefusedValue.resolved_at.is_(None),
        )
        .order_by(RefusedValue.field)
    ).all()


def account_alerts(session: Session, connection_id: int, account_id: str) -> Sequence[Alert]:
    """Alerts of the account, open ones first, then the newest."""
    return session.scalars(
        select(Alert)
        .where(Alert.connection_id == connection_id, Alert.account_id == account_id)
        .order_by(Alert.closed_at.is_not(None), Alert.opened_at.desc(), Alert.id)
    ).all()


def alert_tasks(session: Session, alert_ids: Sequence[int]) -> dict[int, CrmTask]:
    """The CRM task of each alert that has one, by alert id."""
    tasks = session.scalars(select(CrmTask).where(CrmTask.alert_id.in_(alert_ids)))
    return {task.alert_id: task for task in tasks if task.alert_id}
