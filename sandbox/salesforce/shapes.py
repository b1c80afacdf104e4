"""A canonical row as the record a Salesforce admin of the pretend org would have made of it.

Keys are field names; `Field@table` holds a canonical id of `table`, looked up while inserting.
Unknown stays null, except where the platform cannot leave it so (a last name, an owner).
"""

from datetime import date, datetime, timedelta
from typing import Any, Protocol

from sandbox.salesforce.founding import STANDARD
from sandbox.salesforce.values import instant_text

Row = dict[str, Any]
KEYS = {
    "users": "user_id", "accounts": "account_id", "contacts": "contact_id",
    "opportunities": "opportunity_id", "products": "line_id", "cases": "case_id",
    "activities": "activity_id", "contact_roles": "role_id", "team_members": "member_id",
}  # fmt: skip
_LEVELS = {"decision_maker": "Decision maker", "influencer": "Influencer", "user": "User"}
_TYPES = {"new": "New Business", "renewal": "Renewal", "upsell": "Upsell",
          "cross_sell": "Cross-sell"}  # fmt: skip
_PRIORITIES = {"low": "Low", "normal": "Medium", "high": "High", "critical": "Critical"}
_EMAILS = {"inbound": ("Email in", "Email received"), "outbound": ("Email out", "Email sent"),
           "two_way": ("Email reply", "Email exchanged")}  # fmt: skip
_CALLS = {"inbound": "Inbound", "outbound": "Outbound"}


class Loader(Protocol):
    """The load that the records are made for: it is told which values were met."""

    def meet(self, target: str, name: str, value: str | None) -> None:
        """A picklist of one object holds this value."""

    def meet_all(self, name: str, value: str) -> None:
        """A picklist of every object that has it holds this value."""

    def meet_stage(self, label: str, facts: Row) -> None:
        """An opportunity stands in this stage."""

    def currency(self, code: str | None) -> str:
        """The record's currency, the corporate one without a code."""

    @property
    def user_id(self) -> str:
        """The integration user."""


def user(row: Row, loader: Loader) -> Row:
    """A colleague; user names are unique, so they carry the id."""
    first, last = _names(row["name"], row["user_id"])
    email = row["email"] or f"{row['user_id']}@barometer.sandbox"
    return {
        "Username": f"{row['user_id']}.{email}".lower()[:80], "FirstName": first,
        "LastName": last, "Name": _whole(first, last), "Email": email, "Alias": last[:8],
        "CommunityNickname": str(row["user_id"])[:40],
        "IsActive": int(row["is_active"] is not False),
        "TimeZoneSidKey": row["time_zone"] or "GMT", "ProfileId": STANDARD,
        "UserType": "Standard", "LocaleSidKey": "en_US", "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
    }  # fmt: skip


def account(row: Row, loader: Loader) -> Row:
    """An account. AnnualRevenue is the customer's own turnover, never what it pays us."""
    loader.meet("Account", "Segment__c", row["segment"])
    loader.meet("Account", "Industry", row["industry"])
    value = _amount(row["annual_value"])
    digits = sum(map(ord, str(row["account_id"])))
    return {
        "Name": row["name"] or str(row["account_id"]), "OwnerId@users": row["owner_id"],
        "Website": row["domain"], "Segment__c": row["segment"], "Industry": row["industry"],
        "BillingCountry": row["country"], "ARR__c": value, "Type": _standing(row),
        "Customer_Since__c": _day(row["customer_since"]),
        "Renewal_Date__c": _day(row["renewal_date"]), "Churned_On__c": _day(row["churned_at"]),
        "Churn_Reason__c": row["churn_reason"],
        "AnnualRevenue": round((value or 50_000.0) * (40 + digits % 60), 0),
        "NumberOfEmployees": 20 + digits * 7 % 4000,
        "CurrencyIsoCode": loader.currency(row["currency"]),
        "CreatedDate": _midnight(row["customer_since"]),
    }  # fmt: skip


def contact(row: Row, loader: Loader) -> Row:
    """A person at an account."""
    first, last = _names(row["name"], row["email"] or row["contact_id"])
    return {
        "FirstName": first, "LastName": last, "Name": _whole(first, last),
        "AccountId@accounts": row["account_id"], "Email": row["email"], "Title": row["title"],
        "DMU_Level__c": _LEVELS.get(row["level"] or ""),
        "Left_Company_On__c": _day(row["left_at"]),
        "Inactive__c": int(row["is_active"] is False),
        "HasOptedOutOfEmail": int(bool(row["opted_out"])),
        "EmailBouncedDate": _instant(row["bounced_at"]),
        "EmailBouncedReason": "550 5.1.1 user unknown" if row["bounced_at"] else None,
        "OwnerId": loader.user_id, "CurrencyIsoCode": loader.currency(None),
    }  # fmt: skip


def opportunity(row: Row, loader: Loader) -> Row:
    """A deal; its closing comes from the row, not from what its stage is called."""
    closed, won = bool(row["is_closed"]), bool(row["is_won"])
    closed = closed or won
    stage = row["stage"] or ("Closed Won" if won else "Closed Lost" if closed else None)
    share = row["probability"]
    percent = None if share is None else round(float(share) * 100, 6)
    category = ("Closed", "Closed") if won else ("Omitted", "Omitted") if closed else (
        "Pipeline", "Pipeline")  # fmt: skip
    facts = {
        "IsClosed": int(closed), "IsWon": int(won), "Probability": percent,
        "ForecastCategory": category[0], "ForecastCategoryName": category[1],
    }  # fmt: skip
    if stage is not None:
        loader.meet_stage(stage, facts)
    created = _instant(row["created_at"])
    return facts | {
        "Name": (row["name"] or str(row["opportunity_id"]))[:120],
        "AccountId@accounts": row["account_id"], "OwnerId@users": row["owner_id"],
        "Type": _TYPES.get(row["type"] or ""), "StageName": stage,
        "Amount": _amount(row["amount"]), "CloseDate": _day(row["close_date"]),
        "CurrencyIsoCode": loader.currency(row["currency"]), "LastStageChangeDate": created,
        "Loss_Reason__c": row["loss_reason"], "CreatedDate": created,
        "Product__c": row["product"],
    }  # fmt: skip


def line_item(row: Row, loader: Loader) -> Row:
    """One product of a deal."""
    total, quantity = _amount(row["amount"]), _amount(row["quantity"])
    unit = round(total / quantity, 2) if total is not None and quantity else None
    return {
        "OpportunityId@opportunities": row["opportunity_id"],
        "Product2Id@product_names": row["product"], "Quantity": quantity, "TotalPrice": total,
        "UnitPrice": unit, "CurrencyIsoCode": loader.currency(None),
    }  # fmt: skip


def case(row: Row, loader: Loader) -> Row:
    """A support case."""
    closed, escalated = row["closed_at"], bool(row["escalated"])
    opened = _instant(row["opened_at"])
    return {
        "CaseNumber": str(row["case_id"])[:30], "Subject": f"Case {row['case_id']}",
        "AccountId@accounts": row["account_id"], "ContactId@contacts": row["contact_id"],
        "Priority": _PRIORITIES.get(row["priority"] or ""),
        "Status": "Closed" if closed else "Escalated" if escalated else "New",
        "IsClosed": int(closed is not None), "ClosedDate": _instant(closed),
        "IsEscalated": int(escalated), "Origin": "Email", "OwnerId": loader.user_id,
        "CurrencyIsoCode": loader.currency(None), "CreatedDate": opened,
    }  # fmt: skip


def task(row: Row, loader: Loader) -> Row:
    """A call or an e-mail, done. Without a call type a call was a conversation."""
    moment, direction = row["occurred_at"], row["direction"] or "outbound"
    call = row["kind"] == "call"
    kind, subject = ("Call", "Call") if call else _EMAILS[direction]
    done = _instant(moment)
    return {
        "Subject": subject if call else f"{subject}: follow-up",
        "WhatId@accounts": row["account_id"], "AccountId@accounts": row["account_id"],
        "WhoId@contacts": row["contact_id"], "Status": "Completed", "Priority": "Normal",
        "IsClosed": 1, "CompletedDateTime": done, "ActivityDate": _day(moment),
        "TaskSubtype": "Call" if call else "Email", "Type": kind,
        "CallType": _CALLS.get(direction) if call else None, "OwnerId": loader.user_id,
        "CurrencyIsoCode": loader.currency(None), "CreatedDate": done,
    }  # fmt: skip


def event(row: Row, loader: Loader) -> Row:
    """A meeting or visit of an hour."""
    moment: datetime | None = row["occurred_at"]
    start, kind = _instant(moment), row["kind"].capitalize()
    end = _instant(moment + timedelta(hours=1)) if moment else None
    return {
        "Subject": kind, "Type": kind, "WhatId@accounts": row["account_id"],
        "AccountId@accounts": row["account_id"], "WhoId@contacts": row["contact_id"],
        "StartDateTime": start, "ActivityDateTime": start, "EndDateTime": end,
        "DurationInMinutes": 60, "ActivityDate": _day(moment), "ShowAs": "Busy",
        "EventSubtype": "Event", "OwnerId": loader.user_id,
        "CurrencyIsoCode": loader.currency(None), "CreatedDate": start,
    }  # fmt: skip


def contact_role(row: Row, loader: Loader) -> Row:
    """A role in one deal."""
    loader.meet("OpportunityContactRole", "Role", row["role"])
    return {
        "OpportunityId@opportunities": row["opportunity_id"],
        "ContactId@contacts": row["contact_id"], "Role": row["role"], "IsPrimary": 0,
        "CurrencyIsoCode": loader.currency(None),
    }  # fmt: skip


def team_member(row: Row, loader: Loader) -> Row:
    """A colleague around an account."""
    loader.meet("AccountTeamMember", "TeamMemberRole", row["role"])
    return {
        "AccountId@accounts": row["account_id"], "UserId@users": row["user_id"],
        "TeamMemberRole": row["role"], "AccountAccessLevel": "Read",
        "OpportunityAccessLevel": "None", "CaseAccessLevel": "None",
        "ContactAccessLevel": "Read", "CurrencyIsoCode": loader.currency(None),
    }  # fmt: skip


def _standing(row: Row) -> str | None:
    if row["is_customer"]:
        return "Customer"
    if row["churned_at"] is not None:
        return "Former Customer"
    return "Prospect" if row["is_customer"] is False else None


def _names(name: str | None, otherwise: Any) -> tuple[str | None, str]:
    """(first, last) of a full name; the last name is never empty."""
    text = (name or str(otherwise)).strip()
    first, _, last = text.rpartition(" ")
    return first or None, last


def _whole(first: str | None, last: str) -> str:
    return f"{first} {last}" if first else last


def _amount(value: Any) -> float | None:
    return None if value is None else float(value)


def _instant(value: datetime | None) -> str | None:
    return None if value is None else instant_text(value)


def _midnight(value: date | None) -> str | None:
    return None if value is None else f"{value.isoformat()}T00:00:00.000+0000"


def _day(value: date | None) -> str | None:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return None if value is None else value.isoformat()
