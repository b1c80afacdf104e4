"""The fields a CRM must have so that we can write. Source: docs/mapping.md, "What is written"."""

from dataclasses import dataclass

from mappings.maps import CrmMap
from mappings.written import TASK_KEY, WrittenField, WrittenType, crm_label


@dataclass(frozen=True)
class Spec:
    """A written field in one CRM, with the attributes of a connector's field specification."""

    kind: str
    name: str
    label: str
    type: WrittenType
    help: str
    length: int | None
    precision: int | None
    scale: int | None
    choices: tuple[str, ...]
    unique: bool


def field_specs(crm_map: CrmMap) -> tuple[Spec, ...]:
    """Every field of ours on accounts, then the task key.

    crm_map  as loaded: a resolved map has lost what the CRM lacks, which is what to create
    """
    account = crm_map.account
    specs = [_spec(crm_map.vendor, account.kind, t.name, t.field) for t in account.targets]
    task_key = _spec(crm_map.vendor, crm_map.task_kind, crm_map.task_key_field, TASK_KEY)
    return (*specs, task_key)


def _spec(vendor: str, kind: str, name: str, field: WrittenField) -> Spec:
    return Spec(
        kind=kind,
        name=name,
        label=crm_label(vendor, field),
        type=field.type,
        help=field.help,
        length=field.length,
        precision=field.precision,
        scale=field.scale,
        choices=field.choices,
        unique=field.unique,
    )
