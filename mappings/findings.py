"""What a check found, and what it must know of a CRM field. Source: docs/mapping.md, "Checks"."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Level = Literal["error", "warning", "info"]


class FieldInfoLike(Protocol):
    """What a connector says of one CRM field, so far as it is checked here."""

    @property
    def type(self) -> str: ...
    @property
    def length(self) -> int | None: ...
    @property
    def scale(self) -> int | None: ...
    @property
    def writable(self) -> bool: ...
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
class Finding:
    """One thing found: where (source, our row, CRM field), what, and how to put it right."""

    code: str
    level: Level
    source: str
    row: str
    field: str
    sentence: str
    fix: str
