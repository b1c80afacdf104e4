"""Salesforce as a CRM of the contract."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from connector.base import (
    FieldInfo,
    FieldSpec,
    Identity,
    Link,
    Page,
    ProvisionStep,
    Record,
    Refusal,
    Resume,
    Span,
    TaskChange,
    TaskDraft,
    TaskResult,
    TaskState,
    Usage,
)
from connector.budget import Allowance
from connector.errors import CrmError, CrmRejected, CrmUnknownObject
from connector.retry import Patience
from connector.salesforce.auth import SalesforceCredentials
from connector.salesforce.door import Door
from connector.salesforce.provision import Provisioner
from connector.salesforce.reads import Reader
from connector.salesforce.rest import Rest
from connector.salesforce.schema import Schema
from connector.salesforce.tasks import Tasks
from connector.salesforce.writes import BATCH, Writer
from connector.tokens import AuthorizationCode, TokenStore

API_VERSION = "64.0"
_ORGANIZATION = "SELECT Id, Name, TimeZoneSidKey FROM Organization"
_RATES = "SELECT IsoCode, ConversionRate, IsCorporate FROM CurrencyType WHERE IsActive = true"


class Salesforce:
    """One org, as its integration user sees it.

    tokens       keeps the session and, where the grant has one, the refresh token
    login_url    the org's My Domain, or the production or test login host
    ca_file      certificates to trust instead of the public ones
    client_name  shown in the org's logs and in the origin of its change events
    """

    vendor: Literal["salesforce", "hubspot"] = "salesforce"

    def __init__(
        self,
        credentials: SalesforceCredentials,
        *,
        tokens: TokenStore,
        api_version: str = API_VERSION,
        login_url: str = "https://login.salesforce.com",
        ca_file: Path | str | None = None,
        patience: Patience | None = None,
        allowance: Allowance | None = None,
        client_name: str = "Barometer/0.1",
    ) -> None:
        self._door = Door(
            credentials,
            tokens=tokens,
            api_version=api_version,
            login_url=login_url,
            ca_file=ca_file,
            patience=patience or Patience(),
            allowance=allowance or Allowance(),
            client_name=client_name,
        )
        self.usage: Usage = self._door.usage
        self._rest = Rest(self._door)
        self._schema = Schema(self._rest)
        self._reader = Reader(self._rest, self._schema)
        self._writer = Writer(self._rest)
        self._tasks = Tasks(self._rest, self._reader, self._writer)
        self._identity: Identity | None = None
        self._currencies: list[dict[str, Any]] = []

    @property
    def batch_size(self) -> int:
        """1,000: five collections of 200 in one call."""
        return BATCH

    def redeem(self, code: AuthorizationCode) -> None:
        """Sign in with a code from Salesforce's consent page; see connector.base.Crm."""
        self._door.redeem(code)

    def sign_out(self) -> bool:
        """End our tokens at Salesforce; False when there was nothing to end."""
        return self._door.sign_out()

    def now(self) -> datetime:
        """Salesforce's clock (UTC)."""
        return self._door.now()

    def identity(self) -> Identity:
        """Organisation, integration user, zone, and in a multi-currency org the currency.

        An org of one currency does not tell which over REST: None then.
        """
        if self._identity is None:
            self._identity = self._ask_identity()
        return self._identity

    def exchange_rates(self) -> Mapping[str, Decimal]:
        """Units of each active currency per corporate unit; empty in an org of one currency."""
        self.identity()
        return {row["IsoCode"]: Decimal(str(row["ConversionRate"])) for row in self._currencies}

    def describe(self, kind: str) -> Mapping[str, FieldInfo]:
        """Fields of `kind` by name; asked once. CrmUnknownObject when there is none."""
        return self._schema.fields(kind)

    def describe_many(self, kinds: Sequence[str]) -> Mapping[str, Mapping[str, FieldInfo]]:
        """Fields of each of the objects that exist, 25 objects to a call."""
        return self._schema.look_up(kinds)

    def hidden(self, kind: str, names: Collection[str]) -> frozenset[str]:
        """Custom fields among `names` that exist but are hidden from the integration user."""
        return self._schema.hidden(kind, names)

    def fetch_ahead(self, pulls: Sequence[tuple[str, Sequence[str], Span]]) -> None:
        """Ask for the first pages of several pulls (kind, fields, span), five to a call.

        The same `pull` takes its page from here; what is not pulled is forgotten with the object.
        """
        self._reader.fetch_ahead(pulls)

    def pull(
        self, kind: str, fields: Sequence[str], span: Span, resume: Resume | None = None
    ) -> Iterator[Page]:
        """Records page by page with deletions and merges; see connector.base.Crm."""
        return self._reader.pull(kind, fields, span, resume)

    def links(self, kind: str, to_kind: str, ids: Sequence[str]) -> Iterator[Sequence[Link]]:
        """Roles between records: of opportunities, of accounts and contacts, of account teams."""
        return self._reader.links(kind, to_kind, ids)

    def count(self, kind: str) -> int | None:
        """Live records of `kind`; None when counting takes Salesforce too long."""
        return self._reader.count(kind)

    def read(self, kind: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, Record]:
        """Records by id as they stand now, 2,000 to a call; absent = deleted or hidden."""
        return self._reader.read(kind, ids, fields)

    def update(self, kind: str, changes: Mapping[str, Record]) -> Mapping[str, Refusal]:
        """Write fields by record id; returns the refused. ValueError above 1,000 records."""
        return self._writer.update(kind, changes)

    def put_tasks(self, drafts: Sequence[TaskDraft], key_field: str) -> Mapping[str, TaskResult]:
        """Make each task unless one with its key exists, even a completed or deleted one."""
        return self._tasks.put(drafts, key_field)

    def complete_tasks(
        self, task_ids: Sequence[str], notes: Mapping[str, str] | None = None
    ) -> Mapping[str, Refusal]:
        """Complete the tasks that are still open; returns the refused."""
        return self._tasks.complete(task_ids, notes)

    def read_tasks(self, task_ids: Sequence[str]) -> Mapping[str, TaskState]:
        """How each task stands now, 2,000 to a call."""
        return self._tasks.read(task_ids)

    def update_tasks(self, changes: Mapping[str, TaskChange]) -> Mapping[str, Refusal]:
        """Change owner, date or status of tasks; ValueError above 1,000."""
        return self._tasks.update(changes)

    def provision(
        self, fields: Sequence[FieldSpec], *, dry_run: bool = False
    ) -> Sequence[ProvisionStep]:
        """Make missing fields and the permission set AX_Sync; a dry run only looks."""
        provisioner = Provisioner(self._rest, self._schema, self.identity().user_id)
        return provisioner.run(fields, dry_run=dry_run)

    def record_url(self, kind: str, record_id: str) -> str:
        """Where a person opens the record."""
        return f"{self._door.instance_url}/lightning/r/{kind}/{record_id}/view"

    def _ask_identity(self) -> Identity:
        organization, rates = self._rest.queries([_ORGANIZATION, _RATES])
        if isinstance(organization, CrmError):
            raise organization
        if isinstance(rates, CrmError) and not isinstance(rates, CrmUnknownObject):
            raise rates
        self._currencies = [] if isinstance(rates, CrmError) else rates["records"]
        user = self._rest.call("/services/oauth2/userinfo", purpose="read")
        if not isinstance(user, dict) or not organization["records"]:
            raise CrmRejected("Salesforce does not say which organisation and user this is.")
        row = organization["records"][0]
        corporate = [one["IsoCode"] for one in self._currencies if one["IsCorporate"]]
        return Identity(
            organisation_id=row["Id"],
            name=row["Name"],
            instance_url=self._door.instance_url,
            user_id=user.get("user_id"),
            user_name=user.get("preferred_username") or user.get("name"),
            currency=corporate[0] if corporate else None,
            time_zone=row["TimeZoneSidKey"],
            multi_currency=not isinstance(rates, CrmError),
        )
