"""What another model would say, from what was kept of the last assessment of each account.

An account's basis is what the draft's weights, curves, caps, bands and required contacts work on:
raw measures, states and facts. No record is read again, and every formula is the one that
assessments use. Rule: docs/scoring.md, "What if".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from insights import evidence, health, risk
from insights.assess import Assessed
from insights.coverage import required_contacts, shares
from insights.evidence import State
from insights.model import CAP_RULES, COMPONENTS, Model
from insights.world import Bools, Floats, Ints

_MEASURED = tuple(name for name in COMPONENTS if name != "coverage")  # that comes from counts
BASIS = (
    *("is_customer", "annual_value", "known", "respondents", "band", "plain_band"),
    *("nps_below_zero", "decision_maker_loop_open"),
    *CAP_RULES,
    *(f"{name}.raw" for name in _MEASURED),
    *(f"{name}.state" for name in _MEASURED),
)


@dataclass(frozen=True)
class Judged:
    """Accounts under one model: columns of the account frame, and the components' frames."""

    accounts: pd.DataFrame
    components: Mapping[str, pd.DataFrame]


def basis_rows(assessed: Assessed, previous: pd.DataFrame | None) -> dict[str, list[Any]]:
    """The basis of each account, by its id: plain JSON in the order of BASIS.

    previous  as it was given to `assess_accounts`
    """
    accounts = assessed.accounts
    before = pd.DataFrame({"account_id": [], "band": [], "plain_band": []})
    before = (before if previous is None else previous).set_index("account_id")
    before = before.reindex(accounts["account_id"])
    columns: dict[str, Any] = {
        "is_customer": accounts["is_customer"].to_numpy(bool),
        "annual_value": accounts["annual_value"],
        "known": accounts["known"],
        "respondents": accounts["respondents"],
        "band": before["band"].to_numpy(object),
        "plain_band": before["plain_band"].to_numpy(object),
        "nps_below_zero": accounts["risk_nps_below_zero"],
        "decision_maker_loop_open": accounts["risk_decision_maker_loop_open"],
        **{rule: accounts[f"cap_{rule}"] for rule in CAP_RULES},
    }
    for name in _MEASURED:
        columns[f"{name}.raw"] = assessed.components[name]["raw"]
        columns[f"{name}.state"] = assessed.components[name]["state"].cat.codes
    plain = [_plain(columns[name]) for name in BASIS]
    return dict(zip(accounts["account_id"], map(list, zip(*plain, strict=True)), strict=True))


class Basis:
    """The kept basis of many accounts, by column; rows of another release's shape are left out."""

    def __init__(self, rows: Mapping[str, Sequence[Any]]) -> None:
        fit = {one: row for one, row in rows.items() if len(row) == len(BASIS)}
        self.account_id = pd.Series(list(fit), dtype=object)
        table = list(zip(*fit.values(), strict=True)) or [()] * len(BASIS)
        self._columns = dict(zip(BASIS, table, strict=True))

    def judge(self, model: Model) -> Judged:
        """What the model says of each account, with the band of the run before as it was then."""
        customer, worth = self._flags("is_customer"), self._floats("annual_value")
        parts, required = self._components(customer, worth, model)
        combined, parts = health.combine(parts)
        capped = health.cap(combined, {rule: self._flags(rule) for rule in CAP_RULES}, model)
        banded = health.bands_and_trend(
            self.account_id,
            capped["health"].to_numpy(),
            capped["confidence"].to_numpy(),
            self._previous(),
            model.bands,
        )
        risks = {
            "band_at_risk": (banded["band"] == "at_risk").to_numpy(),
            "nps_below_zero": self._flags("nps_below_zero"),
            "decision_maker_loop_open": self._flags("decision_maker_loop_open"),
        }
        leaving = risk.churn_probability(banded["band"], model)
        facts = pd.DataFrame(
            {
                "account_id": self.account_id,
                "is_customer": customer,
                "annual_value": worth,
                "required": required,
                "revenue_at_risk": risk.revenue_at_risk(worth, risks, customer),
                "expected_loss": risk.expected_loss(worth, leaving, customer),
            }
        )
        return Judged(pd.concat([facts, capped, banded], axis=1), parts)

    def _components(
        self, customer: Bools, worth: Floats, model: Model
    ) -> tuple[dict[str, pd.DataFrame], Floats]:
        required = required_contacts(np.where(customer, worth, 0.0), model.required_contacts)
        covered = shares(self._floats("known"), self._floats("respondents"), required)["coverage"]
        parts = {}
        for name in COMPONENTS:
            component = model.components[name]
            if name == "coverage":
                found = evidence.known(covered, required, component)
            else:
                raw, state = self._floats(f"{name}.raw"), self._codes(f"{name}.state")
                silence = model.sentiment.silence_score if name == "sentiment" else 0
                found = evidence.scored(raw, state, component, silence)
            parts[name] = health.weigh(found, component, model.bands)
        return parts, required

    def _previous(self) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "account_id": self.account_id,
                "band": pd.Series(self._columns["band"], dtype=object),
                "plain_band": pd.Series(self._columns["plain_band"], dtype=object),
            }
        )

    def _floats(self, name: str) -> Floats:
        return np.array(self._columns[name], dtype=np.float64)  # None becomes NaN

    def _flags(self, name: str) -> Bools:
        return np.array(self._columns[name], dtype=bool)

    def _codes(self, name: str) -> Ints:
        return np.array(self._columns[name], dtype=np.int64)


def missing_for(judged: Judged) -> dict[str, int]:
    """By component: customers for whom it is not known."""
    customer = judged.accounts["is_customer"].to_numpy(bool)
    missing = State.MISSING.name.lower()
    return {
        name: int(((part["state"] == missing).to_numpy() & customer).sum())
        for name, part in judged.components.items()
    }


def _plain(column: Any) -> list[Any]:
    series = pd.Series(column).reset_index(drop=True)
    values: list[Any] = series.astype(object).where(series.notna(), None).tolist()
    return values
