"""Finding the person and the account behind a survey answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.bulk import among
from store.models import Account, Contact, CrmUser

FREE_MAIL = frozenset(
    {
        *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com"),
        *("yahoo.com", "icloud.com", "aol.com", "gmx.de", "gmx.net", "web.de"),
        *("proton.me", "protonmail.com", "mail.com"),
    }
)


@dataclass(frozen=True)
class Match:
    """Who answered, and by what we know."""

    account_id: str | None
    contact_id: str | None
    matched_by: str | None  # contact_id | email | domain; None = nobody found


def accounts_by_id(
    session: Session, connection_id: int, account_ids: Sequence[str]
) -> dict[str, Account]:
    """These accounts, deleted ones too, by id."""
    query = select(Account).where(
        Account.connection_id == connection_id, among(session, Account.account_id, account_ids)
    )
    return {account.account_id: account for account in session.scalars(query)}


def users_by_id(session: Session, connection_id: int) -> dict[str, CrmUser]:
    """Our colleagues, by id."""
    query = select(CrmUser).where(CrmUser.connection_id == connection_id)
    return {user.user_id: user for user in session.scalars(query)}


class People:
    """The contacts and domains of one connection, for matching many answers in one go."""

    def __init__(self, session: Session, connection_id: int) -> None:
        contacts = session.execute(
            select(Contact.contact_id, Contact.account_id, func.lower(Contact.email))
            .where(Contact.connection_id == connection_id, Contact.deleted_at.is_(None))
            .order_by(Contact.contact_id)
        ).all()
        self._by_id = {contact: account for contact, account, _ in contacts}
        self._by_email: dict[str, tuple[str, str | None]] = {}
        for contact, account, email in contacts:
            if email and (email not in self._by_email or self._by_email[email][1] is None):
                self._by_email[email] = (contact, account)
        self._by_domain: dict[str, str | None] = {}
        for account, domain in session.execute(
            select(Account.account_id, func.lower(Account.domain)).where(
                Account.connection_id == connection_id,
                Account.deleted_at.is_(None),
                Account.domain.is_not(None),
            )
        ):
            self._by_domain[domain] = None if domain in self._by_domain else account

    def match(self, contact_id: str | None, email: str | None, domain: str | None) -> Match:
        """By contact id, then e-mail, then the company's own domain if one account has it."""
        if contact_id is not None and contact_id in self._by_id:
            return Match(self._by_id[contact_id], contact_id, "contact_id")
        address = (email or "").strip().lower()
        if address in self._by_email:
            contact, account = self._by_email[address]
            return Match(account, contact, "email")
        for candidate in _domains(address, domain):
            account = self._by_domain.get(candidate)
            if account is not None:
                return Match(account, None, "domain")
        return Match(None, None, None)


def _domains(address: str, domain: str | None) -> Sequence[str]:
    given = (domain or "").strip().lower().removeprefix("www.")
    of_mail = address.rpartition("@")[2]
    return [d for d in (given, of_mail) if d and d not in FREE_MAIL]
