"""Deal stages for a portfolio: HubSpot's own where the name fits, else stages the admin added."""

from typing import Any

from sandbox.hubspot.kinds import KINDS
from sandbox.hubspot.pipelines import new_stage
from sandbox.hubspot.portal import Portal

PIPELINE = "default"
_FIRST_ID = 94_871_201  # added stages have numeric ids

Key = tuple[str | None, bool | None, bool | None]


class Stages:
    """Hands out stage ids while deals are loaded; `store` then keeps the new stages."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._pipeline = portal.pipelines.of(KINDS["deals"])[PIPELINE]
        self._by_label = {s["label"]: s for s in self._pipeline["stages"]}
        self._ids: dict[Key, str] = {}
        self._added: list[dict[str, Any]] = []

    def stage_id(self, row: dict[str, Any]) -> str | None:
        """The stage of a canonical opportunity; None when it has none."""
        key: Key = (row["stage"], row["is_closed"], row["is_won"])
        if key not in self._ids:
            self._ids[key] = self._find(row)
        return self._ids[key] or None

    def store(self) -> None:
        """Keep the stages that were added."""
        if self._added:
            pipeline = {**self._pipeline, "stages": [*self._pipeline["stages"], *self._added]}
            self._portal.pipelines.put(KINDS["deals"], pipeline)

    def _find(self, row: dict[str, Any]) -> str:
        share = _share(row)
        label = row["stage"] or {"1.0": "Closed Won", "0.0": "Closed Lost"}.get(share)
        if label is None:
            return ""
        known = self._by_label.get(label)
        if known is not None and (known["metadata"]["isClosed"] == "true") == bool(
            row["is_closed"]
        ):
            return str(known["id"])
        taken = len(self._pipeline["stages"]) + len(self._added)
        stage = new_stage(str(_FIRST_ID + len(self._added)), label, taken, {"probability": share})
        self._added.append(stage)
        return str(stage["id"])


def _share(row: dict[str, Any]) -> str:
    if row["is_closed"]:
        return "1.0" if row["is_won"] else "0.0"
    share = row["probability"]
    return "0.2" if share is None or not 0 < share < 1 else str(float(share))
