"""Search: operators, caps, order, index lag."""

from typing import Any

import pytest

from tests.sandbox.hubspot.conftest import Api

PATH = "/crm/v3/objects/companies/search"


def add_three(api: Api) -> list[str]:
    """Alpha (Oslo, 10), Beta works (bergen, 200), Gamma (no city, no number)."""
    return [
        api.add(
            "companies",
            name="Alpha",
            city="Oslo",
            numberofemployees="10",
            customer_since="2026-01-05",
            lifecyclestage="customer",
        ),
        api.add(
            "companies",
            name="Beta works",
            city="bergen",
            numberofemployees="200",
            customer_since="2026-03-01",
            lifecyclestage="lead",
        ),
        api.add("companies", name="Gamma"),
    ]


@pytest.fixture
def three(api: Api) -> list[str]:
    """The three, in a portal of their own."""
    return add_three(api)


@pytest.fixture(scope="module")
def shared_three(shared: Api) -> list[str]:
    """The three, in the shared portal."""
    return add_three(shared)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"propertyName": "city", "operator": "EQ", "value": "OSLO"}, [0]),
        ({"propertyName": "city", "operator": "NEQ", "value": "oslo"}, [1]),
        ({"propertyName": "city", "operator": "IN", "values": ["oslo", "bergen"]}, [0, 1]),
        ({"propertyName": "city", "operator": "IN", "values": ["Oslo", "Bergen"]}, []),
        ({"propertyName": "city", "operator": "NOT_IN", "values": ["oslo"]}, [1]),
        ({"propertyName": "city", "operator": "HAS_PROPERTY"}, [0, 1]),
        ({"propertyName": "city", "operator": "NOT_HAS_PROPERTY"}, [2]),
        ({"propertyName": "numberofemployees", "operator": "GT", "value": "9"}, [0, 1]),
        ({"propertyName": "numberofemployees", "operator": "LTE", "value": 10}, [0]),
        (
            {
                "propertyName": "numberofemployees",
                "operator": "BETWEEN",
                "value": "11",
                "highValue": "200",
            },
            [1],
        ),
        ({"propertyName": "customer_since", "operator": "GTE", "value": "2026-03-01"}, [1]),
        ({"propertyName": "customer_since", "operator": "LT", "value": "1772323200000"}, [0]),
        ({"propertyName": "lifecyclestage", "operator": "EQ", "value": "customer"}, [0]),
        ({"propertyName": "lifecyclestage", "operator": "EQ", "value": "Customer"}, []),
        ({"propertyName": "name", "operator": "CONTAINS_TOKEN", "value": "WORKS"}, [1]),
        ({"propertyName": "name", "operator": "CONTAINS_TOKEN", "value": "wor"}, []),
        ({"propertyName": "name", "operator": "CONTAINS_TOKEN", "value": "wor*"}, [1]),
        ({"propertyName": "name", "operator": "NOT_CONTAINS_TOKEN", "value": "gam*"}, [0, 1]),
    ],
)
def test_operators(
    shared: Api, shared_three: list[str], given: dict[str, Any], expected: list[int]
) -> None:
    ours = {"propertyName": "hs_object_id", "operator": "IN", "values": shared_three}

    found = shared.search("companies", filterGroups=[{"filters": [ours, given]}])

    assert found == [shared_three[n] for n in expected]


def test_empty_matches_not_equal_when_switched(api: Api, three: list[str], switches: Any) -> None:
    switches["hubspot.search_neq_matches_empty"] = True
    given = {"propertyName": "city", "operator": "NEQ", "value": "oslo"}

    assert api.search("companies", filters=[given]) == three[1:]


def test_groups_are_alternatives_and_top_level_filters_one_group(
    api: Api, three: list[str]
) -> None:
    oslo = {"propertyName": "city", "operator": "EQ", "value": "Oslo"}
    lead = {"propertyName": "lifecyclestage", "operator": "EQ", "value": "lead"}

    assert api.search("companies", filterGroups=[{"filters": [oslo, lead]}]) == []
    assert (
        api.search("companies", filterGroups=[{"filters": [oslo]}, {"filters": [lead]}])
        == (three[:2])
    )
    assert api.search("companies", filters=[lead]) == [three[1]]


def test_sorts_in_both_forms_and_default_oldest_first(api: Api, three: list[str]) -> None:
    by_id = {"propertyName": "hs_object_id", "direction": "DESCENDING"}
    assert api.search("companies", sorts=[by_id]) == three[::-1]
    assert api.search("companies", sorts=["-hs_object_id"]) == three[::-1]
    assert api.search("companies", sorts=["numberofemployees"]) == three
    assert api.search("companies") == three
    api.post(PATH, {"sorts": ["name", "city"]}, status=400)


def test_paging_by_offset(api: Api, three: list[str]) -> None:
    page = api.post(PATH, {"limit": 2})
    assert page["total"] == 3
    assert page["paging"] == {"next": {"after": "2"}}

    rest = api.post(PATH, {"limit": 2, "after": 2})

    assert [r["id"] for r in rest["results"]] == three[2:]
    assert "paging" not in rest


def test_query_looks_at_the_default_properties(api: Api, three: list[str]) -> None:
    assert api.search("companies", query="alph") == [three[0]]
    assert api.search("companies", query="oslo") == []
    api.post(PATH, {"query": "x" * 3001}, status=400)


def test_linked_records(api: Api, three: list[str]) -> None:
    person = api.add("contacts", email="a@b.test")
    api.call("PUT", f"/crm/v4/objects/companies/{three[2]}/associations/default/contacts/{person}")
    given = {"propertyName": "associations.contact", "operator": "EQ", "value": person}

    assert api.search("companies", filters=[given]) == [three[2]]


def test_limits(api: Api) -> None:
    name = {"propertyName": "name", "operator": "EQ", "value": "x"}
    api.post(PATH, {"filterGroups": [{"filters": [name]}] * 5})
    api.post(PATH, {"filterGroups": [{"filters": [name]}] * 6}, status=400)
    api.post(PATH, {"filters": [name] * 7}, status=400)
    api.post(PATH, {"filterGroups": [{"filters": [name] * 4}] * 5}, status=400)
    api.post(PATH, {"limit": 201}, status=400)
    api.post(PATH, {"after": "10000"}, status=400)
    for broken in ({"operator": "LIKE"}, {"propertyName": "nope"}, {"value": None}):
        api.post(PATH, {"filters": [{**name, **broken}]}, status=400)


def test_paging_ends_at_ten_thousand(api: Api) -> None:
    with api.world.transaction() as db:
        db.execute(
            "INSERT INTO hs_companies (_born, _touched, createdate, hs_lastmodifieddate) "
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10005) "
            "SELECT 0, 0, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z' FROM n"
        )
    body = {"limit": 200, "after": "9900", "sorts": ["hs_object_id"]}

    last = api.post(PATH, body)

    assert last["total"] == 10_005
    assert len(last["results"]) == 100
    assert last["paging"]["next"]["after"] == "10000"
    api.post(PATH, {**body, "after": "10000"}, status=400)


def test_archived_records_are_never_found(api: Api, three: list[str]) -> None:
    api.call("DELETE", f"/crm/v3/objects/companies/{three[0]}", status=204)

    assert api.search("companies") == three[1:]


def test_index_lags_behind_by_the_switched_time(api: Api, three: list[str], switches: Any) -> None:
    switches["hubspot.search_lag"] = 30
    oslo = {"propertyName": "city", "operator": "EQ", "value": "Oslo"}
    assert api.search("companies") == []
    api.world.clock.advance(31)
    assert api.search("companies") == three

    api.call("PATCH", f"/crm/v3/objects/companies/{three[0]}", {"properties": {"city": "Rome"}})
    api.call("DELETE", f"/crm/v3/objects/companies/{three[1]}", status=204)
    new = api.add("companies", name="Delta")

    stale = api.post(PATH, {"filters": [oslo], "properties": ["city"]})["results"]
    assert [r["properties"]["city"] for r in stale] == ["Oslo"]
    assert api.search("companies") == three
    api.world.clock.advance(31)
    assert api.search("companies", filters=[oslo]) == []
    assert api.search("companies") == [three[0], three[2], new]


def test_index_lag_as_a_fault_of_one_search(api: Api, three: list[str]) -> None:
    api.world.faults.arm({"name": "search_lag", "crm": "hubspot", "count": 1, "seconds": 60})

    assert api.search("companies") == []
    assert api.search("companies") == three
