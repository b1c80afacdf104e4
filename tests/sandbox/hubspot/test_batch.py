"""Batches: limits, 207 and 400, upsert by a unique property."""

from typing import Any

import pytest

from tests.sandbox.hubspot.conftest import Api

COMPANIES = "/crm/v3/objects/companies/batch"
TASKS = "/crm/v3/objects/tasks"


def ids(answer: Any) -> set[str]:
    return {record["id"] for record in answer["results"]}


@pytest.fixture
def key(api: Api) -> str:
    """A unique text property of tasks."""
    definition = {
        "name": "our_task_key",
        "label": "Key",
        "type": "string",
        "fieldType": "text",
        "groupName": "customer_facts",
        "hasUniqueValue": True,
    }
    api.post("/crm/v3/properties/tasks", definition, status=201)
    return "our_task_key"


def task(key: str, subject: str) -> dict[str, Any]:
    properties = {"hs_timestamp": "2026-12-01T09:00:00Z", "hs_task_subject": subject}
    return {"id": key, "idProperty": "our_task_key", "properties": properties}


def test_read_names_unknown_ids_in_a_207(api: Api, switches: Any) -> None:
    one, two = api.add("companies", name="One"), api.add("companies", name="Two")
    body = {"inputs": [{"id": one}, {"id": two}], "properties": ["name"]}
    assert ids(api.post(f"{COMPANIES}/read", body)) == {one, two}

    body["inputs"] = [{"id": one}, {"id": "77"}]
    partly = api.post(f"{COMPANIES}/read", body, status=207)

    assert ids(partly) == {one}
    assert partly["numErrors"] == 1
    assert partly["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert partly["errors"][0]["context"] == {"ids": ["77"]}
    switches["hubspot.batch_read_unknown"] = "drop"
    assert ids(api.post(f"{COMPANIES}/read", body)) == {one}


def test_more_than_a_hundred_inputs_are_refused(api: Api) -> None:
    many = {"inputs": [{"id": str(n)} for n in range(101)]}
    for path in ("read", "update", "upsert", "archive", "create"):
        api.post(f"{COMPANIES}/{path}", many, status=400)
    history = {"inputs": many["inputs"][:51], "propertiesWithHistory": ["name"]}
    refused = api.post(f"{COMPANIES}/read", history, status=400)
    assert "property histories is 50" in refused["message"]
    api.post(f"{COMPANIES}/read", {"inputs": []}, status=400)


def test_create_is_all_or_nothing_without_trace_ids(api: Api) -> None:
    inputs: list[dict[str, Any]] = [
        {"properties": {"name": "Good"}},
        {"properties": {"name": "Bad", "industry": "NONE_SUCH"}},
    ]
    api.post(f"{COMPANIES}/create", {"inputs": inputs}, status=400)
    assert api.get("/crm/v3/objects/companies")["results"] == []

    for number, each in enumerate(inputs):
        each["objectWriteTraceId"] = f"t{number}"
    partly = api.post(f"{COMPANIES}/create", {"inputs": inputs}, status=207)

    assert [r["objectWriteTraceId"] for r in partly["results"]] == ["t0"]
    assert partly["errors"][0]["context"]["objectWriteTraceId"] == ["t1"]
    assert partly["errors"][0]["errors"][0]["code"] == "INVALID_OPTION"


def test_update_changes_each_record(api: Api) -> None:
    one, two = api.add("companies", name="One"), api.add("companies", name="Two")
    inputs = [{"id": one, "properties": {"city": "A"}}, {"id": two, "properties": {"city": "B"}}]

    changed = api.post(f"{COMPANIES}/update", {"inputs": inputs})

    assert changed["status"] == "COMPLETE"
    assert {r["id"]: r["properties"]["city"] for r in changed["results"]} == {one: "A", two: "B"}


@pytest.mark.parametrize(("behaviour", "status"), [("207", 207), ("drop", 200), ("404", 404)])
def test_update_of_an_unknown_id(api: Api, switches: Any, behaviour: str, status: int) -> None:
    switches["hubspot.batch_update_unknown"] = behaviour
    one = api.add("companies", name="One")
    inputs = [{"id": one, "properties": {"city": "A"}}, {"id": "7", "properties": {"city": "B"}}]

    api.post(f"{COMPANIES}/update", {"inputs": inputs}, status=status)

    shown = api.get(f"/crm/v3/objects/companies/{one}?properties=city")["properties"]
    assert shown["city"] == (None if behaviour == "404" else "A")


def test_one_bad_value_stops_an_update_without_trace_ids(api: Api) -> None:
    one, two = api.add("companies", name="One"), api.add("companies", name="Two")
    bad = [{"id": one, "properties": {"city": "A"}}, {"id": two, "properties": {"nope": "B"}}]

    refused = api.post(f"{COMPANIES}/update", {"inputs": bad}, status=400)

    assert refused["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    shown = api.get(f"/crm/v3/objects/companies/{one}?properties=city")["properties"]
    assert shown["city"] is None


def test_duplicate_ids_in_one_batch_are_refused(api: Api) -> None:
    one = api.add("companies", name="One")
    twice = [{"id": one, "properties": {"city": c}} for c in "AB"]

    assert "Duplicate" in api.post(f"{COMPANIES}/update", {"inputs": twice}, status=400)["message"]


def test_upsert_by_a_unique_key_never_doubles(api: Api, key: str) -> None:
    first = api.post(f"{TASKS}/batch/upsert", {"inputs": [task("k1", "A"), task("k2", "B")]})
    assert [r["new"] for r in first["results"]] == [True, True]

    again = api.post(f"{TASKS}/batch/upsert", {"inputs": [task("k2", "C"), task("k3", "D")]})

    assert {r["properties"][key]: r["new"] for r in again["results"]} == {"k2": False, "k3": True}
    assert len(api.get(TASKS)["results"]) == 3
    api.call("PATCH", f"{TASKS}/k1?idProperty={key}", {"properties": {key: "k9"}})
    assert api.get(f"{TASKS}/k9?idProperty={key}")["id"] in ids(first)
    taken = api.call(
        "PATCH", f"{TASKS}/k9?idProperty={key}", {"properties": {key: "k2"}}, status=400
    )
    assert taken["errors"][0]["code"] == "CONFLICTING_UNIQUE_VALUE"


def test_upsert_needs_a_unique_property(api: Api) -> None:
    one = api.add("companies", name="One")
    inputs = [{"id": one, "idProperty": "hs_object_id", "properties": {"city": "A"}}]

    refused = api.post(f"{COMPANIES}/upsert", {"inputs": inputs}, status=400)

    assert refused["message"] == (
        "Unable to perform update/upsert by non-unique 0-2 property hs_object_id "
        f"in portal ID {api.world.hubspot.portal_id}"
    )


def test_archive_whatever_the_state(api: Api) -> None:
    one = api.add("companies", name="One")
    body = {"inputs": [{"id": one}, {"id": "77"}]}

    for _ in range(2):
        api.post(f"{COMPANIES}/archive", body, status=204)

    assert api.get("/crm/v3/objects/companies")["results"] == []


def test_faults_lock_a_record_and_break_part_of_a_batch(api: Api) -> None:
    made = [api.add("companies", name=f"C{n}") for n in range(4)]
    inputs = [{"id": each, "properties": {"city": "X"}} for each in made]
    api.world.faults.arm({"name": "partial_batch", "crm": "hubspot", "count": 1, "share": 0.5})
    partly = api.post(f"{COMPANIES}/update", {"inputs": inputs}, status=207)
    assert ids(partly) == {made[0], made[2]}
    assert [e["context"]["ids"] for e in partly["errors"]] == [[made[1]], [made[3]]]

    lock = {"name": "record_locked", "crm": "hubspot", "count": 1, "record_id": made[3]}
    api.world.faults.arm(lock)
    api.post(f"{COMPANIES}/update", {"inputs": inputs}, status=423)
    api.post(f"{COMPANIES}/update", {"inputs": inputs})
