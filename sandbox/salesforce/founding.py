"""Founding an org: what it holds before any data - profiles, a user, the choices of status."""

import sqlite3
import threading

from sandbox.salesforce import customfields, ids
from sandbox.salesforce.org import Org
from sandbox.salesforce.place import put
from sandbox.world import World

ADMIN, STANDARD = ids.make_id("00e", 1), ids.make_id("00e", 2)
_STAGES = (
    # label, default probability, forecast category, its name, closed, won
    ("Prospecting", 10, "Pipeline", "Pipeline", 0, 0),
    ("Qualification", 20, "Pipeline", "Pipeline", 0, 0),
    ("Proposal", 50, "BestCase", "Best Case", 0, 0),
    ("Negotiation", 75, "Forecast", "Commit", 0, 0),
    ("Closed Won", 100, "Closed", "Closed", 1, 1),
    ("Closed Lost", 0, "Omitted", "Omitted", 1, 0),
)
_TASK_STATUS = ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred")
_CASE_STATUS = ("New", "Working", "Escalated", "Closed")


_guard = threading.Lock()


def org_of(world: World) -> Org:
    """The org of a world, founded on first use and kept with it."""
    with _guard:
        kept = vars(world)
        if "salesforce_org" not in kept:
            kept["salesforce_org"] = seed(Org(world))
        org: Org = kept["salesforce_org"]
        return org


def seed(org: Org) -> Org:
    """Fill a new world's org; a world that has its user already is left as it is."""
    with org.world.transaction() as db:
        if db.execute("SELECT 1 FROM sf_User LIMIT 1").fetchone():
            return org
        _people(org, db)
        _organization(org, db)
        for order, (label, probability, category, name, closed, won) in enumerate(_STAGES, 1):
            add_stage(org, db, order, label, probability, category, name, closed, won)
        for table, prefix, labels, meaning, yes in (
            ("TaskStatus", "01o", _TASK_STATUS, "IsClosed", "Completed"),
            ("CaseStatus", "01e", _CASE_STATUS, "IsClosed", "Closed"),
            ("TaskPriority", "01p", ("High", "Normal", "Low"), "IsHighPriority", "High"),
        ):
            default = "Normal" if table == "TaskPriority" else labels[0]
            for order, label in enumerate(labels, 1):
                facts = {"MasterLabel": label, "ApiName": label, "SortOrder": order}
                facts |= {meaning: int(label == yes), "IsDefault": int(label == default)}
                put(org, db, table, prefix, order, facts)
    org.schema.extend_picklists({("Opportunity", "StageName"): [stage[0] for stage in _STAGES]})
    customfields.note_standing_fields(org)
    return org


def add_stage(
    org: Org, db: sqlite3.Connection, order: int, label: str, probability: float | None,
    category: str, category_name: str, closed: int, won: int,
) -> None:  # fmt: skip
    """One more stage of opportunities."""
    facts = {
        "MasterLabel": label, "ApiName": label, "IsActive": 1, "SortOrder": order,
        "IsClosed": closed, "IsWon": won, "ForecastCategory": category,
        "ForecastCategoryName": category_name, "DefaultProbability": probability,
    }  # fmt: skip
    put(org, db, "OpportunityStage", "01J", order, facts)


def _people(org: Org, db: sqlite3.Connection) -> None:
    for number, name, everything in ((1, "System Administrator", 1), (2, "Standard User", 0)):
        facts = {"Name": name, "UserType": "Standard", "PermissionsModifyAllData": everything,
                 "PermissionsViewAllData": everything}  # fmt: skip
        profile = put(org, db, "Profile", "00e", number, facts)
        owned = {"Name": f"X{profile}", "Label": name, "ProfileId": profile, "Type": "Profile",
                 "IsOwnedByProfile": 1, "IsCustom": 0}  # fmt: skip
        put(org, db, "PermissionSet", "0PS", number, owned)
    own = org.world.salesforce
    facts = {
        "Id": own.user_id, "Username": own.username, "FirstName": "Integration",
        "LastName": "User", "Name": "Integration User", "Email": own.username, "Alias": "integ",
        "CommunityNickname": "integration", "ProfileId": ADMIN, "UserType": "Standard",
        "TimeZoneSidKey": "GMT", "LocaleSidKey": "en_US", "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8", "IsActive": 1,
    }  # fmt: skip
    put(org, db, "User", "005", 1, facts)


def _organization(org: Org, db: sqlite3.Connection) -> None:
    own = org.world.salesforce
    facts = {
        "Id": own.org_id, "Name": "Barometer Sandbox", "IsSandbox": 1,
        "OrganizationType": "Developer Edition", "InstanceName": own.instance[:5],
        "TimeZoneSidKey": "GMT", "DefaultLocaleSidKey": "en_US", "LanguageLocaleKey": "en_US",
        "FiscalYearStartMonth": 1,
    }  # fmt: skip
    put(org, db, "Organization", "00D", 1, facts)
