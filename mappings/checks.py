"""A map against what the CRM really has: what is left out, and what must be put right first.

Codes as in docs/mapping.md, "Checks".
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from mappings.catalogue import OBJECTS, Column, Type
from mappings.circumstances import Circumstances, further_findings, with_hidden
from mappings.findings import FieldInfoLike, Fields, Finding, Level
from mappings.fitting import check_task_key, checked_writes
from mappings.maps import MADE, Condition, CrmMap, Reader, Source


@dataclass(frozen=True)
class Resolved:
    """The map without what the CRM lacks.

    notes     warnings and infos: the sync can go on
    problems  errors: what they name is left out of `map`, and a person should act first
    """

    map: CrmMap
    notes: tuple[Finding, ...]
    problems: tuple[Finding, ...]


# HubSpot describes no properties for owners; their fields are fixed.
_UNDESCRIBED = frozenset({"owners"})
_TURNOVER = "annualrevenue"  # the customer's own, in both CRMs
_FIX_FIELD = "create the field, or let the integration user see it, or change the map"

_WITHOUT: Mapping[str, tuple[Level, str]] = {  # what the lack of a column leads to
    "annual_value": ("warning", "annual value is added up from won opportunities"),
    "currency": ("info", "amounts count as the corporate currency"),
    "amount_corporate": ("info", "amounts are converted with the CRM's rates"),
}

_DATES = {"date", "datetime"}
_NUMBERS = {"number", "percent", "currency"}
_NEVER_NUMBER = {*_DATES, "bool", "reference", "id", "url", "multi_choice"}
_NEVER_DATE = {*_NUMBERS, "bool", "reference", "id", "url", "choice", "multi_choice"}
_NEVER_BOOL = {*_DATES, "percent", "currency", "reference", "id", "url"}
_CANNOT_HOLD: Mapping[Type, Collection[str]] = {
    Type.MONEY: _NEVER_NUMBER,
    Type.NUMBER: _NEVER_NUMBER,
    Type.SHARE: _NEVER_NUMBER,
    Type.DATE: _NEVER_DATE,
    Type.INSTANT: _NEVER_DATE,
    Type.BOOL: _NEVER_BOOL,
}


def resolve(
    crm_map: CrmMap,
    describe: Callable[[str], Fields | None],
    around: Circumstances | None = None,
) -> Resolved:
    """The map fitted to one CRM.

    describe  an object's fields by its name, None when the CRM has no such object
    around    what else is known of the CRM
    """
    around = around or Circumstances()
    known: dict[str, Fields | None] = {}

    def fields_of(kind: str) -> Fields | None:
        if kind not in known:
            known[kind] = describe(kind)
        return known[kind]

    found: list[Finding] = []
    account = checked_writes(crm_map.account, fields_of(crm_map.account.kind) or {}, found)
    check_task_key(crm_map, fields_of(crm_map.task_kind), found)
    sources = [
        replace(source, read_back=account.fields) if source.read_back else source
        for original in crm_map.sources
        if (source := _checked_source(original, fields_of, found)) is not None
    ]
    fitted = replace(crm_map, sources=tuple(sources), account=account)
    found = [with_hidden(finding, crm_map, around) for finding in found]
    found += further_findings(crm_map, fitted, fields_of, around)
    return Resolved(
        fitted,
        tuple(f for f in found if f.level != "error"),
        tuple(f for f in found if f.level == "error"),
    )


def _checked_source(
    source: Source, fields_of: Callable[[str], Fields | None], found: list[Finding]
) -> Source | None:
    for kind in filter(None, (source.kind, source.links_to)):
        if kind not in _UNDESCRIBED and fields_of(kind) is None:
            found.append(
                Finding(
                    "M01",
                    "info" if source.optional else "error",
                    source.name,
                    "",
                    "",
                    f"the CRM has no {kind}, or hides it from our user; "
                    f"{source.object} are not read from it",
                    "switch the feature on in the CRM, or give our user the right or scope",
                )
            )
            return None
    if source.mode == "links" or source.kind in _UNDESCRIBED:
        return source
    described = fields_of(source.kind) or {}
    if source.modified is not None and source.modified not in described:
        found.append(_no_field(source, "modified", source.modified, optional=False))
        return None
    each = source.each
    if each is not None:
        for name in (name for name in each if name not in described):
            found.append(_no_field(source, each[name], name, optional=True))
        each = {name: role for name, role in each.items() if name in described}
        if not each:
            return None
    read = {
        name: kept
        for name, reader in source.read.items()
        if (kept := _checked_reader(source, name, reader, described, found)) is not None
    }
    if any(c.required and c.name not in read for c in OBJECTS[source.object]):
        return None  # the problem is noted already
    return replace(
        source,
        read=read,
        each=each,
        skip_when=tuple(
            condition
            for condition in source.skip_when
            if _checked_condition(source, condition, described, found)
        ),
    )


def _checked_reader(
    source: Source, name: str, reader: Reader, described: Fields, found: list[Finding]
) -> Reader | None:
    """The reader without fields the CRM lacks; None when nothing is left or it must not be."""
    if name.startswith("annual_value") and any(_is_turnover(field) for field in reader.fields):
        found.append(
            Finding(
                "M04",
                "error",
                source.name,
                name,
                ", ".join(reader.fields),
                "this field is the customer's own turnover, not what the customer pays us",
                "map a field of your own with the yearly value, or none: then won "
                "opportunities of the last 365 days are added up",
            )
        )
        return None
    lacking = [f for f in reader.fields if f != source.key and not _exists(f, described)]
    for field in lacking:
        found.append(_no_field(source, name, field, optional=reader.optional, more=reader.fields))
    present = tuple(f for f in reader.fields if f not in lacking)
    if lacking and (not reader.optional or not present):
        return None
    column = next((c for c in OBJECTS[source.object] if c.name == name), None)
    cannot = _CANNOT_HOLD.get(column.type if column is not None else Type.MONEY, ())
    plain = reader.how == "first" and reader.lookup is None
    for field in present if plain else ():
        info = described.get(field)
        if info is not None and info.type in cannot:
            found.append(
                Finding(
                    "M04",
                    "error",
                    source.name,
                    name,
                    field,
                    f"a field of type {info.type} cannot be read as {name}",
                    "map another field, or translate its values with `values`",
                )
            )
            return None
    return replace(reader, fields=present)


def can_hold(column: Column, info: FieldInfoLike) -> bool:
    """Whether a field of this type can be read as the column, without a table of values."""
    turnover = column.name == "annual_value" and _is_turnover(info.name)
    return not turnover and info.type not in _CANNOT_HOLD.get(column.type, ())


def _is_turnover(field: str) -> bool:
    return field.rsplit(".", 1)[-1].lower() == _TURNOVER


def _exists(field: str, described: Fields) -> bool:
    """Whether the CRM has the field. Of a parent's field (Product2.Name) the reference counts."""
    if field in described or field in MADE or field.startswith("@"):
        return True
    head, dot, _ = field.partition(".")
    reference = head.removesuffix("__r") + "__c" if head.endswith("__r") else f"{head}Id"
    return bool(dot) and reference in described


def _checked_condition(
    source: Source, condition: Condition, described: Fields, found: list[Finding]
) -> bool:
    if _exists(condition.field, described):
        return True
    if not condition.optional:
        found.append(_no_field(source, "skip_when", condition.field, optional=False))
    return False


def _no_field(
    source: Source, row: str, field: str, *, optional: bool, more: Collection[str] = ()
) -> Finding:
    level: Level = "info" if optional else "error"
    outcome = f"{row} stays unknown"
    if optional and row in _WITHOUT:
        level, outcome = _WITHOUT[row]
    elif optional and len(more) > 1:
        outcome = f"{row} is read without it"
    return Finding(
        "M01",
        level,
        source.name,
        row,
        field,
        f"{source.kind} has no field {field}, or hides it from our user; {outcome}",
        _FIX_FIELD,
    )
