"""An account as its page in the CRM shows it."""

from typing import Any

from sandbox.salesforce.founding import org_of
from sandbox.salesforce.org import Org
from sandbox.salesforce.schema import standard_objects
from sandbox.salesforce.values import to_wire
from sandbox.world import World

_SHOWN = (
    "Type", "Segment__c", "Industry", "BillingCountry", "Website", "ARR__c", "AnnualRevenue",
    "NumberOfEmployees", "Customer_Since__c", "Renewal_Date__c", "Churned_On__c",
    "Churn_Reason__c", "LastActivityDate",
)  # fmt: skip
_MOST = 200


def account_view(world: World, record_id: str) -> dict[str, Any] | None:
    """Fields, people, deals and tasks of a live account; None when there is none.

    `fields` are (label, API name, value, ours): ours are those an API created. `tasks` are those
    an API wrote with a key, then the open ones, newest first.
    """
    org = org_of(world)
    db = world.db()
    row = db.execute(
        "SELECT a.*, u.Name AS OwnerName FROM sf_Account a LEFT JOIN sf_User u ON u.Id = a.OwnerId"
        " WHERE a.Id = ? AND a.IsDeleted = 0",
        (record_id,),
    ).fetchone()
    if row is None:
        return None
    return {
        "id": row["Id"],
        "name": row["Name"],
        "fields": _fields(org, row),
        "contacts": _rows(
            org,
            "SELECT Id AS id, Name AS name, Title AS title, Email AS email, DMU_Level__c AS level,"
            " Left_Company_On__c AS left_on FROM sf_Contact WHERE AccountId = ? AND IsDeleted = 0"
            " ORDER BY Name",
            record_id,
        ),
        "opportunities": _rows(
            org,
            "SELECT Id AS id, Name AS name, StageName AS stage, Type AS type, Amount AS amount,"
            " CloseDate AS close_date FROM sf_Opportunity WHERE AccountId = ? AND IsDeleted = 0"
            " ORDER BY CloseDate DESC",
            record_id,
        ),
        "tasks": _tasks(org, record_id),
        "portal_or_org": world.salesforce.org_id,
    }


def _fields(org: Org, row: Any) -> list[tuple[str, str, Any, bool]]:
    one = org.schema["Account"]
    factory = next(o for o in standard_objects() if o.name == "Account").fields
    shown: list[tuple[str, str, Any, bool]] = [("Owner", "OwnerId", row["OwnerName"], False)]
    for name, own in one.fields.items():
        ours = name not in factory
        if own.stored and (ours or name in _SHOWN):
            shown.append((own.label, name, to_wire(own, row[name]), ours))
    return shown


def _tasks(org: Org, record_id: str) -> list[dict[str, Any]]:
    key = next(
        (f.name for f in org.schema["Task"].fields.values() if f.external_id and f.custom), None
    )
    column = f't."{key}"' if key else "NULL"
    return _rows(
        org,
        "SELECT t.Id AS id, t.Subject AS subject, t.Status AS status, t.Priority AS priority,"
        " t.ActivityDate AS due, u.Name AS owner, t.Description AS body,"
        f" {column} AS key FROM sf_Task t LEFT JOIN sf_User u ON u.Id = t.OwnerId"
        f" WHERE t.AccountId = ? AND t.IsDeleted = 0 AND (t.IsClosed = 0 OR {column} IS NOT NULL)"
        f" ORDER BY {column} IS NULL, t.IsClosed, t.ActivityDate DESC, t.Id DESC",
        record_id,
    )


def _rows(org: Org, sql: str, record_id: str) -> list[dict[str, Any]]:
    rows = org.world.db().execute(f"{sql} LIMIT {_MOST}", (record_id,))
    return [dict(row) for row in rows]
