"""The parts of the model: one frozen dataclass per question, with the method's defaults.

Rules and units: docs/insights.md, "The model".
"""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict

LEVELS = ("decision_maker", "influencer", "user")
UNASSIGNED = "unassigned"
BANDS = ("at_risk", "watch", "healthy", "unknown")
COMPONENTS = (
    "sentiment",
    "coverage",
    "engagement",
    "usage",
    "spend",
    "support",
    "commitment",
)
ALERTS = (
    "contacts_missing",
    "level_missing",
    "respondents_missing",
    "contact_left",
    "silent_account",
    "team_role_missing",
)
CAP_RULES = ("decision_maker_detractor", "decision_maker_left")
PRIORITIES = ("low", "normal", "high", "critical")
TEAM_ROLES = (
    "executive_partner",
    "account_manager",
    "sales_engineer",
    "professional_services",
    "customer_service_manager",
    "technical_lead",
)

type_config = ConfigDict(extra="forbid", allow_inf_nan=False)
Point = tuple[float, float]


@dataclass(frozen=True)
class Windows:
    """How far back each question looks. [days]"""

    __pydantic_config__: ClassVar[ConfigDict] = type_config
    sentiment_days: float = 365
    engagement_days: float = 180
    recent_days: float = 90
    silence_days: float = 150  # until an account without any sign of life is called silent
    revenue_days: float = 365
    trend_days: float = 30
    answer_days: float = 14  # how long an invitation may wait before no answer means silence

    def __post_init__(self) -> None:
        for name, days in asdict(self).items():
            require(days > 0 or name == "answer_days", f"{name} must be longer than 0 days")
        require(self.answer_days >= 0, "answer_days must be 0 or more")


@dataclass(frozen=True)
class RequiredContacts:
    """How many contacts an account's annual value calls for.

    preset  `book2019` (three per factor of ten), `customergauge_live`, or `custom`
    bands   for `custom`: (lowest annual value [corporate currency], contacts), rising
    """

    __pydantic_config__: ClassVar[ConfigDict] = type_config
    preset: Literal["book2019", "customergauge_live", "custom"] = "book2019"
    bands: tuple[tuple[float, int], ...] = ()

    def __post_init__(self) -> None:
        if self.preset == "custom":
            require(bool(self.bands), "preset `custom` needs bands of (lowest value, contacts)")
            rising = all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(self.bands))
            require(rising, "bands must rise in value and never fall in contacts")
            require(all(n >= 0 for _, n in self.bands), "contacts in bands must be 0 or more")
        else:
            require(not self.bands, f"bands belong to preset `custom`, not to {self.preset}")


def _default_roles() -> dict[str, str]:
    return {
        "decision maker": "decision_maker",
        "economic decision maker": "decision_maker",
        "economic buyer": "decision_maker",
        "budget holder": "decision_maker",
        "executive sponsor": "decision_maker",
        "influencer": "influencer",
        "champion": "influencer",
        "evaluator": "influencer",
        "technical buyer": "influencer",
        "blocker": "influencer",
        "legal and compliance": "influencer",
        "business user": "user",
        "end user": "user",
        "user": "user",
    }


@dataclass(frozen=True)
class LevelRules:
    """Who stands where in the decision-making unit, when no field says so.

    roles   CRM role (lower case, words parted by one blank) -> level
    titles  (regular expression searched in the lower-case job title, level), first hit wins
    """

    __pydantic_config__: ClassVar[ConfigDict] = type_config
    roles: Mapping[str, str] = field(default_factory=_default_roles)
    titles: tuple[tuple[str, str], ...] = (
        (r"\b(assistant|secretary|intern|trainee)\b", "user"),
        (r"\b(chief|c[efiotmp]o|president|vp|svp|evp|founder|owner)\b", "decision_maker"),
        (r"\b(director|head of|managing|general manager|partner)\b", "decision_maker"),
        (r"\b(manager|lead|leader|architect|principal|controller|consultant)\b", "influencer"),
        (r"\b(analyst|engineer|developer|specialist|administrator|coordinator)\b", "user"),
        (r"\b(operator|technician|clerk|associate|representative|user)\b", "user"),
    )

    def __post_init__(self) -> None:
        for level in (*self.roles.values(), *(level for _, level in self.titles)):
            require(level in LEVELS, f"level {level!r} must be one of {', '.join(LEVELS)}")
        for pattern, _ in self.titles:
            try:
                re.compile(pattern)
            except re.error as broken:
                raise ValueError(f"title pattern {pattern!r} does not parse: {broken}") from None


@dataclass(frozen=True)
class Sentiment:
    """How answers become one figure.

    influence           weight of one answer by level, in the health component only
    half_life_days      age at which an answer weighs half, in the health component only
    level_gap           NPS points between two levels of one account that are worth a warning
    silence_score       [0-100] component score of an account that was asked and did not answer
    """

    __pydantic_config__: ClassVar[ConfigDict] = type_config
    influence: Mapping[str, float] = field(
        default_factory=lambda: {
            "decision_maker": 3.0,
            "influencer": 2.0,
            "user": 1.0,
            UNASSIGNED: 1.0,
        }
    )
    half_life_days: float = 180
    level_gap: float = 50
    silence_score: float = 30

    def __post_init__(self) -> None:
        same_names(self.influence, (*LEVELS, UNASSIGNED), "influence")
        require(all(w > 0 for w in self.influence.values()), "influence must be above 0")
        require(self.half_life_days > 0, "half_life_days must be above 0")
        require(0 <= self.silence_score <= 100, "silence_score must be within 0..100")


@dataclass(frozen=True)
class Component:
    """One part of health.

    side    which of the three kinds of evidence it is
    curve   (raw measure, score [0-100]) joined by straight lines, level beyond both ends
    weight  share in the score, relative to the other components; 0 switches it off
    fresh_days  evidence older than this is stale: it counts in the score, less in the confidence
    """

    __pydantic_config__: ClassVar[ConfigDict] = type_config
    side: Literal["spend", "say", "do"]
    curve: tuple[Point, ...]
    weight: float
    fresh_days: float | None = None

    def __post_init__(self) -> None:
        _check_curve(self.curve, top=100)
        require(self.weight >= 0, "weight must be 0 or more")
        require(self.fresh_days is None or self.fresh_days > 0, "fresh_days must be above 0")


def default_components() -> dict[str, Component]:
    """The seven components of health."""
    return {
        "sentiment": Component(
            "say", ((0, 0), (6, 30), (7, 50), (8, 65), (9, 85), (10, 100)), 30, fresh_days=365
        ),
        "coverage": Component("say", ((0, 0), (0.5, 50), (1, 100)), 15),
        "engagement": Component("do", ((14, 100), (30, 80), (90, 40), (180, 0)), 20),
        "usage": Component("do", ((0, 0), (0.5, 30), (1, 70), (1.2, 100)), 10),
        "spend": Component("spend", ((0, 0), (0.5, 10), (0.9, 50), (1, 65), (1.3, 100)), 10),
        "support": Component("do", ((0, 100), (1, 70), (3, 30), (6, 0)), 10),
        "commitment": Component(
            "spend", ((0, 0), (0.5, 40), (0.9, 90), (1, 100)), 5, fresh_days=90
        ),
    }


@dataclass(frozen=True)
class Cap:
    """A rule that holds the score down to `at_most` [0-100] for `within_days`."""

    __pydantic_config__: ClassVar[ConfigDict] = type_config
    at_most: float
    within_days: float = 90

    def __post_init__(self) -> None:
        require(0 <= self.at_most <= 100, "at_most must be within 0..100")
        require(self.within_days > 0, "within_days must be above 0")


@dataclass(frozen=True)
class Bands:
    """Health bands are half-open: healthy [70, 100], watch [40, 70), at risk [0, 40).

    hysteresis_points  how far past an edge the score must be to change the band at once
    min_confidence     below it the band is unknown
    trend_points       change from which the trend is up or down
    stale_freshness    freshness of stale evidence, 0..1
    """

    __pydantic_config__: ClassVar[ConfigDict] = type_config
    healthy_from: float = 70
    watch_from: float = 40
    hysteresis_points: float = 3
    min_confidence: float = 0.5
    trend_points: float = 5
    stale_freshness: float = 0.5

    def __post_init__(self) -> None:
        require(
            0 <= self.watch_from <= self.healthy_from <= 100,
            "bands must satisfy 0 <= watch_from <= healthy_from <= 100",
        )
        require(self.hysteresis_points >= 0, "hysteresis_points must be 0 or more")
        require(self.trend_points >= 0, "trend_points must be 0 or more")
        require(0 <= self.min_confidence <= 1, "min_confidence must be within 0..1")
        require(0 <= self.stale_freshness <= 1, "stale_freshness must be within 0..1")


@dataclass(frozen=True)
class Support:
    """What one open case weighs: its priority's weight times the factor for its age [days]."""

    __pydantic_config__: ClassVar[ConfigDict] = type_config
    priority: Mapping[str, float] = field(
        default_factory=lambda: {"low": 0.5, "normal": 1.0, "high": 2.0, "critical": 3.0}
    )
    age_curve: tuple[Point, ...] = ((0, 1), (30, 2))

    def __post_init__(self) -> None:
        same_names(self.priority, PRIORITIES, "priority")
        require(all(w >= 0 for w in self.priority.values()), "priority weights must be 0 or more")
        _check_curve(self.age_curve)


@dataclass(frozen=True)
class Growth:
    """When an account may be sold more, or asked for a favour.

    renewal_days           a renewal nearer than this blocks up-sell unless it is committed
    committed_probability  probability from which an open renewal counts as committed
    cross_sell_share       share of the segment's healthy accounts that must own a product
    ask_again_days         rest between two requests to one person
    """

    __pydantic_config__: ClassVar[ConfigDict] = type_config
    min_confidence: float = 0.6
    min_contact_coverage: float = 0.5
    renewal_days: float = 60
    committed_probability: float = 0.9
    cross_sell_share: float = 0.3
    ask_again_days: float = 180

    def __post_init__(self) -> None:
        for name in (
            "min_confidence",
            "min_contact_coverage",
            "committed_probability",
            "cross_sell_share",
        ):
            require(0 <= getattr(self, name) <= 1, f"{name} must be within 0..1")
        require(self.renewal_days >= 0, "renewal_days must be 0 or more")
        require(self.ask_again_days >= 0, "ask_again_days must be 0 or more")


@dataclass(frozen=True)
class Team:
    """Vendor-side roles an account above `threshold` [corporate currency per year] must have."""

    __pydantic_config__: ClassVar[ConfigDict] = type_config
    threshold: float = 1_000_000
    roles: tuple[str, ...] = TEAM_ROLES


@dataclass(frozen=True)
class Value:
    """Lifetime value, quadrants and revenue buckets.

    discount_rate    r in 1/(1+r)^n
    discounting      `npv` divides by (1+r)^n, `declining` multiplies by (1-r)^n
    gross_margin     share of annual value that is margin
    quadrant_threshold  annual value from which an account is high; none = the median
    bucket_width     [corporate currency] of one revenue bucket
    """

    __pydantic_config__: ClassVar[ConfigDict] = type_config
    discount_rate: float = 0.10
    discounting: Literal["npv", "declining"] = "npv"
    gross_margin: float = 1.0
    quadrant_threshold: float | None = None
    bucket_width: float = 250_000

    def __post_init__(self) -> None:
        require(0 < self.discount_rate < 1, "discount_rate must be between 0 and 1")
        require(self.bucket_width > 0, "bucket_width must be above 0")


def require(holds: bool, otherwise: str) -> None:
    """ValueError with the words of `otherwise` unless it holds."""
    if not holds:
        raise ValueError(otherwise)


def same_names(table: Mapping[str, Any], names: tuple[str, ...], what: str) -> None:
    """ValueError unless the table has exactly these names."""
    require(
        set(table) == set(names), f"{what} must name exactly {', '.join(names)}, not {list(table)}"
    )


def _check_curve(curve: tuple[Point, ...], top: float = math.inf) -> None:
    require(len(curve) >= 2, "a curve needs at least two points")
    require(all(a[0] < b[0] for a, b in pairwise(curve)), "x must rise along a curve")
    require(all(0 <= y <= top for _, y in curve), f"y must be within 0..{top:g} along a curve")
