"""The account itself: who we are in it, its currencies, where people open its records."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import requests

from connector.base import Identity
from connector.errors import CrmRejected
from connector.hubspot.door import Door
from connector.hubspot.kinds import TYPE_IDS

_API_HOST = "hubapi.com"


class Account:
    """Facts of one account that hold for a whole run; each is asked for once."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._details: dict[str, Any] | None = None
        self._token: dict[str, Any] | None = None
        self._owner: tuple[str | None] | None = None

    def identity(self) -> Identity:
        """Portal, user behind the token, currency and zone."""
        details, token = self._known(), self._about_token()
        portal = str(details["portalId"])
        user = token.get("user_id") or token.get("userId")
        return Identity(
            organisation_id=portal,
            name=details.get("portalName") or token.get("hub_domain") or f"HubSpot {portal}",
            instance_url=self._instance_url(),
            user_id=None if user is None else str(user),
            user_name=token.get("user"),
            currency=details.get("companyCurrency"),
            time_zone=details.get("timeZone"),
            multi_currency=bool(details.get("additionalCurrencies")),
        )

    def exchange_rates(self) -> dict[str, Decimal]:
        """Units of each currency per unit of the company currency.

        HubSpot's conversionRate says the opposite: company currency per unit of the other.
        """
        if not self._known().get("additionalCurrencies"):
            return {}
        path = "/settings/v3/currencies/exchange-rates/current"
        answer = self._door.call(self._door.library.raw, path, purpose="describe")
        own = self._known().get("companyCurrency")
        return {
            rate["fromCurrencyCode"]: 1 / Decimal(str(rate["conversionRate"]))
            for rate in answer["results"]
            if rate["fromCurrencyCode"] != own and rate.get("toCurrencyCode", own) == own
        }

    def owner_id(self) -> str | None:
        """The owner that is the user behind the token; None when there is none."""
        if self._owner is None:
            self._owner = (self._find_owner(self.identity().user_id),)
        return self._owner[0]

    def record_url(self, kind: str, record_id: str) -> str:
        """A record's page; ValueError for what has none."""
        if kind not in TYPE_IDS:
            raise ValueError(f"HubSpot has no page for {kind}")
        portal = self._known()["portalId"]
        return f"{self._instance_url()}/contacts/{portal}/record/{TYPE_IDS[kind]}/{record_id}"

    def _known(self) -> Mapping[str, Any]:
        if self._details is None:
            path = "/account-info/v3/details"
            self._details = self._door.call(
                self._door.library.raw, path, purpose="describe", holds="portalId"
            )
        return self._details

    def _about_token(self) -> Mapping[str, Any]:
        """What HubSpot tells of our token; it is no failure when it tells nothing."""
        if self._token is None:
            access = self._door.access
            try:
                if self._door.credentials.kind == "refresh_token":
                    self._token = access.introspect()
                else:
                    path = "/oauth/v2/private-apps/get/access-token-info"
                    body = {"tokenKey": access.token()}
                    self._token = self._door.call(
                        self._door.library.raw,
                        path,
                        "POST",
                        body,
                        purpose="describe",
                        holds="userId",
                    )
            except (CrmRejected, requests.RequestException):
                self._token = {}
        return self._token

    def _instance_url(self) -> str:
        base = self._door.base_url
        host = urlsplit(base).hostname or ""
        domain = self._known().get("uiDomain")
        return f"https://{domain}" if host.endswith(_API_HOST) and domain else base

    def _find_owner(self, user_id: str | None) -> str | None:
        if user_id is None:
            return None
        try:
            owner = self._door.call(
                self._door.library.owners.get_by_id,
                user_id,
                id_property="userId",
                purpose="task",
                holds="id",
            )
        except CrmRejected:
            return None
        return str(owner["id"])
