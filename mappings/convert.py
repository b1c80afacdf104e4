"""Records of a CRM → typed frames of canonical rows; every value that fails is a row of its own.

Source: docs/mapping.md, "Reading".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import or_
from typing import Any, Protocol, cast

import pandas as pd

from mappings.catalogue import OBJECTS, Column, Type
from mappings.maps import Condition, Source
from mappings.readers import Record, mapped, picked, read_all
from mappings.values import Misfit, Refused, parse_all, refusal, series, word

# Money columns that also come in the corporate currency, by object.
CORPORATE: Mapping[str, str] = {"accounts": "annual_value", "opportunities": "amount"}
_STAMP = Column("modified_at", Type.INSTANT, "the CRM's modification stamp")


class LinkLike(Protocol):
    """One association, as connectors hand them out."""

    @property
    def from_id(self) -> str: ...
    @property
    def to_id(self) -> str: ...
    @property
    def label(self) -> str | None: ...
    @property
    def primary(self) -> bool: ...


@dataclass(frozen=True)
class Converted:
    """What became of some records.

    frame    canonical rows, see `to_frame`
    refused  values that were left out, and records that lack what they need
    skipped  keys of rows that the records do not make (any more): not ours to read, an empty
             role, or refused as a whole. Rows stored under them are to be deleted
    """

    frame: pd.DataFrame
    refused: tuple[Refused, ...]
    skipped: tuple[str, ...]


def to_frame(
    source: Source,
    records: Sequence[Record] | Sequence[LinkLike],
    *,
    rates: Mapping[str, Decimal],
    corporate: str | None,
) -> Converted:
    """The canonical rows of `records` (associations in mode `links`), one row per key.

    rates      units of each currency per corporate unit; empty in an org of one currency
    corporate  ISO code of the corporate currency, None when unknown
    The frame has exactly the columns of the object in catalogue order, then `modified_at`
    (datetime64[us, UTC]), for accounts `annual_value_corporate` and `remote` (dict: CRM field →
    JSON value as it stands, of the fields we write), for opportunities `amount_corporate`. An
    empty currency becomes the corporate one. Types are those of `mappings.values`: text, ids,
    choices and dates are Python objects or None, which SQL takes as they are; money is float64
    to the cent, and a number, bool or instant that is missing is NaN, NA or NaT. A corporate amount
    without a rate is refused and missing. When a key comes twice the last record counts.
    """
    flat = _flat(source, records)
    kept, left_out = _kept(source, flat)
    columns, refused = _columns(source, kept)
    keys = cast("list[str | None]", columns[_key(source)])
    whole = _incomplete(source, columns)
    refused += [
        refusal(source.object, keys[i] or _raw_id(source, kept[i]), name, None, _ABSENT)
        for i, name in whole.items()
    ]
    refused += _add_corporate(source, columns, rates, corporate)
    frame = _frame(source, columns)
    if source.read_back:
        values = zip(*(picked(kept, name) for name in source.read_back), strict=True)
        remote = [dict(zip(source.read_back, row, strict=True)) for row in values]
        frame["remote"] = pd.Series(remote, dtype=object)
    live = {key: i for i, key in enumerate(keys) if i not in whole}
    if len(live) != len(kept):
        frame = frame.iloc[list(live.values())].reset_index(drop=True)
    gone = left_out + [key for i in whole if (key := keys[i]) is not None and key not in live]
    return Converted(frame, tuple(refused), tuple(gone))


_ABSENT = Misfit(
    "required_missing",
    "the record lacks it and cannot be used without",
    "fill the field in the CRM, or map another one",
)


def _key(source: Source) -> str:
    return OBJECTS[source.object][0].name


def _raw_id(source: Source, record: Record) -> str:
    return str(record.get(source.key) or record.get("@id") or "")


def _flat(source: Source, records: Iterable[Any]) -> list[Record]:
    """One record per canonical row: associations and unpivoted fields spelt out."""
    if source.mode == "links":
        return [
            {
                "@id": f"{source.id_prefix}{link.from_id}:{link.to_id}:{link.label or ''}",
                "from_id": link.from_id,
                "to_id": link.to_id,
                "label": link.label,
                "primary": link.primary,
            }
            for link in records
        ]
    if source.each is None:
        return list(records)
    return [
        {
            **record,
            "@id": f"{source.id_prefix}{record.get(source.key)}:{name}",
            "@name": role,
            "@value": record.get(name),
        }
        for record in records
        for name, role in source.each.items()
    ]


def _kept(source: Source, records: list[Record]) -> tuple[list[Record], list[str]]:
    """Records that are ours to read, and the keys of the rest."""
    skip = source.skip_when
    if source.each is not None:
        skip = (*skip, Condition("@value", frozenset({""})))
    dropped = [False] * len(records)
    for condition in skip:
        met = mapped(_meets(condition), picked(records, condition.field))
        dropped = list(map(or_, dropped, met))
    kept = [record for drop, record in zip(dropped, records, strict=True) if not drop]
    gone = [record for drop, record in zip(dropped, records, strict=True) if drop]
    made = source.mode == "links" or source.each is not None
    keys = [r["@id"] if made else source.id_prefix + _raw_id(source, r) for r in gone]
    return kept, keys


def _meets(condition: Condition) -> Callable[[Any], bool]:
    return lambda value: condition.holds(word(value))


def _columns(source: Source, records: list[Record]) -> tuple[dict[str, list[Any]], list[Refused]]:
    """Parsed values by canonical column, for the columns that are read."""
    refused: list[Refused] = []
    columns: dict[str, list[Any]] = {}
    for column in _wanted(source):
        reader = source.read.get(column.name)
        raw = [None] * len(records) if reader is None else read_all(reader, records)
        columns[column.name], rejected = parse_all(column, raw)
        for bad in rejected:
            key = columns[_key(source)][bad.position]
            record_id = key or _raw_id(source, records[bad.position])
            refused.append(refusal(source.object, record_id, column.name, bad.value, bad.misfit))
    if source.modified is not None:
        stamps, rejected = parse_all(_STAMP, [r.get(source.modified) for r in records])
        columns[_STAMP.name] = stamps
        for bad in rejected:
            record_id = _raw_id(source, records[bad.position])
            refused.append(refusal(source.object, record_id, _STAMP.name, bad.value, bad.misfit))
    else:
        columns[_STAMP.name] = [None] * len(records)
    return columns, refused


def _wanted(source: Source) -> list[Column]:
    wanted = list(OBJECTS[source.object])
    amount = CORPORATE.get(source.object)
    if amount is not None:
        wanted.append(Column(f"{amount}_corporate", Type.MONEY, "in the corporate currency"))
    return wanted


def _incomplete(source: Source, columns: dict[str, list[Any]]) -> dict[int, str]:
    """Positions of records that lack a required column, with the first it lacks."""
    lacking: dict[int, str] = {}
    for column in OBJECTS[source.object]:
        if column.required or column.name == _key(source):
            for position, value in enumerate(columns[column.name]):
                if value is None:
                    lacking.setdefault(position, column.name)
    return lacking


def _add_corporate(
    source: Source,
    columns: dict[str, list[Any]],
    rates: Mapping[str, Decimal],
    corporate: str | None,
) -> list[Refused]:
    """Fill the corporate amounts that the CRM did not give; returns those without a rate."""
    amount = CORPORATE.get(source.object)
    if amount is None:
        return []
    per_unit = {code: float(rate) for code, rate in rates.items() if rate > 0}
    if corporate is not None:
        per_unit[corporate] = 1.0
    keys = columns[_key(source)]
    codes = columns["currency"] = [code or corporate for code in columns["currency"]]
    given = columns[f"{amount}_corporate"]
    refused: list[Refused] = []
    converted: list[float | None] = []
    for position, (value, code, known) in enumerate(
        zip(columns[amount], codes, given, strict=True)
    ):
        rate = 1.0 if code is None and not rates else per_unit.get(code or "")
        if value is None or known is not None:
            converted.append(None if value is None else known)
        elif rate is None:
            converted.append(None)
            name = f"{amount}_corporate"
            refused.append(
                refusal(source.object, keys[position] or "", name, f"{value} {code}", _NO_RATE)
            )
        else:
            converted.append(round(value / rate, 2))
    columns[f"{amount}_corporate"] = converted
    return refused


_NO_RATE = Misfit(
    "no_rate",
    "there is no exchange rate from its currency to the corporate one",
    "add the currency with its rate in the CRM, or correct the record's currency",
)


def _frame(source: Source, columns: dict[str, list[Any]]) -> pd.DataFrame:
    order = [*OBJECTS[source.object], _STAMP, *_wanted(source)[len(OBJECTS[source.object]) :]]
    return pd.DataFrame({column.name: series(column, columns[column.name]) for column in order})
