"""Property and group definitions: create, refuse, change, archive and bring back."""

from typing import Any

import pytest

from tests.sandbox.hubspot.conftest import Api

PATH = "/crm/v3/properties/companies"


def definition(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "label": "Health score",
        "type": "number",
        "fieldType": "number",
        "groupName": "companyinformation",
        **more,
    }


def test_create_group_and_property(api: Api) -> None:
    group = {"name": "health_scores", "label": "Health scores", "displayOrder": -1}
    made = api.post(f"{PATH}/groups", group, status=201)
    assert made == {**group, "archived": False}

    created = api.post(PATH, definition("hx_score", groupName="health_scores"), status=201)

    assert api.headers["Location"] == f"{api.url}{PATH}/hx_score"
    assert created["hubspotDefined"] is False
    assert created["modificationMetadata"] == {
        "archivable": True,
        "readOnlyDefinition": False,
        "readOnlyValue": False,
    }
    assert api.get(f"{PATH}/hx_score") == created
    assert "hx_score" in [p["name"] for p in api.get(PATH)["results"]]
    company = api.add("companies", name="N", hx_score="82.5")
    shown = api.get(f"/crm/v3/objects/companies/{company}?properties=hx_score")
    assert shown["properties"]["hx_score"] == "82.5"


def test_duplicates_are_409(api: Api) -> None:
    api.post(PATH, definition("hx_score"), status=201)

    taken = api.post(PATH, definition("hx_score"), status=409)

    assert taken["message"] == "A property named 'hx_score' already exists."
    assert taken["category"] == "OBJECT_ALREADY_EXISTS"
    assert taken["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
    group = {"name": "companyinformation", "label": "x"}
    assert api.post(f"{PATH}/groups", group, status=409)["subCategory"].endswith("_EXISTS")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Upper"},
        {"name": "9lives"},
        {"label": ""},
        {"type": "text"},
        {"fieldType": "textarea"},
        {"groupName": "nowhere"},
        {"type": "enumeration", "fieldType": "select"},
        {"type": "bool", "fieldType": "booleancheckbox", "options": [{"label": "Y", "value": "y"}]},
        {"type": "date", "fieldType": "date", "hasUniqueValue": True},
    ],
)
def test_definitions_that_do_not_fit_are_400(shared: Api, wrong: dict[str, Any]) -> None:
    refused = shared.post(PATH, {**definition("hx_wrong"), **wrong}, status=400)

    assert refused["category"] == "VALIDATION_ERROR"


def test_at_most_ten_unique_properties(api: Api) -> None:
    for n in range(10):
        unique = definition(f"u{n}", type="string", fieldType="text", hasUniqueValue=True)
        assert api.post(PATH, unique, status=201)["hasUniqueValue"] is True

    unique["name"] = "u10"
    api.post(PATH, unique, status=400)


def test_tasks_take_unique_properties_or_not_as_switched(api: Api, switches: Any) -> None:
    unique = definition("k1", type="string", fieldType="text", hasUniqueValue=True)
    unique["groupName"] = "customer_facts"
    path = "/crm/v3/properties/tasks"

    switches["hubspot.tasks_accept_unique"] = False
    api.post(path, unique, status=400)
    switches["hubspot.tasks_accept_unique"] = True
    api.post(path, unique, status=201)


def test_patch_changes_only_what_was_sent_and_never_uniqueness(api: Api) -> None:
    options = [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}]
    made = definition("band", type="enumeration", fieldType="select", options=options)
    api.post(PATH, made, status=201)

    change = {"options": options[:1], "hasUniqueValue": True, "label": "Band"}
    changed = api.call("PATCH", f"{PATH}/band", change)

    assert [o["value"] for o in changed["options"]] == ["a"]
    assert changed["hasUniqueValue"] is False
    assert changed["label"] == "Band"
    assert changed["groupName"] == "companyinformation"
    api.call("PATCH", f"{PATH}/no_such", {"label": "x"}, status=404)


def test_archive_and_restore_with_values(api: Api) -> None:
    created = api.post(PATH, definition("hx_score"), status=201)["createdAt"]
    company = api.add("companies", name="N", hx_score="82")
    api.world.clock.advance(60)

    api.call("DELETE", f"{PATH}/hx_score", status=204)
    api.call("DELETE", f"{PATH}/hx_score", status=404)
    api.get(f"{PATH}/hx_score", status=404)
    assert api.get(f"{PATH}/hx_score?archived=true")["archived"] is True
    gone = api.get(f"/crm/v3/objects/companies/{company}?properties=hx_score")["properties"]
    assert "hx_score" not in gone

    restored = api.post(PATH, definition("hx_score", label="Again"), status=201)

    assert (restored["createdAt"], restored["label"]) == (created, "Again")
    back = api.get(f"/crm/v3/objects/companies/{company}?properties=hx_score")["properties"]
    assert back["hx_score"] == "82"


def test_hubspots_own_properties_stay(api: Api) -> None:
    api.call("DELETE", f"{PATH}/name", status=400)
    owner = api.get(f"{PATH}/hubspot_owner_id")
    assert owner["options"] == []
    assert owner["externalOptions"] is True
    assert owner["referencedObjectType"] == "OWNER"
    assert api.get(f"{PATH}/num_associated_contacts")["calculated"] is True
    stage = api.get("/crm/v3/properties/deals/dealstage")
    assert "closedwon" in [o["value"] for o in stage["options"]]


def test_group_with_properties_is_not_archived(api: Api) -> None:
    api.post(f"{PATH}/groups", {"name": "ours", "label": "Ours"}, status=201)
    api.post(PATH, definition("hx_score", groupName="ours"), status=201)

    refused = api.call("DELETE", f"{PATH}/groups/ours", status=400)

    assert refused["subCategory"] == "PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES"
    api.call("DELETE", f"{PATH}/hx_score", status=204)
    api.call("DELETE", f"{PATH}/groups/ours", status=204)
    assert "ours" not in [g["name"] for g in api.get(f"{PATH}/groups")["results"]]


def test_batches(api: Api) -> None:
    inputs = [definition("one"), definition("two"), definition("one")]

    made = api.post(f"{PATH}/batch/create", {"inputs": inputs}, status=207)

    assert [p["name"] for p in made["results"]] == ["one", "two"]
    assert made["errors"][0]["category"] == "OBJECT_ALREADY_EXISTS"
    wanted = {"inputs": [{"name": "one"}, {"name": "gone"}]}
    read = api.post(f"{PATH}/batch/read", wanted, status=207)
    assert [p["name"] for p in read["results"]] == ["one"]
    for _ in range(2):
        api.post(f"{PATH}/batch/archive", wanted, status=204)
    api.get(f"{PATH}/one", status=404)


def test_a_property_used_by_a_formula_stays(api: Api) -> None:
    api.post(PATH, definition("base"), status=201)
    formula = definition("twice", fieldType="calculation_equation", calculationFormula="base * 2")
    api.post(PATH, formula, status=201)

    refused = api.call("DELETE", f"{PATH}/base", status=400)

    assert refused["subCategory"] == "PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE"
    assert refused["errors"][0]["context"]["parentName"] == ["twice"]


def test_other_spellings_and_usage(api: Api) -> None:
    api.post("/crm/properties/2026-03/0-2", definition("hx_score"), status=201)
    assert api.get("/crm/v3/properties/COMPANY/hx_score")["name"] == "hx_score"
    limits = api.get("/crm/v3/limits/custom-properties")
    usage = {each["objectTypeId"]: each["usage"] for each in limits["byObjectType"]}
    custom = [p for p in api.get(PATH)["results"] if not p["hubspotDefined"]]
    assert usage["0-2"] == len(custom)


def test_pipelines(api: Api) -> None:
    deals = api.get("/crm/v3/pipelines/deals")["results"]
    assert [p["id"] for p in deals] == ["default"]
    stages = {s["id"]: s["metadata"] for s in deals[0]["stages"]}
    assert stages["closedwon"] == {"probability": "1.0", "isClosed": "true"}
    assert stages["contractsent"] == {"probability": "0.9", "isClosed": "false"}

    new = {"label": "Verbal", "displayOrder": 9, "metadata": {"probability": "0.95"}}
    path = "/crm/pipelines/2026-03/deals/default/stages"
    made = api.post(path, new, status=201)["id"]

    deal = api.add("deals", dealname="D", dealstage=made)
    shown = api.get(f"/crm/v3/objects/deals/{deal}?properties=hs_deal_stage_probability")
    assert shown["properties"]["hs_deal_stage_probability"] == "0.95"
    used = api.call("DELETE", f"/crm/v3/pipelines/deals/default/stages/{made}", status=400)
    assert used["subCategory"] == "STAGE_ID_IN_USE"
