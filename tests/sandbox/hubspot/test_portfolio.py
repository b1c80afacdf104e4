"""A portfolio in the portal: the book's accounts, roles, activities; people's own changes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox import hubspot
from sandbox.portfolio import Portfolio, generate
from sandbox.server import Server
from sandbox.world import World
from tests.sandbox.hubspot.conftest import Api

AS_OF = datetime(2026, 11, 20, 12, tzinfo=UTC)
EXPRESS = "A0000006"


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    """Sixty seeded accounts, the book's six first."""
    return generate(60, 3, AS_OF)


@pytest.fixture(scope="module")
def api(portfolio: Portfolio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A portal that holds the portfolio."""
    world = World(tmp_path_factory.mktemp("portfolio") / "world.sqlite")
    hubspot.load(world, portfolio)
    with Server(world) as server:
        world.switches["hubspot.limits.enforced"] = False
        caller = Api(server)
        yield caller
        caller.session.close()
    world.release()


def everything(api: Api, kind: str, properties: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    link = f"/crm/v3/objects/{kind}?limit=100&properties={properties}"
    while link:
        page = api.get(link)
        found |= {record["id"]: record["properties"] for record in page["results"]}
        link = page["paging"]["next"]["link"] if "paging" in page else ""
    return found


def of(api: Api, table: str, canonical_id: str) -> str:
    found = api.world.crm_id("hubspot", table, canonical_id)
    assert found is not None
    return found


def test_companies_keep_every_canonical_fact(api: Api, portfolio: Portfolio) -> None:
    names = "name,domain,annual_recurring_revenue,segment,customer_since,hubspot_owner_id"
    companies = everything(api, "companies", names + ",hs_parent_company_id,annualrevenue")

    assert len(companies) == 60
    for row in portfolio.rows("accounts"):
        shown = companies[of(api, "accounts", row["account_id"])]
        assert shown["name"] == row["name"]
        assert shown["domain"] == row["domain"]
        assert shown["segment"] == row["segment"]
        value = shown["annual_recurring_revenue"]
        assert (None if value is None else float(value)) == row["annual_value"]
        since = row["customer_since"]
        assert shown["customer_since"] == (since.isoformat() if since else None)
        assert shown["hubspot_owner_id"] == of(api, "users", row["owner_id"])
        parent = row["parent_id"]
        assert shown["hs_parent_company_id"] == (of(api, "accounts", parent) if parent else None)
        assert shown["annualrevenue"] is None


def test_the_books_express_logistics(api: Api) -> None:
    company = of(api, "accounts", EXPRESS)
    shown = api.get(
        f"/crm/v3/objects/companies/{company}"
        "?properties=annual_recurring_revenue,num_associated_contacts,name&associations=contacts"
    )

    assert shown["properties"]["name"] == "Express Logistics"
    assert shown["properties"]["annual_recurring_revenue"] == "5340779"
    assert shown["properties"]["num_associated_contacts"] == "8"
    assert len({c["id"] for c in shown["associations"]["contacts"]["results"]}) == 8


def test_contacts_belong_to_their_company(api: Api, portfolio: Portfolio) -> None:
    names = "firstname,lastname,email,dmu_level,associatedcompanyid,hs_email_optout,inactive"
    contacts = everything(api, "contacts", names + ",hs_email_hard_bounce_reason_enum")

    rows = list(portfolio.rows("contacts"))
    assert len(contacts) == len(rows)
    for row in rows:
        shown = contacts[of(api, "contacts", row["contact_id"])]
        assert f"{shown['firstname']} {shown['lastname']}" == row["name"]
        assert shown["email"] == row["email"]
        assert shown["dmu_level"] == row["level"]
        assert shown["associatedcompanyid"] == of(api, "accounts", row["account_id"])
        assert shown["hs_email_optout"] == str(row["opted_out"]).lower()
        assert shown["inactive"] == str(not row["is_active"]).lower()
        bounced = shown["hs_email_hard_bounce_reason_enum"]
        assert (bounced is None) is (row["bounced_at"] is None)


def test_deals_keep_amount_probability_and_outcome(api: Api, portfolio: Portfolio) -> None:
    names = "amount,hs_deal_stage_probability,hs_is_closed,hs_is_closed_won,dealtype,dealstage"
    deals = everything(api, "deals", f"{names},closedate,createdate")
    labels = {
        stage["id"]: stage["label"]
        for pipeline in api.get("/crm/v3/pipelines/deals")["results"]
        for stage in pipeline["stages"]
    }

    for row in portfolio.rows("opportunities"):
        shown = deals[of(api, "opportunities", row["opportunity_id"])]
        amount = shown["amount"]
        assert (None if amount is None else float(amount)) == row["amount"]
        assert float(shown["hs_deal_stage_probability"]) == row["probability"]
        assert shown["hs_is_closed"] == str(row["is_closed"]).lower()
        assert shown["hs_is_closed_won"] == str(row["is_won"]).lower()
        assert shown["closedate"] == f"{row['close_date']}T00:00:00.000Z"
        assert shown["createdate"] == row["created_at"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
        assert labels[shown["dealstage"]] == row["stage"]
        kind = "newbusiness" if row["type"] == "new" else row["type"]
        assert shown["dealtype"] == kind


def test_roles_are_labels_and_teams_owner_properties(api: Api, portfolio: Portfolio) -> None:
    role = next(row for row in portfolio.rows("contact_roles") if row["opportunity_id"])
    deal = of(api, "opportunities", role["opportunity_id"])

    links = api.get(f"/crm/v4/objects/deals/{deal}/associations/contacts")["results"]

    person = int(of(api, "contacts", role["contact_id"]))
    labels = {each["toObjectId"]: each["associationTypes"] for each in links}
    assert role["role"] in [t["label"] for t in labels[person]]
    member = next(portfolio.rows("team_members"))
    name = member["role"].lower().replace(" ", "_")
    company = of(api, "accounts", member["account_id"])
    shown = api.get(f"/crm/v3/objects/companies/{company}?properties={name}")["properties"]
    assert shown[name] == of(api, "users", member["user_id"])


def test_activities_and_cases(api: Api, portfolio: Portfolio) -> None:
    calls = everything(api, "calls", "hs_timestamp,hs_call_direction,hs_call_disposition")
    emails = everything(api, "emails", "hs_email_direction,hs_email_reply_count")
    for row in portfolio.rows("activities"):
        kind, _, record_id = of(api, "activities", row["activity_id"]).partition("/")
        if row["kind"] == "call":
            shown = calls[record_id]
            assert kind == "calls"
            assert (shown["hs_call_disposition"] is not None) is (row["direction"] == "two_way")
            assert (shown["hs_call_direction"] == "INBOUND") is (row["direction"] == "inbound")
        if row["kind"] == "email":
            shown = emails[record_id]
            assert (shown["hs_email_reply_count"] == "1") is (row["direction"] == "two_way")
            inbound = shown["hs_email_direction"] == "INCOMING_EMAIL"
            assert inbound is (row["direction"] == "inbound")
    tickets = everything(api, "tickets", "createdate,closed_date,hs_ticket_priority,escalated")
    priorities = {"low": "LOW", "normal": "MEDIUM", "high": "HIGH", "critical": "URGENT"}
    for row in portfolio.rows("cases"):
        shown = tickets[of(api, "cases", row["case_id"])]
        assert shown["hs_ticket_priority"] == priorities[row["priority"]]
        assert (shown["closed_date"] is None) is (row["closed_at"] is None)
        assert shown["escalated"] == str(row["escalated"]).lower()


def test_owners_are_the_users(api: Api, portfolio: Portfolio) -> None:
    live = api.get("/crm/v3/owners/?limit=100&archived=false")["results"]
    gone = api.get("/crm/v3/owners/?limit=100&archived=true")["results"]

    rows = list(portfolio.rows("users"))
    assert {o["id"] for o in live} == {
        of(api, "users", r["user_id"]) for r in rows if r["is_active"]
    }
    assert len(live) + len(gone) == len(rows)
    one = api.get(f"/crm/v3/owners/{live[0]['userId']}?idProperty=userId")
    assert one["email"] == rows[0]["email"]


def test_a_persons_changes_are_seen_by_the_api(api: Api) -> None:
    company = of(api, "accounts", EXPRESS)
    before = api.get(f"/crm/v3/objects/companies/{company}")["updatedAt"]

    api.person("update", "companies", company, city="Antwerp")

    changed = api.get(f"/crm/v3/objects/companies/{company}?propertiesWithHistory=city")
    assert changed["updatedAt"] > before
    version = changed["propertiesWithHistory"]["city"][0]
    assert (version["value"], version["sourceType"]) == ("Antwerp", "CRM_UI")
    assert version["updatedByUserId"] == api.world.hubspot.user_id
    with pytest.raises(ValueError, match="no_such"):
        api.person("update", "companies", company, no_such="x")
    with pytest.raises(LookupError):
        api.person("update", "companies", "5", city="x")


def test_a_person_creates_deletes_restores_and_merges(api: Api) -> None:
    one = api.person("create", "companies", name="One")["id"]
    two = api.person("create", "companies", name="Two")["id"]
    assert api.person("delete", "companies", one)["archived"] is True
    api.get(f"/crm/v3/objects/companies/{one}", status=404)

    assert api.person("undelete", "companies", one)["archived"] is False
    merged = api.person("merge", "companies", one, loser=two)

    assert merged["properties"]["hs_merged_object_ids"] == two
    with pytest.raises(LookupError):
        api.person("update", "companies", two, city="x")


def test_record_page_shows_our_fields_apart(api: Api) -> None:
    group = {"name": "hx", "label": "HX"}
    api.post("/crm/v3/properties/companies/groups", group, status=201)
    ours = {"name": "hx_score", "label": "Score", "type": "number", "fieldType": "number"}
    api.post("/crm/v3/properties/companies", {**ours, "groupName": "hx"}, status=201)
    company = of(api, "accounts", EXPRESS)
    path = f"/crm/v3/objects/companies/{company}"
    api.call("PATCH", path, {"properties": {"hx_score": "82"}})

    shown = hubspot.account_view(api.world, company)

    assert shown is not None
    assert [f for f in shown["fields"] if f[3]] == [("Score", "hx_score", "82", True)]
    assert len(shown["contacts"]) == 8
    assert shown["opportunities"]
    assert hubspot.account_view(api.world, "5") is None
