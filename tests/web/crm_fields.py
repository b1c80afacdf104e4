"""What a Salesforce said of its fields: everything the default map needs, and some more."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

import mappings
from connector.base import FieldInfo
from store.facts import keep_fact
from tests.web.build import NOW

MORE = (
    FieldInfo("Tier__c", "Customer tier", "choice", "picklist", 255, writable=True, custom=True,
              choices=("Gold", "Silver"), restricted=True),
    FieldInfo("Contract_Renewal__c", "Contract renewal date", "date", "date", writable=True,
              custom=True),
    FieldInfo("AnnualRevenue", "Annual Revenue", "currency", "currency", writable=True),
    FieldInfo("Rating", "Rating", "choice", "picklist", 40, writable=True,
              choices=("Hot", "Cold"), restricted=True),
    FieldInfo("Score_Sum__c", "Score sum", "number", "double", precision=6, scale=0,
              calculated=True, custom=True),
    FieldInfo("Health_Points__c", "Health points", "number", "double", precision=3, scale=0,
              writable=True, custom=True),
)  # fmt: skip


def describe(
    session: Session, connection_id: int, *, without: tuple[str, ...] = (), hours: int = 1
) -> None:
    """Keep the description of every object, `hours` old, but for the fields `without`."""
    crm_map = mappings.load("salesforce")
    kinds: dict[str, dict[str, Any]] = {}
    for source in crm_map.sources:
        fields = kinds.setdefault(source.kind, {})
        for asked in source.fields:
            name = f"{asked.split('.')[0]}Id" if "." in asked else asked
            fields[name] = asdict(FieldInfo(name, name, "other", "string"))
    for spec in mappings.field_specs(crm_map):
        kinds[spec.kind][spec.name] = asdict(
            FieldInfo(
                spec.name, spec.label, spec.type, spec.type, spec.length, spec.precision,
                spec.scale, writable=True, custom=True, unique=spec.unique,
                choices=spec.choices, restricted=True,
            )
        )  # fmt: skip
    kinds["Account"] |= {field.name: asdict(field) for field in MORE}
    for kind, fields in kinds.items():
        kept = [field for name, field in fields.items() if name not in without]
        at = NOW - timedelta(hours=hours)
        keep_fact(session, connection_id, f"describe:{kind}", kept, now=at)
