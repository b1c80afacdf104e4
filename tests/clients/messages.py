"""What Airbyte's connectors and Singer's taps print: one JSON message per line."""

import json
from collections import Counter
from typing import Any


def airbyte(text: str) -> list[dict[str, Any]]:
    """The messages of a connector; lines of its log that are no JSON are left out."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def configured(stream: dict[str, Any]) -> dict[str, Any]:
    """A discovered stream, chosen to be read incrementally where it can be."""
    modes = stream["supported_sync_modes"]
    return {
        "stream": stream, "destination_sync_mode": "append",
        "sync_mode": "incremental" if "incremental" in modes else "full_refresh",
        "cursor_field": stream.get("default_cursor_field"),
    }  # fmt: skip


def singer(text: str) -> tuple[Counter[str], dict[str, Any]]:
    """(records of each stream, the last state) that a tap wrote."""
    rows: Counter[str] = Counter()
    state: dict[str, Any] = {}
    for message in map(json.loads, text.splitlines()):
        if message["type"] == "RECORD":
            rows[message["stream"]] += 1
        elif message["type"] == "STATE":
            state = message["value"]
    return rows, state
