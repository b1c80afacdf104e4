"""One canonical column out of many records, column-wise. Source: docs/mapping.md, "The file"."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from mappings.maps import Reader
from mappings.transforms import TRANSFORMS
from mappings.values import Remembered, word

Record = Mapping[str, Any]


def read_all(reader: Reader, records: Sequence[Record]) -> list[Any]:
    """The raw values of one column: fields picked, values translated, transforms applied."""
    raw = _PICKS[reader.how](reader, records)
    if reader.lookup is not None:
        raw = _translated(reader, raw)
    if reader.scale is not None:
        raw = [_scaled(value, reader.scale) for value in raw]
    if reader.transform is not None:
        transform = TRANSFORMS[reader.transform]
        raw = [None if value is None else transform(value) for value in raw]
    if reader.only:
        raw = [v if v is not None and str(v).startswith(reader.only) else None for v in raw]
    if reader.prefix:
        raw = [None if value is None else f"{reader.prefix}{value}" for value in raw]
    return raw


def _first(reader: Reader, records: Sequence[Record]) -> list[Any]:
    name, *others = reader.fields
    raw = picked(records, name)
    for other in others:
        raw = [
            record.get(other) if value is None or not word(value) else value
            for value, record in zip(raw, records, strict=True)
        ]
    return raw


def picked(records: Sequence[Record], name: str) -> list[Any]:
    """The raw values of one field, None where a record lacks it."""
    try:
        return list(map(itemgetter(name), records))
    except KeyError:  # a CRM may leave out what is empty
        return [record.get(name) for record in records]


def _join(reader: Reader, records: Sequence[Record]) -> list[Any]:
    names = reader.fields
    return [
        " ".join(str(v).strip() for name in names if word(v := record.get(name))) or None
        for record in records
    ]


def _unless(reader: Reader, records: Sequence[Record]) -> list[Any]:
    names = reader.fields
    return [all(word(r.get(name)) in ("", "false", "0") for name in names) for r in records]


def _choose(reader: Reader, records: Sequence[Record]) -> list[Any]:
    def chosen(record: Record) -> Any:
        for rule in reader.rules:
            if all(condition.holds(word(record.get(condition.field))) for condition in rule.when):
                return rule.then
        return reader.otherwise

    return [chosen(record) for record in records]


def _constant(reader: Reader, records: Sequence[Record]) -> list[Any]:
    return [reader.constant] * len(records)


_PICKS: Mapping[str, Callable[[Reader, Sequence[Record]], list[Any]]] = {
    "first": _first,
    "join": _join,
    "unless": _unless,
    "choose": _choose,
    "constant": _constant,
}


def _translated(reader: Reader, raw: list[Any]) -> list[Any]:
    table = reader.lookup or {}

    def translate(value: Any) -> Any:
        text = word(value)
        unlisted = value if reader.otherwise is None or not text else reader.otherwise
        return table.get(text, unlisted)

    return mapped(translate, raw)


def mapped(function: Callable[[Any], Any], raw: list[Any]) -> list[Any]:
    """`function` of each value; of each text once."""
    try:
        return list(map(Remembered(function).__getitem__, raw))
    except TypeError:  # a list or an object, which no dict remembers
        return list(map(function, raw))


def _scaled(value: Any, scale: float) -> Any:
    """The number times `scale`; what is no number stays for the type check to refuse."""
    try:
        return value if isinstance(value, bool) else round(float(value) * scale, 10)
    except (TypeError, ValueError):
        return value
