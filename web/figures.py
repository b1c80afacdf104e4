"""Reading stored figures: whatever is missing or not a number is unknown, never 0."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Figures:
    """Named figures of one account or portfolio, as the calculations left them."""

    content: Mapping[str, Any] = field(default_factory=dict)

    def number(self, name: str) -> float | None:
        """The figure as a number; None when there is none."""
        return as_number(self.content.get(name))

    def whole(self, name: str) -> int | None:
        """The figure as a whole number, for counts."""
        value = self.number(name)
        return None if value is None else round(value)

    def text(self, name: str) -> str | None:
        """The figure as text."""
        value = self.content.get(name)
        return value if isinstance(value, str) and value else None

    def flag(self, name: str) -> bool | None:
        """The figure as yes or no."""
        value = self.content.get(name)
        return value if isinstance(value, bool) else None

    def span(self, name: str) -> tuple[float, float] | None:
        """An interval as (low, high)."""
        value = self.content.get(name)
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
            return None
        low, high = as_number(value[0]), as_number(value[1])
        return None if low is None or high is None else (low, high)

    def items(self, name: str) -> list[Any]:
        """A list; empty when there is none."""
        value = self.content.get(name)
        return list(value) if isinstance(value, list | tuple) else []

    def part(self, name: str) -> "Figures":
        """A table of figures inside this one; empty when there is none."""
        value = self.content.get(name)
        return Figures(value if isinstance(value, Mapping) else {})


def as_number(value: Any) -> float | None:
    """A finite number from what JSON held: a number, or a decimal written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def gap_in_words(figures: Figures, levels: Mapping[str, str]) -> list[str]:
    """What coverage lacks: contacts, answers, levels without anybody; empty when nothing is known
    to be missing.
    """
    required = figures.number("required_contacts")
    missing = []
    for have, one, many in (("known", "contact", "contacts"), ("respondents", "answer", "answers")):
        present = figures.number(have)
        if required is not None and present is not None and present < required:
            short = round(required - present)
            missing.append(f"{short} {one if short == 1 else many} missing")
    needed = figures.part("required_by_level")
    known_levels = figures.part("known_by_level")
    for level, word in levels.items():
        wanted = needed.number(level)
        if wanted and known_levels.number(level) == 0:
            missing.append(f"no {word}")
    return missing


def loss_is_assumed(figures: Figures) -> bool:
    """Whether the expected loss rests on an assumed rate per band; only a fitted one does not."""
    known = figures.number("expected_loss") is not None
    return known and figures.text("expected_loss_basis") != "fitted"
