"""Values that follow from others whenever a record is written: names, closing, accounts."""

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Org
from sandbox.salesforce.values import instant_text

Row = dict[str, Any]
Rule = Callable[[Org, sqlite3.Connection, Row, Row | None, str], None]


def derive(org: Org, target: str, row: Row, before: Row | None, stamp: str) -> None:
    """Fill in what follows; `row` is the record as it will be, `before` as it was.

    Changes `row` in place; ApiError when the platform would refuse the combination.
    """
    rule = _RULES.get(target)
    if rule is not None:
        rule(org, org.world.db(), row, before, stamp)


def _person_name(org: Org, db: sqlite3.Connection, row: Row, before: Row | None, at: str) -> None:
    row["Name"] = " ".join(p for p in (row.get("FirstName"), row.get("LastName")) if p)[:121]


def _account(org: Org, db: sqlite3.Connection, row: Row, before: Row | None, at: str) -> None:
    """A hierarchy has no circles."""
    above, met = row.get("ParentId"), {row["Id"]}
    while above is not None:
        if above in met:
            raise ApiError(
                "FIELD_INTEGRITY_EXCEPTION",
                "Parent Account ID: an account cannot be above itself",
                fields=("ParentId",),
            )
        met.add(above)
        found = db.execute("SELECT ParentId FROM sf_Account WHERE Id = ?", (above,)).fetchone()
        above = found[0] if found else None


def _opportunity(org: Org, db: sqlite3.Connection, row: Row, before: Row | None, at: str) -> None:
    if before is not None and before["StageName"] == row["StageName"]:
        return
    row["LastStageChangeDate"] = at if before else None
    stage = db.execute(
        "SELECT * FROM sf_OpportunityStage WHERE MasterLabel = ?", (row["StageName"],)
    ).fetchone()
    if stage is None:
        raise ApiError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"Stage: bad value for restricted picklist field: {row['StageName']}",
            fields=("StageName",),
        )
    row["StageName"] = stage["MasterLabel"]
    for name in ("IsClosed", "IsWon", "ForecastCategory", "ForecastCategoryName"):
        row[name] = stage[name]
    if row.get("Probability") is None or (before and before["Probability"] == row["Probability"]):
        row["Probability"] = stage["DefaultProbability"]


def _task(org: Org, db: sqlite3.Connection, row: Row, before: Row | None, at: str) -> None:
    status = db.execute(
        "SELECT IsClosed FROM sf_TaskStatus WHERE MasterLabel = ?", (row["Status"],)
    ).fetchone()
    row["IsClosed"] = status["IsClosed"] if status else 0
    if not row["IsClosed"]:
        row["CompletedDateTime"] = None
    elif before is None or not before["IsClosed"]:
        row["CompletedDateTime"] = at
    _activity_account(db, row, before)


def _event(org: Org, db: sqlite3.Connection, row: Row, before: Row | None, at: str) -> None:
    start = row.get("StartDateTime") or row.get("ActivityDateTime")
    minutes, end = row.get("DurationInMinutes"), row.get("EndDateTime")
    if start is None or (minutes is None and end is None):
        raise ApiError(
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [StartDateTime, EndDateTime]",
            fields=("StartDateTime", "EndDateTime"),
        )
    moved = before is None or before["DurationInMinutes"] != minutes
    if end is None or (moved and minutes is not None):
        end = _shift(start, int(minutes or 0))
    if end < start:
        raise ApiError(
            "FIELD_INTEGRITY_EXCEPTION",
            "End Date Time: an event cannot end before it starts",
            fields=("EndDateTime",),
        )
    row["StartDateTime"] = row["ActivityDateTime"] = start
    row["EndDateTime"], row["ActivityDate"] = end, start[:10]
    row["DurationInMinutes"] = _minutes(start, end)
    _activity_account(db, row, before)


def _activity_account(db: sqlite3.Connection, row: Row, before: Row | None) -> None:
    """AccountId: the account that WhatId is or belongs to, else the WhoId contact's account."""
    about, who = row.get("WhatId"), row.get("WhoId")
    if before is not None and (before["WhatId"], before["WhoId"]) == (about, who):
        return
    row["AccountId"] = None
    source = {"006": "sf_Opportunity", "500": "sf_Case"}.get((about or "")[:3])
    if (about or "").startswith("001"):
        row["AccountId"] = about
    elif source:
        row["AccountId"] = _one(db, source, about)
    if row["AccountId"] is None and (who or "").startswith("003"):
        row["AccountId"] = _one(db, "sf_Contact", who)


def _case(org: Org, db: sqlite3.Connection, row: Row, before: Row | None, at: str) -> None:
    status = db.execute(
        "SELECT IsClosed FROM sf_CaseStatus WHERE MasterLabel = ?", (row["Status"],)
    ).fetchone()
    row["IsClosed"] = status["IsClosed"] if status else 0
    if not row["IsClosed"]:
        row["ClosedDate"] = None
    elif before is None or not before["IsClosed"]:
        row["ClosedDate"] = row.get("ClosedDate") or at
    if not row.get("CaseNumber"):
        row["CaseNumber"] = f"{row['_row']:08d}"
    if row.get("AccountId") is None and before is None and row.get("ContactId"):
        row["AccountId"] = _one(db, "sf_Contact", row["ContactId"])


def _line_item(org: Org, db: sqlite3.Connection, row: Row, before: Row | None, at: str) -> None:
    unit, total, quantity = row.get("UnitPrice"), row.get("TotalPrice"), row["Quantity"]
    total_moved = total is not None and (before is None or before["TotalPrice"] != total)
    if total_moved and quantity:
        row["UnitPrice"] = round(total / quantity, 2)
    elif unit is not None:
        row["TotalPrice"] = round(unit * quantity, 2)
    else:
        raise ApiError(
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [UnitPrice]",
            fields=("UnitPrice",),
        )
    product = db.execute(
        "SELECT Name FROM sf_Product2 WHERE Id = ?", (row["Product2Id"],)
    ).fetchone()
    deal = db.execute(
        "SELECT Name FROM sf_Opportunity WHERE Id = ?", (row["OpportunityId"],)
    ).fetchone()
    row["Name"] = f"{deal['Name']} {product['Name']}" if product and deal else None


def _relation(org: Org, db: sqlite3.Connection, row: Row, before: Row | None, at: str) -> None:
    row["IsDirect"] = int(_one(db, "sf_Contact", row["ContactId"]) == row["AccountId"])


def _one(db: sqlite3.Connection, table: str, record_id: str | None) -> str | None:
    found = db.execute(f"SELECT AccountId FROM {table} WHERE Id = ?", (record_id,)).fetchone()
    return found[0] if found else None


def _shift(start: str, minutes: int) -> str:
    return instant_text(_moment(start) + timedelta(minutes=minutes))


def _minutes(start: str, end: str) -> int:
    return int((_moment(end) - _moment(start)).total_seconds() // 60)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


_RULES: dict[str, Rule] = {
    "Account": _account,
    "Contact": _person_name,
    "Lead": _person_name,
    "User": _person_name,
    "Opportunity": _opportunity,
    "Task": _task,
    "Event": _event,
    "Case": _case,
    "OpportunityLineItem": _line_item,
    "AccountContactRelation": _relation,
}
