"""What we stand to lose: revenue at risk with its reasons, expected loss, quadrant.

Rule: docs/insights.md, "Revenue at risk". All money in corporate currency per year.
"""

import numpy as np
import pandas as pd

from insights.model import Model
from insights.world import Bools, Floats

RISKS = ("band_at_risk", "nps_below_zero", "decision_maker_loop_open")
QUADRANTS = ("strength", "threat", "opportunity", "weakness", "unheard")


def revenue_at_risk(annual_value: Floats, risks: dict[str, Bools], customer: Bools) -> Floats:
    """Annual value of a customer with any of the risks, 0 without; NaN where it is unknown."""
    risky = np.any(list(risks.values()), axis=0) & customer
    exposed: Floats = np.where(risky, annual_value, 0.0)
    return exposed


def churn_probability(band: pd.Series, model: Model) -> Floats:
    """Assumed yearly probability of leaving, 0..1, by band."""
    by_code = np.array([model.churn[name] for name in band.cat.categories])
    return by_code[band.cat.codes.to_numpy()]


def expected_loss(annual_value: Floats, probability: Floats, customer: Bools) -> Floats:
    """Annual value times the probability of leaving; 0 for those who are no customers."""
    loss: Floats = np.where(customer, annual_value * probability, 0.0)
    return loss


def value_threshold(annual_value: pd.Series, model: Model) -> float:
    """Annual value from which a customer is high: the model's, or the median of known values."""
    fixed = model.value.quadrant_threshold
    return float(annual_value.median()) if fixed is None else fixed


def quadrants(annual_value: Floats, nps: Floats, customer: Bools, threshold: float) -> pd.Series:
    """Strength, threat, opportunity, weakness or unheard; missing for a non-customer.

    Also missing where respondents are heard but the value is unknown.
    """
    high, content = annual_value >= threshold, nps >= 0
    names = np.where(
        high,
        np.where(content, "strength", "threat"),
        np.where(content, "opportunity", "weakness"),
    ).astype(object)
    names[np.isnan(annual_value)] = None
    names[np.isnan(nps)] = "unheard"
    names[~customer] = None
    return pd.Series(pd.Categorical(names, categories=list(QUADRANTS)))
