"""A map in words, and what differs between two of them, row by row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mappings.maps import FILLED, Condition, CrmMap, Reader, Source

NOT_READ, NOT_WRITTEN = "not read", "left alone"


@dataclass(frozen=True)
class Change:
    """One row that differs: which, and how it was and is, in words."""

    source: str  # the source's name, or "write"
    row: str  # our column or figure, or what of the source differs
    before: str
    after: str


def reader_words(reader: Reader | None) -> str:
    """How a column is read, such as `Probability; times 0.01`."""
    if reader is None:
        return NOT_READ
    words = _how(reader)
    if reader.lookup is not None:
        pairs = ", ".join(f"{key} → {_value(to)}" for key, to in sorted(reader.lookup.items()))
        words += f"; values: {pairs}"
    if reader.otherwise is not None:
        words += f"; others: {_value(reader.otherwise)}"
    if reader.scale is not None:
        words += f"; times {reader.scale:g}"
    if reader.transform is not None:
        words += f"; as {reader.transform}"
    if reader.only:
        words += f"; only ids that begin with {reader.only}"
    if reader.prefix:
        words += f"; with {reader.prefix} before it"
    return words + ("; may be absent" if reader.optional else "")


def _how(reader: Reader) -> str:
    fields = ", ".join(reader.fields)
    if reader.how == "constant":
        return f"always {_value(reader.constant)}"
    if reader.how == "choose":
        rules = (
            f"{' and '.join(map(_condition, rule.when))}: {_value(rule.then)}"
            for rule in reader.rules
        )
        return "rules: " + "; ".join(rules)
    if reader.how == "unless":
        return f"true unless {fields}"
    if len(reader.fields) == 1:
        return fields
    return f"the first filled of {fields}" if reader.how == "first" else f"{fields} joined"


def _condition(condition: Condition) -> str:
    words = ", ".join(
        "any value" if word == FILLED else word or "nothing" for word in sorted(condition.words)
    )
    return f"{condition.field} {'is not' if condition.negated else 'is'} {words}"


def _value(value: Any) -> str:
    if value is True or value is False:
        return "yes" if value else "no"
    return "nothing" if value in ("", None) else str(value)


def changes(before: CrmMap, after: CrmMap) -> list[Change]:
    """What differs from `before` to `after`: sources, columns, then what is written."""
    old, new = ({s.name: s for s in one.sources} for one in (before, after))
    found: list[Change] = []
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            found.append(Change(name, "the whole object", "read", NOT_READ))
        elif name not in old:
            found.append(Change(name, "the whole object", NOT_READ, "read"))
        if name in new:
            found += _source_changes(name, old.get(name), new[name])
    figures = _figures(before), _figures(after)
    for name in dict.fromkeys([*figures[0], *figures[1]]):
        was, now = (written.get(name, NOT_WRITTEN) for written in figures)
        if was != now:
            found.append(Change("write", name, was, now))
    return found


def _source_changes(name: str, old: Source | None, new: Source) -> Iterator[Change]:
    if old is not None:
        was_about, is_about = _about(old), _about(new)
        for what in was_about:
            if was_about[what] != is_about[what]:
                yield Change(name, what, was_about[what], is_about[what])
    was: Mapping[str, Reader] = old.read if old is not None else {}
    for column in dict.fromkeys([*was, *new.read]):
        if was.get(column) != new.read.get(column):
            yield Change(
                name, column, reader_words(was.get(column)), reader_words(new.read.get(column))
            )


def _about(source: Source) -> dict[str, str]:
    """What a source says beside its columns, in words."""
    return {
        "record id": source.key or "none",
        "modification stamp": source.modified or "none",
        "how it is read": source.mode,
        "before the id": source.id_prefix or "nothing",
        "rows left out": "; ".join(map(_condition, source.skip_when)) or "none",
        "one row for each of": ", ".join(source.each or ()) or "none",
        "may be absent": _value(source.optional),
    }


def _figures(one: CrmMap) -> dict[str, str]:
    written = {
        target.field.name: f"{one.account.kind}.{target.name}" for target in one.account.targets
    }
    return {**written, "task_key": f"{one.task_kind}.{one.task_key_field}"}
