"""Who we are, what there is, how records relate, what it costs."""

from datetime import timedelta
from decimal import Decimal

import pytest

from connector.base import Crm, Link
from connector.budget import Allowance
from connector.errors import CrmAllowanceReached, CrmRejected, CrmUnknownObject
from connector.salesforce import Salesforce
from sandbox.server import Server
from tests.connector.salesforce.conftest import Connect, Org


def test_it_is_a_crm_of_the_contract(crm: Salesforce) -> None:
    contract: Crm = crm

    assert contract.vendor == "salesforce"


def test_the_organisation_and_the_user_are_known(crm: Salesforce, org: Org, server: Server) -> None:
    got = crm.identity()

    known = org.world.salesforce
    assert (got.organisation_id, got.user_id) == (known.org_id, known.user_id)
    assert got.user_name == known.username
    assert got.instance_url == server.url
    assert got.time_zone
    assert (got.currency, got.multi_currency) == (None, False)
    assert crm.exchange_rates() == {}
    calls = org.calls()
    crm.identity()
    assert org.calls() == calls


def test_a_multi_currency_org_tells_its_rates(crm: Salesforce, org: Org) -> None:
    org.switch("multi_currency", True)
    for code, rate, corporate in (("EUR", 1, True), ("USD", 1.25, False)):
        org.add("CurrencyType", IsoCode=code, ConversionRate=rate, IsCorporate=corporate)

    got = crm.identity()

    assert (got.multi_currency, got.currency) == (True, "EUR")
    assert crm.exchange_rates() == {"EUR": Decimal(1), "USD": Decimal("1.25")}


def test_the_clock_is_salesforces(crm: Salesforce, org: Org) -> None:
    assert abs(crm.now() - org.world.clock.now()) < timedelta(seconds=3)
    assert crm.usage.spent == 0

    org.world.clock.advance(86_400)
    crm.describe("Account")

    assert abs(crm.now() - org.world.clock.now()) < timedelta(seconds=3)


def test_describe_speaks_the_contracts_words(crm: Salesforce) -> None:
    fields = crm.describe("Account")

    assert fields["Id"].type == "id"
    assert fields["Name"].required
    assert (fields["Name"].type, fields["Name"].length) == ("text", 255)
    assert (fields["ARR__c"].type, fields["ARR__c"].scale) == ("currency", 2)
    assert fields["ARR__c"].custom
    assert fields["ARR__c"].writable
    assert fields["NumberOfEmployees"].type == "number"
    assert fields["NumberOfEmployees"].scale == 0
    assert fields["OwnerId"].type == "reference"
    assert fields["SystemModstamp"].type == "datetime"
    assert not fields["SystemModstamp"].writable
    assert fields["Type"].type == "choice"
    assert fields["Type"].choices


def test_many_describes_are_one_call_and_remembered(crm: Salesforce, org: Org) -> None:
    kinds = ["Account", "Contact", "Opportunity", "Case", "Task", "Event", "User", "Nowhere__c"]

    got = crm.describe_many(kinds)
    crm.describe("Case")

    assert list(got) == kinds[:-1]
    assert org.calls() == 1
    assert crm.usage.by_purpose == {"describe": 1}
    with pytest.raises(CrmUnknownObject, match="Nowhere__c"):
        crm.describe("Nowhere__c")
    assert org.calls() == 1


@pytest.mark.parametrize("kind", ["Account/../User", "", "1Account"])
def test_an_object_is_named_as_salesforce_names_it(crm: Salesforce, kind: str) -> None:
    with pytest.raises(CrmUnknownObject):
        crm.describe(kind)


def test_live_records_are_counted(crm: Salesforce, org: Org) -> None:
    made = [org.add("Account", Name=f"Account {n}") for n in range(3)]
    org.act("delete", "Account", made[0])

    assert crm.count("Account") == 2
    assert crm.count("Contact") == 0
    org.fault("query_timeout", count=1)
    assert crm.count("Account") is None


def test_roles_of_an_opportunity_are_links(crm: Salesforce, org: Org) -> None:
    account = org.add("Account", Name="Acme")
    buyer, user = (org.add("Contact", LastName=name, AccountId=account) for name in ("B", "U"))
    deal = org.add(
        "Opportunity",
        Name="Renewal",
        AccountId=account,
        StageName="Prospecting",
        CloseDate="2026-12-01",
    )
    for contact, role, primary in ((buyer, "Decision Maker", True), (user, "Business User", False)):
        org.add(
            "OpportunityContactRole",
            OpportunityId=deal,
            ContactId=contact,
            Role=role,
            IsPrimary=primary,
        )

    (links,) = crm.links("Opportunity", "Contact", [deal])
    (back,) = crm.links("Contact", "Opportunity", [user])

    assert set(links) == {
        Link(deal, buyer, "Decision Maker", primary=True),
        Link(deal, user, "Business User", primary=False),
    }
    assert list(back) == [Link(user, deal, "Business User", primary=False)]
    with pytest.raises(CrmRejected, match="map the reference field"):
        list(crm.links("Case", "Contact", ["500"]))


def test_the_headers_tell_what_the_day_has_cost(crm: Salesforce, org: Org) -> None:
    crm.describe("Account")
    crm.count("Account")

    assert crm.usage.spent == 2
    assert crm.usage.by_purpose == {"describe": 1, "read": 1}
    assert crm.usage.day_limit == 100_000
    assert crm.usage.day_used == org.calls()


def test_our_share_of_the_day_is_never_exceeded(connect: Connect, org: Org) -> None:
    org.switch("daily_api_requests", 20)
    crm = connect(allowance=Allowance(share=0.5))

    with pytest.raises(CrmAllowanceReached):
        _count_forever(crm)
    assert org.calls() == 10
    with pytest.raises(CrmAllowanceReached):  # the first answer tells how the day stands
        _count_forever(connect(allowance=Allowance(share=0.5)))
    assert org.calls() == 11


@pytest.mark.parametrize("version", ["59.0", "v66.0"])
def test_the_api_version_is_a_choice(connect: Connect, org: Org, version: str) -> None:
    connect(api_version=version).describe("Account")

    assert connect(api_version=version).count("Account") == 0


def _count_forever(crm: Salesforce) -> None:
    while True:
        crm.count("Account")
