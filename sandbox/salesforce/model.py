"""What an object and a field are: the facts behind describe, SOQL and every write check."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

TEXT_TYPES = frozenset(
    {
        "string", "textarea", "picklist", "multipicklist", "combobox", "email", "phone", "url",
        "encryptedstring", "anyType",
    }
)  # fmt: skip
NUMBER_TYPES = frozenset({"double", "currency", "percent"})
ID_TYPES = frozenset({"id", "reference"})
COMPOUND_TYPES = frozenset({"address", "location"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `expression` is SQL over the row `{t}` for values that are computed on reading."""

    name: str
    type: str
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    default: Any = None
    defaulted: bool = False
    custom: bool = False
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    id_lookup: bool = False
    name_field: bool = False
    auto_number: bool = False
    restricted: bool = False
    picklist: tuple[str, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    children: str | None = None
    cascade: bool = False
    compound: str | None = None
    expression: str | None = None
    formula: str | None = None
    filterable: bool = True
    permissionable: bool = True
    help_text: str | None = None
    description: str | None = None
    feature: str | None = None
    granted: bool = True
    id: str | None = None
    metadata: Mapping[str, Any] | None = None

    @property
    def stored(self) -> bool:
        """Whether it has a column of its own."""
        return self.expression is None and self.type not in COMPOUND_TYPES

    @property
    def required(self) -> bool:
        """Whether a create must name it."""
        return self.createable and not self.nillable and not self.defaulted

    @property
    def polymorphic(self) -> bool:
        """Whether it can point at more than one object."""
        return len(self.reference_to) > 1

    @property
    def sql_type(self) -> str:
        """Its column's declaration; text compares without regard to case, ids with."""
        if self.type in NUMBER_TYPES:
            return "REAL"
        if self.type in ("int", "boolean"):
            return "INTEGER"
        if self.type in TEXT_TYPES and not self.case_sensitive:
            return "TEXT COLLATE NOCASE"
        return "TEXT"

    def as_json(self) -> dict[str, Any]:
        """Only what differs from the defaults."""
        return {
            name: value
            for name, default in _DEFAULTS.items()
            if (value := getattr(self, name)) != default
        }


_DEFAULTS: dict[str, Any] = {f.name: f.default for f in fields(Field)}


def field_from_json(kept: Mapping[str, Any]) -> Field:
    """The field that `as_json` wrote."""
    known = dict(kept)
    for name in ("picklist", "reference_to"):
        if name in known:
            known[name] = tuple(known[name])
    return Field(**known)


@dataclass(frozen=True, slots=True)
class SObject:
    """One object and its fields, in the order of its describe."""

    name: str
    label: str
    plural: str
    prefix: str | None
    fields: Mapping[str, Field]
    feature: str | None = None
    custom: bool = False
    tooling: bool = False
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    replicateable: bool = True
    undeletable: bool = True
    mergeable: bool = False
    searchable: bool = True
    layoutable: bool = True
    trace: bool = True  # false: a direct delete leaves no row behind
    lower: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Field | None:
        """The field of that name in any case of letters."""
        own = self.lower.get(name.lower())
        return self.fields[own] if own else None

    @property
    def table(self) -> str:
        """Its SQLite table."""
        return f"sf_{self.name}"

    def relation(self, name: str) -> Field | None:
        """The reference field whose relationship is called `name` (Owner, What, Parent__r)."""
        wanted = name.lower()
        for candidate in self.fields.values():
            if candidate.relationship and candidate.relationship.lower() == wanted:
                return candidate
        return None


def sobject(
    name: str, label: str, plural: str, prefix: str | None, own: Iterable[Field], **flags: Any
) -> SObject:
    """An object made of `own` fields, looked up without regard to case."""
    by_name = {f.name: f for f in own}
    lower = {n.lower(): n for n in by_name}
    return SObject(name, label, plural, prefix, by_name, lower=lower, **flags)


def with_fields(base: SObject, own: Iterable[Field]) -> SObject:
    """`base` with another list of fields."""
    by_name = {f.name: f for f in own}
    return replace(base, fields=by_name, lower={n.lower(): n for n in by_name})
