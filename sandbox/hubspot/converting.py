"""Which HubSpot property holds which canonical column in the pretend company's portal."""

from collections.abc import Callable

from sandbox.hubspot import links
from sandbox.hubspot.computed import closed_flags, deal_figures, exchange_rate
from sandbox.hubspot.kinds import KINDS
from sandbox.hubspot.loading import (
    Convert,
    Inserter,
    Loaded,
    Loader,
    Row,
    add_options,
    finish,
    midnight,
    slug,
    text,
)
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.stages import PIPELINE, Stages
from sandbox.hubspot.teams import load_roles, load_teams
from sandbox.portfolio import Portfolio

CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"
FIRST_OWNER = 50_000_001
FIRST_USER = 60_000_001

_DEAL_TYPES = {"new": "newbusiness"}
_PRIORITIES = {"low": "LOW", "normal": "MEDIUM", "high": "HIGH", "critical": "URGENT"}
_BUYING_ROLES = {
    "decision maker": "DECISION_MAKER",
    "economic buyer": "BUDGET_HOLDER",
    "economic decision maker": "BUDGET_HOLDER",
    "executive sponsor": "EXECUTIVE_SPONSOR",
    "champion": "CHAMPION",
    "influencer": "INFLUENCER",
    "business user": "END_USER",
    "end user": "END_USER",
    "blocker": "BLOCKER",
    "other": "OTHER",
}


def load(portal: Portal, source: Portfolio) -> None:
    """Load every table of a portfolio into an empty portal, in one transaction."""
    with portal.world.transaction():
        portal.world.switches["hubspot.currency"] = source.currency
        loader = Loader(portal, source.as_of)
        _owners(loader, source)
        _companies(loader, source)
        _contacts(loader, source)
        _deals(loader, source)
        loader.insert("line_items", "products", "line_id", source.rows("products"), _line(loader))
        loader.insert("tickets", "cases", "case_id", source.rows("cases"), _ticket(loader))
        _activities(loader, source)
        load_roles(loader, source)
        load_teams(loader, source)
        finish(portal)


def _owners(loader: Loader, source: Portfolio) -> None:
    known = loader.ids.setdefault("users", {})
    born = text(source.as_of)
    rows = []
    for number, row in enumerate(source.rows("users")):
        first, _, last = (row["name"] or "").partition(" ")
        known[row["user_id"]] = FIRST_OWNER + number
        gone = row["is_active"] is False
        rows.append(
            (FIRST_OWNER + number, row["email"], first, last, FIRST_USER + number, gone, born, born)
        )
    loader.portal.world.db().executemany(
        "INSERT INTO hs_owners VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows
    )
    loader.portal.world.note_ids(
        "hubspot", "users", ((key, str(owner)) for key, owner in known.items())
    )


def _companies(loader: Loader, source: Portfolio) -> None:
    parents: list[tuple[str, str]] = []
    words: dict[str, dict[str, None]] = {"segment": {}, "industry": {}}

    def convert(row: Row, record_id: int) -> Loaded:
        if row["parent_id"] is not None:
            parents.append((row["account_id"], row["parent_id"]))
        for name, seen in words.items():
            if row[name] is not None:
                seen[row[name]] = None
        return {
            "name": row["name"],
            "domain": row["domain"],
            "hubspot_owner_id": loader.find("users", row["owner_id"]),
            "segment": row["segment"],
            "industry": row["industry"],
            "country": row["country"],
            "account_currency": row["currency"],
            "annual_recurring_revenue": row["annual_value"],
            "lifecyclestage": _lifecycle(row),
            "customer_since": row["customer_since"],
            "renewal_date": row["renewal_date"],
            "churned_on": row["churned_at"],
            "churn_reason": row["churn_reason"],
            "hs_num_child_companies": "0",
            "createdate": midnight(row["customer_since"]),
        }, []

    loader.insert("companies", "accounts", "account_id", source.rows("accounts"), convert)
    for name, seen in words.items():
        add_options(loader.portal, KINDS["companies"], name, seen)
    _family(loader, parents)


def _lifecycle(row: Row) -> str | None:
    if row["is_customer"] is None:
        return None
    if row["is_customer"]:
        return "customer"
    return "opportunity" if row["churned_at"] is None else "other"


def _family(loader: Loader, parents: list[tuple[str, str]]) -> None:
    companies = KINDS["companies"]
    labels = loader.portal.labels
    down = labels.find(companies, companies, "HUBSPOT_DEFINED", 13)
    default = labels.default(companies, companies)
    assert down is not None
    assert default is not None
    stored, settings = [], []
    for child, parent in parents:
        child_id, parent_id = loader.find("accounts", child), loader.find("accounts", parent)
        if child_id is None or parent_id is None:
            continue
        for each in (default, down):
            stored += links.both_ways(companies, companies, parent_id, child_id, each)
        settings.append((str(parent_id), child_id))
    db = loader.portal.world.db()
    links.insert(db, stored)
    db.executemany("UPDATE hs_companies SET hs_parent_company_id = ? WHERE _id = ?", settings)
    db.executemany(
        "UPDATE hs_companies SET hs_num_child_companies = "
        "CAST(hs_num_child_companies AS INTEGER) + 1 WHERE _id = ?",
        ((int(parent),) for parent, _ in settings),
    )


def _contacts(loader: Loader, source: Portfolio) -> None:
    roles: dict[str, None] = {}

    def convert(row: Row, record_id: int) -> Loaded:
        company = loader.find("accounts", row["account_id"])
        first, _, last = (row["name"] or "").partition(" ")
        email = row["email"].lower() if row["email"] else None
        buying = _buying_roles(row["role"])
        roles.update(dict.fromkeys(buying))
        return {
            "firstname": first or None,
            "lastname": last or None,
            "hs_full_name_or_email": row["name"] or email,
            "email": email,
            "hs_email_domain": email.rpartition("@")[2] if email else None,
            "jobtitle": row["title"],
            "associatedcompanyid": company,
            "dmu_level": row["level"],
            "hs_buying_role": ";".join(buying) or None,
            "left_company_on": row["left_at"],
            "hs_email_optout": row["opted_out"],
            "hs_email_hard_bounce_reason_enum": None
            if row["bounced_at"] is None
            else "UNKNOWN_USER",
            "bounced_on": row["bounced_at"],
            "hs_email_bounce": None if row["bounced_at"] is None else "1",
            "inactive": None if row["is_active"] is None else not row["is_active"],
            "createdate": None,
        }, loader.link("contacts", record_id, "companies", company)

    loader.insert("contacts", "contacts", "contact_id", source.rows("contacts"), convert)
    add_options(loader.portal, KINDS["contacts"], "hs_buying_role", roles)


def _buying_roles(words: str | None) -> list[str]:
    parts = [part.strip() for part in (words or "").split(";") if part.strip()]
    found = (_BUYING_ROLES.get(part.lower(), slug(part).upper()) for part in parts)
    return list(dict.fromkeys(found))


def _deals(loader: Loader, source: Portfolio) -> None:
    portal = loader.portal
    stages = Stages(portal)
    currencies: dict[str, None] = {}

    def convert(row: Row, record_id: int) -> Loaded:
        if row["currency"] is not None:
            currencies[row["currency"]] = None
        company = loader.find("accounts", row["account_id"])
        share = text(row["probability"])
        amount = text(row["amount"])
        flags = dict.fromkeys(closed_flags(None))
        if row["is_closed"] is not None:
            flags = closed_flags(None)
            flags["hs_is_closed"] = text(row["is_closed"])
            flags["hs_is_closed_won"] = text(bool(row["is_won"]))
            flags["hs_is_closed_lost"] = text(row["is_closed"] and not row["is_won"])
        stage = stages.stage_id(row)
        return {
            "dealname": row["name"],
            "hubspot_owner_id": loader.find("users", row["owner_id"]),
            "dealtype": _DEAL_TYPES.get(row["type"], row["type"]),
            "dealstage": stage,
            "pipeline": PIPELINE if stage else None,
            "amount": amount,
            "deal_currency_code": row["currency"],
            "hs_deal_stage_probability": share,
            **flags,
            **deal_figures(share, amount, exchange_rate(portal, row["currency"])),
            "closedate": midnight(row["close_date"]),
            "createdate": row["created_at"],
            "hs_createdate": row["created_at"],
            "product": row["product"],
            "closed_lost_reason": row["loss_reason"],
        }, loader.link("deals", record_id, "companies", company)

    loader.insert("deals", "opportunities", "opportunity_id", source.rows("opportunities"), convert)
    stages.store()
    add_options(portal, KINDS["deals"], "deal_currency_code", currencies)


def _line(loader: Loader) -> Convert:
    def convert(row: Row, record_id: int) -> Loaded:
        deal = loader.find("opportunities", row["opportunity_id"])
        return {
            "name": row["product"],
            "product_family": row["family"],
            "quantity": row["quantity"],
            "amount": row["amount"],
            "createdate": None,
        }, loader.link("line_items", record_id, "deals", deal)

    return convert


def _ticket(loader: Loader) -> Convert:
    def convert(row: Row, record_id: int) -> Loaded:
        closed = row["closed_at"] is not None
        connected = loader.link(
            "tickets", record_id, "companies", loader.find("accounts", row["account_id"])
        )
        connected += loader.link(
            "tickets", record_id, "contacts", loader.find("contacts", row["contact_id"])
        )
        return {
            "subject": f"Request {row['case_id']}",
            "hs_pipeline": "0",
            "hs_pipeline_stage": "4" if closed else "1",
            "hs_is_closed": closed,
            "hs_ticket_priority": _PRIORITIES.get(row["priority"]),
            "createdate": row["opened_at"],
            "closed_date": row["closed_at"],
            "escalated": row["escalated"],
        }, connected

    return convert


def _activities(loader: Loader, source: Portfolio) -> None:
    meetings = _inserter(loader, "meetings", _meeting)
    kinds = {
        "meeting": meetings,
        "visit": meetings,
        "call": _inserter(loader, "calls", _call),
        "email": _inserter(loader, "emails", _email),
    }
    for row in source.rows("activities"):
        if row["kind"] in kinds:
            kinds[row["kind"]].add(row)
    for inserter in dict.fromkeys(kinds.values()):
        inserter.flush()


def _inserter(loader: Loader, kind: str, values: Callable[[Row], Row]) -> Inserter:
    def convert(row: Row, record_id: int) -> Loaded:
        company = loader.find("accounts", row["account_id"])
        person = loader.find("contacts", row["contact_id"])
        connected = loader.link(kind, record_id, "companies", company)
        connected += loader.link(kind, record_id, "contacts", person)
        shared = {"hs_timestamp": row["occurred_at"], "hs_createdate": row["occurred_at"]}
        return shared | values(row), connected

    return Inserter(loader, KINDS[kind], "activities", "activity_id", convert, note=f"{kind}/")


def _meeting(row: Row) -> Row:
    return {
        "hs_meeting_title": row["kind"].capitalize(),
        "hs_activity_type": row["kind"].capitalize(),
        "hs_meeting_outcome": "COMPLETED",
        "hs_meeting_start_time": row["occurred_at"],
    }


def _call(row: Row) -> Row:
    direction = row["direction"]
    return {
        "hs_call_title": "Call",
        "hs_call_direction": None
        if direction is None
        else "INBOUND"
        if direction == "inbound"
        else "OUTBOUND",
        "hs_call_disposition": CONNECTED if direction == "two_way" else None,
        "hs_call_status": "COMPLETED" if direction == "two_way" else None,
    }


def _email(row: Row) -> Row:
    direction = row["direction"]
    return {
        "hs_email_subject": "E-mail",
        "hs_email_direction": None
        if direction is None
        else "INCOMING_EMAIL"
        if direction == "inbound"
        else "EMAIL",
        "hs_email_reply_count": "1" if direction == "two_way" else None,
        "hs_email_status": "SENT",
    }
