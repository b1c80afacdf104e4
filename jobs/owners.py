"""Who of our colleagues a task or a loop falls to, and who stands above them."""

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.bulk import among
from store.models import Opportunity
from store.people import accounts_by_id, users_by_id


class Owners:
    """The rules for many accounts of one connection; everybody is looked up once.

    fallback  CRM id or e-mail of who gets what nobody owns; empty = nobody
    """

    def __init__(
        self, session: Session, connection_id: int, account_ids: Sequence[str], fallback: str = ""
    ) -> None:
        self.accounts = accounts_by_id(session, connection_id, account_ids)
        self._users = users_by_id(session, connection_id)
        self._fallback = self.named(fallback)
        query = (
            select(Opportunity.account_id, Opportunity.owner_id)
            .where(
                Opportunity.connection_id == connection_id,
                Opportunity.deleted_at.is_(None),
                Opportunity.is_closed.is_(False),
                Opportunity.owner_id.is_not(None),
                among(session, Opportunity.account_id, account_ids),
            )
            .order_by(Opportunity.close_date, Opportunity.opportunity_id)
        )
        self._sellers: dict[str, list[str]] = {}
        for account_id, owner_id in session.execute(query):
            self._sellers.setdefault(str(account_id), []).append(str(owner_id))

    def of(self, account_id: str) -> str | None:
        """The account's owner; else who owns its open opportunity that closes next; else the
        fallback; else the first active manager above the owner. None = nobody is known.
        """
        account = self.accounts.get(account_id)
        owner = account.owner_id if account else None
        for candidate in (owner, *self._sellers.get(account_id, [])):
            if candidate is not None and self._is_active(candidate):
                return candidate
        return self._fallback or self.manager(owner)

    def manager(self, user_id: str | None) -> str | None:
        """The first active manager above; None when none is known."""
        return next((one for one in self._above(user_id) if self._is_active(one)), None)

    def executive(self, user_id: str | None, named: str) -> str | None:
        """Who answers at the top: the one named in the settings, else the highest manager."""
        above = [one for one in self._above(user_id) if self._is_active(one)]
        return self.named(named) or (above[-1] if above else None)

    def named(self, text: str) -> str | None:
        """The colleague with this CRM id or e-mail address."""
        if text in self._users:
            return text
        wanted = text.strip().casefold()
        for user in self._users.values():
            if wanted and (user.email or "").casefold() == wanted:
                return str(user.user_id)
        return None

    def name(self, user_id: str | None) -> str:
        """What pages and tasks call the person."""
        user = self._users.get(user_id or "")
        return (user.name if user else None) or user_id or "nobody"

    def zone(self, user_id: str | None) -> str | None:
        """The person's time zone (IANA), where the CRM tells."""
        user = self._users.get(user_id or "")
        return user.time_zone if user else None

    def _is_active(self, user_id: str) -> bool:
        user = self._users.get(user_id)
        return user is not None and user.deleted_at is None and user.is_active is not False

    def _above(self, user_id: str | None) -> Iterator[str]:
        seen = {user_id}
        user = self._users.get(user_id or "")
        while user is not None and user.manager_id and user.manager_id not in seen:
            seen.add(user.manager_id)
            yield user.manager_id
            user = self._users.get(user.manager_id)
