"""Survey answers for people to look at, and those of nobody we know, for a person to assign."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from store.models import Account, Contact, Hook, Response
from store.records import mark_accounts

_SUGGESTED = 8


@dataclass(frozen=True)
class Chosen:
    """Filters of the list; empty = all. `state` is counted, partial, unmatched or deleted."""

    metric: str = ""
    survey_type: str = ""
    state: str = ""
    hook_id: int | None = None
    q: str = ""  # in the comment, the campaign, the e-mail or the account's name


def count_responses(session: Session, connection_id: int, chosen: Chosen) -> int:
    """How many answers match."""
    query = select(func.count()).select_from(Response).outerjoin(Account, _account())
    return session.scalar(query.where(*_where(connection_id, chosen))) or 0


def list_responses(
    session: Session, connection_id: int, chosen: Chosen, *, offset: int, limit: int
) -> list[Any]:
    """Answers with the names of account, contact and source, the newest first."""
    query = (
        select(Response, Account.name, Contact.name, Hook.name)
        .outerjoin(Account, _account())
        .outerjoin(
            Contact,
            (Contact.connection_id == Response.connection_id)
            & (Contact.contact_id == Response.contact_id),
        )
        .outerjoin(Hook, Hook.id == Response.hook_id)
        .where(*_where(connection_id, chosen))
        .order_by(Response.answered_at.desc(), Response.response_id)
    )
    return list(session.execute(query.offset(offset).limit(limit)).all())


def _account() -> ColumnElement[bool]:
    return (Account.connection_id == Response.connection_id) & (
        Account.account_id == Response.account_id
    )


def _where(connection_id: int, chosen: Chosen) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = [Response.connection_id == connection_id]
    if chosen.state == "deleted":
        where.append(Response.deleted_at.is_not(None))
    else:
        where.append(Response.deleted_at.is_(None))
    if chosen.state == "partial":
        where.append(Response.is_partial.is_(True))
    elif chosen.state == "unmatched":
        where += [Response.account_id.is_(None), Response.is_partial.is_(False)]
    elif chosen.state == "counted":
        where += [Response.account_id.is_not(None), Response.is_partial.is_(False)]
    if chosen.metric:
        where.append(Response.metric == chosen.metric)
    if chosen.survey_type:
        where.append(Response.survey_type == chosen.survey_type)
    if chosen.hook_id is not None:
        where.append(Response.hook_id == chosen.hook_id)
    if chosen.q:
        texts = (Response.comment, Response.campaign, Response.email, Account.name)
        where.append(or_(*(one.icontains(chosen.q, autoescape=True) for one in texts)))
    return where


@dataclass(frozen=True)
class Suggestion:
    """An account, or one of its people, that an answer may be from, and why."""

    account_id: str
    account: str
    contact_id: str | None
    contact: str | None
    why: str


def suggestions(session: Session, row: Response, q: str = "") -> list[Suggestion]:
    """Whom an unmatched answer may be from: what it claims, its domain, or what is searched."""
    found: list[Suggestion] = []
    if q:
        return _people(session, row, q) + _companies(session, row, Account.name, q, "its name")
    claims = row.claims
    if claims.get("contact_id"):
        found += _people(session, row, claims["contact_id"], exact=True)
    if claims.get("account_id"):
        account_id = claims["account_id"]
        found += _companies(session, row, Account.account_id, account_id, "the answer names it")
    domain = claims.get("domain") or (row.email or "").rpartition("@")[2]
    if domain:
        found += _companies(session, row, Account.domain, domain, "its domain")
    unique = {(one.account_id, one.contact_id): one for one in found}
    return list(unique.values())[:_SUGGESTED]


def _companies(
    session: Session, row: Response, column: Any, text: str, why: str
) -> list[Suggestion]:
    query = select(Account.account_id, Account.name).where(
        Account.connection_id == row.connection_id,
        Account.deleted_at.is_(None),
        column.icontains(text, autoescape=True),
    )
    accounts = session.execute(query.order_by(Account.name).limit(_SUGGESTED))
    return [Suggestion(key, name, None, None, why) for key, name in accounts]


def _people(session: Session, row: Response, text: str, *, exact: bool = False) -> list[Suggestion]:
    query = (
        select(Account.account_id, Account.name, Contact.contact_id, Contact.name, Contact.email)
        .join(
            Contact,
            (Contact.connection_id == Account.connection_id)
            & (Contact.account_id == Account.account_id),
        )
        .where(Account.connection_id == row.connection_id, Account.deleted_at.is_(None))
        .where(Contact.deleted_at.is_(None))
    )
    if exact:
        query = query.where(Contact.contact_id == text)
    else:
        either = (Contact.name, Contact.email)
        query = query.where(or_(*(one.icontains(text, autoescape=True) for one in either)))
    why = "the answer names this person" if exact else "name or e-mail address"
    return [
        Suggestion(account_id, account, contact_id, name or email, why)
        for account_id, account, contact_id, name, email in session.execute(
            query.order_by(Contact.name).limit(_SUGGESTED)
        )
    ]


def assign(
    session: Session,
    row: Response,
    account_id: str,
    contact_id: str | None,
    *,
    by: str,
    now: datetime,
) -> Sequence[str]:
    """Give an answer to an account, and to one of its people; returns the accounts it touches.

    LookupError when the account is not there, or the person is not one of its people.
    """
    account = session.get(Account, (row.connection_id, account_id))
    if account is None or account.deleted_at is not None:
        raise LookupError("the account is no longer in the CRM; choose another")
    if contact_id is not None:
        contact = session.get(Contact, (row.connection_id, contact_id))
        if contact is None or contact.account_id != account_id:
            raise LookupError("the person is not one of the account's; choose again")
    touched = [one for one in (row.account_id, account_id) if one is not None]
    row.account_id, row.contact_id, row.matched_by = account_id, contact_id, "person"
    row.claims = {**row.claims, "because": f"assigned by {by}"}
    session.flush()
    mark_accounts(session, row.connection_id, touched, now)
    return touched
