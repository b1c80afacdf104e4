"""Associations v4 and v3: both directions, labels, primary company, 207, paging."""

from typing import Any

import pytest

from sandbox.hubspot.labels import FIRST_USER_TYPE
from tests.sandbox.hubspot.conftest import Api

V4 = "/crm/v4/associations"
DEFINED = "HUBSPOT_DEFINED"


@pytest.fixture
def pair(api: Api) -> tuple[str, str]:
    """A contact and a company, not linked."""
    return api.add("contacts", email="a@b.test"), api.add("companies", name="One")


def link(api: Api, kind: str, from_id: str, other: str, to_id: str) -> None:
    api.call("PUT", f"/crm/v4/objects/{kind}/{from_id}/associations/default/{other}/{to_id}")


def types(api: Api, kind: str, record_id: str, other: str) -> dict[str, list[Any]]:
    found = api.get(f"/crm/v4/objects/{kind}/{record_id}/associations/{other}")["results"]
    return {
        str(each["toObjectId"]): [(t["typeId"], t["label"]) for t in each["associationTypes"]]
        for each in found
    }


def test_default_link_has_its_inverse_at_once(api: Api, pair: tuple[str, str]) -> None:
    person, company = pair

    link(api, "contacts", person, "companies", company)

    assert types(api, "contacts", person, "companies") == {company: [(279, None), (1, "Primary")]}
    assert types(api, "companies", company, "contacts") == {person: [(280, None), (2, "Primary")]}
    shown = api.get(f"/crm/v3/objects/contacts/{person}?properties=associatedcompanyid")
    assert shown["properties"]["associatedcompanyid"] == company


def test_a_new_primary_moves_the_label(api: Api, pair: tuple[str, str]) -> None:
    person, first = pair
    second = api.add("companies", name="Two")
    link(api, "contacts", person, "companies", first)
    link(api, "contacts", person, "companies", second)
    assert types(api, "contacts", person, "companies")[second] == [(279, None)]

    primary = [{"associationCategory": DEFINED, "associationTypeId": 1}]
    path = f"/crm/v4/objects/contacts/{person}/associations/companies/{second}"
    made = api.call("PUT", path, primary, status=201)

    assert made["labels"] == ["Primary"]
    assert types(api, "contacts", person, "companies") == {
        first: [(279, None)],
        second: [(279, None), (1, "Primary")],
    }
    shown = api.get(f"/crm/v3/objects/contacts/{person}?properties=associatedcompanyid")
    assert shown["properties"]["associatedcompanyid"] == second


def test_batch_read_is_a_207_as_soon_as_one_is_unlinked(
    api: Api, pair: tuple[str, str], switches: Any
) -> None:
    person, company = pair
    link(api, "contacts", person, "companies", company)
    alone = api.add("contacts", email="c@d.test")
    body = {"inputs": [{"id": person}]}
    assert api.post(f"{V4}/contacts/companies/batch/read", body)["results"] == [
        {
            "from": {"id": person},
            "to": [
                {
                    "toObjectId": int(company),
                    "associationTypes": [
                        {"category": DEFINED, "typeId": 279, "label": None},
                        {"category": DEFINED, "typeId": 1, "label": "Primary"},
                    ],
                }
            ],
        }
    ]

    body["inputs"].append({"id": alone})
    partly = api.post(f"{V4}/contact/company/batch/read", body, status=207)

    assert [r["from"]["id"] for r in partly["results"]] == [person]
    error = partly["errors"][0]
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert error["message"] == f"No company is associated with contact {alone}."
    assert error["context"]["fromObjectId"] == [alone]
    switches["hubspot.association_ids_as_text"] = True
    text = api.post(f"{V4}/contacts/companies/batch/read", body, status=207)
    assert text["results"][0]["to"][0]["toObjectId"] == company


def test_inner_paging_of_a_batch_read(api: Api, switches: Any) -> None:
    switches["hubspot.association_page"] = 2
    company = api.add("companies", name="One")
    people = [api.add("contacts", email=f"p{n}@b.test") for n in range(5)]
    inputs = [{"from": {"id": company}, "to": {"id": person}} for person in people]
    api.post(f"{V4}/companies/contacts/batch/associate/default", {"inputs": inputs})

    seen: list[str] = []
    again: dict[str, str] | None = {"id": company}
    while again:
        answer = api.post(f"{V4}/companies/contacts/batch/read", {"inputs": [again]})
        result = answer["results"][0]
        seen += [str(each["toObjectId"]) for each in result["to"]]
        after = result.get("paging", {}).get("next", {}).get("after")
        again = {"id": company, "after": after} if after else None

    assert seen == people
    page = api.get(f"/crm/v4/objects/companies/{company}/associations/contacts?limit=3")
    rest = api.get(page["paging"]["next"]["link"])
    assert len(page["results"]) + len(rest["results"]) == 5


def test_batch_limits(api: Api) -> None:
    ends = {"from": {"id": "1"}, "to": {"id": "2"}}
    default = {**ends, "types": [{"associationCategory": DEFINED, "associationTypeId": 279}]}
    path = f"{V4}/contacts/companies/batch"
    api.post(f"{path}/read", {"inputs": [{"id": str(n)} for n in range(1001)]}, status=400)
    api.post(f"{path}/create", {"inputs": [default] * 2001}, status=400)
    many = [{"from": {"id": str(n)}, "to": [{"id": "2"}]} for n in range(101)]
    api.post(f"{path}/archive", {"inputs": many}, status=400)


def test_batch_create_names_missing_records_and_wrong_types(
    api: Api, pair: tuple[str, str]
) -> None:
    person, company = pair
    right = [{"associationCategory": DEFINED, "associationTypeId": 279}]
    good = {"from": {"id": person}, "to": {"id": company}, "types": right}
    bad = {"from": {"id": person}, "to": {"id": "77"}, "types": right}
    path = f"{V4}/contacts/companies/batch/create"

    partly = api.post(path, {"inputs": [good, bad]}, status=207)

    assert partly["results"][0]["toObjectId"] == int(company)
    assert partly["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    wrong = [{"associationCategory": DEFINED, "associationTypeId": 280}]
    refused = api.post(path, {"inputs": [{**good, "types": wrong}]}, status=400)
    assert "is not valid for" in refused["message"]


def test_labels_come_in_pairs_and_replace_each_other(api: Api, pair: tuple[str, str]) -> None:
    person, company = pair
    path = f"{V4}/contacts/companies/labels"
    made = [
        api.post(path, {"label": label, "name": name, "inverseLabel": f"{label} for"})["results"]
        for label, name in (("Decision maker", "decision_maker"), ("User", "user_of"))
    ]
    assert [t["typeId"] for t in made[0]] == [FIRST_USER_TYPE, FIRST_USER_TYPE + 1]
    assert made[0][1]["label"] == "Decision maker for"
    api.post(path, {"label": "x", "name": "decision_maker"}, status=400)
    api.post(path, {"label": "x", "name": "9-lives"}, status=400)

    for labels in made:
        wanted = [{"associationCategory": "USER_DEFINED", "associationTypeId": labels[0]["typeId"]}]
        inputs = [{"from": {"id": person}, "to": {"id": company}, "types": wanted}]
        api.post(f"{V4}/contacts/companies/batch/create", {"inputs": inputs}, status=201)

    user, inverse = made[1][0]["typeId"], made[1][1]["typeId"]
    assert types(api, "contacts", person, "companies")[company] == [
        (279, None),
        (1, "Primary"),
        (user, "User"),
    ]
    assert (inverse, "User for") in types(api, "companies", company, "contacts")[person]
    known = {t["typeId"]: t["label"] for t in api.get(path)["results"]}
    assert known[279] is None
    assert known[user] == "User"
    api.post(f"{V4}/contacts/companies/batch/labels/archive", {"inputs": inputs}, status=204)
    assert types(api, "contacts", person, "companies")[company] == [(279, None), (1, "Primary")]


def test_label_removed_with_its_links_and_text_changed(api: Api, switches: Any) -> None:
    path = f"{V4}/contacts/companies/labels"
    made = api.post(path, {"label": "Old", "name": "old"})["results"][0]["typeId"]

    api.call("PUT", path, {"associationTypeId": made, "label": "New"}, status=204)
    assert "New" in [t["label"] for t in api.get(f"{V4}/companies/contacts/labels")["results"]]
    api.call("DELETE", f"{path}/{made}", status=204)

    assert made not in [t["typeId"] for t in api.get(path)["results"]]
    api.call("DELETE", f"{path}/{made}", status=404)
    switches["hubspot.label_cap"] = 0
    api.post(path, {"label": "x", "name": "x"}, status=437)


def test_unlinking(api: Api, pair: tuple[str, str]) -> None:
    person, company = pair
    link(api, "contacts", person, "companies", company)
    inputs = [{"from": {"id": person}, "to": [{"id": company}]}]

    for _ in range(2):
        body = {"inputs": inputs}
        api.post(f"{V4}/contacts/companies/batch/archive", body, status=204)

    assert types(api, "companies", company, "contacts") == {}
    link(api, "contacts", person, "companies", company)
    path = f"/crm/v4/objects/companies/{company}/associations/contacts/{person}"
    api.call("DELETE", path, status=204)
    assert types(api, "contacts", person, "companies") == {}


def test_archived_records_are_no_longer_linked(api: Api, pair: tuple[str, str]) -> None:
    person, company = pair
    link(api, "contacts", person, "companies", company)

    api.call("DELETE", f"/crm/v3/objects/companies/{company}", status=204)

    assert types(api, "contacts", person, "companies") == {}


def test_create_with_associations(api: Api) -> None:
    company = api.add("companies", name="One")
    body: dict[str, Any] = {
        "properties": {"hs_timestamp": "2026-12-01T09:00:00Z"},
        "associations": [
            {
                "to": {"id": company},
                "types": [{"associationCategory": DEFINED, "associationTypeId": 192}],
            }
        ],
    }

    made = api.post("/crm/v3/objects/tasks", body, status=201)["id"]

    assert types(api, "companies", company, "tasks") == {made: [(191, None)]}
    body["associations"][0]["to"]["id"] = "77"
    api.post("/crm/v3/objects/tasks", body, status=404)
    assert len(api.get("/crm/v3/objects/tasks")["results"]) == 1


def test_inline_associations_name_each_type(api: Api, pair: tuple[str, str]) -> None:
    person, company = pair
    link(api, "contacts", person, "companies", company)
    deal = api.add("deals", dealname="D", dealstage="closedwon")
    line = api.add("line_items", name="L", quantity="1")
    link(api, "deals", deal, "line_items", line)

    record = api.get("/crm/v3/objects/companies?associations=contacts,deals")["results"][0]
    assert record["associations"] == {
        "contacts": {
            "results": [
                {"id": person, "type": "company_to_contact"},
                {"id": person, "type": "company_to_contact_unlabeled"},
            ]
        }
    }
    shown = api.get(f"/crm/v3/objects/deals/{deal}?associations=line_items")["associations"]
    assert shown["line items"]["results"][0]["id"] == line


def test_inline_associations_page_after_a_hundred(api: Api) -> None:
    company = api.add("companies", name="One")
    body = {"inputs": [{"properties": {"firstname": f"P{n}"}} for n in range(100)]}
    people = api.post("/crm/v3/objects/contacts/batch/create", body, status=201)["results"]
    ids = [person["id"] for person in people] + [api.add("contacts", firstname="Last")]
    inputs = [{"from": {"id": each}, "to": {"id": company}} for each in ids]
    api.post(f"{V4}/contacts/companies/batch/associate/default", {"inputs": inputs})

    shown = api.get(f"/crm/v3/objects/companies/{company}?associations=contact")["associations"]

    assert len({each["id"] for each in shown["contacts"]["results"]}) == 100
    rest = api.get(shown["contacts"]["paging"]["next"]["link"])
    assert {each["id"] for each in rest["results"]} == {max(ids)}
    old = {"inputs": [{"id": company}]}
    v3 = api.post("/crm/v3/associations/company/contact/batch/read", old)["results"][0]
    assert len({each["id"] for each in v3["to"]}) == 100
    assert v3["paging"]["next"]["after"] == max(ids)


def test_v3_types_and_links_by_name(api: Api, pair: tuple[str, str]) -> None:
    person, company = pair
    names = api.get("/crm/v3/associations/contacts/companies/types")["results"]
    assert {"id": "1", "name": "contact_to_company"} in names
    inputs = [{"from": {"id": person}, "to": {"id": company}, "type": "contact_to_company"}]

    api.post("/crm/v3/associations/contacts/companies/batch/create", {"inputs": inputs}, status=201)

    assert types(api, "companies", company, "contacts")[person] == [(280, None), (2, "Primary")]
    read = {"inputs": [{"id": company}]}
    found = api.post("/crm/v3/associations/companies/contacts/batch/read", read)["results"]
    assert found[0]["to"][0] == {"id": person, "type": "company_to_contact"}


def test_parent_company_follows_the_family_link(api: Api) -> None:
    parent, child = api.add("companies", name="Parent"), api.add("companies", name="Child")
    wanted = [{"associationCategory": DEFINED, "associationTypeId": 14}]

    path = f"/crm/v4/objects/companies/{child}/associations/companies/{parent}"
    api.call("PUT", path, wanted, status=201)

    shown = api.get(f"/crm/v3/objects/companies/{child}?properties=hs_parent_company_id")
    assert shown["properties"]["hs_parent_company_id"] == parent
    assert (13, "Child Company") in types(api, "companies", parent, "companies")[child]


@pytest.mark.parametrize("touches", [False, True])
def test_a_link_moves_the_stamp_only_when_switched(
    api: Api, pair: tuple[str, str], switches: Any, touches: bool
) -> None:
    switches["hubspot.association_touches"] = touches
    before = api.get(f"/crm/v3/objects/contacts/{pair[0]}")["updatedAt"]
    api.world.clock.advance(10)

    link(api, "contacts", pair[0], "companies", pair[1])

    assert (api.get(f"/crm/v3/objects/contacts/{pair[0]}")["updatedAt"] > before) is touches


def test_dated_paths(api: Api, pair: tuple[str, str]) -> None:
    person, company = pair
    inputs = [{"from": {"id": person}, "to": {"id": company}}]
    path = "/crm/associations/2026-03/contacts/companies/batch/associate/default"
    api.post(path, {"inputs": inputs})

    dated = f"/crm/objects/2026-03/contacts/{person}/associations/companies"

    assert api.get(dated)["results"][0]["toObjectId"] == int(company)
    assert api.get("/crm/associations/v4/contacts/companies/labels")["results"]
