"""Refusals from wherever they come, as the one row that the store keeps."""

from collections.abc import Iterable, Mapping
from typing import Any

from connector.base import Refusal
from mappings import Refused as RefusedConversion
from store.refusals import Refused


def from_conversion(refused: Iterable[RefusedConversion]) -> list[Refused]:
    """Values that could not be converted, on their way in or out."""
    return [
        Refused(
            object=one.object,
            record_id=one.record_id,
            field=one.field,
            value=one.value,
            code=one.code,
            reason=one.reason,
            remedy=one.remedy,
        )
        for one in refused
    ]


def from_crm(kind: str, record_id: str, refusal: Refusal, sent: Mapping[str, Any]) -> list[Refused]:
    """A record the CRM refused: one row for each field it named, else one for the record."""
    return [
        Refused(
            object=kind,
            record_id=record_id,
            field=name,
            value=None if name not in sent else str(sent[name])[:1000],
            code=refusal.code,
            reason=reason(refusal),
            remedy=refusal.remedy,
        )
        for name in refusal.fields or ("",)
    ]


def reason(refusal: Refusal) -> str:
    """Plain words, and the CRM's own: what a validation rule says is only in those."""
    said = " ".join(refusal.message.split()).rstrip(".")[:500]
    if not refusal.words or not said:
        return refusal.words or refusal.message
    return f"{refusal.words} The CRM says: {said}."


def edited_by_person(kind: str, record_id: str, name: str, there: Any, ours: Any) -> Refused:
    """A field of ours that holds neither what we wrote nor nothing."""
    return Refused(
        object=kind,
        record_id=record_id,
        field=name,
        value=str(there)[:1000],
        code="EDITED_IN_CRM",
        reason=f"a person changed {name} to {there!r} after we wrote {ours!r}; it is left alone",
        remedy=f"empty {name} on this record in the CRM to have it written again",
    )
