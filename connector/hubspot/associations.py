"""Associations: whole batches by the v4 API, and those that come inline with a list.

Source: HubSpot API reference, associations v4. Its facts that shape this: a batch in which any
record has no association is answered 207; `from.id` is text and `toObjectId` a number; each
record's associations may be paged; primary is a label, never the first.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.base import Link
from connector.hubspot.door import Door
from connector.hubspot.kinds import KEY, id_order
from connector.hubspot.refusals import named_records

BATCH = 1000  # records in one call

# type ids, of category HUBSPOT_DEFINED, that mean "primary": contact, deal, ticket with a company
_PRIMARY = frozenset({1, 2, 5, 6, 25, 26})

Json = dict[str, Any]


class Associations:
    """Reads associations of one account."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def links(self, kind: str, to_kind: str, ids: Sequence[str]) -> Iterator[list[Link]]:
        """All associations of the records to `to_kind`, by up to 1,000 records.

        One Link for each label of an association; one without a label where it has none.
        """
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), BATCH):
            yield self._read(kind, to_kind, wanted[start : start + BATCH])

    def first_targets(self, kind: str, to_kind: str, ids: Sequence[str]) -> dict[str, str]:
        """Per record the primary associated record, else the one with the lowest id."""
        best: dict[str, Link] = {}
        for some in self.links(kind, to_kind, ids):
            for link in some:
                known = best.get(link.from_id)
                if known is None or _rank(link) < _rank(known):
                    best[link.from_id] = link
        return {from_id: link.to_id for from_id, link in best.items()}

    def add_inline(
        self, kind: str, items: Sequence[Json], records: Sequence[Json], fields: Sequence[str]
    ) -> None:
        """Put the pseudo-fields into records, from the associations that came with the items.

        A record with more associations than fit inline is read by the v4 API.
        """
        for field in fields:
            to_kind = field[1:]
            long: list[Json] = []
            for item, record in zip(items, records, strict=True):
                part = _inline(item, to_kind)
                record[field] = _first_inline(part.get("results") or ())
                if part.get("paging"):
                    long.append(record)
            if long:
                targets = self.first_targets(kind, to_kind, [record[KEY] for record in long])
                for record in long:
                    record[field] = targets.get(record[KEY], record[field])

    def _read(self, kind: str, to_kind: str, ids: Sequence[str]) -> list[Link]:
        links: list[Link] = []
        seen: set[str] = set()
        inputs: list[Json] = [{"id": record_id} for record_id in ids]
        while inputs:
            operation = self._door.library.associations.get_page
            answer = self._door.gather(operation, kind, to_kind, {"inputs": inputs}, purpose="read")
            going_on: list[Json] = []
            for result in answer["results"]:
                from_id = str(result["from"]["id"])
                seen.add(from_id)
                for target in result.get("to") or ():
                    links += _links(from_id, target)
                after = ((result.get("paging") or {}).get("next") or {}).get("after")
                if after is not None:
                    going_on.append({"id": from_id, "after": str(after)})
            inputs = going_on + self._left_out(inputs, answer, seen)
        return links

    def _left_out(self, inputs: Sequence[Json], answer: Json, seen: set[str]) -> list[Json]:
        """Records the answer says nothing of; each is asked for once more."""
        for error in answer.get("errors") or ():
            seen |= named_records(error)
        left = [entry for entry in inputs if entry["id"] not in seen]
        seen |= {entry["id"] for entry in left}
        return left


def _links(from_id: str, target: Mapping[str, Any]) -> list[Link]:
    to_id = str(target["toObjectId"])
    types = target.get("associationTypes") or ()
    primary = any(_is_primary(each) for each in types)
    labels = {each["label"] for each in types if each.get("label") and not _is_primary(each)}
    return [Link(from_id, to_id, label, primary) for label in sorted(labels) or [None]]


def _is_primary(association_type: Mapping[str, Any]) -> bool:
    if association_type.get("category") != "HUBSPOT_DEFINED":
        return False
    return association_type.get("typeId") in _PRIMARY or association_type.get("label") == "Primary"


def _rank(link: Link) -> tuple[bool, tuple[int, str]]:
    return not link.primary, id_order(link.to_id)


def _inline(item: Mapping[str, Any], to_kind: str) -> Mapping[str, Any]:
    """The inline associations to a kind; HubSpot may write its name with a blank."""
    parts = item.get("associations") or {}
    return next((p for name, p in parts.items() if name.replace(" ", "_") == to_kind), {})


def _first_inline(results: Sequence[Mapping[str, Any]]) -> str | None:
    """The primary, else the lowest id.

    A primary association has a type without the ending "_unlabeled" beside the one that has it;
    where the two are not told apart, all types are alike and the lowest id is taken.
    """
    plain = {str(r["id"]) for r in results if str(r.get("type", "")).endswith("_unlabeled")}
    named = {str(r["id"]) for r in results if _is_pair(str(r.get("type", "")))}
    everything = {str(r["id"]) for r in results}
    return min((named & plain) or named or everything, key=id_order, default=None)


def _is_pair(name: str) -> bool:
    return "_to_" in name and not name.endswith("_unlabeled")
