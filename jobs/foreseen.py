"""Which planned field changes the CRM will refuse, told from how it describes its fields."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy.orm import Session

from store.facts import latest_fact
from store.models import OutboxRow

Info = Mapping[str, Any]  # connector.base.FieldInfo, as it is kept


def foreseen(
    session: Session, connection_id: int, kind: str, rows: Sequence[OutboxRow]
) -> list[dict[str, Any]]:
    """One line for each value of these updates that the CRM's own description rules out.

    Codes are those of docs/mapping.md, "Checks". Nothing is foreseen of fields while the CRM
    has not been described.
    """
    described = latest_fact(session, connection_id, f"describe:{kind}")
    if not described:
        return []
    fields: dict[str, Info] = {info["name"]: info for info in described}
    found = []
    for row in rows:
        for name, value in row.fields.items():
            reason = why_not(fields.get(name), value)
            if reason is not None:
                code, words, remedy = reason
                found.append(
                    {
                        "object": kind,
                        "record_id": row.record_id,
                        "field": name,
                        "value": None if value is None else str(value)[:1000],
                        "code": code,
                        "reason": f"{name} {words}",
                        "remedy": remedy,
                    }
                )
    return found


def why_not(info: Info | None, value: Any) -> tuple[str, str, str] | None:
    """Code, words and remedy when the field will not take the value."""
    if info is None:
        return "M02", "does not exist, or is hidden from our user", "run `barometer provision`"
    if info["calculated"] or not info["writable"]:
        return (
            "M03",
            "is read-only for our user",
            "give the integration user the right to edit it",
        )
    if value is None or value == "":
        return None
    if isinstance(value, str) and info["length"] is not None and len(value) > info["length"]:
        return (
            "M05",
            f"takes {info['length']} characters and the text has {len(value)}",
            f"make the field {len(value)} characters long, or shorten the text in the mapping",
        )
    if info["restricted"] and info["choices"] and str(value) not in info["choices"]:
        return (
            "M07",
            f"has no value {str(value)!r}",
            "add it to the field's values in the CRM, or map it to one that is there",
        )
    if info["precision"] is not None and info["type"] in ("number", "percent", "currency"):
        digits = info["precision"] - (info["scale"] or 0)
        if _digits_before_point(value) > digits:
            return (
                "M06",
                f"takes {digits} digits before the point",
                "make the field larger in the CRM",
            )
    return None


def _digits_before_point(value: Any) -> int:
    try:
        return max(0, Decimal(str(value)).adjusted() + 1)
    except InvalidOperation:
        return 0
