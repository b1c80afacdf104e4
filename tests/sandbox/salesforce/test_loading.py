"""A portfolio as Salesforce records, and an account's page."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from sandbox import salesforce
from sandbox.portfolio import COLUMNS, Portfolio, generate
from sandbox.world import World

_NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
_WHEN = datetime(2026, 1, 5, 9, 30, 0, tzinfo=UTC)


def _portfolio(**tables: list[dict[str, Any]]) -> Portfolio:
    def rows(name: str) -> Any:
        blank = dict.fromkeys(COLUMNS[name])
        return lambda: iter([{**blank, **row} for row in tables[name]])

    return Portfolio({name: rows(name) for name in tables}, _NOW, "USD")


@pytest.fixture
def loaded(world: World) -> World:
    """One account with everything around it."""
    salesforce.load(
        world,
        _portfolio(
            users=[
                {"user_id": "u1", "name": "Ada Lovelace", "email": "ada@x.example"},
                {"user_id": "u2", "name": "Bob", "manager_id": "u1", "is_active": False},
            ],
            accounts=[
                {
                    "account_id": "a1", "name": "Acme", "owner_id": "u2", "annual_value": 1200.5,
                    "is_customer": True, "segment": "Mid", "domain": "acme.example",
                    "renewal_date": date(2026, 6, 30), "parent_id": "a2", "currency": "USD",
                },
                {"account_id": "a2", "churned_at": date(2025, 1, 1), "parent_id": "nobody"},
            ],
            contacts=[
                {
                    "contact_id": "c1", "account_id": "a1", "name": "Carla de Luz",
                    "level": "decision_maker", "role": "Champion", "email": "c@acme.example",
                    "is_active": False, "bounced_at": _WHEN,
                },
                {"contact_id": "c2", "account_id": "gone"},
            ],
            opportunities=[
                {
                    "opportunity_id": "o1", "account_id": "a1", "type": "renewal",
                    "stage": "Haggling", "amount": 50, "probability": 0.35, "created_at": _WHEN,
                }
            ],
            products=[
                {"line_id": "l1", "opportunity_id": "o1", "product": "Core", "family": "F",
                 "quantity": 2, "amount": 50},
                {"line_id": "l2", "opportunity_id": "none", "product": "Core", "amount": 1},
            ],
            contact_roles=[
                {"role_id": "r1", "contact_id": "c1", "opportunity_id": "o1", "role": "Evaluator"},
                {"role_id": "r2", "contact_id": "c1", "account_id": "a2", "role": "Influencer"},
            ],
            cases=[{"case_id": "k1", "account_id": "a1", "priority": "normal",
                    "opened_at": _WHEN, "escalated": True}],
            activities=[
                {"activity_id": "e1", "account_id": "a1", "contact_id": "c1", "kind": "call",
                 "direction": "two_way", "occurred_at": _WHEN},
                {"activity_id": "e2", "account_id": "a1", "kind": "email",
                 "direction": "inbound", "occurred_at": _WHEN},
                {"activity_id": "e3", "account_id": "a1", "kind": "visit",
                 "direction": "two_way", "occurred_at": _WHEN},
                {"activity_id": "e4", "account_id": "a1", "kind": "login", "occurred_at": _WHEN},
            ],
            team_members=[{"member_id": "m1", "account_id": "a1", "user_id": "u1",
                           "role": "Executive Sponsor"}],
        ),
    )  # fmt: skip
    return world


def _record(world: World, kind: str, table: str, canonical_id: str) -> dict[str, Any]:
    record_id = world.crm_id("salesforce", table, canonical_id)
    return salesforce.person(world, "read", kind, record_id, {})


def test_accounts_and_people(loaded: World) -> None:
    acme = _record(loaded, "Account", "accounts", "a1")
    assert (acme["Name"], acme["Type"], acme["ARR__c"]) == ("Acme", "Customer", 1200.5)
    assert acme["AnnualRevenue"] != acme["ARR__c"]
    assert acme["OwnerId"] == loaded.crm_id("salesforce", "users", "u2")
    assert acme["ParentId"] == loaded.crm_id("salesforce", "accounts", "a2")
    other = _record(loaded, "Account", "accounts", "a2")
    assert (other["Name"], other["Type"], other["ParentId"]) == ("a2", "Former Customer", None)
    assert other["OwnerId"] == loaded.salesforce.user_id
    carla = _record(loaded, "Contact", "contacts", "c1")
    assert (carla["FirstName"], carla["LastName"]) == ("Carla de", "Luz")
    assert (carla["DMU_Level__c"], carla["Inactive__c"]) == ("Decision maker", True)
    assert carla["EmailBouncedDate"] == "2026-01-05T09:30:00.000+0000"
    assert _record(loaded, "Contact", "contacts", "c2")["AccountId"] is None
    bob = _record(loaded, "User", "users", "u2")
    assert (bob["IsActive"], bob["ManagerId"]) == (
        False,
        loaded.crm_id("salesforce", "users", "u1"),
    )


def test_deals_roles_cases_and_activities(loaded: World) -> None:
    deal = _record(loaded, "Opportunity", "opportunities", "o1")
    assert (deal["Type"], deal["StageName"], deal["Probability"]) == ("Renewal", "Haggling", 35.0)
    assert deal["CloseDate"] is None
    assert _record(loaded, "OpportunityLineItem", "products", "l1")["TotalPrice"] == 50.0
    assert _record(loaded, "OpportunityContactRole", "contact_roles", "r1")["Role"] == "Evaluator"
    relation = _record(loaded, "AccountContactRelation", "contact_roles", "r2")
    assert (relation["Roles"], relation["IsDirect"]) == ("Influencer", False)
    direct = loaded.db().execute("SELECT Roles FROM sf_AccountContactRelation WHERE IsDirect = 1")
    assert direct.fetchone()[0] == "Champion"
    case = _record(loaded, "Case", "cases", "k1")
    assert (case["Priority"], case["Status"], case["IsEscalated"]) == ("Medium", "Escalated", True)
    call = _record(loaded, "Task", "activities", "e1")
    assert (call["TaskSubtype"], call["CallType"], call["IsClosed"]) == ("Call", None, True)
    assert call["CompletedDateTime"] == "2026-01-05T09:30:00.000+0000"
    email = _record(loaded, "Task", "activities", "e2")
    assert (email["Type"], email["Subject"]) == ("Email in", "Email received: follow-up")
    visit = _record(loaded, "Event", "activities", "e3")
    assert (visit["Type"], visit["EndDateTime"]) == ("Visit", "2026-01-05T10:30:00.000+0000")
    assert loaded.crm_id("salesforce", "activities", "e4") is None
    member = _record(loaded, "AccountTeamMember", "team_members", "m1")
    assert member["TeamMemberRole"] == "Executive Sponsor"


def test_an_accounts_page_shows_what_is_ours(loaded: World) -> None:
    acme = loaded.crm_id("salesforce", "accounts", "a1")
    assert acme is not None
    salesforce.person(loaded, "create", "Task", None, {"Subject": "Call Carla", "WhatId": acme})
    page = salesforce.account_view(loaded, acme)
    assert page is not None
    assert page["name"] == "Acme"
    assert ("ARR", "ARR__c", 1200.5, False) in page["fields"]
    assert [c["name"] for c in page["contacts"]] == ["Carla de Luz"]
    assert [t["subject"] for t in page["tasks"]] == ["Call Carla"]
    assert salesforce.account_view(loaded, "001000000000000AAA") is None


def test_several_currencies_turn_the_feature_on(world: World) -> None:
    rows = [{"account_id": n, "currency": code} for n, code in (("1", "USD"), ("2", "EUR"))]
    salesforce.load(world, _portfolio(accounts=rows))
    assert world.switches["salesforce.multi_currency"] is True
    found = world.db().execute("SELECT IsoCode, IsCorporate FROM sf_CurrencyType ORDER BY 1")
    assert [tuple(row) for row in found] == [("EUR", 0), ("USD", 1)]


def test_a_generated_portfolio_arrives_complete(world: World) -> None:
    portfolio = generate(20, 1, _NOW)
    salesforce.load(world, portfolio)
    for table, kind in (("accounts", "Account"), ("contacts", "Contact"), ("cases", "Case")):
        expected = sum(1 for _ in portfolio.rows(table))
        found = world.db().execute(f"SELECT count(*) FROM sf_{kind}").fetchone()[0]
        assert found == expected
