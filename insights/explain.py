"""From a number back to the records behind it, and the same in words.

Rule: docs/insights.md, "Explanations".
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.assess import Assessed, assess_accounts
from insights.contacts import read_contacts
from insights.evidence import TWO_WAY, open_cases, open_renewal
from insights.frames import Frames, complete, subset
from insights.model import ALERTS, CAP_RULES, LEVELS, Model
from insights.risk import RISKS
from insights.sentiment import latest_nps, read_answers
from insights.world import World, holds, is_choice, times

FORMULAS = {
    "sentiment": "mean of the latest answers, weighted by level and age",
    "coverage": "mean of contact coverage and respondent coverage",
    "engagement": "days since the last two-way activity",
    "usage": "signals of the last 30 days / monthly mean of the 90 days before",
    "spend": "won revenue of the last year / that of the year before",
    "support": "open cases, each weighing priority x age",
    "commitment": "probability of the open renewal",
}
CAP_WORDS = {
    "decision_maker_detractor": "a decision maker is a detractor",
    "decision_maker_left": "a decision maker has left",
}
RISK_WORDS = {
    "band_at_risk": "health is at risk",
    "nps_below_zero": "the account's NPS is below 0",
    "decision_maker_loop_open": "a decision maker is a detractor and waits for an answer",
}


def flags(accounts: pd.DataFrame, prefix: str) -> list[list[str]]:
    """By row, the names (without prefix) of the true columns that begin with `prefix`."""
    columns = [name for name in accounts if str(name).startswith(prefix)]
    names = np.array([str(name).removeprefix(prefix) for name in columns], dtype=object)
    chosen = accounts[columns].to_numpy(bool)
    return [names[row].tolist() for row in chosen]


def explanation(
    frames: Frames,
    model: Model,
    account_id: str,
    *,
    as_of: datetime,
    previous: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """The tree behind one account's numbers: component, raw value, formula, record ids.

    Returns plain dicts, lists, text and numbers; None where something is unknown. KeyError when
    there is no such account.
    """
    own = subset(complete(frames), [account_id])
    if own.accounts.empty:
        raise KeyError(f"no account {account_id!r}")
    assessed = assess_accounts(own, model, as_of=as_of, previous=previous)
    row = rows(assessed.accounts)[0]
    records = records_behind(own, model, as_of)
    return {
        "account_id": account_id,
        "as_of": assessed.as_of.isoformat(),
        "model": model.name,
        "health": {
            "score": number(row["health"]),
            "before_caps": number(row["health_uncapped"]),
            "interval": [row["health_low"], row["health_high"]],
            "confidence": row["confidence"],
            "band": row["band"],
            "formula": "sum of weight x availability x score / sum of weight x availability",
            "components": {
                name: {**part, "formula": FORMULAS[name], "records": records[name]}
                for name, part in component_rows(assessed)[0].items()
            },
            "caps": caps(row, model),
        },
        "required_contacts": {
            "required": number(row["required"]),
            "annual_value": number(row["annual_value"]),
            "annual_value_from": row["value_source"],
            "preset": model.required_contacts.preset,
            "next_threshold": number(row["next_threshold"]),
            "by_level": {level: number(row[f"required_{level}"]) for level in LEVELS},
            "known": number(row["known"]),
            "records": records["contacts"],
        },
        "nps": {
            "score": number(row["nps"]),
            "interval": interval(row, "nps"),
            "promoters": number(row["promoters"]),
            "passives": number(row["passives"]),
            "detractors": number(row["detractors"]),
            "records": records["sentiment"],
        },
        "revenue_at_risk": {
            "amount": number(row["revenue_at_risk"]),
            "reasons": risks(row),
        },
        "expected_loss": {
            "amount": number(row["expected_loss"]),
            "formula": "annual value x probability of leaving",
            "probability": row["churn_probability"],
            "basis": "assumed",
        },
        "alerts": [kind for kind in ALERTS if row[f"alert_{kind}"]],
        "reasons": reasons(row, component_rows(assessed)[0], model),
    }


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dicts by column name."""
    return cast("list[dict[str, Any]]", frame.to_dict("records"))


def component_rows(assessed: Assessed) -> list[dict[str, dict[str, Any]]]:
    """By account, its components as plain dicts; None where a figure is unknown."""
    by_component = {
        name: rows(part.astype(object).where(part.notna(), None))
        for name, part in assessed.components.items()
    }
    together = zip(*by_component.values(), strict=True)
    return [dict(zip(by_component, parts, strict=True)) for parts in together]


def records_behind(frames: Frames, model: Model, as_of: datetime) -> dict[str, list[str]]:
    """Ids of the records that feed each component of the (one) account in completed frames."""
    world = World(frames, model, as_of)
    people = read_contacts(world)
    relationship = latest_nps(world, read_answers(world, people), "relationship")
    windows = model.windows
    found: dict[str, list[str]] = {name: [] for name in (*FORMULAS, "contacts")}
    if relationship is not None and frames.responses is not None:
        found["sentiment"] = _ids(frames.responses["response_id"], relationship.row)
    if people is not None and frames.contacts is not None:
        mine = np.flatnonzero(people.active & (people.account >= 0))
        found["contacts"] = found["coverage"] = _ids(frames.contacts["contact_id"], mine)
    if (acts := frames.activities) is not None:
        when = times(acts["occurred_at"])
        met = np.flatnonzero(is_choice(acts["direction"], TWO_WAY) & (when <= world.now))
        last = met[np.argsort(when[met], kind="stable")][-1:]
        found["engagement"] = _ids(acts["activity_id"], last)
        used = is_choice(acts["kind"], "usage", "login") & world.within(when, 120)
        found["usage"] = _ids(acts["activity_id"], np.flatnonzero(used))
    if (deals := frames.opportunities) is not None:
        won = holds(deals["is_won"])
        won &= world.within(times(deals["close_date"]), 2 * windows.revenue_days)
        found["spend"] = _ids(deals["opportunity_id"], np.flatnonzero(won))
        renewal = open_renewal(world).row
        found["commitment"] = _ids(deals["opportunity_id"], renewal[renewal >= 0])
    if frames.cases is not None:
        found["support"] = _ids(frames.cases["case_id"], np.flatnonzero(open_cases(world)))
    return found


def reasons(
    row: Mapping[str, Any], components: Mapping[str, Mapping[str, Any]], model: Model
) -> list[str]:
    """Sentences that say why an account stands where it does, the weightiest first.

    row         one row of the account frame as a dict
    components  its components, as `component_rows` gives them
    """
    return [
        _health_words(row),
        *(f"Held at {held['at_most']:g} because {held['reason']}." for held in caps(row, model)),
        *_risk_words(row),
        *_component_words(components),
        *alert_sentences(row, model).values(),
        *_value_words(row),
    ]


def caps(row: Mapping[str, Any], model: Model) -> list[dict[str, Any]]:
    """The caps that apply: rule, at_most and the reason in words."""
    return [
        {
            "rule": rule,
            "at_most": model.caps[rule].at_most,
            "reason": f"{CAP_WORDS[rule]} within {model.caps[rule].within_days:g} days",
        }
        for rule in CAP_RULES
        if row.get(f"cap_{rule}")
    ]


def risks(row: Mapping[str, Any]) -> list[str]:
    """Why the account's revenue is at risk, in words."""
    return [RISK_WORDS[name] for name in RISKS if row[f"risk_{name}"]]


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What differs between two explanations of one account: path, before, after."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    return [
        {"path": path, "before": old.get(path), "after": new.get(path)}
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path) and path != "as_of"
    ]


def number(value: Any) -> float | None:
    """A plain number; None instead of NaN."""
    return None if value is None or math.isnan(value) else float(value)


def interval(row: Mapping[str, Any], name: str) -> list[float] | None:
    """[low, high] of a figure; None where it is unknown."""
    low, high = number(row[f"{name}_low"]), number(row[f"{name}_high"])
    return None if low is None or high is None else [low, high]


def _leaves(tree: Any, path: str = "") -> list[tuple[str, Any]]:
    if not isinstance(tree, Mapping):
        return [(path, tree)]
    return [
        leaf
        for key, branch in tree.items()
        for leaf in _leaves(branch, f"{path}.{key}" if path else str(key))
    ]


def _ids(ids: pd.Series, rows: Any) -> list[str]:
    return sorted(ids.iloc[rows].astype(str).tolist())


def _health_words(row: Mapping[str, Any]) -> str:
    confidence = f"confidence {row['confidence']:.0%}"
    if math.isnan(row["health"]):
        return "Health is unknown: nothing is recorded to judge it by."
    band = row["band"].replace("_", " ")
    if row["band"] == "unknown":
        return f"Health is not shown as a band: {confidence} is too little to judge."
    return f"Health {row['health']:.1f} of 100, {band}; {confidence}."


def _risk_words(row: Mapping[str, Any]) -> list[str]:
    why = risks(row)
    if not why:
        return []
    amount = number(row["revenue_at_risk"])
    whole = "Revenue of unknown amount" if amount is None else f"Revenue of {amount:,.0f}"
    return [f"{whole} is at risk: {'; '.join(why)}."]


def _component_words(components: Mapping[str, Mapping[str, Any]]) -> list[str]:
    known = [
        (part["score"], name, part)
        for name, part in components.items()
        if part["score"] is not None
    ]
    words = []
    for score, name, part in sorted(known, key=lambda item: item[:2]):
        raw = "asked, no answer" if part["raw"] is None else _measure(name, part["raw"])
        stale = ", stale" if part["state"] == "stale" else ""
        words.append(f"{name.capitalize()} {score:.0f} of 100 ({FORMULAS[name]}: {raw}{stale}).")
    missing = [name for name, part in components.items() if part["state"] == "missing"]
    return [*words, f"Not known: {', '.join(missing)}."] if missing else words


def _measure(name: str, raw: float) -> str:
    """A raw measure in words; days are whole, so that the words change once a day at most."""
    return f"{math.floor(raw)}" if name == "engagement" else f"{raw:.3g}"


def alert_sentences(row: Mapping[str, Any], model: Model) -> dict[str, str]:
    """A sentence for each alert that the account raises, by kind."""
    words = {}
    if row["alert_contacts_missing"]:
        ahead = number(row["next_threshold"])
        more = "" if ahead is None else f"; more from {ahead / 1e6:,.3g} M"
        words["contacts_missing"] = (
            f"{row['known']:.0f} of {row['required']:.0f} required contacts are known "
            f"({model.required_contacts.preset}{more})."
        )
    if row["alert_level_missing"]:
        empty = [
            level.replace("_", " ")
            for level in LEVELS
            if row[f"required_{level}"] > 0 and row[f"known_{level}"] == 0
        ]
        words["level_missing"] = f"No active {' and no '.join(empty)} is known."
    if row["alert_respondents_missing"]:
        words["respondents_missing"] = (
            f"{row['respondents']:.0f} of {row['required']:.0f} have answered."
        )
    if row["alert_contact_left"]:
        words["contact_left"] = "A decision maker or influencer was lost lately."
    if row["alert_silent_account"]:
        days = model.windows.silence_days
        words["silent_account"] = f"No answer and no two-way activity for {days:g} days."
    if row["alert_team_role_missing"]:
        lacking = [
            role.replace("_", " ") for role in model.team.roles if row.get(f"lacks_{role}", False)
        ]
        words["team_role_missing"] = f"Our team lacks: {', '.join(lacking)}."
    return words


def _value_words(row: Mapping[str, Any]) -> list[str]:
    if row["value_source"] == "none":
        return ["Annual value is unknown: no field and no won opportunity of the last year."]
    if row["value_source"] == "refused":
        return ["Annual value is unknown: the one given cannot be used."]
    if row["value_source"] == "won opportunities":
        return ["Annual value is what was won in the last year."]
    return []
