"""What is stored of one account, to show beside a mapping, and what of it people filled in."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from store.models import Account, Contact, Opportunity, WrittenField
from store.records import TABLES, key_of

Row = Mapping[str, Any]


def sample_account(session: Session, connection_id: int, name: str = "") -> Account | None:
    """The live account of the highest annual value whose name contains `name`, in any case."""
    query = select(Account).where(
        Account.connection_id == connection_id,
        Account.deleted_at.is_(None),
        func.lower(Account.name).contains(name.strip().lower(), autoescape=True),
    )
    value = Account.annual_value_corporate
    return session.scalar(query.order_by(value.is_(None), value.desc(), Account.name).limit(1))


def sample_rows(
    session: Session, account: Account, sources: Sequence[tuple[str, str]]
) -> dict[str, Row]:
    """The newest row of each source that belongs to the account, by the source's name.

    sources  (name, canonical object); a source without a row is absent
    """
    objects = [name for _, name in sources]
    found: dict[str, Row] = {}
    for source, name in sources:
        query = _of_account(name, account)
        table = TABLES[name]
        if objects.count(name) > 1:
            query = query.where(table.c.source == source)
        row = session.execute(query.order_by(table.c.modified_at.desc()).limit(1)).first()
        if row is not None:
            found[source] = dict(row._mapping)
    return found


def _of_account(name: str, account: Account) -> Select[Any]:
    """Live rows of a canonical object that belong to the account."""
    table = TABLES[name]
    query = select(table).where(
        table.c.connection_id == account.connection_id, table.c.deleted_at.is_(None)
    )
    own = account.account_id
    if name == "users":
        return query.where(table.c.user_id == account.owner_id)
    if name == "products":
        deals = select(Opportunity.opportunity_id).where(
            Opportunity.connection_id == account.connection_id, Opportunity.account_id == own
        )
        return query.where(table.c.opportunity_id.in_(deals))
    if name == "contact_roles":
        people = select(Contact.contact_id).where(
            Contact.connection_id == account.connection_id, Contact.account_id == own
        )
        return query.where(or_(table.c.account_id == own, table.c.contact_id.in_(people)))
    return query.where(table.c[key_of(name) if name == "accounts" else "account_id"] == own)


def stored_rows(session: Session, connection_id: int, name: str, source: str) -> int:
    """How many live rows of a canonical object we hold from one source."""
    table = TABLES[name]
    query = select(func.count()).where(
        table.c.connection_id == connection_id,
        table.c.source == source,
        table.c.deleted_at.is_(None),
    )
    return session.scalar(query.select_from(table)) or 0


def last_sent(session: Session, account: Account) -> dict[str, Any]:
    """What we last wrote to the account, by CRM field."""
    query = select(WrittenField.field, WrittenField.value).where(
        WrittenField.connection_id == account.connection_id,
        WrittenField.record_id == account.account_id,
    )
    return {field: value for field, value in session.execute(query)}


def filled_by_people(session: Session, connection_id: int, field: str) -> float | None:
    """Share of live accounts [0..1] whose CRM field holds a value and was never written by us.

    None when the field is not read back, so that nobody knows.
    """
    query = (
        select(Account.remote, WrittenField.sent_at)
        .outerjoin(
            WrittenField,
            and_(
                WrittenField.connection_id == Account.connection_id,
                WrittenField.record_id == Account.account_id,
                WrittenField.field == field,
            ),
        )
        .where(Account.connection_id == connection_id, Account.deleted_at.is_(None))
    )
    rows = [(remote[field], sent) for remote, sent in session.execute(query) if field in remote]
    if not rows:
        return None
    theirs = sum(value not in (None, "") and sent is None for value, sent in rows)
    return theirs / len(rows)
