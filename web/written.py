"""What we wrote into a CRM record, against what stands there now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.models import Account, OutboxRow, RefusedValue, WrittenField
from web.figures import as_number


@dataclass(frozen=True)
class FieldState:
    """One of our fields on one record.

    there  value in the CRM when the record was last read, after our write
    state  sent | waiting | refused | differs
    """

    field: str
    value: Any
    sent_at: datetime | None
    there: Any
    state: str
    detail: str


def field_states(
    account: Account,
    written: Sequence[WrittenField],
    unsettled: Sequence[OutboxRow],
    refused: Sequence[RefusedValue],
) -> list[FieldState]:
    """Every field we wrote or tried to write, by name.

    A refusal or a value that waits is newer than what was written, so it decides the state.
    """
    states = {row.field: _written(account, row) for row in written}
    for row in unsettled:
        for field, value in row.fields.items():
            known = states.get(field)
            if (
                row.state == "refused"
                and known
                and (known.sent_at or row.queued_at) > row.queued_at
            ):
                continue
            states[field] = FieldState(
                field,
                value,
                known.sent_at if known else None,
                account.remote.get(field),
                "refused" if row.state == "refused" else "waiting",
                " ".join(part for part in (row.reason, row.code) if part),
            )
    for refusal in refused:
        if refusal.direction == "write" and refusal.field:
            known = states.get(refusal.field)
            states[refusal.field] = FieldState(
                refusal.field,
                refusal.value,
                known.sent_at if known else None,
                account.remote.get(refusal.field),
                "refused",
                f"{refusal.reason} {refusal.remedy}",
            )
    return [states[field] for field in sorted(states)]


def _written(account: Account, row: WrittenField) -> FieldState:
    there = account.remote.get(row.field)
    if row.field in account.remote and not same_value(row.value, there):
        detail = "The CRM holds another value than we wrote, so it is left alone."
        return FieldState(row.field, row.value, row.sent_at, there, "differs", detail)
    return FieldState(row.field, row.value, row.sent_at, there, "sent", "")


def same_value(ours: Any, theirs: Any) -> bool:
    """Whether two spellings mean one value: 61 and "61.0", true and "true"; empty = none."""
    if ours in (None, "") or theirs in (None, ""):
        return ours in (None, "") and theirs in (None, "")
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return str(ours).lower() == str(theirs).lower()
    left, right = as_number(ours), as_number(theirs)
    if left is not None and right is not None:
        return left == right
    left_time, right_time = _instant(ours), _instant(theirs)
    if left_time is not None and right_time is not None:
        return left_time == right_time
    return _plain(ours) == _plain(theirs)


def _instant(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _plain(value: Any) -> str:
    return str(value).replace("\r\n", "\n").strip()
