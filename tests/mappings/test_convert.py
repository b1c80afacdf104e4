"""Values that fail are rows of their own; the record stays when it can."""

from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import Boolean, Column, Date, DateTime, Float, MetaData, Table, Text, create_engine

import mappings

NO_RATES: dict[str, Decimal] = {}


def accounts(
    *records: dict[str, Any], rates: dict[str, Decimal] | None = None, vendor: str = "salesforce"
) -> mappings.Converted:
    source = mappings.load(vendor).sources[0]
    return mappings.to_frame(source, records, rates=rates or NO_RATES, corporate="USD")


def account(**fields: Any) -> dict[str, Any]:
    return {"Id": "1", "Name": "Acme", **fields}


def test_a_value_that_does_not_fit_is_refused_and_missing_while_the_record_stays() -> None:
    converted = accounts(account(ARR__c="12;15", Renewal_Date__c="soon", Segment__c="SMB"))

    assert [(r.object, r.record_id, r.field, r.value, r.code) for r in converted.refused] == [
        ("accounts", "1", "annual_value", "12;15", "not_a_number"),
        ("accounts", "1", "renewal_date", "soon", "not_a_date"),
    ]
    assert all(r.reason and r.remedy for r in converted.refused)
    row = converted.frame.iloc[0]
    assert pd.isna(row["annual_value"])
    assert pd.isna(row["annual_value_corporate"])
    assert row["renewal_date"] is None
    assert row["segment"] == "SMB"


def test_an_unlisted_picklist_value_is_refused_and_never_false() -> None:
    converted = accounts(account(Type="Franchisee"))

    [refused] = converted.refused
    assert (refused.field, refused.value) == ("is_customer", "Franchisee")
    assert "`values`" in refused.remedy
    assert converted.frame.loc[0, "is_customer"] is pd.NA


def test_a_value_known_to_mean_nothing_is_missing_without_a_refusal() -> None:
    converted = accounts(account(Type="Other"))

    assert converted.refused == ()
    assert converted.frame["is_customer"].isna().all()


def test_a_record_without_its_name_is_refused_as_a_whole() -> None:
    converted = accounts(account(), {"Id": "2", "Name": "  "})

    assert converted.frame["account_id"].tolist() == ["1"]
    [refused] = converted.refused
    assert (refused.record_id, refused.field, refused.code) == ("2", "name", "required_missing")
    assert converted.skipped == ("2",)


def test_a_record_without_its_id_is_refused() -> None:
    converted = accounts({"Name": "Nobody"})

    assert converted.frame.empty
    assert [r.field for r in converted.refused] == ["account_id"]


def test_a_missing_rate_is_refused_and_never_one() -> None:
    converted = accounts(
        account(ARR__c=100.0, CurrencyIsoCode="JPY"),
        {"Id": "2", "Name": "Beta", "ARR__c": 100.0},
        rates={"EUR": Decimal("0.5")},
    )

    [refused] = converted.refused
    assert (refused.record_id, refused.field) == ("1", "annual_value_corporate")
    assert (refused.value, refused.code) == ("100.0 JPY", "no_rate")
    assert converted.frame["annual_value"].tolist() == [100.0, 100.0]
    assert converted.frame["annual_value_corporate"].isna().tolist() == [True, False]
    assert converted.frame.loc[1, "annual_value_corporate"] == 100.0  # corporate currency
    assert converted.frame["currency"].tolist() == ["JPY", "USD"]


def test_the_last_of_two_records_with_one_key_counts() -> None:
    converted = accounts(account(), account(Name="Acme 2"))

    assert converted.frame["name"].tolist() == ["Acme 2"]
    assert converted.skipped == ()


def test_remote_holds_what_the_crm_has_of_our_fields_as_it_stands() -> None:
    converted = accounts(account(AX_Health_Score__c=61.0))

    [remote] = converted.frame["remote"]
    assert remote["AX_Health_Score__c"] == 61.0
    assert remote["AX_Link__c"] is None
    assert set(remote) == set(mappings.load("salesforce").account.fields)


def test_a_company_without_a_name_is_known_by_its_domain() -> None:
    record = {"hs_object_id": "5", "name": None, "domain": "acme.com"}

    assert accounts(record, vendor="hubspot").frame["name"].tolist() == ["acme.com"]


def test_a_probability_outside_its_range_is_refused() -> None:
    source = mappings.load("salesforce").source("opportunities:Opportunity")
    converted = mappings.to_frame(
        source, [{"Id": "1", "Probability": 140}], rates=NO_RATES, corporate=None
    )

    assert [(r.field, r.value, r.code) for r in converted.refused] == [
        ("probability", "1.4", "not_a_share")
    ]


def test_the_frame_goes_through_sql_and_back() -> None:
    source = mappings.load("salesforce").source("opportunities:Opportunity")
    record: dict[str, Any] = {
        "Id": "1", "Amount": 1234567.89, "IsClosed": True, "CloseDate": "2026-11-20",
        "CreatedDate": "2026-11-20T16:05:11.000+0000",
    }  # fmt: skip
    frame = mappings.to_frame(source, [record, {"Id": "2"}], rates=NO_RATES, corporate="USD").frame
    columns = {
        "opportunity_id": Text, "amount": Float, "is_closed": Boolean, "close_date": Date,
        "created_at": DateTime,
    }  # fmt: skip
    table = Table("deals", MetaData(), *(Column(n, t) for n, t in columns.items()))
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        table.create(connection)
        frame[list(columns)].to_sql("deals", connection, if_exists="append", index=False)
        rows = connection.execute(table.select()).all()

    assert rows[0][:4] == ("1", 1234567.89, True, frame.loc[0, "close_date"])
    assert rows[0].created_at == pd.Timestamp("2026-11-20T16:05:11")
    assert rows[1][1:] == (None, None, None, None)
