"""A map: which CRM object and field is which canonical object and column. Pure data.

Source: docs/mapping.md, "The file".
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mappings.remote import WriteMap

Mode = Literal["increment", "full", "links"]

# Fields that conversion itself puts into a record; no CRM is asked for them.
MADE = frozenset({"@id", "@name", "@value", "from_id", "to_id", "label", "primary"})
FILLED = "*"  # in a condition: any value


class MapError(ValueError):
    """The map cannot be used; one sentence with file, place and remedy."""


@dataclass(frozen=True)
class Condition:
    """Holds when the field's value, trimmed and in lower case, is among `words` ("" = empty)."""

    field: str
    words: frozenset[str]
    negated: bool = False
    optional: bool = False

    def holds(self, text: str) -> bool:
        """Whether a value already put through `values.word` meets it."""
        found = text in self.words or (bool(text) and FILLED in self.words)
        return found is not self.negated


@dataclass(frozen=True)
class Rule:
    """`then` where all conditions hold."""

    when: tuple[Condition, ...]
    then: Any


@dataclass(frozen=True)
class Reader:
    """How one canonical column comes from a record.

    how        first: the first field that is filled. join: all that are filled, with blanks.
               unless: true where every field is empty or false. choose: the first rule whose
               conditions hold. constant: always the same.
    lookup     CRM value (trimmed, lower case) → ours; "" = known to mean nothing. A value that
               is not listed becomes `otherwise`, or is read as it stands
    scale      factor of a number, such as 0.01 for percent
    transform  domain | lower | words | slug
    only       an id is kept when it starts so, else the column stays empty
    prefix     put before the value
    optional   dropped with a note when the CRM lacks the field
    """

    how: Literal["first", "join", "unless", "choose", "constant"]
    fields: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    constant: Any = None
    lookup: Mapping[str, Any] | None = None
    otherwise: Any = None
    scale: float | None = None
    transform: str | None = None
    only: str = ""
    prefix: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Source:
    """One CRM object that is read into one canonical object.

    name       unique and stable, such as `activities:Task`; names the cursor
    key        CRM field of the record id; empty in mode `links`
    modified   CRM field of the modification stamp, None when there is none
    id_prefix  put before the record id to make our key, where ids are unique per kind only
    read       canonical column → reader
    skip_when  rows that meet one of these are not ours to read
    each       unpivot: CRM field → its word; one row per filled field, `@value` and `@name`
    links_to   in mode `links`: the kind whose associations with `kind` are the rows; a record
               is `from_id`, `to_id`, `label`, `primary`
    read_back  CRM fields we write, asked for so that what the CRM holds is known (`remote`)
    optional   vanishes with a note when the CRM lacks the object
    """

    name: str
    object: str
    kind: str
    mode: Mode
    key: str
    modified: str | None
    read: Mapping[str, Reader]
    id_prefix: str = ""
    skip_when: tuple[Condition, ...] = ()
    each: Mapping[str, str] | None = None
    links_to: str | None = None
    read_back: tuple[str, ...] = ()
    optional: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """CRM fields to ask for, each once; the key first. Empty in mode `links`."""
        wanted: dict[str, None] = dict.fromkeys([self.key, self.modified or self.key])
        for reader in self.read.values():
            wanted |= dict.fromkeys(reader.fields)
        wanted |= dict.fromkeys(condition.field for condition in self.skip_when)
        wanted |= dict.fromkeys(self.each or ())
        wanted |= dict.fromkeys(self.read_back)
        return tuple(name for name in wanted if name and name not in MADE)

    @property
    def version(self) -> str:
        """40 hex digits that change with what is read or how: then all must be read again."""
        return _digest(asdict(self))[:40]

    @property
    def from_column(self) -> str | None:
        """In mode `links`: the canonical column that holds the id of the record asked about."""
        return next((c for c, r in self.read.items() if r.fields == ("from_id",)), None)

    def row_ids(self, record_id: str) -> tuple[str, ...]:
        """Keys of the canonical rows that a record makes, so that its deletion finds them."""
        if self.each is not None:
            return tuple(f"{self.id_prefix}{record_id}:{name}" for name in self.each)
        return (self.id_prefix + record_id,)


def reading_version(sources: Sequence[Source]) -> str:
    """40 hex digits of how sources that are read together are read; what a cursor remembers."""
    versions = " ".join(source.version for source in sources)
    return hashlib.sha256(versions.encode()).hexdigest()[:40]


def read_together(sources: Sequence[Source]) -> dict[str, list[Source]]:
    """Sources by what their cursor is called: those of one CRM object are read in one go, each
    that reads relations by itself."""
    found: dict[str, list[Source]] = {}
    for source in sources:
        name = source.name if source.mode == "links" else source.kind
        found.setdefault(name, []).append(source)
    return found


@dataclass(frozen=True)
class CrmMap:
    """Everything Barometer reads from one CRM, and what it writes to accounts."""

    vendor: Literal["salesforce", "hubspot"]
    sources: tuple[Source, ...]
    account: WriteMap
    task_key_field: str
    task_kind: str
    content: str  # the TOML it was read from

    @property
    def version(self) -> str:
        """SHA-256 (hex) of what the map says; comments and order of keys do not matter."""
        fields = asdict(self)
        del fields["content"]
        return _digest(fields)

    def source(self, name: str) -> Source:
        """The source `name`; KeyError when there is none."""
        return {source.name: source for source in self.sources}[name]


def _digest(value: Any) -> str:
    plain = json.dumps(value, sort_keys=True, default=_plain)
    return hashlib.sha256(plain.encode()).hexdigest()


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else str(value)
