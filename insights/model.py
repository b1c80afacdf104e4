"""The active policy: every threshold, weight, curve and window the calculations use.

A model is immutable data. Each field has the method's default, `Model.from_dict` lays a partial
dict (read from TOML or JSON) over the defaults, and `Model.to_dict` gives the whole of it back.
Rules and units: docs/insights.md, "The model".
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from insights.policy import (
    ALERTS,
    BANDS,
    CAP_RULES,
    COMPONENTS,
    LEVELS,
    PRIORITIES,
    TEAM_ROLES,
    UNASSIGNED,
    Bands,
    Cap,
    Component,
    Growth,
    LevelRules,
    RequiredContacts,
    Sentiment,
    Support,
    Team,
    Value,
    Windows,
    default_components,
    require,
    same_names,
    type_config,
)

__all__ = [
    "ALERTS",
    "BANDS",
    "CAP_RULES",
    "COMPONENTS",
    "LEVELS",
    "PRIORITIES",
    "TEAM_ROLES",
    "UNASSIGNED",
    "Bands",
    "Cap",
    "Component",
    "Growth",
    "LevelRules",
    "Model",
    "ModelError",
    "RequiredContacts",
    "Sentiment",
    "Support",
    "Team",
    "Value",
    "Windows",
]


class ModelError(ValueError):
    """The model does not make sense; the message names each wrong field and what it may be.

    problems  (path of a setting or table, what is wrong with it), where these are known
    """

    def __init__(self, says: str, problems: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(says)
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Model:
    """One version of the policy; the defaults are the method's.

    churn  assumed yearly probability of leaving, by band
    """

    __pydantic_config__: ClassVar[ConfigDict] = type_config
    name: str = "default"
    windows: Windows = field(default_factory=Windows)
    required_contacts: RequiredContacts = field(default_factory=RequiredContacts)
    levels: LevelRules = field(default_factory=LevelRules)
    sentiment: Sentiment = field(default_factory=Sentiment)
    components: Mapping[str, Component] = field(default_factory=default_components)
    caps: Mapping[str, Cap] = field(
        default_factory=lambda: {
            "decision_maker_detractor": Cap(39.0, 90.0),
            "decision_maker_left": Cap(69.0, 90.0),
        }
    )
    bands: Bands = field(default_factory=Bands)
    support: Support = field(default_factory=Support)
    churn: Mapping[str, float] = field(
        default_factory=lambda: {"healthy": 0.03, "watch": 0.10, "unknown": 0.12, "at_risk": 0.30}
    )
    growth: Growth = field(default_factory=Growth)
    team: Team = field(default_factory=Team)
    value: Value = field(default_factory=Value)

    def __post_init__(self) -> None:
        same_names(self.components, COMPONENTS, "components")
        require(
            sum(c.weight for c in self.components.values()) > 0,
            "components: at least one weight must be above 0",
        )
        unknown = sorted(set(self.caps) - set(CAP_RULES))
        require(not unknown, f"caps: {unknown} unknown; the rules are {', '.join(CAP_RULES)}")
        same_names(self.churn, BANDS, "churn")
        require(all(0 <= p <= 1 for p in self.churn.values()), "churn must be within 0..1")

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "Model":
        """The defaults with `given` laid over them.

        Tables are merged key by key, lists and plain values replaced. Raises ModelError that
        names every unknown key and every value that does not fit.
        """
        merged = _merge(cls().to_dict(), given)
        if "required_contacts" in given and "bands" not in given["required_contacts"]:
            merged["required_contacts"].pop("bands", None)
        return cls.whole(merged)

    @classmethod
    def whole(cls, content: Mapping[str, Any]) -> "Model":
        """The model that `to_dict` wrote out in full; what it left out stays left out.

        Raises ModelError as `from_dict` does.
        """
        try:
            return TypeAdapter(cls).validate_python(content)
        except ValidationError as wrong:
            problems = _problems(wrong)
            lines = (f"{path or 'model'}: {says}" for path, says in problems)
            raise ModelError("; ".join(lines), problems) from None

    def to_dict(self) -> dict[str, Any]:
        """Plain dict of dicts, lists, text and numbers, fit for JSON and TOML."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return _without_none(plain)

    def hash(self) -> str:
        """SHA-256 (hex) of the whole policy, without its name."""
        content = {key: value for key, value in self.to_dict().items() if key != "name"}
        return hashlib.sha256(_canonical(content).encode()).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(_as_floats(value), sort_keys=True, separators=(",", ":"))


def _as_floats(value: Any) -> Any:
    """365 and 365.0 are the same policy."""
    if isinstance(value, dict):
        return {key: _as_floats(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_floats(inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both_tables = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both_tables else value
    return merged


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_none(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value is not None
    }


def _problems(wrong: ValidationError) -> list[tuple[str, str]]:
    problems = []
    for error in wrong.errors():
        says = error["msg"].removeprefix("Value error, ")
        if error["type"] == "unexpected_keyword_argument":
            says = "no such setting; see docs/insights.md, The model"
        problems.append((".".join(str(step) for step in error["loc"]), says))
    return problems
