"""Every stage with its variants: ours, the floor and, where another program limits us, its ceiling.

goal  the share of the floor's speed that we want to reach at least (docs/benchmarks.md)
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks import asking, computing, pulling, starting, storing, syncing, writing

VENDORS = ("salesforce", "hubspot")

Variant = Callable[..., None]


@dataclass(frozen=True)
class Stage:
    """One line of the table. `needed`: later stages work on what it leaves behind."""

    name: str
    unit: str
    ours: Variant
    floor: Variant | None = None
    ceiling: Variant | None = None
    goal: float | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    needed: bool = False


def stages(postgres: bool) -> list[Stage]:
    """All stages in the order they must run."""
    databases = ("sqlite", "postgresql") if postgres else ("sqlite",)
    return [
        *(_pull(vendor) for vendor in VENDORS),
        *(_map(vendor) for vendor in VENDORS),
        *(_upsert(database, again) for database in databases for again in (False, True)),
        *(_load(database) for database in databases),
        *(_sync(vendor) for vendor in VENDORS),
        *(_unchanged(vendor) for vendor in VENDORS),
        Stage("assess", "rows", computing.assess_ours, computing.assess_floor),
        Stage("report", "accounts", computing.report_ours, computing.report_floor),
        Stage("save assessments", "accounts", computing.save_ours, computing.save_floor),
        Stage("plan, all differ", "accounts", computing.plan_ours, computing.plan_floor),
        Stage("what if", "accounts", asking.what_if_ours, asking.what_if_floor),
        *(_write_back(vendor) for vendor in VENDORS),
        Stage("start-up", "starts", starting.ours, starting.floor),
    ]


def _pull(vendor: str) -> Stage:
    return Stage(
        f"pull {vendor}",
        "records",
        pulling.ours,
        pulling.floor,
        pulling.ceiling,
        goal=0.6,
        arguments={"vendor": vendor},
    )


def _map(vendor: str) -> Stage:
    return Stage(
        f"map {vendor}",
        "records",
        pulling.map_ours,
        pulling.map_floor,
        arguments={"vendor": vendor},
    )


def _upsert(database: str, again: bool) -> Stage:
    return Stage(
        f"upsert {database}, {'unchanged' if again else 'new'}",
        "rows",
        storing.upsert_ours,
        storing.upsert_floor,
        goal=0.6,
        arguments={"database": database, "again": again},
        needed=not again,
    )


def _load(database: str) -> Stage:
    return Stage(
        f"load {database}",
        "rows",
        storing.load_ours,
        storing.load_floor,
        goal=0.8,
        arguments={"database": database},
    )


def _sync(vendor: str) -> Stage:
    return Stage(
        f"sync {vendor}", "records", syncing.first, arguments={"vendor": vendor}, needed=True
    )


def _unchanged(vendor: str) -> Stage:
    return Stage(f"unchanged {vendor}", "records", syncing.unchanged, arguments={"vendor": vendor})


def _write_back(vendor: str) -> Stage:
    return Stage(
        f"write back {vendor}",
        "accounts",
        writing.ours,
        writing.floor,
        arguments={"vendor": vendor},
    )
