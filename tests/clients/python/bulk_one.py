"""simple-salesforce's Bulk API 1.0 and REST as dlt's verified source uses them, by hand of it."""

import json
import os
import sys
from typing import Any

from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

OBJECTS = ("Account", "Contact", "Opportunity", "OpportunityContactRole", "User", "Task", "Event")


def main() -> None:
    """Read whole objects, then write, then do without Bulk; tell what happened as JSON."""
    own = json.loads(os.environ["SANDBOX"])["salesforce"]
    sf: Any = Salesforce(
        username=own["username"],
        password=own["password"],
        security_token=own["security_token"],
    )
    told: dict[str, Any] = {"read": {}, "instants": set()}
    for name in OBJECTS:
        fields, instants = columns(sf, name)
        records = bulk(sf, name, f"SELECT {', '.join(fields)} FROM {name}  ")
        told["read"][name] = len({record["Id"] for record in records})
        told["instants"] |= {type(r[f]).__name__ for r in records for f in instants if r[f]}
    told["instants"] = sorted(told["instants"])
    if "--read-only" not in sys.argv:
        told["written"] = write(sf)
        told["refused"] = refusals(sf)
    print(json.dumps(told))


def columns(sf: Any, name: str) -> tuple[list[str], list[str]]:
    """(fields that can be read one by one, those that hold instants) of an object."""
    fields = getattr(sf, name).describe()["fields"]
    compound = {f["compoundFieldName"] for f in fields if f["compoundFieldName"]} - {"Name"}
    single = [f["name"] for f in fields if f["name"] not in compound]
    return single, [f["name"] for f in fields if f["type"] == "datetime"]


def bulk(sf: Any, name: str, query: str) -> list[dict[str, Any]]:
    """All records of a Bulk query, deleted ones too; by REST where Bulk is not to be had."""
    try:
        pages = getattr(sf.bulk, name).query_all(query, lazy_operation=True)
        return [record for page in pages for record in page]
    except SalesforceMalformedRequest as refused:
        if "FeatureNotEnabled" not in str(refused) or "Async API not enabled" not in str(refused):
            raise
        return list(sf.query_all_iter(query, include_deleted=True))


def write(sf: Any) -> list[list[bool]]:
    """Whether each row of an insert and of a delete went through."""
    rows = [{"Name": "one"}, {"Name": "two"}, {"ARR__c": 3}]
    made = sf.bulk.Account.insert(rows, batch_size=2, use_serial=True)
    ids = [{"Id": row["id"]} for row in made if row["success"]]
    gone = sf.bulk.Account.delete(ids, batch_size=10)
    return [[row["success"] for row in results] for results in (made, gone)]


def refusals(sf: Any) -> list[str]:
    """The exceptionCode of an unknown object, and the state of a query that cannot be run."""
    found = []
    for name, query in (
        ("Nothing__c", "SELECT Id FROM Nothing__c"),
        ("User", "SELECT No FROM User"),
    ):
        try:
            bulk(sf, name, query)
        except SalesforceMalformedRequest as refused:
            content: Any = refused.content
            found.append(content["exceptionCode"])
        except Exception as refused:
            found.append(str(refused).partition("Response content: ")[2].partition("\n")[0])
    return found


if __name__ == "__main__":
    main()
