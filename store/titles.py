"""Job titles and roles as the CRM words them, and the revenue of those who carry them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.models import Account, Contact, ContactRole


@dataclass(frozen=True)
class TitleUse:
    """One job title; case and outer blanks do not part titles.

    value  annual value [corporate currency] of the accounts, each once; None = unknown
    """

    title: str
    people: int
    accounts: int
    value: Decimal | None


def roles_in_use(session: Session, connection_id: int) -> dict[str, int]:
    """Every role of live contacts and relations as the CRM words it, and how often it stands."""
    found: dict[str, int] = {}
    for table in (Contact, ContactRole):
        query = (
            select(table.role, func.count())
            .where(
                table.connection_id == connection_id,
                table.deleted_at.is_(None),
                table.role.is_not(None),
            )
            .group_by(table.role)
        )
        for role, number in session.execute(query):
            if role is not None:
                found[role] = found.get(role, 0) + number
    return found


def titles_by_value(
    session: Session, connection_id: int, told: Collection[str]
) -> Sequence[TitleUse]:
    """Titles of live, active contacts whose level no field and no role tells, richest first.

    told  roles that tell a level
    """
    of_roles = select(ContactRole.contact_id).where(
        ContactRole.connection_id == connection_id,
        ContactRole.deleted_at.is_(None),
        ContactRole.role.in_(told),
    )
    title = func.lower(func.trim(Contact.title)).label("title")
    people = (
        select(title, Contact.account_id, func.min(func.trim(Contact.title)).label("as_worded"))
        .add_columns(func.count().label("people"))
        .where(
            Contact.connection_id == connection_id,
            Contact.deleted_at.is_(None),
            Contact.is_active.is_not(False),
            Contact.level.is_(None),
            func.trim(Contact.title) != "",
            Contact.role.is_(None) | Contact.role.not_in(told),
            Contact.contact_id.not_in(of_roles),
        )
        .group_by(title, Contact.account_id)
        .subquery()
    )
    value = func.sum(Account.annual_value_corporate)
    query = (
        select(
            func.min(people.c.as_worded),
            func.sum(people.c.people),
            func.count(people.c.account_id),
            value,
        )
        .outerjoin(
            Account,
            (Account.connection_id == connection_id)
            & (Account.account_id == people.c.account_id)
            & Account.deleted_at.is_(None),
        )
        .group_by(people.c.title)
        .order_by(value.is_(None), value.desc(), people.c.title)
    )
    return [
        TitleUse(worded, int(number), accounts, worth)
        for worded, number, accounts, worth in session.execute(query)
    ]
