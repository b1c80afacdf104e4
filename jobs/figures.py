"""An account's figures as they leave the calculations: for our store, the CRM and its alerts."""

from collections.abc import Mapping
from typing import Any

from insights.model import ALERTS
from store.alerts import Raised

BAND_WORDS = {"healthy": "Healthy", "watch": "Watch", "at_risk": "At risk", "unknown": "Unknown"}


def crm_values(account: Mapping[str, Any], *, as_of: Any, link: str) -> dict[str, Any]:
    """One account of the score report as the CRM shows it, by the names of mappings.WRITTEN.

    Money stays in the corporate currency, shares 0..1; missing is None. Top driver: the one
    named most by this account's respondents.
    """
    return {
        "health_score": account["health"],
        "health_band": BAND_WORDS[account["band"]],
        "health_trend": account["trend_points"],
        "health_confidence": account["confidence"],
        "health_reasons": "\n".join(account["reasons"]),
        "top_driver": account["top_driver"],
        "computed_at": as_of,
        "required_contacts": account["required_contacts"],
        "known_contacts": account["known"],
        "engaged_contacts": account["engaged"],
        "respondents": account["respondents"],
        "coverage": account["contact_coverage"],
        "coverage_gap": coverage_gap(account),
        "coverage_alert": bool(account["alerts"]),
        "nps": account["nps"],
        "open_loops": account["open_loops"],
        "last_response_at": account["last_response_at"],
        "revenue_at_risk": account["revenue_at_risk"],
        "expected_loss": account["expected_loss"],
        "quadrant": account["quadrant"].capitalize() if account["quadrant"] else None,
        "upsell": account["upsell"],
        "upsell_reason": _upsell_reason(account),
        "cross_sell_product": account["cross_sell"][0] if account["cross_sell"] else None,
        "referral": account["referral"],
        "clv": account["clv"],
        "link": link,
    }


def coverage_gap(account: Mapping[str, Any]) -> str | None:
    """Who is missing, in words; None when coverage is unknown."""
    known, required = account["known"], account["required_contacts"]
    if known is None or required is None:
        return None
    missing = [
        level.replace("_", " ")
        for level, needed in account["required_by_level"].items()
        if needed and account["known_by_level"][level] == 0
    ]
    words = []
    if known < required:
        words.append(f"{required - known:.0f} of {required:.0f} required contacts missing")
    if missing:
        words.append(f"no {', no '.join(missing)}")
    return "; ".join(words) or "Complete"


def _upsell_reason(account: Mapping[str, Any]) -> str:
    if not account["upsell"]:
        return "No: " + ", ".join(name.replace("_", " ") for name in account["why_not"])
    size = account["upsell_size"]
    return "Every condition is met" + (f"; estimated size {size:,.0f}" if size else "")


def raised_alerts(account: Mapping[str, Any]) -> list[Raised]:
    """The account's alerts with the sentence and the figures behind each."""
    figures = {
        name: account[name]
        for name in ("required_contacts", "known", "engaged", "respondents", "annual_value")
    }
    return [
        Raised(kind, account["alert_sentences"][kind], figures)
        for kind in ALERTS
        if kind in account["alerts"]
    ]
