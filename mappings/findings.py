"""What a check found, and what it must know of a CRM field. Source: docs/mapping.md, "Checks"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol

Level = Literal["error", "warning", "info"]


class FieldInfoLike(Protocol):
    """What a connector says of one CRM field, so far as it is checked here."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def length(self) -> int | None: ...
    @property
    def scale(self) -> int | None: ...
    @property
    def writable(self) -> bool: ...
    @property
    def required(self) -> bool: ...
    @property
    def calculated(self) -> bool: ...
    @property
    def custom(self) -> bool: ...
    @property
    def unique(self) -> bool: ...
    @property
    def choices(self) -> tuple[str, ...]: ...
    @property
    def restricted(self) -> bool: ...


Fields = Mapping[str, FieldInfoLike]


@dataclass(frozen=True)
class Described:
    """One CRM field as a connector described it, out of what was stored of that."""

    name: str
    label: str
    type: str
    length: int | None = None  # characters
    scale: int | None = None  # digits after the point
    writable: bool = False
    required: bool = False  # must be given on create
    calculated: bool = False
    custom: bool = False
    unique: bool = False
    choices: tuple[str, ...] = ()
    restricted: bool = False  # other values are refused


def described(stored: Sequence[Mapping[str, Any]]) -> dict[str, Described]:
    """Stored descriptions (JSON, one table a field) by field name."""
    known = [f.name for f in fields(Described)]
    return {
        one["name"]: Described(
            **{key: one[key] for key in known if key in one and key != "choices"},
            choices=tuple(one.get("choices", ())),
        )
        for one in stored
    }


@dataclass(frozen=True)
class Finding:
    """One thing found: where (source, our row, CRM field), what, and how to put it right."""

    code: str
    level: Level
    source: str
    row: str
    field: str
    sentence: str
    fix: str
