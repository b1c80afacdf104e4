"""The words of the pages, one for each thing."""

from typing import NamedTuple


class Band(NamedTuple):
    word: str
    css: str


BANDS = {
    "at_risk": Band("At risk", "risk"),
    "watch": Band("Watch", "watch"),
    "healthy": Band("Healthy", "healthy"),
    "unknown": Band("Unknown", "unknown"),
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

LOOPS = {
    "detractor": "Detractor",
    "passive": "Passive",
    "promoter": "Promoter",
    "csat": "Low satisfaction",
    "ces": "High effort",
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
    "stopped": "stopped early",
    "cancelled": "cancelled",
    "failed": "failed",
}

RUN_KINDS = {
    "sync": "sync",
    "full_sync": "full sync",
    "pull": "pull",
    "compute": "compute",
    "write_back": "write back",
    "preview": "preview",
    "provision": "create fields",
    "connect": "connect",
    "check": "check",
    "schema": "compare fields",
    "what_if": "what if",
    "loops": "loops",
    "disconnect": "disconnect",
    "answers": "read answers",
    "deliver": "write answers",
    "reconcile": "ask survey tools",
}

# check level -> band whose mark and colour it takes, its word
CHECK_LEVELS = {
    "ok": ("healthy", "ok"),
    "info": ("unknown", "note"),
    "warning": ("watch", "warning"),
    "error": ("at_risk", "error"),
}

# state of a component -> band, word
STEP_STATES = {
    "exists": ("healthy", "is there"),
    "planned": ("watch", "will be created"),
    "created": ("healthy", "created"),
    "granted": ("healthy", "granted"),
    "conflict": ("at_risk", "conflict"),
    "failed": ("at_risk", "failed"),
}

# state of a preview -> band, word
PREVIEW_STATES = {
    "making": ("unknown", "being made"),
    "ready": ("watch", "ready to approve"),
    "approved": ("watch", "approved"),
    "done": ("healthy", "sent as approved"),
    "differed": ("at_risk", "differed, nothing sent"),
    "expired": ("unknown", "expired"),
    "cancelled": ("unknown", "cancelled"),
    "failed": ("at_risk", "failed"),
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


def breaking(number: int) -> str:
    """How many changes of a CRM's fields stand against the map."""
    verb = "breaks" if number == 1 else "break"
    return f"{count(number, 'change')} in the CRM's fields {verb} what the map needs"
