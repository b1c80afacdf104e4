"""One portal: the world it lives in and what is held in memory about it."""

import threading
from typing import Any

from sandbox.hubspot import switches
from sandbox.hubspot.auth import Tokens
from sandbox.hubspot.changes import Changes
from sandbox.hubspot.deliveries import Deliveries
from sandbox.hubspot.instants import milliseconds, to_text
from sandbox.hubspot.labels import Labels
from sandbox.hubspot.limits import Limiter
from sandbox.hubspot.pipelines import Pipelines
from sandbox.hubspot.schema import Schema
from sandbox.world import World

LINKS = """
CREATE TABLE IF NOT EXISTS hs_links (
    from_kind INTEGER NOT NULL, to_kind INTEGER NOT NULL, from_id INTEGER NOT NULL,
    to_id INTEGER NOT NULL, category INTEGER NOT NULL, type_id INTEGER NOT NULL,
    PRIMARY KEY (from_kind, to_kind, from_id, to_id, category, type_id)
) WITHOUT ROWID
"""

OWNERS = """
CREATE TABLE IF NOT EXISTS hs_owners (
    id INTEGER PRIMARY KEY, email TEXT, first_name TEXT, last_name TEXT, user_id INTEGER NOT NULL,
    archived INTEGER NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
)
"""

_making = threading.Lock()


class Portal:
    """The HubSpot side of a world."""

    def __init__(self, world: World) -> None:
        switches.declare(world)
        self.world = world
        self.id = world.hubspot.portal_id
        self.schema = Schema(world)
        self.pipelines = Pipelines(world)
        self.labels = Labels(world)
        self.limiter = Limiter(world)
        self.tokens = Tokens(world)
        self.changes = Changes(world)
        self.deliveries = Deliveries(world)
        self.exports: dict[str, tuple[int, bytes]] = {}  # by key: good until [epoch ms], the file
        with world.transaction() as db:
            db.execute(LINKS)
            db.execute(OWNERS)

    def now(self) -> int:
        """The world's present, in epoch milliseconds."""
        return milliseconds(self.world.clock.now())

    def now_text(self) -> str:
        """The world's present as it stands on the wire."""
        return to_text(self.now())

    def switch(self, name: str) -> Any:
        """The value of the switch hubspot.<name>."""
        return self.world.switches[f"hubspot.{name}"]


def of(world: World) -> Portal:
    """The portal of a world, made on first use and kept with it."""
    with _making:
        kept = vars(world)
        if "hubspot_portal" not in kept:
            kept["hubspot_portal"] = Portal(world)
        portal: Portal = kept["hubspot_portal"]
        return portal
