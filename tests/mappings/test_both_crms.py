"""The same facts, written as each CRM would hold them, read the same."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import mappings
from mappings.catalogue import OBJECTS


@dataclass(frozen=True)
class Link:
    from_id: str
    to_id: str
    label: str | None
    primary: bool = False


STAMP = "2026-11-20T08:00:00.000+0000"
RATES = {"USD": Decimal(1), "EUR": Decimal("0.8")}

SALESFORCE: dict[str, list[dict[str, Any]]] = {
    "accounts:Account": [
        {
            "Id": "1",
            "SystemModstamp": STAMP,
            "Name": " Acme ",
            "ParentId": None,
            "OwnerId": "7",
            "Website": "https://www.ACME.com/home",
            "Segment__c": "Enterprise",
            "Industry": "Energy",
            "BillingCountry": "Norway",
            "CurrencyIsoCode": "EUR",
            "ARR__c": 80000.0,
            "Type": "Customer",
            "Customer_Since__c": "2020-02-29",
            "Renewal_Date__c": "2027-01-31",
            "Churned_On__c": None,
            "Churn_Reason__c": None,
        }
    ],
    "contacts:Contact": [
        {
            "Id": "11",
            "SystemModstamp": STAMP,
            "AccountId": "1",
            "Name": "Ada Diaz",
            "Email": "Ada@Acme.com",
            "Title": "CFO",
            "DMU_Level__c": "Decision maker",
            "Inactive__c": False,
            "Left_Company_On__c": None,
            "EmailBouncedDate": "2026-05-01T09:30:00.000+0000",
            "HasOptedOutOfEmail": True,
        }
    ],
    "opportunities:Opportunity": [
        {
            "Id": "21",
            "SystemModstamp": STAMP,
            "AccountId": "1",
            "OwnerId": "7",
            "Name": "Renewal 2027",
            "Type": "Renewal",
            "StageName": "negotiation",
            "Amount": 1000.0,
            "CurrencyIsoCode": "EUR",
            "Probability": 57.0,
            "IsClosed": False,
            "IsWon": False,
            "CreatedDate": "2026-10-01T00:00:00.000+0000",
            "CloseDate": "2027-01-31",
            "Loss_Reason__c": None,
        }
    ],
    "products:OpportunityLineItem": [
        {
            "Id": "31",
            "SystemModstamp": STAMP,
            "OpportunityId": "21",
            "Product2.Name": "Pump",
            "Product2.Family": "Hardware",
            "Quantity": 2.0,
            "TotalPrice": 1000.0,
        }
    ],
    "cases:Case": [
        {
            "Id": "41",
            "SystemModstamp": STAMP,
            "AccountId": "1",
            "ContactId": "11",
            "Priority": "Critical",
            "CreatedDate": "2026-11-01T10:00:00.000+0000",
            "ClosedDate": None,
            "IsEscalated": True,
        }
    ],
    "users:User": [
        {
            "Id": "7",
            "SystemModstamp": STAMP,
            "Name": "Olu Berg",
            "Email": "olu@us.test",
            "ManagerId": None,
            "IsActive": True,
            "TimeZoneSidKey": None,
            "UserType": "Standard",
        },
        {"Id": "8", "SystemModstamp": STAMP, "Name": "Bot", "UserType": "AutomatedProcess"},
    ],
}
HUBSPOT: dict[str, list[dict[str, Any]]] = {
    "accounts:companies": [
        {
            "hs_object_id": "1",
            "hs_lastmodifieddate": "2026-11-20T08:00:00Z",
            "name": "Acme",
            "hs_parent_company_id": "",
            "hubspot_owner_id": "7",
            "domain": "acme.com",
            "segment": "Enterprise",
            "industry": "Energy",
            "country": "Norway",
            "account_currency": "EUR",
            "annual_recurring_revenue": "80000",
            "lifecyclestage": "customer",
            "customer_since": "2020-02-29",
            "renewal_date": "2027-01-31",
            "churned_on": None,
            "churn_reason": None,
        }
    ],
    "contacts:contacts": [
        {
            "hs_object_id": "11",
            "lastmodifieddate": "2026-11-20T08:00:00.000Z",
            "associatedcompanyid": "1",
            "firstname": "Ada",
            "lastname": "Diaz",
            "email": "ada@acme.com",
            "jobtitle": "CFO",
            "dmu_level": "decision_maker",
            "inactive": None,
            "hs_email_hard_bounce_reason_enum": "UNKNOWN_USER",
            "bounced_on": "2026-05-01T09:30:00Z",
            "left_company_on": "",
            "hs_email_optout": "true",
        }
    ],
    "opportunities:deals": [
        {
            "hs_object_id": "21",
            "hs_lastmodifieddate": "2026-11-20T08:00:00.000Z",
            "@companies": 1,
            "hubspot_owner_id": "7",
            "dealname": "Renewal 2027",
            "dealtype": "renewal",
            "dealstage": "negotiation",
            "amount": "1000",
            "amount_in_home_currency": "1250.0",
            "deal_currency_code": "EUR",
            "hs_deal_stage_probability": "0.56999999999999995115",
            "hs_is_closed": "false",
            "hs_is_closed_won": "false",
            "createdate": "2026-10-01T00:00:00Z",
            "closedate": "2027-01-31T12:00:00Z",
        }
    ],
    "products:line_items": [
        {
            "hs_object_id": "31",
            "hs_lastmodifieddate": "2026-11-20T08:00:00.000Z",
            "@deals": "21",
            "name": "Pump",
            "product_family": "Hardware",
            "quantity": "2",
            "amount": "1000.00",
        }
    ],
    "cases:tickets": [
        {
            "hs_object_id": "41",
            "hs_lastmodifieddate": "2026-11-20T08:00:00.000Z",
            "@companies": "1",
            "@contacts": "11",
            "hs_ticket_priority": "URGENT",
            "createdate": "2026-11-01T10:00:00Z",
            "escalated": "true",
        }
    ],
    "users:owners": [
        {
            "id": "7",
            "firstName": "Olu",
            "lastName": "Berg",
            "email": "Olu@us.test",
            "archived": False,
            "type": "PERSON",
        },
        {"id": "9", "firstName": "Help", "lastName": "desk", "type": "QUEUE"},
    ],
}


def read(vendor: str, name: str, records: Any) -> mappings.Converted:
    source = mappings.load(vendor).source(name)
    return mappings.to_frame(source, records, rates=RATES, corporate="USD")


def facts(vendor: str, name: str, records: Any) -> pd.DataFrame:
    converted = read(vendor, name, records)
    assert converted.refused == ()
    return converted.frame.drop(columns="remote", errors="ignore")


@pytest.mark.parametrize(
    ("salesforce", "hubspot"),
    [pair for pair in zip(SALESFORCE, HUBSPOT, strict=True) if "users" not in pair[0]],
)
def test_the_same_facts_give_equal_frames(salesforce: str, hubspot: str) -> None:
    assert_frame_equal(
        facts("salesforce", salesforce, SALESFORCE[salesforce]),
        facts("hubspot", hubspot, HUBSPOT[hubspot]),
    )


def test_what_an_account_looks_like() -> None:
    [row] = facts("salesforce", "accounts:Account", SALESFORCE["accounts:Account"]).to_dict(
        "records"
    )

    assert row["name"] == "Acme"
    assert row["domain"] == "acme.com"
    assert row["annual_value"] == 80000
    assert row["annual_value_corporate"] == 100000  # 80,000 EUR at 0.8 EUR per USD
    assert row["is_customer"] is True
    assert str(row["renewal_date"]) == "2027-01-31"
    assert row["churned_at"] is None
    assert row["modified_at"] == pd.Timestamp("2026-11-20T08:00:00Z")


def test_people_are_users_and_queues_and_robots_are_not() -> None:
    salesforce = read("salesforce", "users:User", SALESFORCE["users:User"])
    hubspot = read("hubspot", "users:owners", HUBSPOT["users:owners"])

    columns = [column.name for column in OBJECTS["users"]]
    assert_frame_equal(salesforce.frame[columns], hubspot.frame[columns])
    assert salesforce.frame["email"].tolist() == ["olu@us.test"]
    assert salesforce.skipped == ("8",)
    assert hubspot.skipped == ("9",)


def test_activities_agree_on_kind_and_direction() -> None:
    done = {"IsClosed": True, "AccountId": "1", "WhoId": "00311", "SystemModstamp": STAMP}
    at = {"CompletedDateTime": "2026-11-02T10:00:00.000+0000"}
    tasks = [
        {"Id": "1", "TaskSubtype": "Call", "CallType": None, **done, **at},
        {"Id": "2", "TaskSubtype": "Call", "CallType": "Inbound", **done, **at},
        {"Id": "3", "TaskSubtype": "Email", "Type": "Email in", **done, **at},
        {"Id": "4", "TaskSubtype": "Email", "Type": "Email out", **done, **at},
        {"Id": "5", "TaskSubtype": "Email", "Type": "Email reply", **done, **at},
        {"Id": "6", "TaskSubtype": "Call", **(done | {"IsClosed": False})},
        {"Id": "7", "TaskSubtype": "Task", **done, **at},
        {"Id": "8", "TaskSubtype": "Call", "AX_Task_Key__c": "a:1:x", **done, **at},
    ]
    when = {"hs_timestamp": "2026-11-02T10:00:00Z", "@companies": "1", "@contacts": "00311"}
    connected = "f240bbac-87c9-4f6e-bf70-924b57d47db7"
    calls: list[dict[str, Any]] = [
        {"hs_object_id": "1", "hs_call_direction": "OUTBOUND", "hs_call_disposition": connected},
        {"hs_object_id": "2", "hs_call_direction": "INBOUND", "hs_call_disposition": None},
    ]
    emails: list[dict[str, Any]] = [
        {"hs_object_id": "3", "hs_email_direction": "INCOMING_EMAIL"},
        {"hs_object_id": "4", "hs_email_direction": "EMAIL", "hs_email_reply_count": "0"},
        {"hs_object_id": "5", "hs_email_direction": "EMAIL", "hs_email_reply_count": "1"},
    ]

    salesforce = read("salesforce", "activities:Task", tasks)
    hubspot = pd.concat(
        [
            read("hubspot", "activities:calls", [r | when for r in calls]).frame,
            read("hubspot", "activities:emails", [r | when for r in emails]).frame,
        ],
        ignore_index=True,
    )

    shared = ["account_id", "contact_id", "kind", "direction", "occurred_at"]
    assert_frame_equal(salesforce.frame[shared], hubspot[shared])
    assert salesforce.frame["direction"].tolist() == [
        "two_way", "inbound", "inbound", "outbound", "two_way",
    ]  # fmt: skip
    assert salesforce.skipped == ("6", "7", "8")
    assert hubspot["activity_id"].tolist() == [
        "calls:1",
        "calls:2",
        *(f"emails:{i}" for i in "345"),
    ]


def test_meetings_and_visits() -> None:
    event = {"Type": "Visit", "WhoId": "00Q5", "StartDateTime": "2026-11-02T10:00:00.000+0000"}
    meeting = {"hs_activity_type": "Visit", "hs_timestamp": "2026-11-02T10:00:00Z"}

    salesforce = read("salesforce", "activities:Event", [{"Id": "1", **event}]).frame
    hubspot = read("hubspot", "activities:meetings", [{"hs_object_id": "1", **meeting}]).frame

    shared = ["contact_id", "kind", "direction", "occurred_at"]  # the lead 00Q5 is no contact
    assert_frame_equal(salesforce[shared], hubspot[shared])
    assert salesforce.loc[0, "kind"] == "visit"


def test_deal_labels_are_contact_roles() -> None:
    role = {"Id": "1", "OpportunityId": "21", "ContactId": "11", "Role": "Decision Maker"}
    links = [Link("21", "11", "Decision Maker"), Link("21", "11", None), Link("21", "12", None)]

    salesforce = read("salesforce", "contact_roles:OpportunityContactRole", [role]).frame
    source = mappings.load("hubspot").source("contact_roles:deals>contacts")
    hubspot = mappings.to_frame(source, links, rates={}, corporate=None)

    shared = ["contact_id", "account_id", "opportunity_id", "role"]
    assert_frame_equal(salesforce[shared], hubspot.frame[shared])
    assert hubspot.frame["role_id"].tolist() == ["deals:21:11:Decision Maker"]
    assert source.from_column == "opportunity_id"
    assert source.fields == ()


def test_owner_properties_are_team_members() -> None:
    member = {"Id": "1", "AccountId": "5", "UserId": "7", "TeamMemberRole": "Executive Partner"}
    company = {"hs_object_id": "5", "executive_partner": "7", "technical_lead": ""}

    salesforce = read("salesforce", "team_members:AccountTeamMember", [member]).frame
    source = mappings.load("hubspot").source("team_members:companies")
    hubspot = mappings.to_frame(source, [company], rates={}, corporate=None)

    shared = ["account_id", "user_id", "role"]
    assert_frame_equal(salesforce[shared], hubspot.frame[shared])
    assert hubspot.frame["member_id"].tolist() == ["5:executive_partner"]
    assert "5:technical_lead" in hubspot.skipped  # a role that was emptied is gone
    assert set(source.row_ids("5")) == {"5:executive_partner", *hubspot.skipped}


@pytest.mark.parametrize("vendor", ["salesforce", "hubspot"])
def test_the_default_maps_read_every_object_of_a_crm(vendor: str) -> None:
    read_objects = {source.object for source in mappings.load(vendor).sources}

    assert read_objects == set(OBJECTS) - {"responses", "invitations"}


@pytest.mark.parametrize("vendor", ["salesforce", "hubspot"])
def test_the_frame_has_exactly_the_catalogue_columns(vendor: str) -> None:
    extra = {
        "accounts": ["annual_value_corporate", "remote"],
        "opportunities": ["amount_corporate"],
    }
    for source in mappings.load(vendor).sources:
        frame = mappings.to_frame(source, [], rates={}, corporate=None).frame
        columns = [column.name for column in OBJECTS[source.object]]
        assert list(frame.columns) == [*columns, "modified_at", *extra.get(source.object, [])]
