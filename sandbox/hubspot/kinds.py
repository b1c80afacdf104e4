"""The object types of the portal: names, type ids, system properties, scopes.

Source: HubSpot API reference, object type ids, default property sets, scopes.
"""

from dataclasses import dataclass
from functools import cached_property

from sandbox.hubspot.errors import invalid

_ACTIVITY = ("hs_timestamp",)


@dataclass(frozen=True)
class Kind:
    """One CRM object type. `name` is the plural used in paths; rows live in table hs_<name>."""

    name: str
    singular: str
    type_id: str
    defaults: tuple[str, ...] = ()  # returned when a read names no properties
    searchable: tuple[str, ...] = ()  # what a search's `query` looks at
    created: str = "hs_createdate"
    modified: str = "hs_lastmodifieddate"
    required: tuple[tuple[str, ...], ...] = ()  # on create: one of each group
    scope: str = ""  # crm.objects.<scope>.read; empty = the plural
    other_scopes: tuple[str, ...] = ()  # further scopes that grant the same, of {right}
    read_only: bool = False
    mergeable: bool = False
    group: str = ""  # where HubSpot puts its own properties

    @cached_property
    def table(self) -> str:
        """The SQLite table that holds the records."""
        return f"hs_{self.name}"

    @cached_property
    def code(self) -> int:
        """The number in the type id, by which associations are stored."""
        return int(self.type_id.partition("-")[2])

    @cached_property
    def first_id(self) -> int:
        """Ids start after this; engagements share one space, so theirs never meet."""
        apart = self.required == (_ACTIVITY,)
        return 200_000_000_000 + self.code * 1_000_000_000 if apart else 100_000_000_000

    @cached_property
    def word(self) -> str:
        """The type's name in HubSpot's own messages."""
        return self.singular.upper()

    @cached_property
    def system(self) -> tuple[str, str, str]:
        """Properties that every answer carries, asked for or not."""
        return (self.created, self.modified, "hs_object_id")

    def scopes(self, right: str) -> tuple[str, ...]:
        """Scopes of which any one allows `right` (read or write) on the records."""
        return (f"crm.objects.{self.scope or self.name}.{right}", *self._others(right))

    def schema_scopes(self, right: str) -> tuple[str, ...]:
        """Scopes of which any one allows `right` (read or write) on the definitions."""
        subjects = dict.fromkeys((self.name, self.scope or self.name))
        named = tuple(f"crm.schemas.{subject}.{right}" for subject in subjects)
        return (*named, *self.scopes("read")) if right == "read" else (*named, *self._others(right))

    def _others(self, right: str) -> tuple[str, ...]:
        return tuple(scope.format(right=right) for scope in self.other_scopes)


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "contacts",
            "contact",
            "0-1",
            ("email", "firstname", "lastname"),
            ("email", "firstname", "lastname", "phone", "company"),
            created="createdate",
            modified="lastmodifieddate",
            required=(("email", "firstname", "lastname"),),
            mergeable=True,
            group="contactinformation",
        ),
        Kind(
            "companies",
            "company",
            "0-2",
            ("domain", "name"),
            ("website", "phone", "name", "domain"),
            created="createdate",
            required=(("name", "domain"),),
            mergeable=True,
            group="companyinformation",
        ),
        Kind(
            "deals",
            "deal",
            "0-3",
            ("amount", "closedate", "dealname", "dealstage", "pipeline"),
            ("dealname", "pipeline", "dealstage", "description", "dealtype"),
            created="createdate",
            required=(("dealname",), ("dealstage",)),
            mergeable=True,
            group="dealinformation",
        ),
        Kind(
            "tickets",
            "ticket",
            "0-5",
            (
                "content",
                "hs_pipeline",
                "hs_pipeline_stage",
                "hs_ticket_category",
                "hs_ticket_priority",
                "subject",
            ),
            ("subject", "content", "hs_pipeline_stage", "hs_ticket_category"),
            created="createdate",
            required=(("subject",), ("hs_pipeline_stage",)),
            other_scopes=("tickets",),
            mergeable=True,
            group="ticketinformation",
        ),
        Kind(
            "products",
            "product",
            "0-7",
            ("name", "price", "description"),
            ("name", "description", "price", "hs_sku"),
            created="createdate",
            other_scopes=("e-commerce",),
            group="productinformation",
        ),
        Kind(
            "line_items",
            "line_item",
            "0-8",
            ("amount", "quantity", "hs_product_id"),
            ("name", "description"),
            created="createdate",
            other_scopes=("e-commerce",),
            group="lineiteminformation",
        ),
        Kind(
            "feedback_submissions",
            "feedback_submission",
            "0-19",
            searchable=("hs_submission_name", "hs_content"),
            other_scopes=("crm.objects.contacts.{right}",),
            read_only=True,
            group="feedback_submission_information",
        ),
        Kind(
            "tasks",
            "task",
            "0-27",
            searchable=("hs_task_body", "hs_task_subject"),
            required=(_ACTIVITY,),
            scope="contacts",
            other_scopes=("crm.objects.tasks.{right}",),
            group="task_information",
        ),
        Kind(
            "notes",
            "note",
            "0-46",
            searchable=("hs_note_body",),
            required=(_ACTIVITY,),
            scope="contacts",
            group="engagement",
        ),
        Kind(
            "meetings",
            "meeting",
            "0-47",
            searchable=("hs_meeting_title", "hs_meeting_body"),
            required=(_ACTIVITY,),
            scope="contacts",
            group="meeting",
        ),
        Kind(
            "calls",
            "call",
            "0-48",
            searchable=("hs_call_title", "hs_call_body"),
            required=(_ACTIVITY,),
            scope="contacts",
            group="call",
        ),
        Kind(
            "emails",
            "email",
            "0-49",
            searchable=("hs_email_subject",),
            required=(_ACTIVITY,),
            scope="contacts",
            group="email",
        ),
        Kind(
            "leads",
            "lead",
            "0-136",
            searchable=("hs_lead_name",),
            required=(("hs_lead_name",),),
            group="lead_information",
        ),
        Kind(
            "quotes",
            "quote",
            "0-14",
            searchable=("hs_title",),
            required=(("hs_title",), ("hs_expiration_date",)),
            group="quoteinformation",
        ),
        Kind(
            "deal_splits",
            "deal_split",
            "0-72",
            scope="deals",
            read_only=True,
            group="deal_split_information",
        ),
        Kind(
            "goal_targets",
            "goal_target",
            "0-74",
            searchable=("hs_goal_name",),
            scope="goals",
            group="goal_information",
        ),
    )
}

_SPELLINGS = {
    spelling: kind
    for kind in KINDS.values()
    for spelling in (kind.name, kind.singular, kind.type_id)
}


def resolve(word: str) -> Kind:
    """The type meant by a plural, a singular (any letter case) or a type id; 400 otherwise."""
    kind = _SPELLINGS.get(word.strip().lower().replace(" ", "_"))
    if kind is None:
        raise invalid(f"Unable to infer object type from: {word}")
    return kind
