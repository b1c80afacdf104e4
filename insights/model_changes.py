"""What differs between two models, and what it takes to know the effect."""

import fnmatch
from collections.abc import Iterator, Mapping
from typing import Any

from insights.model import Model

# settings that the basis of an account (insights.what_if) answers for, and those that no band, no
# score and no revenue at risk depends on
ANSWERED = (
    *("name", "components.*.weight", "components.*.curve", "caps.*.at_most", "bands.*", "churn.*"),
    *("required_contacts.*", "sentiment.silence_score"),
    *("sentiment.level_gap", "growth.*", "team.*", "value.*"),
    *("windows.silence_days", "windows.recent_days", "windows.trend_days"),
    "windows.engagement_days",
)


def settings_of(model: Model) -> dict[str, Any]:
    """Every setting by its path, such as bands.watch_from; curves and lists are one setting."""
    return dict(_leaves(model.to_dict(), ""))


def changed_settings(before: Model, after: Model) -> list[str]:
    """Paths of the settings that differ."""
    old, new = settings_of(before), settings_of(after)
    return [path for path in {**old, **new} if old.get(path) != new.get(path)]


def needs_records(before: Model, after: Model) -> list[str]:
    """Changed settings whose effect shows only when the records are read again."""
    return [path for path in changed_settings(before, after) if not is_answered(path)]


def is_answered(path: str) -> bool:
    """Whether the effect of a setting shows without reading the records again."""
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in ANSWERED)


def _leaves(table: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        path = f"{above}{key}"
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{path}.")
        else:
            yield path, value
