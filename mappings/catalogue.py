"""The canonical objects: which columns Barometer knows, their types, units and meaning.

These names are used by every frame, every table of the store and every CSV file. A CRM's own
field names appear only in the maps beside this module. Source: docs/data.md.
"""

from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """What a column holds, and so how a CRM's value is read and written."""

    ID = "id"  # a CRM record id, text
    TEXT = "text"
    MONEY = "money"  # decimal in the record's currency
    NUMBER = "number"
    SHARE = "share"  # 0..1
    BOOL = "bool"
    INSTANT = "instant"  # UTC
    DATE = "date"
    CHOICE = "choice"  # one of `choices`


@dataclass(frozen=True)
class Column:
    """One canonical column."""

    name: str
    type: Type
    meaning: str
    unit: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()


LEVELS = ("decision_maker", "influencer", "user")

_ACCOUNT = Column("account_id", Type.ID, "the account it belongs to")
_CONTACT = Column("contact_id", Type.ID, "the person it concerns")
_CURRENCY = Column("currency", Type.TEXT, "ISO 4217 code of the amounts; empty = corporate")


def _key(name: str, meaning: str) -> Column:
    return Column(name, Type.ID, meaning, required=True)


OBJECTS: dict[str, tuple[Column, ...]] = {
    "accounts": (
        _key("account_id", "CRM id of the account"),
        Column("name", Type.TEXT, "company name", required=True),
        Column("parent_id", Type.ID, "parent account"),
        Column("owner_id", Type.ID, "user who owns the account"),
        Column("domain", Type.TEXT, "web domain"),
        Column("segment", Type.TEXT, "peer group for medians and cross-sell"),
        Column("industry", Type.TEXT, "industry"),
        Column("country", Type.TEXT, "country"),
        _CURRENCY,
        Column(
            "annual_value",
            Type.MONEY,
            "what the account pays us in a year; never its own turnover",
            unit="record currency per year",
        ),
        Column("is_customer", Type.BOOL, "pays us today"),
        Column("customer_since", Type.DATE, "first day as a customer"),
        Column("renewal_date", Type.DATE, "next renewal"),
        Column("churned_at", Type.DATE, "day the customer left"),
        Column("churn_reason", Type.TEXT, "why the customer left"),
    ),
    "contacts": (
        _key("contact_id", "CRM id of the contact"),
        Column("account_id", Type.ID, "employer's account"),
        Column("name", Type.TEXT, "full name"),
        Column("email", Type.TEXT, "e-mail address"),
        Column("title", Type.TEXT, "job title"),
        Column("role", Type.TEXT, "buying role as the CRM words it; several split by ;"),
        Column("level", Type.CHOICE, "level in the decision-making unit", choices=LEVELS),
        Column("is_active", Type.BOOL, "false once marked inactive in the CRM"),
        Column("left_at", Type.DATE, "day the person left the company"),
        Column("bounced_at", Type.INSTANT, "when e-mail to the person hard-bounced"),
        Column("opted_out", Type.BOOL, "asked not to receive surveys or mail"),
    ),
    "contact_roles": (
        _key("role_id", "CRM id of the relation"),
        Column("contact_id", Type.ID, "the person", required=True),
        _ACCOUNT,
        Column("opportunity_id", Type.ID, "the opportunity the role was noted on"),
        Column("role", Type.TEXT, "role as the CRM words it; several split by ;"),
    ),
    "opportunities": (
        _key("opportunity_id", "CRM id of the opportunity"),
        _ACCOUNT,
        Column("owner_id", Type.ID, "user who owns the opportunity"),
        Column("name", Type.TEXT, "name"),
        Column(
            "type",
            Type.CHOICE,
            "kind of business",
            choices=("new", "renewal", "upsell", "cross_sell"),
        ),
        Column("stage", Type.TEXT, "stage as the CRM words it"),
        Column("amount", Type.MONEY, "value", unit="record currency"),
        _CURRENCY,
        Column("probability", Type.SHARE, "probability of winning", unit="0..1"),
        Column("is_closed", Type.BOOL, "won or lost"),
        Column("is_won", Type.BOOL, "won"),
        Column("created_at", Type.INSTANT, "created"),
        Column("close_date", Type.DATE, "closed, or expected to close"),
        Column("product", Type.TEXT, "product or product family, when kept on the opportunity"),
        Column("loss_reason", Type.TEXT, "why it was lost"),
    ),
    "products": (
        _key("line_id", "CRM id of the line item"),
        Column("opportunity_id", Type.ID, "the opportunity it belongs to", required=True),
        Column("product", Type.TEXT, "product name"),
        Column("family", Type.TEXT, "product family"),
        Column("quantity", Type.NUMBER, "units sold"),
        Column("amount", Type.MONEY, "line total", unit="opportunity currency"),
    ),
    "cases": (
        _key("case_id", "CRM id of the support case"),
        _ACCOUNT,
        _CONTACT,
        Column(
            "priority",
            Type.CHOICE,
            "priority",
            choices=("low", "normal", "high", "critical"),
        ),
        Column("opened_at", Type.INSTANT, "opened"),
        Column("closed_at", Type.INSTANT, "closed; empty while open"),
        Column("escalated", Type.BOOL, "escalated"),
    ),
    "activities": (
        _key("activity_id", "CRM id of the activity"),
        _ACCOUNT,
        _CONTACT,
        Column(
            "kind",
            Type.CHOICE,
            "kind of contact",
            choices=("meeting", "call", "email", "login", "usage", "visit"),
        ),
        Column(
            "direction",
            Type.CHOICE,
            "who spoke",
            choices=("two_way", "inbound", "outbound"),
        ),
        Column("occurred_at", Type.INSTANT, "when it took place"),
        Column("count", Type.NUMBER, "how many events the row stands for; empty = 1"),
    ),
    "users": (
        _key("user_id", "CRM id of our colleague"),
        Column("name", Type.TEXT, "full name"),
        Column("email", Type.TEXT, "e-mail address"),
        Column("manager_id", Type.ID, "their manager"),
        Column("is_active", Type.BOOL, "may log in and own work"),
        Column("time_zone", Type.TEXT, "IANA time zone"),
    ),
    "team_members": (
        Column("member_id", Type.ID, "CRM id of the team membership"),
        Column("account_id", Type.ID, "the account", required=True),
        Column("user_id", Type.ID, "our colleague", required=True),
        Column("role", Type.TEXT, "vendor-side role", required=True),
    ),
    "responses": (
        _key("response_id", "survey tool's id of the response"),
        _ACCOUNT,
        _CONTACT,
        Column(
            "survey_type",
            Type.CHOICE,
            "sent on a rhythm, or triggered by a touch point",
            choices=("relationship", "transactional"),
        ),
        Column("metric", Type.CHOICE, "what was asked", choices=("nps", "csat", "ces")),
        Column("score", Type.NUMBER, "answer on its own scale"),
        Column("scale_min", Type.NUMBER, "lowest value of the scale"),
        Column("scale_max", Type.NUMBER, "highest value of the scale"),
        Column("comment", Type.TEXT, "free text"),
        Column("drivers", Type.TEXT, "tier1 or tier1>tier2; several split by ;"),
        Column("answered_at", Type.INSTANT, "answered"),
        Column("campaign", Type.TEXT, "survey campaign"),
    ),
    "invitations": (
        _key("invitation_id", "survey tool's id of the invitation"),
        _ACCOUNT,
        _CONTACT,
        Column("campaign", Type.TEXT, "survey campaign"),
        Column("sent_at", Type.INSTANT, "sent"),
    ),
}


def column(object_name: str, name: str) -> Column:
    """The column `name` of canonical object `object_name`; KeyError when there is none."""
    return next((c for c in OBJECTS[object_name] if c.name == name), None) or _missing(
        object_name, name
    )


def _missing(object_name: str, name: str) -> Column:
    known = ", ".join(c.name for c in OBJECTS[object_name])
    raise KeyError(f"{object_name} has no column {name!r}; its columns are {known}")
