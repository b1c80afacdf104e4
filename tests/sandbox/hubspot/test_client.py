"""HubSpot's own Python library, unmodified, against the sandbox."""

from typing import Any

import pytest
from hubspot import HubSpot
from hubspot.crm.companies import ApiException, PublicObjectSearchRequest
from hubspot.crm.companies import SimplePublicObjectInputForCreate as NewCompany

from tests.sandbox.hubspot.conftest import Api


@pytest.fixture
def client(api: Api) -> Any:
    """The library with the static token."""
    return HubSpot(access_token=api.world.hubspot.access_token, host=api.url)


def test_get_all_follows_the_pages(api: Api, client: Any) -> None:
    inputs = [{"properties": {"name": f"C{n}"}} for n in range(100)]
    for _ in range(2):
        body = {"inputs": inputs}
        api.post("/crm/v3/objects/companies/batch/create", body, status=201)
    api.add("companies", name="Last")

    everything = client.crm.companies.get_all(properties=["name", "domain"])

    assert len(everything) == 201
    assert everything[-1].properties["name"] == "Last"
    assert everything[-1].properties["domain"] is None
    assert len({company.id for company in everything}) == 201


def test_create_read_update_archive(client: Any) -> None:
    companies = client.crm.companies.basic_api
    made = companies.create(NewCompany(properties={"name": "Northwind"}))

    companies.update(made.id, {"properties": {"city": "Oslo"}})
    read = companies.get_by_id(made.id, properties=["name", "city"])
    assert read.properties["city"] == "Oslo"
    assert read.updated_at >= made.created_at
    companies.archive(made.id)

    with pytest.raises(ApiException) as gone:
        companies.get_by_id(made.id)
    assert gone.value.status == 404


def test_search(api: Api, client: Any) -> None:
    made = [api.add("companies", name=f"C{n}") for n in range(3)]
    request = PublicObjectSearchRequest(
        filter_groups=[
            {"filters": [{"propertyName": "hs_object_id", "operator": "GT", "value": made[0]}]}
        ],
        sorts=[{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        properties=["name"],
        limit=200,
    )

    found = client.crm.companies.search_api.do_search(request)

    assert found.total == 2
    assert [company.id for company in found.results] == made[1:]


def test_tasks_upserted_by_a_unique_key_and_linked(api: Api, client: Any) -> None:
    company = api.add("companies", name="One")
    client.crm.properties.groups_api.create("tasks", {"name": "ours", "label": "Ours"})
    definition = {
        "name": "our_task_key",
        "label": "Key",
        "type": "string",
        "fieldType": "text",
        "groupName": "ours",
        "hasUniqueValue": True,
    }
    client.crm.properties.core_api.create("tasks", definition)
    task = {
        "id": f"acct-{company}:renewal",
        "idProperty": "our_task_key",
        "properties": {"hs_timestamp": "2026-12-01T09:00:00Z", "hs_task_subject": "Call"},
    }
    upsert = client.crm.objects.tasks.batch_api.upsert

    first = upsert({"inputs": [task]}).results[0]
    again = upsert({"inputs": [task]}).results[0]

    assert (first.new, again.new) == (True, False)
    assert first.id == again.id
    pairs = {"inputs": [{"from": {"id": first.id}, "to": {"id": company}}]}
    links = client.crm.associations.v4
    links.batch_api.create_default("tasks", "companies", pairs)
    read = links.batch_api.get_page("companies", "tasks", {"inputs": [{"id": company}]})
    assert [to.to_object_id for to in read.results[0].to] == [first.id]
    assert read.results[0].to[0].association_types[0].type_id == 191


def test_unlinked_records_come_as_errors_of_a_207(api: Api, client: Any) -> None:
    company = api.add("companies", name="Alone")

    inputs = {"inputs": [{"id": company}]}
    read = client.crm.associations.v4.batch_api.get_page("companies", "contacts", inputs)

    assert read.results == []
    assert read.num_errors == 1
    assert read.errors[0].sub_category == "crm.associations.NO_ASSOCIATIONS_FOUND"


def test_owners_properties_and_pipelines(api: Api, client: Any) -> None:
    with api.world.transaction() as db:
        born = "2026-01-01T00:00:00.000Z"
        db.execute(
            "INSERT INTO hs_owners VALUES (301, 'ana@example.test', 'Ana', 'Diaz', 77, 0, ?, ?)",
            (born, born),
        )

    owners = client.crm.owners.owners_api.get_page(limit=100).results
    assert [(o.id, o.email, o.user_id) for o in owners] == [("301", "ana@example.test", 77)]
    assert client.crm.owners.owners_api.get_page(archived=True).results == []
    names = {p.name for p in client.crm.properties.core_api.get_all("companies").results}
    assert {"name", "annual_recurring_revenue", "hubspot_owner_id"} <= names
    stages = client.crm.pipelines.pipelines_api.get_all("deals").results[0].stages
    assert {stage.id for stage in stages} >= {"closedwon", "closedlost"}


def test_oauth_refresh_and_token_information(api: Api) -> None:
    identity = api.world.hubspot
    client = HubSpot(host=api.url)
    tokens = client.oauth.tokens_api.create(
        grant_type="refresh_token",
        refresh_token=identity.refresh_token,
        client_id=identity.client_id,
        client_secret=identity.client_secret,
    )
    assert tokens.expires_in == 1800

    client = HubSpot(access_token=tokens.access_token, host=api.url)

    assert client.crm.contacts.basic_api.get_page().results == []
    info = client.oauth.access_tokens_api.get(tokens.access_token)
    assert info.hub_id == identity.portal_id
    api.world.clock.advance(1801)
    with pytest.raises(Exception, match="EXPIRED_AUTHENTICATION") as expired:
        client.crm.contacts.basic_api.get_page()
    assert getattr(expired.value, "status", None) == 401
