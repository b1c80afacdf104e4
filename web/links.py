"""Addresses: records in the CRM, and our own pages."""

from urllib.parse import quote, urlsplit

from flask import url_for

from store.models import Connection
from web.guard import is_loopback

VENDORS = {"salesforce": "Salesforce", "hubspot": "HubSpot"}
_SALESFORCE = {
    "accounts": "Account",
    "contacts": "Contact",
    "opportunities": "Opportunity",
    "cases": "Case",
    "tasks": "Task",
    "users": "User",
}
_ACTIVITY = {"00T": "Task", "00U": "Event"}  # by the first letters of a Salesforce id
_HUBSPOT = {"contacts": "0-1", "accounts": "0-2", "opportunities": "0-3", "cases": "0-5"}


def crm_record(connection: Connection, kind: str, record_id: str | None) -> str | None:
    """Address of a record in its CRM; None where the CRM has no page for `kind` of ours.

    kind  canonical object, or tasks
    """
    root = (connection.instance_url or "").rstrip("/")
    if not record_id or urlsplit(root).scheme not in ("http", "https"):
        return None
    record = quote(record_id, safe="")
    if connection.vendor == "salesforce":
        name = _ACTIVITY.get(record[:3]) if kind == "activities" else _SALESFORCE.get(kind)
        return f"{root}/lightning/r/{name}/{record}/view" if name else None
    if connection.vendor == "hubspot" and kind in _HUBSPOT and connection.organisation_id:
        portal = quote(connection.organisation_id, safe="")
        return f"{root}/contacts/{portal}/record/{_HUBSPOT[kind]}/{record}"
    return None


def account(connection: Connection, account_id: str) -> str:
    """Address of our page on the account."""
    return url_for("account.show", connection=connection.name, account_id=account_id)


def vendor(connection: Connection) -> str:
    """The CRM's name as people know it."""
    return VENDORS.get(connection.vendor, connection.vendor)


def is_sandbox(connection: Connection) -> bool:
    """Whether the connection leads to a test organisation: ours, or a Salesforce sandbox."""
    host = urlsplit(connection.instance_url or "").hostname or ""
    return is_loopback(host) or host.endswith(".sandbox.my.salesforce.com")
