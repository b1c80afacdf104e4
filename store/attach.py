"""Whose a survey answer is, and how well that is proved.

Ids that a payload names are claims. A contact's id is believed when the CRM agrees with the rest of
the answer, an account's when a signed link or the tool's own records bring it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from store.bulk import among
from store.models import Account, Contact, Invitation, Response
from store.people import FREE_MAIL

_LONGEST_CHAIN = 10  # merges of merges that are followed


@dataclass(frozen=True)
class Claims:
    """Who an answer says it is from.

    signed   the account, e-mail and campaign are proved by a link that we signed
    trusted  the ids are the survey tool's own records, not the respondent's URL
    """

    contact_id: str | None = None
    account_id: str | None = None
    email: str | None = None
    domain: str | None = None
    signed: bool = False
    trusted: bool = False

    def kept(self, because: str) -> dict[str, Any]:
        """As the answer's row keeps them, with why it was attached as it was."""
        claimed = {name: value for name, value in asdict(self).items() if value and name != "email"}
        return {**claimed, "because": because}


@dataclass(frozen=True)
class Attached:
    """Whose an answer is: matched_by is contact_id, email, link, account_id, domain or None."""

    account_id: str | None
    contact_id: str | None
    matched_by: str | None
    because: str


class Directory:
    """The people and accounts of the CRM that some answers may be from; merges are followed."""

    def __init__(self, session: Session, connection_id: int, claims: Iterable[Claims]) -> None:
        self._session, self._connection_id = session, connection_id
        asked = list(claims)
        ids = {claim.contact_id for claim in asked if claim.contact_id}
        addresses = {_address(claim.email) for claim in asked if claim.email}
        self._contacts = {one.contact_id: one for one in self._load_contacts(ids, addresses)}
        self._follow(self._contacts, self._load_contacts)
        self._by_email: dict[str, Any] = {}
        for one in sorted(
            self._contacts.values(), key=lambda c: (c.account_id is None, c.contact_id)
        ):
            if one.email and one.deleted_at is None:
                self._by_email.setdefault(_address(one.email), one)
        accounts = {claim.account_id for claim in asked if claim.account_id}
        accounts |= {one.account_id for one in self._contacts.values() if one.account_id}
        domains = {domain for claim in asked for domain in _domains(claim)}
        self._accounts = {one.account_id: one for one in self._load_accounts(accounts, domains)}
        self._follow(self._accounts, self._load_accounts)

    def attach(self, claim: Claims) -> Attached:
        """Whose answer it is: by contact, e-mail, signed link, the tool's record, then domain."""
        doubt = ""
        contact = self._live(self._contacts, claim.contact_id)
        if contact is not None:
            agrees = self._agreement(contact, claim)
            if agrees:
                return self._of(contact, "contact_id", agrees)
            doubt = "; the contact id it names belongs to somebody else"
        elif claim.contact_id:
            doubt = "; the contact id it names is not in the CRM"
        contact = self._by_email.get(_address(claim.email)) if claim.email else None
        if contact is not None:
            return self._of(contact, "email", f"a contact has this e-mail address{doubt}")
        account = self._live(self._accounts, claim.account_id)
        if account is not None and claim.signed:
            return Attached(
                account.account_id, None, "link", f"the link's signature is right{doubt}"
            )
        if account is not None and claim.trusted:
            because = f"the survey tool's own record names this account{doubt}"
            return Attached(account.account_id, None, "account_id", because)
        for domain in _domains(claim):
            found = [
                one
                for one in self._accounts.values()
                if one.deleted_at is None and _host(one.domain) == domain
            ]
            if len(found) == 1:
                because = f"one account has the domain {domain}{doubt}"
                return Attached(found[0].account_id, None, "domain", because)
        if claim.account_id and not claim.signed:
            doubt += "; the account id it names is not proved"
        return Attached(None, None, None, f"nobody in the CRM was found{doubt}")

    def _agreement(self, contact: Any, claim: Claims) -> str:
        """Why a claimed contact is believed; empty when it is not."""
        if claim.trusted:
            return "the survey tool's own record names this contact"
        if claim.email:
            given, known = _address(claim.email), _address(contact.email or "")
            if given == known:
                return "the contact it names has this e-mail address"
            same = given.rpartition("@")[2] == known.rpartition("@")[2]
            if same and given not in self._by_email and given.rpartition("@")[2] not in FREE_MAIL:
                return "the contact it names has an e-mail address at the same company"
            return ""
        if claim.account_id:
            account = self._live(self._accounts, claim.account_id)
            same = account is not None and account.account_id == contact.account_id
            return "the contact it names works for the account it names" if same else ""
        return "the contact it names is in the CRM"

    def _of(self, contact: Any, by: str, because: str) -> Attached:
        account = self._live(self._accounts, contact.account_id)
        account_id = contact.account_id if account is None else account.account_id
        return Attached(account_id, contact.contact_id, by, because)

    def _live(self, rows: Mapping[str, Any], key: str | None) -> Any:
        """The record itself, or the one it was merged into."""
        for _ in range(_LONGEST_CHAIN):
            row = rows.get(key or "")
            if row is None or row.deleted_at is None:
                return row
            key = row.merged_into
        return None

    def _follow(self, rows: dict[str, Any], load: Any) -> None:
        for _ in range(_LONGEST_CHAIN):
            missing = {row.merged_into for row in rows.values() if row.merged_into} - set(rows)
            if not missing:
                return
            found = load(missing, set())
            rows.update({getattr(row, row._fields[0]): row for row in found})
            if len(found) < len(missing):
                return

    def _load_contacts(self, ids: set[str], addresses: set[str]) -> Sequence[Any]:
        address = func.lower(Contact.email)
        chosen = among(self._session, Contact.contact_id, sorted(ids))
        if addresses:
            chosen = or_(chosen, among(self._session, address, sorted(addresses)))
        columns = (Contact.contact_id, Contact.account_id, Contact.email)
        query = select(*columns, Contact.deleted_at, Contact.merged_into)
        return self._session.execute(
            query.where(Contact.connection_id == self._connection_id, chosen)
        ).all()

    def _load_accounts(self, ids: set[str], domains: set[str]) -> Sequence[Any]:
        chosen = among(self._session, Account.account_id, sorted(ids))
        if domains:
            spelt = sorted({*domains, *(f"www.{domain}" for domain in domains)})
            chosen = or_(chosen, among(self._session, func.lower(Account.domain), spelt))
        columns = (Account.account_id, Account.domain, Account.deleted_at, Account.merged_into)
        return self._session.execute(
            select(*columns).where(Account.connection_id == self._connection_id, chosen)
        ).all()


def claims_of(row: Response) -> Claims:
    """What a stored answer claims, for looking again."""
    kept = row.claims
    return Claims(
        contact_id=kept.get("contact_id"),
        account_id=kept.get("account_id"),
        email=row.email,
        domain=kept.get("domain"),
        signed=bool(kept.get("signed")),
        trusted=bool(kept.get("trusted")),
    )


def attach_unmatched(session: Session, connection_id: int) -> list[str]:
    """Attach the answers and invitations of nobody who are somebody's now; returns the accounts."""
    waiting: list[tuple[Response | Invitation, Claims]] = []
    for row in session.scalars(
        select(Response).where(
            Response.connection_id == connection_id,
            Response.matched_by.is_(None),
            Response.deleted_at.is_(None),
            Response.email.is_not(None) | Response.hook_id.is_not(None),
        )
    ):
        waiting.append((row, claims_of(row)))
    for invitation in session.scalars(
        select(Invitation).where(
            Invitation.connection_id == connection_id,
            Invitation.matched_by.is_(None),
            Invitation.email.is_not(None),
        )
    ):
        waiting.append((invitation, Claims(email=invitation.email)))
    if not waiting:
        return []
    directory = Directory(session, connection_id, [claims for _, claims in waiting])
    found = []
    for one, claims in waiting:
        match = directory.attach(claims)
        if match.account_id is None:
            continue
        one.account_id, one.contact_id = match.account_id, match.contact_id
        one.matched_by = match.matched_by
        if isinstance(one, Response):
            one.claims = claims.kept(match.because)
        found.append(match.account_id)
    session.flush()
    return found


def _address(email: str | None) -> str:
    return (email or "").strip().lower()


def _host(domain: str | None) -> str:
    return (domain or "").strip().lower().removeprefix("www.")


def _domains(claim: Claims) -> list[str]:
    """The company's own domains that an answer may tell of."""
    given = (_host(claim.domain), _address(claim.email).rpartition("@")[2])
    return [one for one in dict.fromkeys(given) if one and one not in FREE_MAIL]
