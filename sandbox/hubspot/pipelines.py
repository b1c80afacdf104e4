"""Deal and ticket pipelines with their stages.

Source: HubSpot API reference, pipelines: metadata values are text; a deal stage is closed exactly
at probability 0 or 1.
"""

import json
import sqlite3
from typing import Any

from sandbox.hubspot.kinds import Kind
from sandbox.world import World

_SINCE = "2020-01-01T00:00:00.000Z"

_DEAL_STAGES = (
    ("appointmentscheduled", "Appointment Scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified To Buy", "0.4"),
    ("presentationscheduled", "Presentation Scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
    ("contractsent", "Contract Sent", "0.9"),
    ("closedwon", "Closed Won", "1.0"),
    ("closedlost", "Closed Lost", "0.0"),
)
_TICKET_STAGES = (
    ("1", "New", "OPEN"),
    ("2", "Waiting on contact", "OPEN"),
    ("3", "Waiting on us", "OPEN"),
    ("4", "Closed", "CLOSED"),
)

STAGED = {"deals": ("pipeline", "dealstage"), "tickets": ("hs_pipeline", "hs_pipeline_stage")}


class Pipelines:
    """The pipelines of one portal, held in memory and replaced as a whole on change."""

    def __init__(self, world: World) -> None:
        self._world = world
        with world.transaction() as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS hs_pipelines (kind TEXT NOT NULL, id TEXT NOT NULL, "
                "document TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID"
            )
            if db.execute("SELECT 1 FROM hs_pipelines").fetchone() is None:
                _create(db)
        self._reload()

    def of(self, kind: Kind) -> dict[str, dict[str, Any]]:
        """Pipelines by id, in wire form."""
        return self._documents.get(kind.name, {})

    def put(self, kind: Kind, pipeline: dict[str, Any]) -> None:
        """Store a pipeline, new or changed."""
        with self._world.transaction() as db:
            _store(db, kind.name, pipeline)
        self._reload()

    def drop(self, kind: Kind, pipeline_id: str) -> None:
        """Remove a pipeline."""
        with self._world.transaction() as db:
            db.execute(
                "DELETE FROM hs_pipelines WHERE kind = ? AND id = ?", (kind.name, pipeline_id)
            )
        self._reload()

    def stage(self, kind: Kind, stage_id: str) -> tuple[str, dict[str, Any]] | None:
        """(pipeline id, stage) of a stage id; None when no pipeline has it."""
        return self._stages.get((kind.name, stage_id))

    def options(self, kind: Kind, name: str) -> list[dict[str, Any]] | None:
        """Option list of a pipeline or stage property; None for any other property."""
        if name not in STAGED.get(kind.name, ()):
            return None
        found = list(self.of(kind).values())
        if name == STAGED[kind.name][1]:
            found = [stage for pipeline in found for stage in pipeline["stages"]]
        return [
            {"label": each["label"], "value": each["id"], "displayOrder": n, "hidden": False}
            for n, each in enumerate(found)
        ]

    def _reload(self) -> None:
        documents: dict[str, dict[str, dict[str, Any]]] = {}
        stages = {}
        for kind, text in self._world.db().execute("SELECT kind, document FROM hs_pipelines"):
            pipeline = json.loads(text)
            documents.setdefault(kind, {})[pipeline["id"]] = pipeline
            for stage in pipeline["stages"]:
                stages[kind, stage["id"]] = (pipeline["id"], stage)
        self._documents, self._stages = documents, stages


def new_stage(stage_id: str, label: str, order: int, metadata: dict[str, str]) -> dict[str, Any]:
    """A stage in wire form; `isClosed` follows from the probability or the ticket state."""
    if "probability" in metadata:
        closed = float(metadata["probability"]) in (0.0, 1.0)
    else:
        closed = metadata.get("ticketState") == "CLOSED"
    return {
        "label": label,
        "displayOrder": order,
        "metadata": {**metadata, "isClosed": str(closed).lower()},
        "id": stage_id,
        "createdAt": _SINCE,
        "updatedAt": _SINCE,
        "archived": False,
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    }


def new_pipeline(
    pipeline_id: str, label: str, order: int, stages: list[dict[str, Any]]
) -> dict[str, Any]:
    """A pipeline in wire form."""
    return {
        "label": label,
        "displayOrder": order,
        "id": pipeline_id,
        "stages": stages,
        "createdAt": _SINCE,
        "updatedAt": _SINCE,
        "archived": False,
    }


def _create(db: sqlite3.Connection) -> None:
    deals = [
        new_stage(stage, label, n, {"probability": share})
        for n, (stage, label, share) in enumerate(_DEAL_STAGES)
    ]
    tickets = [
        new_stage(stage, label, n, {"ticketState": state})
        for n, (stage, label, state) in enumerate(_TICKET_STAGES)
    ]
    _store(db, "deals", new_pipeline("default", "Sales Pipeline", 0, deals))
    _store(db, "tickets", new_pipeline("0", "Support Pipeline", 0, tickets))


def _store(db: sqlite3.Connection, kind: str, pipeline: dict[str, Any]) -> None:
    db.execute(
        "INSERT OR REPLACE INTO hs_pipelines VALUES (?, ?, ?)",
        (kind, pipeline["id"], json.dumps(pipeline)),
    )
