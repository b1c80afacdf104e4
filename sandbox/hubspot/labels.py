"""Association types: HubSpot's own and the labels users define, each with its inverse.

Source: HubSpot API reference, table of type ids; labels.
"""

from dataclasses import dataclass
from functools import cached_property

from sandbox.hubspot.kinds import KINDS, Kind
from sandbox.world import World

DEFINED = "HUBSPOT_DEFINED"
USER = "USER_DEFINED"
FIRST_USER_TYPE = 270  # user labels are numbered per portal and may collide with HubSpot's numbers

# from, to, default id there and back
_DEFAULTS = (
    ("contacts", "companies", 279, 280),
    ("deals", "companies", 341, 342),
    ("tickets", "companies", 339, 340),
    ("contacts", "deals", 4, 3),
    ("contacts", "tickets", 15, 16),
    ("deals", "tickets", 27, 28),
    ("companies", "companies", 450, 450),
    ("contacts", "contacts", 449, 449),
    ("deals", "deals", 451, 451),
    ("tickets", "tickets", 452, 452),
    ("deals", "line_items", 19, 20),
    ("feedback_submissions", "contacts", 98, 97),
    ("feedback_submissions", "companies", 928, 929),
    ("feedback_submissions", "deals", 984, 985),
    ("feedback_submissions", "tickets", 100, 99),
    ("calls", "meetings", 399, 400),
    *(
        (activity, record, first + step, first + step - 1)
        for record, first in (
            ("companies", 182),
            ("contacts", 194),
            ("deals", 206),
            ("tickets", 220),
        )
        for activity, step in (
            ("calls", 0),
            ("emails", 4),
            ("meetings", 6),
            ("notes", 8),
            ("tasks", 10),
        )
    ),
)
# from, to, id there and back, label there and back
_LABELLED = (
    ("contacts", "companies", 1, 2, "Primary", "Primary"),
    ("contacts", "companies", 931, 930, "Billing contact", "Billing contact"),
    ("deals", "companies", 5, 6, "Primary", "Primary"),
    ("tickets", "companies", 26, 25, "Primary", "Primary"),
    ("companies", "companies", 13, 14, "Child Company", "Parent Company"),
)


@dataclass(frozen=True)
class LinkType:
    """One kind of link in one direction; `label` is None for the unlabelled default."""

    from_kind: str
    to_kind: str
    category: str
    type_id: int
    label: str | None
    name: str
    inverse: int  # type id of the other direction, same category

    @cached_property
    def primary(self) -> bool:
        """Marks the one company a record belongs to."""
        return self.category == DEFINED and self.label == "Primary"


class Labels:
    """All association types of one portal, in memory, replaced as a whole on change."""

    def __init__(self, world: World) -> None:
        self._world = world
        with world.transaction() as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS hs_labels (from_kind TEXT NOT NULL, "
                "to_kind TEXT NOT NULL, type_id INTEGER NOT NULL, label TEXT NOT NULL, "
                "name TEXT NOT NULL, inverse INTEGER NOT NULL, "
                "PRIMARY KEY (from_kind, to_kind, type_id)) WITHOUT ROWID"
            )
        self._reload()

    def between(self, kind: Kind, other: Kind) -> list[LinkType]:
        """Types from `kind` to `other`, the unlabelled default first."""
        return self._pairs.get((kind.name, other.name), [])

    def leaving(self, kind: Kind) -> list[LinkType]:
        """All types that start at `kind`."""
        return [t for (name, _), types in self._pairs.items() if name == kind.name for t in types]

    def default(self, kind: Kind, other: Kind) -> LinkType | None:
        """The unlabelled type; None when the two cannot be linked."""
        types = self.between(kind, other)
        return types[0] if types else None

    def primary(self, kind: Kind, other: Kind) -> LinkType | None:
        """The primary-company type of this direction, if it has one."""
        return next((t for t in self.between(kind, other) if t.primary), None)

    def find(self, kind: Kind, other: Kind, category: str, type_id: int) -> LinkType | None:
        """A type by its number, which means something only with category and direction."""
        for each in self.between(kind, other):
            if (each.category, each.type_id) == (category, type_id):
                return each
        return None

    def named(self, name: str) -> LinkType | None:
        """A user-defined type by its internal name."""
        every = (t for types in self._pairs.values() for t in types if t.category == USER)
        return next((t for t in every if t.name == name), None)

    def add(self, kind: Kind, other: Kind, label: str, name: str, inverse: str) -> list[LinkType]:
        """Create a user label in both directions; returns [this direction, the other]."""
        with self._world.transaction() as db:
            last = db.execute("SELECT max(type_id) FROM hs_labels").fetchone()[0]
            one = FIRST_USER_TYPE if last is None else last + 1
            rows = [(kind.name, other.name, one, label, name, one + 1)]
            rows.append((other.name, kind.name, one + 1, inverse, name, one))
            db.executemany("INSERT INTO hs_labels VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._reload()
        return [t for t in self._all_users() if t.type_id in (one, one + 1)]

    def rename(self, known: LinkType, label: str, inverse: str) -> None:
        """Change the text of both directions."""
        with self._world.transaction() as db:
            sql = "UPDATE hs_labels SET label = ? WHERE type_id = ?"
            db.execute(sql, (label, known.type_id))
            db.execute(sql, (inverse, known.inverse))
        self._reload()

    def remove(self, known: LinkType) -> None:
        """Forget both directions; the links themselves are the caller's to remove."""
        with self._world.transaction() as db:
            db.execute(
                "DELETE FROM hs_labels WHERE type_id IN (?, ?)", (known.type_id, known.inverse)
            )
        self._reload()

    def _all_users(self) -> list[LinkType]:
        rows = self._world.db().execute(
            "SELECT from_kind, to_kind, type_id, label, name, inverse FROM hs_labels "
            "ORDER BY type_id"
        )
        return [LinkType(a, b, USER, i, label, name, back) for a, b, i, label, name, back in rows]

    def _reload(self) -> None:
        pairs: dict[tuple[str, str], list[LinkType]] = {}
        for each in (*_hubspot_types(), *self._all_users()):
            pairs.setdefault((each.from_kind, each.to_kind), []).append(each)
        self._pairs = pairs


def _hubspot_types() -> list[LinkType]:
    types = []
    labelled = {(a, b) for a, b, *_ in _LABELLED} | {(b, a) for a, b, *_ in _LABELLED}
    for a, b, there, back in _DEFAULTS:
        for one, two, number, inverse in {(a, b, there, back), (b, a, back, there)}:
            name = f"{KINDS[one].singular}_to_{KINDS[two].singular}"
            suffix = "_unlabeled" if (one, two) in labelled else ""
            types.append(LinkType(one, two, DEFINED, number, None, name + suffix, inverse))
    for a, b, there, back, label, inverse_label in _LABELLED:
        name = f"{KINDS[a].singular}_to_{KINDS[b].singular}"
        back_name = f"{KINDS[b].singular}_to_{KINDS[a].singular}"
        if label == "Billing contact":
            name, back_name = "billing_" + name, "billing_" + back_name
        if a == b:
            name, back_name = "parent_to_child_company", "child_to_parent_company"
        types.append(LinkType(a, b, DEFINED, there, label, name, back))
        types.append(LinkType(b, a, DEFINED, back, inverse_label, back_name, there))
    return types
