"""What the survey plan and the picture of sentiment are made from. Read-only."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from store.bulk import among
from store.frames import load_objects
from store.models import Account, Assessment, Contact, CrmUser, ModelVersion

SAID = ("accounts", "contacts", "contact_roles", "opportunities", "responses", "invitations")
ASKED = (*SAID, "activities")


def said_frames(session: Session, connection_id: int) -> dict[str, pd.DataFrame]:
    """Accounts, people and their answers, and the opportunities that tell an account's value."""
    return load_objects(session, connection_id, SAID)


def asked_frames(session: Session, connection_id: int) -> tuple[dict[str, pd.DataFrame], set[str]]:
    """The same with activities, and the contacts that have an e-mail address."""
    addressed = session.scalars(
        select(Contact.contact_id).where(
            Contact.connection_id == connection_id,
            Contact.email.is_not(None),
            Contact.email != "",
        )
    )
    return load_objects(session, connection_id, ASKED), set(addressed)


def last_model(session: Session, connection_id: int) -> dict[str, Any]:
    """Content of the scoring model of the newest assessment; empty = the defaults."""
    content = session.scalar(
        select(ModelVersion.content)
        .join(Assessment, Assessment.model_hash == ModelVersion.hash)
        .where(Assessment.connection_id == connection_id)
        .order_by(Assessment.id.desc())
        .limit(1)
    )
    return content or {}


@dataclass(frozen=True)
class Invitee:
    """A person as a survey tool needs them."""

    contact: Contact
    account: Account
    owner: str | None


def invitees(session: Session, connection_id: int, contact_ids: list[str]) -> dict[str, Invitee]:
    """These people with their accounts, by contact id."""
    query = (
        select(Contact, Account, CrmUser.name)
        .join(
            Account,
            (Account.connection_id == Contact.connection_id)
            & (Account.account_id == Contact.account_id),
        )
        .outerjoin(
            CrmUser,
            (CrmUser.connection_id == Account.connection_id)
            & (CrmUser.user_id == Account.owner_id),
        )
        .where(
            Contact.connection_id == connection_id,
            among(session, Contact.contact_id, contact_ids),
        )
    )
    return {row[0].contact_id: Invitee(*row) for row in session.execute(query)}


def account_names(session: Session, connection_id: int, account_ids: list[str]) -> dict[str, str]:
    """Names of accounts by id."""
    query = select(Account.account_id, Account.name).where(
        Account.connection_id == connection_id, among(session, Account.account_id, account_ids)
    )
    return {account_id: name for account_id, name in session.execute(query)}
