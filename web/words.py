"""The words of the pages, one for each thing."""

from typing import NamedTuple


class Band(NamedTuple):
    word: str
    range: str
    css: str


BANDS = {
    "at_risk": Band("At risk", "score 0 to below 40", "risk"),
    "watch": Band("Watch", "score 40 to below 70", "watch"),
    "healthy": Band("Healthy", "score 70 to 100", "healthy"),
    "unknown": Band("Unknown", "too little is known to say", "unknown"),
}

QUADRANTS = {
    "threat": ("Threat", "high value, NPS below 0"),
    "strength": ("Strength", "high value, NPS 0 or more"),
    "weakness": ("Weakness", "low value, NPS below 0"),
    "opportunity": ("Opportunity", "low value, NPS 0 or more"),
    "unheard": ("Unheard", "no answer, so no NPS"),
}

LEVELS = {
    "decision_maker": "decision maker",
    "influencer": "influencer",
    "user": "user",
    "unassigned": "no level",
}

COMPONENTS = {
    "sentiment": "Sentiment",
    "coverage": "Coverage",
    "engagement": "Engagement",
    "usage": "Usage",
    "spend": "Spend",
    "support": "Support",
    "commitment": "Commitment",
}

ALERTS = {
    "contacts_missing": "Too few contacts",
    "level_missing": "A level without a contact",
    "respondents_missing": "Too few answers",
    "contact_left": "An important contact left",
    "silent_account": "Silent account",
    "team_role_missing": "A role in our team is empty",
}

WHY_NOT = {
    "not_customer": "it is no customer",
    "band_not_healthy": "health is not in band healthy",
    "confidence_low": "too little is known for a safe score",
    "nps_not_positive": "its NPS is not above 0",
    "no_promoter": "no decision maker or influencer is a promoter",
    "detractor": "a respondent is a detractor",
    "high_priority_case": "a case of high priority is open",
    "open_loop": "an unhappy answer has not been followed up",
    "contact_coverage_low": "too few of its people are known",
    "open_growth_opportunity": "a growth opportunity is open already",
    "renewal_near": "the renewal is near and not committed",
}

STATES = {
    "observed": "observed",
    "stale": "observed long ago, counts less for the confidence",
    "missing": "no data, not counted",
    "not_applicable": "does not apply here",
}

RUN_STATES = {
    "requested": "waiting",
    "running": "running",
    "done": "done",
    "refusals": "done with refusals",
    "stopped": "stopped at the API allowance",
    "failed": "failed",
}

RUN_KINDS = {
    "sync": "sync",
    "full_sync": "full sync",
    "pull": "pull",
    "compute": "compute",
    "write_back": "write back",
    "provision": "provision",
}

CONNECTION_STATES = {
    "new": "not read yet",
    "working": "working",
    "failed": "failed",
}

OBJECTS = {
    "accounts": "accounts",
    "contacts": "contacts",
    "contact_roles": "contact roles",
    "opportunities": "opportunities",
    "products": "products",
    "cases": "cases",
    "activities": "activities",
    "users": "colleagues",
    "crm_users": "colleagues",
    "team_members": "team members",
    "responses": "answers",
    "invitations": "invitations",
}

OBJECTS_ONE = {
    "responses": "answer",
    "contacts": "contact",
    "activities": "activity",
    "opportunities": "opportunity",
    "cases": "case",
}


def plain(name: str) -> str:
    """A name of ours, readable: underscores become blanks."""
    return name.replace("_", " ")


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 account`, `2 accounts`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
