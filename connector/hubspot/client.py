"""HubSpot as `connector.base.Crm`: the parts of this package behind one protocol."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

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
from connector.hubspot.account import Account
from connector.hubspot.associations import Associations
from connector.hubspot.auth import HubSpotCredentials
from connector.hubspot.door import Door
from connector.hubspot.kinds import OWNERS
from connector.hubspot.objects import Objects
from connector.hubspot.paths import NUMBERED, check_version
from connector.hubspot.provision import Provisioner
from connector.hubspot.pull import Puller
from connector.hubspot.schema import Schema
from connector.hubspot.tasks import Tasks
from connector.hubspot.writing import BATCH, Writer
from connector.retry import Patience
from connector.tokens import AuthorizationCode, TokenStore


class HubSpot:
    """One HubSpot account. Kinds are plural names (companies, contacts, ...), and owners.

    tokens       holds the access token, and the refresh token of an OAuth app
    api_version  v3 for the numbered paths, or a dated version such as 2026-09
    index_lag    seconds after which HubSpot's search surely finds what was written
    searches_per_second  how many are ours of the 5 that all apps of an account share
    """

    vendor: Literal["salesforce", "hubspot"] = "hubspot"

    def __init__(
        self,
        credentials: HubSpotCredentials,
        *,
        tokens: TokenStore,
        base_url: str = "https://api.hubapi.com",
        api_version: str = NUMBERED,
        ca_file: Path | str | None = None,
        patience: Patience | None = None,
        allowance: Allowance | None = None,
        client_name: str = "Barometer/0.1",
        index_lag: float = 30.0,
        searches_per_second: int = 5,
    ) -> None:
        self._door = Door(
            credentials,
            tokens=tokens,
            base_url=base_url,
            api_version=check_version(api_version),
            ca_file=ca_file,
            patience=patience or Patience(),
            allowance=allowance or Allowance(),
            client_name=client_name,
            searches_per_second=searches_per_second,
        )
        # HubSpot tells of the day's calls only to private apps and service keys
        self.usage: Usage = self._door.usage
        self._schema = Schema(self._door)
        self._associations = Associations(self._door)
        self._objects = Objects(self._door, self._associations, self._schema)
        self._puller = Puller(self._door, self._objects, self._associations)
        self._writer = Writer(self._door, self._objects)
        self._tasks = Tasks(
            self._door, self._objects, self._writer, self._schema, index_lag=index_lag
        )
        self._account = Account(self._door)

    @property
    def batch_size(self) -> int:
        """The most records one update call may carry."""
        return BATCH

    def redeem(self, code: AuthorizationCode) -> None:
        """See Crm."""
        self._door.redeem(code)

    def sign_out(self) -> bool:
        """See Crm; a private app's token must be deleted by hand."""
        return self._door.sign_out()

    def now(self) -> datetime:
        """See Crm."""
        return self._door.now()

    def identity(self) -> Identity:
        """See Crm."""
        return self._account.identity()

    def exchange_rates(self) -> Mapping[str, Decimal]:
        """See Crm."""
        return self._account.exchange_rates()

    def describe(self, kind: str) -> Mapping[str, FieldInfo]:
        """See Crm; read once per kind."""
        return self._schema.describe(kind)

    def describe_many(self, kinds: Sequence[str]) -> Mapping[str, Mapping[str, FieldInfo]]:
        """See Crm; one call per kind."""
        return self._schema.describe_many(kinds)

    def hidden(self, kind: str, names: Collection[str]) -> frozenset[str]:
        """Nothing: HubSpot hides no single property from an app."""
        return frozenset()

    def pull(
        self, kind: str, fields: Sequence[str], span: Span, resume: Resume | None = None
    ) -> Iterator[Page]:
        """See Crm.

        An increment asks HubSpot's search index, which may lag up to 30 s: windows must overlap
        by more than that. Owners come whole each time.
        """
        return self._puller.pull(kind, fields, span, resume)

    def fetch_ahead(self, pulls: Sequence[tuple[str, Sequence[str], Span]]) -> None:
        """Nothing: HubSpot cannot combine reads of several objects."""

    def links(self, kind: str, to_kind: str, ids: Sequence[str]) -> Iterator[Sequence[Link]]:
        """See Crm."""
        return self._associations.links(kind, to_kind, ids)

    def count(self, kind: str) -> int | None:
        """See Crm; by the search index, which may lag."""
        return None if kind == OWNERS else self._objects.count(kind)

    def read(self, kind: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, Record]:
        """See Crm."""
        if kind == OWNERS:
            owners = self._puller.owners()
            return {owner_id: owners[owner_id] for owner_id in ids if owner_id in owners}
        return self._objects.read(kind, ids, fields)

    def update(self, kind: str, changes: Mapping[str, Record]) -> Mapping[str, Refusal]:
        """See Crm."""
        return self._writer.update(kind, changes)

    def put_tasks(self, drafts: Sequence[TaskDraft], key_field: str) -> Mapping[str, TaskResult]:
        """See Crm."""
        nobodys = any(draft.owner_id is None for draft in drafts)
        owner = self._account.owner_id() if nobodys else None
        return self._tasks.put(drafts, key_field, owner)

    def complete_tasks(
        self, task_ids: Sequence[str], notes: Mapping[str, str] | None = None
    ) -> Mapping[str, Refusal]:
        """See Crm."""
        return self._tasks.complete(task_ids, notes)

    def read_tasks(self, task_ids: Sequence[str]) -> Mapping[str, TaskState]:
        """See Crm; 100 to a call."""
        return self._tasks.read(task_ids)

    def update_tasks(self, changes: Mapping[str, TaskChange]) -> Mapping[str, Refusal]:
        """See Crm."""
        return self._tasks.update(changes)

    def provision(
        self, fields: Sequence[FieldSpec], *, dry_run: bool = False
    ) -> Sequence[ProvisionStep]:
        """See Crm."""
        return Provisioner(self._door, self._schema).provision(fields, dry_run=dry_run)

    def record_url(self, kind: str, record_id: str) -> str:
        """See Crm."""
        return self._account.record_url(kind, record_id)
