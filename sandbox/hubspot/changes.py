"""What changed in the portal, queued for the webhook subscriptions that want to know.

Events are rows written in the transaction of the change, so a change that is rolled back is never
told. Source: HubSpot API reference, webhooks (subscription types, payloads).
"""

import itertools
import json
from typing import Any

from sandbox.hubspot.kinds import KINDS, Kind
from sandbox.world import World

Subscription = dict[str, Any]

UNSUBSCRIBABLE = ("hs_lastmodifieddate", "num_unique_conversion_events")
EVENTS = (
    "creation",
    "deletion",
    "merge",
    "restore",
    "propertyChange",
    "associationChange",
    "privacyDeletion",
)
SUBJECTS = {
    kind.singular: kind
    for kind in KINDS.values()
    if kind.name in ("contacts", "companies", "deals", "tickets", "products", "line_items")
}

_TABLES = (
    "CREATE TABLE IF NOT EXISTS hs_subscriptions (id INTEGER PRIMARY KEY AUTOINCREMENT, "
    "document TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS hs_events (number INTEGER PRIMARY KEY AUTOINCREMENT, "
    "payload TEXT NOT NULL, attempt INTEGER NOT NULL, due_at INTEGER NOT NULL)",
)


class Changes:
    """The subscriptions of the app, and the queue of events for them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._numbers = itertools.count(100)
        with world.transaction() as db:
            for table in _TABLES:
                db.execute(table)
        self.reload()

    def reload(self) -> None:
        """Read the subscriptions again after a change."""
        rows = self._world.db().execute("SELECT id, document FROM hs_subscriptions ORDER BY id")
        self.subscriptions = [{**json.loads(text), "id": number} for number, text in rows]
        self._active = [each for each in self.subscriptions if each["active"]]

    def created(
        self, kind: Kind, record_id: int, values: dict[str, str | None], source: Any, at: int
    ) -> None:
        """A record came into being, with these values."""
        if self._active:
            self._tell("creation", kind, at, source, objectId=record_id, changeFlag="CREATED")
            self.changed(kind, record_id, values, source, at)

    def changed(
        self, kind: Kind, record_id: int, values: dict[str, str | None], source: Any, at: int
    ) -> None:
        """Properties of a record got new values."""
        if self._active:
            for name, value in values.items():
                more = {"objectId": record_id, "propertyName": name, "propertyValue": value or ""}
                self._tell("propertyChange", kind, at, source, **more)

    def deleted(self, kind: Kind, record_id: int, source: Any, at: int) -> None:
        """A record went to the recycle bin."""
        self._tell("deletion", kind, at, source, objectId=record_id, changeFlag="DELETED")

    def restored(self, kind: Kind, record_id: int, source: Any, at: int) -> None:
        """A record came back from the recycle bin."""
        self._tell("restore", kind, at, source, objectId=record_id, changeFlag="RESTORED")

    def erased(self, kind: Kind, record_id: int, source: Any, at: int) -> None:
        """A contact was deleted for good."""
        self._tell("privacyDeletion", kind, at, source, objectId=record_id, changeFlag="DELETED")

    def merged(
        self, kind: Kind, primary: int, loser: int, survivor: int, moved: int, source: Any, at: int
    ) -> None:
        """Two records became one; `moved` properties came from the loser."""
        more = {
            "primaryObjectId": primary,
            "mergedObjectIds": [loser],
            "newObjectId": survivor,
            "numberOfPropertiesMoved": moved,
        }
        self._tell("merge", kind, at, source, **more)

    def linked(
        self,
        kind: Kind,
        from_id: int,
        other: Kind,
        to_id: int,
        *,
        removed: bool,
        primary: bool,
        at: int,
    ) -> None:
        """A link came or went; both sides are told."""
        for one, two, a, b in ((kind, other, from_id, to_id), (other, kind, to_id, from_id)):
            more = {
                "associationType": f"{one.word}_TO_{two.word}",
                "fromObjectId": a,
                "toObjectId": b,
                "associationRemoved": removed,
                "isPrimaryAssociation": primary,
            }
            self._tell("associationChange", one, at, None, **more)

    def _tell(self, event: str, kind: Kind, at: int, source: Any, **more: Any) -> None:
        identity = self._world.hubspot
        for each in self._active:
            if not _wants(each, event, kind, more.get("propertyName")):
                continue
            payload = {
                "eventId": next(self._numbers) % 1_000,  # not unique, as in life
                "subscriptionId": each["id"],
                "portalId": identity.portal_id,
                "appId": identity.app_id,
                "occurredAt": at,
                "subscriptionType": each["eventType"],
                **more,
            }
            if source is not None:
                payload |= {"changeSource": source.type, "sourceId": source.id}
            if each["eventType"].startswith("object."):
                payload["objectTypeId"] = kind.type_id
            self._world.db().execute(
                "INSERT INTO hs_events (payload, attempt, due_at) VALUES (?, 0, ?)",
                (json.dumps(payload), at),
            )


def _wants(each: Subscription, event: str, kind: Kind, name: str | None) -> bool:
    subject, _, wanted = each["eventType"].partition(".")
    if wanted != event or (wanted == "propertyChange" and each.get("propertyName") != name):
        return False
    meant: str = each["objectTypeId"] if subject == "object" else SUBJECTS[subject].type_id
    return meant == kind.type_id
