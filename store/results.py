"""Assessments: a row only when an account's numbers differ from its last."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from store.bulk import among
from store.models import Account, Assessment, CurrentAssessment, ModelVersion, PortfolioFigures


@dataclass(frozen=True)
class Assessed:
    """One account's numbers and the records they came from; JSON, missing is None.

    place    its figures that depend on the other accounts; part of `result` too
    inputs   every record the numbers came from
    figures  what the account contributes to figures of the whole portfolio
    basis    what another model would judge the account by
    """

    account_id: str
    health: float | None
    band: str
    annual_value: float | None  # corporate currency
    result: Mapping[str, Any]
    place: Mapping[str, Any]
    inputs: Mapping[str, Any]
    inputs_hash: str
    figures: Mapping[str, Any]
    basis: Sequence[Any]


def canonical(content: Any) -> str:
    """JSON with one spelling for each content."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)


def save_assessments(
    session: Session,
    connection_id: int,
    assessed: Iterable[Assessed],
    *,
    as_of: datetime,
    model_hash: str,
    run_id: int | None,
) -> tuple[dict[str, int], list[str]]:
    """Store what differs from the last assessment and confirm what does not.

    Returns the id of each account's assessment, and the accounts whose numbers differ.
    """
    rows = list(assessed)
    last = current(session, connection_id, [row.account_id for row in rows])
    ids: dict[str, int] = {}
    fresh: list[Assessment] = []
    for row in rows:
        before = last.get(row.account_id)
        if (
            before is not None
            and before.model_hash == model_hash
            and canonical(before.result) == canonical(row.result)
        ):
            ids[row.account_id] = before.id
            continue
        fresh.append(
            Assessment(
                connection_id=connection_id,
                account_id=row.account_id,
                run_id=run_id,
                valid_from=as_of,
                model_hash=model_hash,
                inputs_hash=row.inputs_hash,
                inputs=zlib.compress(canonical(row.inputs).encode()),
                health=row.health,
                band=row.band,
                annual_value=row.annual_value,
                result=dict(row.result),
                place=dict(row.place),
            )
        )
    session.add_all(fresh)
    session.flush()
    ids.update({row.account_id: row.id for row in fresh})
    _confirm(session, connection_id, rows, ids, as_of)
    return ids, [row.account_id for row in fresh]


def _confirm(
    session: Session,
    connection_id: int,
    rows: Sequence[Assessed],
    ids: Mapping[str, int],
    as_of: datetime,
) -> None:
    if not rows:
        return
    dialect = session.get_bind().dialect.name
    statement: Any = (sqlite if dialect == "sqlite" else postgresql).insert(CurrentAssessment)
    statement = statement.on_conflict_do_update(
        index_elements=["connection_id", "account_id"],
        set_={
            "assessment_id": statement.excluded.assessment_id,
            "confirmed_at": statement.excluded.confirmed_at,
            "figures": statement.excluded.figures,
            "basis": statement.excluded.basis,
        },
    )
    session.execute(
        statement,
        [
            {
                "connection_id": connection_id,
                "account_id": row.account_id,
                "assessment_id": ids[row.account_id],
                "confirmed_at": as_of,
                "figures": dict(row.figures),
                "basis": list(row.basis),
            }
            for row in rows
        ],
    )


def current(
    session: Session, connection_id: int, account_ids: Sequence[str] | None = None
) -> dict[str, Assessment]:
    """The newest assessment by account: of the given accounts, or of all."""
    query = (
        select(Assessment)
        .join(CurrentAssessment, CurrentAssessment.assessment_id == Assessment.id)
        .where(CurrentAssessment.connection_id == connection_id)
    )
    if account_ids is not None:
        query = query.where(among(session, CurrentAssessment.account_id, account_ids))
    return {row.account_id: row for row in session.scalars(query)}


def standing(
    session: Session, connection_id: int, account_ids: Sequence[str] | None = None
) -> dict[str, dict[str, Any]]:
    """`figures` of the newest assessment by account: of the given accounts, or of all."""
    query = select(CurrentAssessment.account_id, CurrentAssessment.figures).where(
        CurrentAssessment.connection_id == connection_id
    )
    if account_ids is not None:
        query = query.where(among(session, CurrentAssessment.account_id, account_ids))
    return {account: figures for account, figures in session.execute(query)}


def bases(session: Session, connection_id: int) -> dict[str, list[Any]]:
    """`basis` of the newest assessment by account; without those that an older release computed."""
    query = select(CurrentAssessment.account_id, CurrentAssessment.basis).where(
        CurrentAssessment.connection_id == connection_id
    )
    return {account: basis for account, basis in session.execute(query) if basis}


def model_hashes(session: Session, connection_id: int) -> list[str]:
    """Hashes of the models by which the newest assessments were made; more than one in between."""
    query = (
        select(Assessment.model_hash)
        .join(CurrentAssessment, CurrentAssessment.assessment_id == Assessment.id)
        .where(CurrentAssessment.connection_id == connection_id)
        .distinct()
    )
    return list(session.scalars(query))


def newest_model_hash(session: Session, connection_id: int) -> str | None:
    """Hash of the model by which the newest assessment was made."""
    return session.scalar(
        select(Assessment.model_hash)
        .where(Assessment.connection_id == connection_id)
        .order_by(Assessment.id.desc())
        .limit(1)
    )


def keep_model(
    session: Session,
    content: Mapping[str, Any],
    model_hash: str,
    now: datetime,
    *,
    author: str = "settings",
    reason: str = "in force when accounts were first assessed with it",
) -> str:
    """Keep the scoring model under its hash, so that what it computed can be replayed."""
    if session.scalar(select(ModelVersion.id).where(ModelVersion.hash == model_hash)) is None:
        session.add(
            ModelVersion(
                hash=model_hash,
                content=dict(content),
                author=author[:120],
                reason=reason,
                published_at=now,
            )
        )
        session.flush()
    return model_hash


def aged_accounts(session: Session, connection_id: int, as_of: datetime) -> list[str]:
    """Live accounts never assessed, or last assessed on an earlier UTC day than `as_of`."""
    day = as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    confirmed = CurrentAssessment.confirmed_at
    query = (
        select(Account.account_id)
        .outerjoin(
            CurrentAssessment,
            and_(
                CurrentAssessment.connection_id == Account.connection_id,
                CurrentAssessment.account_id == Account.account_id,
            ),
        )
        .where(
            Account.connection_id == connection_id,
            Account.deleted_at.is_(None),
            confirmed.is_(None) | (confirmed < day),
        )
    )
    return list(session.scalars(query))


def drop_deleted(session: Session, connection_id: int) -> list[str]:
    """Accounts that are gone have no current assessment; returns those that lost theirs."""
    gone = list(
        session.scalars(
            select(CurrentAssessment.account_id)
            .join(
                Account,
                and_(
                    Account.connection_id == CurrentAssessment.connection_id,
                    Account.account_id == CurrentAssessment.account_id,
                ),
            )
            .where(
                CurrentAssessment.connection_id == connection_id, Account.deleted_at.is_not(None)
            )
        )
    )
    session.execute(
        delete(CurrentAssessment).where(
            CurrentAssessment.connection_id == connection_id,
            among(session, CurrentAssessment.account_id, gone),
        )
    )
    return gone


def health_before(
    session: Session, connection_id: int, account_ids: Sequence[str], instant: datetime
) -> dict[str, float]:
    """Each account's health as it stood at `instant`; accounts without one are absent."""
    newest = (
        select(Assessment.account_id, func.max(Assessment.id).label("id"))
        .where(
            Assessment.connection_id == connection_id,
            among(session, Assessment.account_id, account_ids),
            Assessment.valid_from <= instant,
        )
        .group_by(Assessment.account_id)
        .subquery()
    )
    query = select(Assessment.account_id, Assessment.health).join(
        newest, Assessment.id == newest.c.id
    )
    return {account: h for account, h in session.execute(query) if h is not None}


def save_portfolio(
    session: Session,
    connection_id: int,
    figures: Mapping[str, Any],
    *,
    currency: str | None,
    as_of: datetime,
) -> None:
    """Keep the portfolio's totals, when they differ from the last."""
    last = session.scalar(
        select(PortfolioFigures)
        .where(PortfolioFigures.connection_id == connection_id)
        .order_by(PortfolioFigures.id.desc())
        .limit(1)
    )
    if last is not None and canonical(last.figures) == canonical(figures):
        return
    session.add(
        PortfolioFigures(
            connection_id=connection_id, as_of=as_of, currency=currency, figures=dict(figures)
        )
    )


def most_at_risk(session: Session, connection_id: int) -> Account | None:
    """The account with the lowest known health, the larger one first."""
    return session.scalar(
        select(Account)
        .join(
            CurrentAssessment,
            and_(
                CurrentAssessment.connection_id == Account.connection_id,
                CurrentAssessment.account_id == Account.account_id,
            ),
        )
        .join(Assessment, Assessment.id == CurrentAssessment.assessment_id)
        .where(Account.connection_id == connection_id, Assessment.band == "at_risk")
        .order_by(Assessment.annual_value.desc().nulls_last(), Account.account_id)
        .limit(1)
    )


def opened_inputs(assessment: Assessment) -> dict[str, Any]:
    """The records an assessment came from."""
    opened: dict[str, Any] = json.loads(zlib.decompress(assessment.inputs))
    return opened
