"""The settings of the scoring model in words: what each is called, its unit and what it means."""

from typing import NamedTuple

from web.words import COMPONENTS


class Said(NamedTuple):
    """How one setting is shown; `unit` says the range too."""

    label: str
    unit: str
    help: str = ""


SECTIONS = {
    "name": ("Name", ""),
    "components": (
        "Components of health",
        "A component's curve turns its raw measure into a score of 0 to 100: points "
        "raw:score joined by straight lines, level beyond both ends. Weights need not add up to "
        "100; what counts is each one's share.",
    ),
    "bands": ("Bands", "Which score is in which band, and when a band changes."),
    "caps": ("Caps", "What holds the score down, whatever the components say; 100 does not."),
    "required_contacts": ("Required contacts", "How many people an annual value calls for."),
    "sentiment": ("Answers", "How the answers of one account become one figure."),
    "support": ("Support load", "What one open case weighs: its priority times its age factor."),
    "churn": ("Probability of leaving", "Assumed for a year, by band; expected loss uses it."),
    "windows": ("Windows", "How far back each question looks."),
    "growth": ("Up-sell, cross-sell and favours", "When an account may be asked."),
    "team": ("Our team", "Roles on our side that a large account must have."),
    "value": ("Value", "Lifetime value, quadrants and revenue buckets."),
}

_COMPONENT = {
    "weight": Said("weight", "0 or more", "Its part among the weights; 0 leaves it out."),
    "curve": Said("curve", "raw:score points"),
    "fresh_days": Said("fresh for", "days, above 0", "Older evidence lowers the confidence."),
}
_RAW = {  # what a component's curve begins from
    "sentiment": "Raw: mean answer, 0 to 10.",
    "coverage": "Raw: share of required people known and answering, 0 to 1.",
    "engagement": "Raw: days since the last two-way activity.",
    "usage": "Raw: signals of 30 days over the monthly mean before; 1 is as before.",
    "spend": "Raw: revenue won in a year over the year before; 1 is as before.",
    "support": "Raw: load of open cases.",
    "commitment": "Raw: probability of the open renewal, 0 to 1.",
}
_BAND_WORDS = {"healthy": "Healthy", "watch": "Watch", "at_risk": "At risk", "unknown": "Unknown"}
_LEVEL_WORDS = {
    "decision_maker": "Decision maker",
    "influencer": "Influencer",
    "user": "User",
    "unassigned": "Without a level",
}

_ROLE = "levels.roles."
WORDS: dict[str, Said] = {
    "name": Said("Name of the model", "", "Shown in explanations; changes no figure."),
    **{
        f"components.{name}.{leaf}": Said(
            f"{word}: {said.label}", said.unit, _RAW[name] if leaf == "curve" else said.help
        )
        for name, word in COMPONENTS.items()
        for leaf, said in _COMPONENT.items()
    },
    "bands.healthy_from": Said("Healthy from", "score, 0 to 100"),
    "bands.watch_from": Said("Watch from", "score, 0 to 100", "Below it an account is at risk."),
    "bands.hysteresis_points": Said(
        "Clearly past an edge", "points, 0 or more", "A smaller step counts on the second run."
    ),
    "bands.min_confidence": Said("Least confidence", "0 to 1", "Below it the band is unknown."),
    "bands.trend_points": Said("A trend from", "points, 0 or more"),
    "bands.stale_freshness": Said(
        "Old evidence counts", "0 to 1", "Its part in the confidence; 1 as much as fresh."
    ),
    "caps.decision_maker_detractor.at_most": Said(
        "A decision maker is a detractor: at most", "score, 0 to 100"
    ),
    "caps.decision_maker_detractor.within_days": Said(
        "A decision maker is a detractor: within", "days, above 0"
    ),
    "caps.decision_maker_left.at_most": Said("A decision maker left: at most", "score, 0 to 100"),
    "caps.decision_maker_left.within_days": Said("A decision maker left: within", "days, above 0"),
    "required_contacts.preset": Said(
        "Rule", "", "book2019: three more per factor of ten; custom: the bands beside it."
    ),
    "required_contacts.bands": Said(
        "Bands of the rule custom", "value:contacts", "Lowest annual value, people; rising."
    ),
    **{
        f"sentiment.influence.{level}": Said(f"Influence: {word}", "weight, above 0")
        for level, word in _LEVEL_WORDS.items()
    },
    "sentiment.half_life_days": Said("An answer weighs half after", "days, above 0"),
    "sentiment.level_gap": Said("Levels differ from", "NPS points"),
    "sentiment.silence_score": Said("Asked without an answer scores", "0 to 100"),
    **{
        f"support.priority.{priority}": Said(f"Priority {priority}", "weight, 0 or more")
        for priority in ("low", "normal", "high", "critical")
    },
    "support.age_curve": Said("Age factor", "days:factor points"),
    **{f"churn.{band}": Said(word, "0 to 1") for band, word in _BAND_WORDS.items()},
    "windows.sentiment_days": Said("Answers count for", "days, above 0"),
    "windows.engagement_days": Said("Engaged within", "days, above 0"),
    "windows.recent_days": Said("Lately means", "days, above 0"),
    "windows.silence_days": Said("Silent after", "days, above 0"),
    "windows.revenue_days": Said("A year of revenue", "days, above 0"),
    "windows.trend_days": Said("Trend over", "days, above 0"),
    "windows.answer_days": Said("An invitation may wait", "days, 0 or more"),
    "growth.min_confidence": Said("Least confidence for up-sell", "0 to 1"),
    "growth.min_contact_coverage": Said("Least share of contacts known", "0 to 1"),
    "growth.renewal_days": Said("A renewal is near within", "days, 0 or more"),
    "growth.committed_probability": Said("A renewal is committed from", "probability, 0 to 1"),
    "growth.cross_sell_share": Said("Peers that own a product", "share, 0 to 1"),
    "growth.ask_again_days": Said("Rest between two requests", "days, 0 or more"),
    "team.threshold": Said("Large from", "corporate currency per year"),
    "team.roles": Said("Roles", "names, parted by commas"),
    "value.discount_rate": Said("Discount rate", "between 0 and 1"),
    "value.discounting": Said("Discounting", "", "declining is how the book's table does it."),
    "value.gross_margin": Said("Gross margin", "share of annual value"),
    "value.quadrant_threshold": Said(
        "High value from", "corporate currency per year", "Empty: the median."
    ),
    "value.bucket_width": Said("Width of a revenue bucket", "corporate currency, above 0"),
}


def label_of(path: str) -> str:
    """What a setting is called, also one that the form does not show."""
    if path in WORDS:
        return WORDS[path].label
    if path.startswith(_ROLE):
        return f"Level of the role {path.removeprefix(_ROLE)}"
    return "Levels by job title" if path == "levels.titles" else path
