"""Two descriptions of a CRM, and what changed between them for the fields that the map needs.

Fields are dicts with the attributes of a connector's description: name, label, type, length,
writable, required, choices, restricted.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Protocol

from mappings.uses import Use

Field = Mapping[str, Any]
Described = Mapping[str, Mapping[str, Field]]  # by CRM object, by field name

WHOLE = "*"  # in place of a field: the object itself is gone
_ALIKE = 0.8  # of 1: names so similar may be one field, renamed

# change -> what happened, what a person can do
WORDS: Mapping[str, tuple[str, str]] = {
    "renamed": (
        "is gone; {after} looks like it, under a new name",
        "map {after} instead, or give the field its former name in the CRM",
    ),
    "removed": (
        "is gone: it was deleted, or is hidden from our user",
        "create it again, let our user see it, or take it out of the map",
    ),
    "hidden": (
        "is still there, but hidden from our user",
        "let our user see it: field-level security, the permission set or the app's scopes",
    ),
    "type_changed": (
        "changed its type from {before} to {after}",
        "map another field, or change the type back in the CRM",
    ),
    "narrowed": (
        "lost the values {lost}",
        "add the values again in the CRM, or take them out of the map",
    ),
    "read_only": (
        "can no longer be written by our user",
        "give our user the right to edit it",
    ),
    "shortened": (
        "takes {after} characters now, {before} before",
        "lengthen it again, or accept that longer texts are shortened",
    ),
    "required": (
        "must be filled now when a record is made",
        "make it optional, or give it a default value",
    ),
}


@dataclass(frozen=True)
class Change:
    """A field that is no longer as it was."""

    kind: str
    field: str
    change: str
    before: Field
    after: Field | None


def changes(
    before: Described,
    now: Described,
    uses: Iterable[Use],
    hidden: Mapping[str, Collection[str]],
) -> list[Change]:
    """What changed for the worse in the fields of `uses`.

    before  kinds that are absent were never described: nothing is said of them
    now     kinds that are absent cannot be seen by our user
    hidden  fields by kind that exist, though `now` lacks them
    """
    needed: dict[tuple[str, str], bool] = {}
    for use in uses:
        key = (use.kind, use.field)
        needed[key] = needed.get(key, False) or use.writes
    found = [
        Change(kind, WHOLE, "removed", {"name": kind}, None)
        for kind in dict.fromkeys(kind for kind, _ in needed)
        if before.get(kind) and kind not in now
    ]
    for (kind, name), written in needed.items():
        was = before.get(kind, {}).get(name)
        if was is not None and kind in now:
            found += _of_field(kind, was, before[kind], now[kind], hidden.get(kind, ()), written)
    return found


class StoredChange(Protocol):
    """A change as the store keeps it."""

    object: Any
    field: Any
    change: Any
    before: Any
    after: Any
    affects: Any
    breaks: Any


def told(row: StoredChange) -> dict[str, Any]:
    """A stored change in words: sentence, remedy, the rows of the map and the figures it hits."""
    happened, help = (_filled(words, row) for words in WORDS[row.change])
    name = row.object if row.field == WHOLE else f"{row.object}.{row.field}"
    figures = dict.fromkeys(one for hit in row.affects for one in hit["figures"])
    return {
        "object": row.object,
        "field": row.field,
        "change": row.change,
        "breaks": row.breaks,
        "sentence": f"{name} {happened}",
        "remedy": help,
        "rows": list({hit["row"]: hit for hit in row.affects}.values()),
        "figures": list(figures),
    }


def _of_field(
    kind: str,
    was: Field,
    before: Mapping[str, Field],
    now: Mapping[str, Field],
    hidden: Collection[str],
    written: bool,
) -> Sequence[Change]:
    name = str(was["name"])
    current = now.get(name)
    if current is None:
        if name in hidden:
            return [Change(kind, name, "hidden", was, None)]
        heir = _heir(was, [field for key, field in now.items() if key not in before])
        return [Change(kind, name, "renamed" if heir else "removed", was, heir)]
    happened = []
    if current["type"] != was["type"]:
        happened.append("type_changed")
    elif current.get("restricted") and set(was["choices"]) - set(current["choices"]):
        happened.append("narrowed")
    if written and was["writable"] and not current["writable"]:
        happened.append("read_only")
    if written and _shorter(current.get("length"), was.get("length")):
        happened.append("shortened")
    if current["required"] and not was["required"]:
        happened.append("required")
    return [Change(kind, name, change, was, current) for change in happened]


def _shorter(now: int | None, before: int | None) -> bool:
    return now is not None and before is not None and now < before


def _heir(lost: Field, fresh: Sequence[Field]) -> Field | None:
    """The new field that the lost one became: of its label, or of a similar name and its type."""
    for field in fresh:
        if field["label"] == lost["label"]:
            return field
    near = [(_likeness(lost, field), field) for field in fresh if field["type"] == lost["type"]]
    best = max(near, key=lambda pair: pair[0], default=(0.0, None))
    return best[1] if best[0] >= _ALIKE else None


def _likeness(one: Field, other: Field) -> float:
    first, second = (str(field["name"]).lower().removesuffix("__c") for field in (one, other))
    return SequenceMatcher(None, first, second).ratio()


def _filled(template: str, row: StoredChange) -> str:
    was, is_ = row.before or {}, row.after or {}
    key = {"type_changed": "type", "shortened": "length"}.get(row.change, "name")
    lost = [choice for choice in was.get("choices", ()) if choice not in is_.get("choices", ())]
    return template.format(before=was.get(key), after=is_.get(key), lost=", ".join(lost))
