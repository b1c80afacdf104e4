"""Reading CRM objects: the list, the search and the batch read, as flat records.

A record is its properties as HubSpot sent them, `hs_object_id` among them, and the pseudo-fields
("@companies") that were asked for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.errors import CrmUnknownField
from connector.hubspot.associations import Associations
from connector.hubspot.door import Door
from connector.hubspot.kinds import KEY, MERGED, id_order, is_linked
from connector.hubspot.refusals import named_records
from connector.hubspot.schema import Schema

BATCH = 100  # records in a batch call, and in a page of the list
_LONGEST_QUERY = 6000  # characters of property names that a list may carry in its address

Json = dict[str, Any]


@dataclass(frozen=True)
class Slice:
    """Some records in the order of their ids; `after` leads on, None on the last."""

    records: list[Json]
    after: str | None
    items: list[Json]  # as HubSpot sent them


class Objects:
    """Reads records of one account."""

    def __init__(self, door: Door, associations: Associations, schema: Schema) -> None:
        self._door = door
        self._associations = associations
        self._schema = schema

    def page(self, kind: str, fields: Sequence[str], after: str | None) -> Slice:
        """Up to 100 live records from HubSpot's primary store, with their associations."""
        names, linked = _parted(fields)
        too_many = sum(len(name) + 12 for name in names) > _LONGEST_QUERY
        answer = self._list(kind, [KEY] if too_many else names, after, linked=linked)
        items: list[Json] = answer["results"]
        if too_many:
            items = self._completed(kind, items, names)
        records = [_record(item) for item in items]
        if linked:
            self._associations.add_inline(kind, items, records, linked)
        self._check_names(kind, names, records)
        return Slice(records, _after(answer), items)

    def archived(self, kind: str, after: str | None) -> Slice:
        """Up to 100 records of the recycle bin, which holds them for 90 days."""
        answer = self._list(kind, [KEY], after, archived=True)
        items = answer["results"]
        return Slice([_record(item) for item in items], _after(answer), items)

    def search(
        self, kind: str, fields: Sequence[str], filters: Sequence[Json], after: str
    ) -> Slice:
        """Up to 200 live records that meet all filters and have a larger id than `after`.

        It asks HubSpot's index, which may lag up to 30 s behind. Since the id leads on, ties on
        a time stamp and the search's limit of 10,000 rows do no harm.
        """
        names = _parted(fields)[0]
        beyond = {"propertyName": KEY, "operator": "GT", "value": after}
        body = {
            "filterGroups": [{"filters": [*filters, beyond]}],
            "sorts": [{"propertyName": KEY, "direction": "ASCENDING"}],
            "properties": list(names),
            "limit": 200,
        }
        answer = self._search(kind, body)
        items: list[Json] = answer["results"]
        records = [_record(item) for item in items]
        self._check_names(kind, names, records)
        # Every request starts at the front of what is left: `total` counts what is to come.
        more = bool(items) and (_after(answer) or int(answer.get("total", 0)) > len(items))
        last = max((item["id"] for item in items), key=id_order, default=after)
        return Slice(records, last if more else None, items)

    def matching(self, kind: str, filters: Sequence[Json], fields: Sequence[str]) -> list[Json]:
        """All records, at most 200, that meet the filters, by the search index."""
        groups = [{"filters": list(filters)}]
        body = {"filterGroups": groups, "properties": list(fields), "limit": 200}
        return [_record(item) for item in self._search(kind, body)["results"]]

    def count(self, kind: str) -> int:
        """How many live records there are, by the search index."""
        answer = self._search(kind, {"filterGroups": [], "properties": [KEY], "limit": 1})
        return int(answer["total"])

    def read(self, kind: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Json]:
        """Live records by id. Those left out by HubSpot without a word are asked for again."""
        names, linked = _parted(fields)
        found: dict[str, Json] = {}
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), BATCH):
            found |= self.read_by(kind, KEY, wanted[start : start + BATCH], names)
        if linked and found:
            for field in linked:
                targets = self._associations.first_targets(kind, field[1:], list(found))
                for record_id, record in found.items():
                    record[field] = targets.get(record_id)
        return found

    def read_by(
        self,
        kind: str,
        key: str,
        values: Iterable[str],
        fields: Sequence[str],
        *,
        archived: bool = False,
    ) -> dict[str, Json]:
        """Up to 100 records by the value of a unique property (or by id)."""
        left = list(values)
        found: dict[str, Json] = {}
        for _ in range(2):
            if not left:
                break
            body: Json = {
                "inputs": [{"id": value} for value in left],
                "properties": list(dict.fromkeys([*fields, key])),
            }
            if key != KEY:
                body["idProperty"] = key
            answer = self._door.gather(
                self._door.library.batches.read,
                kind,
                body,
                purpose="read",
                **({"archived": True} if archived else {}),
            )
            records = [_record(item) for item in answer["results"]]
            wanted = set(left)
            found |= {r[key]: r for r in records if r.get(key) in wanted}
            absent: set[str] = set()
            for error in answer.get("errors") or ():
                absent |= named_records(error)
            left = [value for value in left if value not in found and value not in absent]
        return found

    def _list(
        self,
        kind: str,
        names: Sequence[str],
        after: str | None,
        *,
        linked: Sequence[str] = (),
        archived: bool = False,
    ) -> Json:
        query: Json = {"limit": BATCH, "archived": archived, "properties": list(names)}
        if after is not None:
            query["after"] = after
        if linked:
            query["associations"] = [field[1:] for field in linked]
        return self._door.call(self._door.library.objects.get_page, kind, purpose="read", **query)

    def _search(self, kind: str, body: Json) -> Json:
        operation = self._door.library.searches.do_search
        return self._door.call(operation, kind, body, purpose="read", search=True)

    def _completed(self, kind: str, items: list[Json], names: Sequence[str]) -> list[Json]:
        found = self.read_by(kind, KEY, [item["id"] for item in items], names) if items else {}
        return [item | {"properties": found[item["id"]]} for item in items if item["id"] in found]

    def _check_names(self, kind: str, names: Sequence[str], records: Sequence[Json]) -> None:
        """HubSpot leaves unknown properties out without a word; that must not look like empty."""
        if not records:
            return
        absent = [n for n in names if n not in records[0] and n != MERGED]
        if not absent:
            return
        unknown = [name for name in absent if name not in self._schema.describe(kind)]
        if unknown:
            raise CrmUnknownField(
                f"HubSpot's {kind} have no property {', '.join(unknown)}, or hide it from the app: "
                "correct the name in the map, restore the property if it is archived, or run "
                "provisioning for our own."
            )
        for record in records:
            for name in absent:
                record.setdefault(name, None)


def _parted(fields: Sequence[str]) -> tuple[list[str], list[str]]:
    """Properties, and pseudo-fields."""
    names = list(dict.fromkeys(name for name in fields if not is_linked(name)))
    return names, list(dict.fromkeys(name for name in fields if is_linked(name)))


def _record(item: Mapping[str, Any]) -> Json:
    record: Json = item["properties"]
    record[KEY] = item["id"]
    return record


def _after(answer: Mapping[str, Any]) -> str | None:
    following = (answer.get("paging") or {}).get("next") or {}
    return str(following["after"]) if following.get("after") else None
