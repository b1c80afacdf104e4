"""Explaining and replaying: every stored number from the records it came from."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from insights.assess import Placed, assess_accounts
from insights.explain import explanation
from insights.model import Model
from insights.report import account_reports
from insights.snapshot import frames_from, input_hash
from jobs.wiring import House
from store.models import Account, Assessment, Connection, ModelVersion, WrittenField
from store.results import canonical, current, opened_inputs


class NotAssessed(Exception):
    """There is no assessment to explain; `str()` says what to do."""


def explain_account(
    house: House, connection: Connection, account: str, at: datetime | None
) -> dict[str, Any]:
    """The tree behind an account's numbers, as of now or as they stood at `at`.

    account  CRM id or exact name
    Returns  name, account_id, computed for, the explanation of docs/insights.md, the figures that
             depend on the other accounts, and what of it stands in the CRM. Raises NotAssessed.
    """
    with house.sessions() as session:
        row = _find(session, connection, account)
        assessment = _assessment(session, row, at)
        snapshot = opened_inputs(assessment)
        frames, previous = frames_from({row.account_id: snapshot})
        model = _model(session, assessment.model_hash)
        return {
            "name": row.name,
            "account_id": row.account_id,
            "computed_for": assessment.valid_from.isoformat(),
            "inputs_hash": assessment.inputs_hash,
            "model_hash": assessment.model_hash,
            **explanation(
                frames, model, row.account_id, as_of=assessment.valid_from, previous=previous
            ),
            "among_other_accounts": assessment.place,
            "written": _written(session, row),
        }


def verify_assessments(
    house: House, connection: Connection, account: str | None
) -> tuple[int, list[dict[str, Any]]]:
    """Compute stored assessments again, of one account or of all; (how many, those that differ).

    Nothing but the assessment row and its model version is used. Raises NotAssessed.
    """
    with house.sessions() as session:
        query = select(Assessment).where(Assessment.connection_id == connection.id)
        if account is not None:
            query = query.where(
                Assessment.account_id == _find(session, connection, account).account_id
            )
        stored = sorted(session.scalars(query), key=_computation)
        if not stored:
            raise NotAssessed("nothing is assessed yet; run: barometer sync")
        differing: list[dict[str, Any]] = []
        for (as_of, model_hash, _), group in groupby(stored, key=_computation):
            differing += _differing(list(group), _model(session, model_hash), as_of)
    return len(stored), differing


def _computation(one: Assessment) -> tuple[datetime, str, int]:
    """What the assessments of one computation have in common; each account is in it once."""
    return one.valid_from, one.model_hash, one.run_id or 0


def _differing(group: Sequence[Assessment], model: Model, as_of: datetime) -> list[dict[str, Any]]:
    snapshots = {one.account_id: opened_inputs(one) for one in group}
    frames, previous = frames_from(snapshots)
    assessed = assess_accounts(frames, model, as_of=as_of, previous=previous)
    reports = {
        report["account_id"]: report for report in account_reports(assessed, _placed(group), model)
    }
    found = []
    for one in group:
        reason = None
        if input_hash(snapshots[one.account_id], one.model_hash) != one.inputs_hash:
            reason = "the stored inputs are not those it was computed from"
        elif canonical(reports[one.account_id]) != canonical(one.result):
            names = sorted(
                name
                for name, value in reports[one.account_id].items()
                if canonical(value) != canonical(one.result.get(name))
            )
            reason = f"computed again, these figures differ: {', '.join(names)}"
        if reason:
            found.append(
                {
                    "account_id": one.account_id,
                    "valid_from": one.valid_from.isoformat(),
                    "reason": reason,
                }
            )
    return found


def _placed(group: Sequence[Assessment]) -> Placed:
    """Stage 2 as it was stored: it depends on accounts that may be gone."""
    accounts = pd.DataFrame([one.place for one in group]).drop(columns="cross_sell")
    offers = [
        {"account_id": one.account_id, "product": product}
        for one in group
        for product in one.place["cross_sell"]
    ]
    return Placed(accounts, pd.DataFrame(offers, columns=["account_id", "product"]))


def _find(session: Session, connection: Connection, account: str) -> Account:
    row = session.get(Account, (connection.id, account))
    if row is not None:
        return row
    named = session.scalars(
        select(Account)
        .where(Account.connection_id == connection.id, Account.name == account)
        .order_by(Account.deleted_at.is_not(None), Account.account_id)
    ).all()
    living = [one for one in named if one.deleted_at is None] or named[:1]
    if not living:
        raise NotAssessed(
            f"{connection.name} has no account with id or name {account!r}; give its CRM id"
        )
    if len(living) > 1:
        ids = ", ".join(one.account_id for one in living[:5])
        raise NotAssessed(
            f"{connection.name} has {len(living)} accounts named {account!r}; give the id of one: "
            f"{ids}"
        )
    return living[0]


def _assessment(session: Session, account: Account, at: datetime | None) -> Assessment:
    if at is None:
        found = current(session, account.connection_id, [account.account_id])
        assessment = found.get(account.account_id)
    else:
        assessment = session.scalar(
            select(Assessment)
            .where(
                Assessment.connection_id == account.connection_id,
                Assessment.account_id == account.account_id,
                Assessment.valid_from <= at,
            )
            .order_by(Assessment.valid_from.desc(), Assessment.id.desc())
            .limit(1)
        )
    if assessment is None:
        when = "yet" if at is None else f"before {at.isoformat()}"
        raise NotAssessed(f"{account.name} was not assessed {when}; run: barometer sync")
    return assessment


def _model(session: Session, model_hash: str) -> Model:
    content = session.scalar(select(ModelVersion.content).where(ModelVersion.hash == model_hash))
    if content is None:
        raise NotAssessed(f"model version {model_hash} is not stored; it cannot be replayed")
    return Model.whole(content)


def _written(session: Session, account: Account) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(WrittenField)
        .where(
            WrittenField.connection_id == account.connection_id,
            WrittenField.record_id == account.account_id,
        )
        .order_by(WrittenField.field)
    )
    return [
        {
            "field": row.field,
            "value": row.value,
            "sent_at": row.sent_at.isoformat(),
            "in_the_crm_now": account.remote.get(row.field),
        }
        for row in rows
    ]
