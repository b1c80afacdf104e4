"""Checks that need more than the fields' descriptions. Source: docs/mapping.md, "Checks"."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mappings.catalogue import OBJECTS, Type
from mappings.findings import Fields, Finding
from mappings.maps import CrmMap
from mappings.written import TASK_SENT, crm_name

STALE_AFTER = timedelta(hours=24)
FILLED_BY_PEOPLE = 0.2  # share of accounts from which on a field is people's own


@dataclass(frozen=True)
class Circumstances:
    """What is known of a CRM beside what it says of its fields; what is unknown is not checked.

    multi_currency  records have currencies of their own
    hidden          CRM object -> fields that exist but are hidden from our user
    filled          account field -> share of accounts [0..1] with a value, never written by us
    enforces_rules  the CRM holds writes against its admins' rules (HubSpot from 2026-09 on)
    described_at    when the CRM last described its fields, and `now`
    """

    multi_currency: bool = False
    hidden: Mapping[str, Collection[str]] = field(default_factory=dict)
    filled: Mapping[str, float] = field(default_factory=dict)
    enforces_rules: bool = False
    described_at: datetime | None = None
    now: datetime | None = None


def with_hidden(finding: Finding, crm_map: CrmMap, around: Circumstances) -> Finding:
    """M02 instead of M01 where the field is known to exist."""
    if finding.code != "M01" or not finding.field:
        return finding
    kind = _kind(finding, crm_map)
    if finding.field not in around.hidden.get(kind, ()):
        return finding
    outcome = finding.sentence.rpartition("; ")[2]
    return replace(
        finding,
        code="M02",
        level="warning" if finding.level == "info" else finding.level,
        sentence=f"{kind}.{finding.field} exists, but is hidden from our user; {outcome}",
        fix="let the integration user see it: assign the permission set, or give it the scope",
    )


def _kind(finding: Finding, crm_map: CrmMap) -> str:
    """The CRM object that the finding is about."""
    if finding.source == "write":
        return crm_map.task_kind if finding.row == "task_key" else crm_map.account.kind
    return crm_map.source(finding.source).kind


def further_findings(
    asked: CrmMap,
    fitted: CrmMap,
    describe: Callable[[str], Fields | None],
    around: Circumstances,
) -> Iterator[Finding]:
    """M08, M10 of filled fields, M11, M12 and M14.

    asked, fitted  the map as it stands, and without what the CRM lacks
    """
    yield from _task_needs(asked, describe(asked.task_kind) or {})
    yield from _people_fill(fitted, around)
    if around.multi_currency:
        yield from _without_currency(fitted)
        yield from _plain_numbers(fitted, describe(fitted.account.kind) or {})
    if around.enforces_rules:
        yield from _under_rules(fitted)
    if around.now and around.described_at and around.now - around.described_at > STALE_AFTER:
        yield Finding(
            "M14",
            "info",
            "",
            "",
            "",
            f"the CRM described its fields at {around.described_at:%d %b %Y %H:%M} UTC, more than "
            "24 hours ago",
            "read the fields again, so that what changed since is seen",
        )


def _task_needs(asked: CrmMap, described: Fields) -> Iterator[Finding]:
    sent = {*TASK_SENT[asked.vendor], asked.task_key_field}
    for name, info in described.items():
        if info.required and name not in sent:
            yield Finding(
                "M08",
                "warning",
                "write",
                "task_key",
                name,
                f"{asked.task_kind}.{name} must be filled on every new task, and Barometer does "
                "not fill it; the CRM will refuse the tasks",
                "give the field a default value in the CRM, or make it optional there",
            )


def _people_fill(fitted: CrmMap, around: Circumstances) -> Iterator[Finding]:
    for target in fitted.account.targets:
        share = around.filled.get(target.name, 0)
        if share > FILLED_BY_PEOPLE:
            yield Finding(
                "M10",
                "warning",
                "write",
                target.field.name,
                target.name,
                f"{fitted.account.kind}.{target.name} holds a value of somebody else on "
                f"{share:.0%} of the accounts",
                "write to a field of our own, unless you mean to replace those values",
            )


def _without_currency(fitted: CrmMap) -> Iterator[Finding]:
    for source in fitted.sources:
        columns = {c.name: c for c in OBJECTS[source.object]}
        amounts = [n for n in source.read if n in columns and columns[n].type is Type.MONEY]
        if amounts and "currency" in columns and "currency" not in source.read:
            yield Finding(
                "M11",
                "error",
                source.name,
                amounts[0],
                "",
                f"{source.kind} records have currencies of their own, but none is read: amounts "
                "would be added up as if they were all in the corporate currency",
                "map currency to the field with the ISO code, such as CurrencyIsoCode",
            )


def _plain_numbers(fitted: CrmMap, described: Fields) -> Iterator[Finding]:
    for target in fitted.account.targets:
        info = described.get(target.name)
        if target.field.type == "currency" and info is not None and info.type != "currency":
            yield Finding(
                "M11",
                "warning",
                "write",
                target.field.name,
                target.name,
                f"{fitted.account.kind}.{target.name} is no currency field: the amount is written "
                "in the record's own currency, which the field does not show",
                "write it to a currency field",
            )


def _under_rules(fitted: CrmMap) -> Iterator[Finding]:
    for target in fitted.account.targets:
        ours = {crm_name(fitted.vendor, prefix, target.field.name) for prefix in ("ax_", "AX_")}
        if target.field.type == "choice" and target.name not in ours:
            yield Finding(
                "M12",
                "warning",
                "write",
                target.field.name,
                target.name,
                f"{fitted.account.kind}.{target.name} is a choice that people use too: where an "
                "admin's rule makes another property required for a value, HubSpot refuses it",
                "look at the rules of this property in HubSpot, or write to a property of our own",
            )
