"""Single records over the wire: shapes, paging, values, refusals."""

from typing import Any

import pytest

from tests.sandbox.hubspot.conftest import Api

COMPANIES = "/crm/v3/objects/companies"


def test_created_record_carries_system_properties_and_its_page(api: Api) -> None:
    made = api.post(COMPANIES, {"properties": {"name": "Northwind"}}, status=201)

    assert made["properties"]["name"] == "Northwind"
    assert made["properties"]["hs_object_id"] == made["id"]
    assert made["createdAt"] == made["properties"]["createdate"]
    assert made["updatedAt"] == made["properties"]["hs_lastmodifieddate"]
    assert made["archived"] is False
    assert (
        made["url"] == f"{api.url}/contacts/{api.world.hubspot.portal_id}/record/0-2/{made['id']}"
    )


def test_list_pages_by_absolute_links_to_its_own_origin(api: Api) -> None:
    made = [api.add("companies", name=f"C{n}", city="Bergen") for n in range(5)]

    seen: list[str] = []
    link: str | None = f"{COMPANIES}?limit=2&properties=name&properties=city,phone&archived=False"
    while link:
        page = api.get(link)
        seen += [record["id"] for record in page["results"]]
        assert page["results"][0]["properties"]["city"] == "Bergen"
        assert page["results"][0]["properties"]["phone"] is None
        assert "paging" not in page or page["paging"]["next"]["link"].startswith(api.url)
        link = page["paging"]["next"]["link"] if "paging" in page else None

    assert seen == made


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v3/objects/company",
        "/crm/v3/objects/COMPANIES/",
        "/crm/v3/objects/0-2",
        "/crm/objects/2026-03/companies",
        "/crm/objects/2026-09/companies/",
        "/crm/v4/objects/companies",
    ],
)
def test_every_spelling_of_the_path_is_understood(shared: Api, path: str) -> None:
    made = shared.add("companies", name="One")

    assert [record["id"] for record in shared.get(f"{path}?after={made}")["results"]] == [made]


def test_default_properties_and_unknown_names_on_reads(api: Api) -> None:
    made = api.add("contacts", email="Ana@Example.test", firstname="Ana")

    shown = api.get(f"/crm/v3/objects/contacts/{made}")["properties"]
    assert set(shown) == {
        "createdate",
        "email",
        "firstname",
        "hs_object_id",
        "lastmodifieddate",
        "lastname",
    }
    assert shown["email"] == "ana@example.test"
    asked = api.get(f"/crm/v3/objects/contacts/{made}?properties=no_such,jobtitle")["properties"]
    assert "no_such" not in asked
    assert asked["jobtitle"] is None


@pytest.mark.parametrize(
    ("name", "written", "read"),
    [
        ("annualrevenue", "1250000.50", "1250000.50"),
        ("annualrevenue", 1250000, "1250000"),
        ("customer_since", "2026-11-20", "2026-11-20"),
        ("customer_since", "1795132800000", "2026-11-20"),
        ("closedate", "2026-11-20T10:00:00+01:00", "2026-11-20T09:00:00.000Z"),
        ("closedate", 1795165511412, "2026-11-20T09:05:11.412Z"),
        ("hs_is_target_account", True, "true"),
        ("lifecyclestage", "customer", "customer"),
        ("description", "two\nlines", "two\nlines"),
    ],
)
def test_values_are_stored_as_text(shared: Api, name: str, written: Any, read: str) -> None:
    made = shared.post(COMPANIES, {"properties": {"name": "N", name: written}}, status=201)

    assert made["properties"][name] == read


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("annualrevenue", "1,250", "INVALID_INTEGER"),
        ("customer_since", "1795132800001", "INVALID_DATE"),
        ("customer_since", "20 November", "INVALID_DATE"),
        ("lifecyclestage", "Customer", "INVALID_OPTION"),
        ("hs_is_target_account", "yes", "INVALID_OPTION"),
        ("no_such", "x", "PROPERTY_DOESNT_EXIST"),
        ("num_associated_contacts", "3", "READ_ONLY_VALUE"),
        ("hs_lastmodifieddate", "2026-11-20", "READ_ONLY_VALUE"),
    ],
)
def test_values_that_do_not_fit_are_refused(shared: Api, name: str, value: str, code: str) -> None:
    body = {"properties": {"name": f"Refused {name} {value}", name: value}}

    refused = shared.post(COMPANIES, body, status=400)

    assert refused["category"] == "VALIDATION_ERROR"
    assert refused["message"].startswith("Property values were not valid: [{")
    assert refused["errors"][0]["code"] == code
    assert refused["errors"][0]["context"] == {"propertyName": [name]}
    assert shared.search("companies", query=body["properties"]["name"]) == []


def test_empty_text_clears_and_a_semicolon_appends(api: Api) -> None:
    made = api.add("contacts", email="a@b.test", hs_buying_role="CHAMPION")
    path = f"/crm/v3/objects/contacts/{made}"

    added = api.call("PATCH", path, {"properties": {"hs_buying_role": ";INFLUENCER"}})
    assert added["properties"]["hs_buying_role"] == "CHAMPION;INFLUENCER"
    cleared = api.call("PATCH", path, {"properties": {"hs_buying_role": ""}})
    assert cleared["properties"]["hs_buying_role"] is None


def test_null_clears_or_is_ignored_as_switched(api: Api, switches: Any) -> None:
    made = api.add("companies", name="N", city="Oslo")
    path = f"{COMPANIES}/{made}?properties=city"

    switches["hubspot.null_write"] = "ignore"
    api.call("PATCH", path, {"properties": {"city": None}})
    assert api.get(path)["properties"]["city"] == "Oslo"
    switches["hubspot.null_write"] = "clear"
    api.call("PATCH", path, {"properties": {"city": None}})
    assert api.get(path)["properties"]["city"] is None


def test_required_properties(api: Api) -> None:
    api.post(COMPANIES, {"properties": {"city": "Oslo"}}, status=400)
    api.post("/crm/v3/objects/tasks", {"properties": {"hs_task_subject": "Call"}}, status=400)
    api.post("/crm/v3/objects/deals", {"properties": {"dealname": "D"}}, status=400)


def test_update_moves_the_stamp_and_keeps_history(api: Api) -> None:
    made = api.add("companies", name="Old")
    before = api.get(f"{COMPANIES}/{made}")["updatedAt"]
    api.world.clock.advance(60)

    api.call("PATCH", f"{COMPANIES}/{made}", {"properties": {"name": "New"}})

    record = api.get(f"{COMPANIES}/{made}?propertiesWithHistory=name")
    assert record["updatedAt"] > before
    assert record["createdAt"] < record["updatedAt"]
    assert [v["value"] for v in record["propertiesWithHistory"]["name"]] == ["New", "Old"]
    api.get(f"{COMPANIES}?limit=51&propertiesWithHistory=name", status=400)


def test_unknown_records_and_types(api: Api) -> None:
    for method in ("GET", "PATCH"):
        gone = api.call(method, f"{COMPANIES}/55", {"properties": {}}, status=404)
        assert gone["category"] == "OBJECT_NOT_FOUND"
        assert gone["context"] == {"id": ["55"]}
    wrong = api.get("/crm/v3/objects/widgets", status=400)
    assert wrong["message"] == "Unable to infer object type from: widgets"
    assert len(wrong["correlationId"]) == 36
    assert api.headers["X-HubSpot-Correlation-Id"] == wrong["correlationId"]


def test_unknown_route_and_wrong_method_answer_html(api: Api) -> None:
    for method, path, status in (("GET", "/crm/v3/nothing", 404), ("PUT", COMPANIES, 405)):
        answer = api.session.request(method, api.url + path, timeout=10)
        assert answer.status_code == status
        assert answer.headers["Content-Type"].startswith("text/html")


def test_archived_records_are_listed_apart(api: Api) -> None:
    kept, gone = api.add("companies", name="Kept"), api.add("companies", name="Gone")

    for _ in range(2):
        api.call("DELETE", f"{COMPANIES}/{gone}", status=204)

    assert [r["id"] for r in api.get(COMPANIES)["results"]] == [kept]
    archived = api.get(f"{COMPANIES}?archived=True")["results"]
    assert [r["id"] for r in archived] == [gone]
    assert archived[0]["archived"] is True
    assert archived[0]["archivedAt"] >= archived[0]["createdAt"]
    api.get(f"{COMPANIES}/{gone}", status=404)
    assert api.get(f"{COMPANIES}/{gone}?archived=true")["id"] == gone


def test_page_size_limits(api: Api) -> None:
    for bad in ("101", "0", "many"):
        api.get(f"{COMPANIES}?limit={bad}", status=400)
    assert api.get(f"{COMPANIES}?limit=100&unknown=1")["results"] == []


def test_contact_email_is_taken_once(api: Api) -> None:
    made = api.add("contacts", email="ana@example.test")

    body = {"properties": {"email": "ANA@example.test"}}
    refused = api.post("/crm/v3/objects/contacts", body, status=409)

    assert refused["category"] == "CONFLICT"
    assert refused["message"] == f"Contact already exists. Existing ID: {made}"
    path = "/crm/v3/objects/contacts/ana@example.test?idProperty=email"
    assert api.get(path)["id"] == made
    assert api.add("companies", name="A", domain="x.test") != api.add(
        "companies", name="B", domain="x.test"
    )


def test_closing_a_deal_sets_what_follows_from_the_stage(api: Api) -> None:
    names = "hs_is_closed,hs_is_closed_won,hs_deal_stage_probability,hs_projected_amount,pipeline"
    made = api.add("deals", dealname="D", dealstage="contractsent", amount="1000")
    path = f"/crm/v3/objects/deals/{made}?properties={names}"
    shown = api.get(path)["properties"]
    assert shown["hs_is_closed"] == "false"
    assert shown["hs_deal_stage_probability"] == "0.9"
    assert shown["hs_projected_amount"] == "900"
    assert shown["pipeline"] == "default"

    api.call("PATCH", path, {"properties": {"dealstage": "closedwon"}})

    shown = api.get(path)["properties"]
    assert shown["hs_is_closed"] == "true"
    assert shown["hs_is_closed_won"] == "true"
    api.call("PATCH", path, {"properties": {"dealstage": "nowhere"}}, status=400)


def test_completing_a_task_dates_it(api: Api) -> None:
    made = api.add("tasks", hs_timestamp="2026-12-01T09:00:00Z", hs_task_status="NOT_STARTED")
    path = f"/crm/v3/objects/tasks/{made}?properties=hs_task_completion_date"
    assert api.get(path)["properties"]["hs_task_completion_date"] is None

    api.call("PATCH", path, {"properties": {"hs_task_status": "COMPLETED"}})

    assert api.get(path)["properties"]["hs_task_completion_date"] is not None


def test_lifecycle_stage_goes_back_only_through_empty(api: Api) -> None:
    made = api.add("companies", name="N", lifecyclestage="customer")
    path = f"{COMPANIES}/{made}?properties=lifecyclestage"

    for written, read in (("lead", "customer"), ("", None), ("lead", "lead")):
        api.call("PATCH", path, {"properties": {"lifecyclestage": written}})
        assert api.get(path)["properties"]["lifecyclestage"] == read


def test_merge_keeps_the_primary_and_fills_its_gaps(api: Api, switches: Any) -> None:
    kept = api.add("companies", name="Kept")
    lost = api.add("companies", name="Lost", city="Oslo")
    person = api.add("contacts", email="a@b.test")
    default = f"/crm/v4/objects/companies/{lost}/associations/default/contacts/{person}"
    api.call("PUT", default)

    body = {"primaryObjectId": kept, "objectIdToMerge": lost}
    merged = api.post(f"{COMPANIES}/merge", body)

    assert merged["id"] == kept
    shown = api.get(f"{COMPANIES}/{kept}?properties=name,city,hs_merged_object_ids")["properties"]
    assert (shown["name"], shown["city"]) == ("Kept", "Oslo")
    assert shown["hs_merged_object_ids"] == lost
    assert api.get(f"{COMPANIES}?archived=true")["results"] == []
    links = api.get(f"/crm/v4/objects/contacts/{person}/associations/companies")["results"]
    assert [str(link["toObjectId"]) for link in links] == [kept]
    assert api.get(f"{COMPANIES}/{lost}")["id"] == kept
    switches["hubspot.merged_id"] = "404"
    api.get(f"{COMPANIES}/{lost}", status=404)
    tasks = {"primaryObjectId": "1", "objectIdToMerge": "2"}
    api.post("/crm/v3/objects/tasks/merge", tasks, status=400)


def test_privacy_delete_leaves_nothing(api: Api) -> None:
    made = api.add("contacts", email="a@b.test")

    body = {"objectId": "a@b.test", "idProperty": "email"}
    api.post("/crm/v3/objects/contacts/gdpr-delete", body, status=204)

    assert api.get("/crm/v3/objects/contacts")["results"] == []
    assert api.get("/crm/v3/objects/contacts?archived=true")["results"] == []
    assert api.add("contacts", email="a@b.test") != made


def test_feedback_submissions_are_read_only(api: Api) -> None:
    path = "/crm/v3/objects/feedback_submissions"
    assert api.get(path)["results"] == []
    answer = api.session.post(api.url + path, json={"properties": {}}, timeout=10)
    assert answer.status_code == 405


def test_bad_json_and_wrong_content_type(api: Api) -> None:
    url = api.url + COMPANIES
    bad = api.session.post(url, data="{nope", headers={"Content-Type": "application/json"})
    assert bad.status_code == 400
    assert bad.json()["message"].startswith("Invalid input JSON on line 1, column")
    form = api.session.post(url, data={"a": "b"})
    assert form.status_code == 415
