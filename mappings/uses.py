"""What hangs on each CRM field: the rows of the map, and the figures made from them.

Source: docs/insights.md, which says what each figure is made of.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mappings.maps import MADE, CrmMap, Source

_COVERAGE = ("coverage", "alerts on missing contacts", "health")
_VALUE = ("required contacts", "revenue at risk", "expected loss", "quadrant", "lifetime value")

# canonical column -> figures that are wrong or unknown without it; a column that is not listed is
# shown on pages and tasks, and no figure is made from it
FIGURES: Mapping[str, tuple[str, ...]] = {
    "accounts.parent_id": ("figures of a group of accounts",),
    "accounts.owner_id": ("whom tasks go to",),
    "accounts.segment": ("up-sell size", "cross-sell"),
    "accounts.currency": _VALUE,
    "accounts.annual_value": _VALUE,
    "accounts.is_customer": ("every figure: it says who is a customer",),
    "accounts.customer_since": ("retention",),
    "accounts.renewal_date": ("up-sell",),
    "accounts.churned_at": ("retention", "every figure: it says who is a customer"),
    "contacts.account_id": _COVERAGE,
    "contacts.email": ("which answer belongs to whom",),
    "contacts.title": ("coverage by level", "health"),
    "contacts.role": ("coverage by level", "health"),
    "contacts.level": ("coverage by level", "health"),
    "contacts.is_active": _COVERAGE,
    "contacts.left_at": (*_COVERAGE, "alert on a contact that left"),
    "contacts.bounced_at": (*_COVERAGE, "alert on a contact that left"),
    "contacts.opted_out": ("referral",),
    "contact_roles.contact_id": ("coverage by level",),
    "contact_roles.account_id": ("coverage by level",),
    "contact_roles.opportunity_id": ("coverage by level",),
    "contact_roles.role": ("coverage by level", "health"),
    "opportunities.account_id": (
        "spend",
        "commitment",
        "health",
        "annual value where no field has it",
    ),
    "opportunities.type": ("commitment", "up-sell", "retention", "growth rate"),
    "opportunities.amount": ("spend", "retention", "annual value where no field has it"),
    "opportunities.currency": ("spend", "retention"),
    "opportunities.probability": ("commitment", "up-sell"),
    "opportunities.is_closed": ("spend", "commitment", "up-sell"),
    "opportunities.is_won": ("spend", "retention", "annual value where no field has it"),
    "opportunities.created_at": ("commitment", "up-sell"),
    "opportunities.close_date": ("spend", "commitment", "retention"),
    "opportunities.product": ("cross-sell",),
    "products.opportunity_id": ("cross-sell",),
    "products.product": ("cross-sell",),
    "products.family": ("cross-sell",),
    "cases.account_id": ("support", "health"),
    "cases.contact_id": ("which account a case counts for",),
    "cases.priority": ("support", "health", "up-sell"),
    "cases.opened_at": ("support", "health"),
    "cases.closed_at": ("support", "health", "up-sell"),
    "activities.account_id": ("engagement", "usage", "health"),
    "activities.contact_id": ("engaged contacts", "health"),
    "activities.kind": ("engagement", "usage", "health"),
    "activities.direction": ("engagement", "silent accounts", "health"),
    "activities.occurred_at": ("engagement", "usage", "silent accounts", "health"),
    "activities.count": ("usage", "health"),
    "users.manager_id": ("whom overdue feedback is escalated to",),
    "users.is_active": ("whom tasks go to",),
    "users.email": ("whom tasks go to",),
    "team_members.account_id": ("alert on an empty role in our team",),
    "team_members.user_id": ("alert on an empty role in our team",),
    "team_members.role": ("alert on an empty role in our team",),
}


@dataclass(frozen=True)
class Use:
    """One row of the map that needs one CRM field.

    row      as the mapping page calls it: accounts.annual_value, write.health_score
    figures  what is wrong or unknown without it
    """

    kind: str
    field: str
    source: str
    row: str
    figures: tuple[str, ...]

    @property
    def writes(self) -> bool:
        """Whether we write the field, instead of reading it."""
        return self.source == "write"


def uses_of(crm_map: CrmMap) -> tuple[Use, ...]:
    """Every field that the map reads or writes, once for each row that needs it."""
    found: dict[Use, None] = {}
    for source in crm_map.sources:
        if source.mode != "links":
            found |= dict.fromkeys(_read(source))
    account = crm_map.account
    for target in account.targets:
        label = target.field.label
        use = Use(account.kind, target.name, "write", f"write.{target.field.name}", (label,))
        found[use] = None
    key = Use(crm_map.task_kind, crm_map.task_key_field, "write", "write.task_key", ("tasks",))
    found[key] = None
    return tuple(found)


def _read(source: Source) -> list[Use]:
    def use(field: str, column: str) -> Use:
        row = f"{source.object}.{column}"
        return Use(source.kind, field, source.name, row, FIGURES.get(row, ()))

    uses = [use(field, name) for name, reader in source.read.items() for field in reader.fields]
    uses += [use(field, word) for field, word in (source.each or {}).items()]
    uses += [use(condition.field, "skip_when") for condition in source.skip_when]
    if source.modified is not None:
        uses.append(use(source.modified, "modified"))
    plain = (one for one in uses if one.field not in MADE and "." not in one.field)
    return [one for one in plain if not one.field.startswith("@")]
