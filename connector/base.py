"""What Barometer needs of a CRM: one protocol and the values that cross it.

Nothing here is of one vendor. Records are flat: CRM field name → the JSON value as the CRM
sent it, the record's id under the CRM's own key field. Times are aware and UTC.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from connector.tokens import AuthorizationCode

Record = Mapping[str, Any]
Resume = dict[str, Any]  # JSON; where a pull goes on. Only the connector that made it reads it

FieldType = Literal[
    "text",
    "long_text",
    "number",
    "percent",
    "currency",
    "bool",
    "date",
    "datetime",
    "choice",
    "multi_choice",
    "reference",
    "id",
    "url",
    "other",
]


@dataclass(frozen=True)
class FieldInfo:
    """One field as the CRM describes it to our user."""

    name: str
    label: str
    type: FieldType
    vendor_type: str  # the CRM's own word
    length: int | None = None  # characters
    precision: int | None = None  # digits in all
    scale: int | None = None  # digits after the point
    writable: bool = False
    required: bool = False  # must be given on create
    calculated: bool = False
    custom: bool = False
    unique: bool = False
    filterable: bool = True
    choices: tuple[str, ...] = ()  # active values
    restricted: bool = False  # other values are refused


@dataclass(frozen=True)
class Span:
    """Half-open window [since, until) of modification times; since None = from the beginning."""

    since: datetime | None
    until: datetime


@dataclass(frozen=True)
class Deletion:
    """A record that is gone, and the survivor when it was merged."""

    record_id: str
    deleted_at: datetime | None
    merged_into: str | None = None


@dataclass(frozen=True)
class Page:
    """Some records of a pull. `resume` goes on after this page; None on the last."""

    records: Sequence[Record]
    deletions: Sequence[Deletion]
    resume: Resume | None


@dataclass(frozen=True)
class Link:
    """One association between two records, with its label when it has one."""

    from_id: str
    to_id: str
    label: str | None
    primary: bool = False


@dataclass(frozen=True)
class Refusal:
    """Why the CRM did not take one record or field."""

    code: str  # the CRM's own code
    message: str  # the CRM's own words
    fields: tuple[str, ...] = ()  # CRM field names, when it named them
    words: str = ""  # in plain words
    remedy: str = ""  # what a person can do
    gone: bool = False  # the record is deleted


@dataclass(frozen=True)
class TaskDraft:
    """A task for a person, keyed so that it is never made twice."""

    key: str  # at most 80 characters of A-Z a-z 0-9 : _ -
    subject: str  # at most 255 characters
    body: str
    due: date
    priority: Literal["low", "normal", "high"]
    account_id: str
    owner_id: str | None = None  # None = the integration user
    contact_id: str | None = None


@dataclass(frozen=True)
class TaskResult:
    """What became of one draft: the CRM's task id, or why it was refused."""

    task_id: str | None
    created: bool
    refusal: Refusal | None = None


@dataclass(frozen=True)
class TaskState:
    """A task of ours as it stands in the CRM."""

    is_closed: bool
    owner_id: str | None
    due: date | None
    changed_by: str | None = None  # the user who changed it last, where the CRM tells
    gone: bool = False  # deleted; the rest is unknown


@dataclass(frozen=True)
class TaskChange:
    """What shall be different about a task; None and False leave it as it is."""

    owner_id: str | None = None
    due: date | None = None
    reopen: bool = False


@dataclass(frozen=True)
class FieldSpec:
    """A field of ours that a CRM object shall have."""

    kind: str  # CRM object, e.g. Account, companies
    name: str  # CRM field name, e.g. AX_Health_Score__c, ax_health_score
    label: str
    type: FieldType
    help: str  # unit, range, who writes it
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    choices: tuple[str, ...] = ()
    unique: bool = False


StepState = Literal["exists", "planned", "created", "granted", "conflict", "failed"]


@dataclass(frozen=True)
class ProvisionStep:
    """One thing provisioning found or did: a field, a group, a permission, an assignment."""

    component: str  # e.g. "field Account.AX_Health_Score__c"
    state: StepState
    detail: str = ""


@dataclass(frozen=True)
class Identity:
    """Which organisation we are connected to, and as whom."""

    organisation_id: str  # Salesforce org id (18 characters) or HubSpot portal id
    name: str
    instance_url: str  # where a person opens records
    user_id: str | None  # the integration user
    user_name: str | None
    currency: str | None  # ISO 4217, corporate
    time_zone: str | None  # IANA
    multi_currency: bool = False


@dataclass
class Usage:
    """API calls: what this connector spent, and what the CRM's headers say of the day."""

    spent: int = 0
    by_purpose: dict[str, int] = field(default_factory=dict)
    day_used: int | None = None
    day_limit: int | None = None


class Crm(Protocol):
    """What jobs need of a CRM. Methods raise only `connector.errors`."""

    vendor: Literal["salesforce", "hubspot"]
    usage: Usage

    @property
    def batch_size(self) -> int:
        """The most records one update call may carry."""

    def redeem(self, code: AuthorizationCode) -> None:
        """Sign in with a code from the CRM's consent page; the tokens are stored before use.

        CrmAuthFailed when the CRM does not take the code: a person must approve again.
        """

    def sign_out(self) -> bool:
        """Make our tokens worthless at the CRM; False where it had none to end, or cannot."""

    def now(self) -> datetime:
        """The CRM's own clock, from the newest answer's Date header (UTC)."""

    def identity(self) -> Identity:
        """Organisation, integration user, currency and zone."""

    def exchange_rates(self) -> Mapping[str, Decimal]:
        """Units of each currency per corporate unit; empty in an org of one currency."""

    def describe(self, kind: str) -> Mapping[str, FieldInfo]:
        """Fields of `kind` that our user can see, by name. CrmUnknownObject when there is none."""

    def describe_many(self, kinds: Sequence[str]) -> Mapping[str, Mapping[str, FieldInfo]]:
        """`describe` of several kinds with the fewest calls; kinds we cannot see are absent."""

    def hidden(self, kind: str, names: Collection[str]) -> frozenset[str]:
        """Fields among `names` that exist but are hidden from our user, so far as the CRM tells."""

    def pull(
        self, kind: str, fields: Sequence[str], span: Span, resume: Resume | None = None
    ) -> Iterator[Page]:
        """Records of `kind` modified inside `span`, page by page, with deletions and merges.

        A full read (span.since None) holds every live record once; what is absent is gone.
        `resume` goes on after the page that carried it. Every page may be handed out twice
        after a fault; none is left out.
        """

    def fetch_ahead(self, pulls: Sequence[tuple[str, Sequence[str], Span]]) -> None:
        """These pulls (kind, fields, span) come next: fetch their first pages with fewer calls.

        Optional economy: a CRM that cannot combine reads does nothing here.
        """

    def links(self, kind: str, to_kind: str, ids: Sequence[str]) -> Iterator[Sequence[Link]]:
        """All associations from the given records to `to_kind`, a batch of `ids` at a time."""

    def count(self, kind: str) -> int | None:
        """How many live records of `kind` there are; None when the CRM cannot say cheaply."""

    def read(self, kind: str, ids: Sequence[str], fields: Sequence[str]) -> Mapping[str, Record]:
        """The given records by id, as they stand now; absent ids are deleted or hidden."""

    def update(self, kind: str, changes: Mapping[str, Record]) -> Mapping[str, Refusal]:
        """Write fields by record id, at most `batch_size` records; returns only the refused.

        None clears a field. Sending the same change twice leaves the record as once.
        """

    def put_tasks(self, drafts: Sequence[TaskDraft], key_field: str) -> Mapping[str, TaskResult]:
        """Make each task unless one with its key exists (also completed); result by key."""

    def complete_tasks(
        self, task_ids: Sequence[str], notes: Mapping[str, str] | None = None
    ) -> Mapping[str, Refusal]:
        """Complete the tasks that are still open; returns only the refused.

        notes  by task id, what is added to the end of the task's text
        """

    def read_tasks(self, task_ids: Sequence[str]) -> Mapping[str, TaskState]:
        """How each of the tasks stands now."""

    def update_tasks(self, changes: Mapping[str, TaskChange]) -> Mapping[str, Refusal]:
        """Change tasks, at most `batch_size`; returns only the refused. Repeating does no harm."""

    def provision(
        self, fields: Sequence[FieldSpec], *, dry_run: bool = False
    ) -> Sequence[ProvisionStep]:
        """Create what is missing, and the permissions to see it; never alters what exists."""

    def record_url(self, kind: str, record_id: str) -> str:
        """Where a person opens the record in the CRM."""
