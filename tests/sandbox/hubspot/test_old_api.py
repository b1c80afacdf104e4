"""The v1 and v2 forms older clients read."""

from tests.sandbox.hubspot.conftest import Api


def test_paged_companies(api: Api) -> None:
    made = [api.add("companies", name=f"C{n}") for n in range(3)]
    path = "/companies/v2/companies/paged?limit=2&properties=name&properties=hs_lastmodifieddate"

    first = api.get(path)
    rest = api.get(f"{path}&offset={first['offset']}")

    assert first["has-more"] is True
    assert rest["has-more"] is False
    ids = [str(c["companyId"]) for page in (first, rest) for c in page["companies"]]
    assert ids == made
    shown = first["companies"][0]["properties"]
    assert shown["name"]["value"] == "C0"
    stamp = shown["hs_lastmodifieddate"]
    assert int(stamp["value"]) == stamp["timestamp"]
    one = api.get(f"/companies/v2/companies/{made[0]}")
    assert one["companyId"] == int(made[0])
    assert "city" not in one["properties"]


def test_paged_deals_with_associations(api: Api) -> None:
    company = api.add("companies", name="One")
    deal = api.add("deals", dealname="D", dealstage="closedwon", amount="10")
    api.call("PUT", f"/crm/v4/objects/deals/{deal}/associations/default/companies/{company}")

    page = api.get("/deals/v1/deal/paged?limit=250&properties=amount&includeAssociations=True")

    assert page["hasMore"] is False
    assert page["deals"][0]["properties"]["amount"]["value"] == "10"
    assert page["deals"][0]["associations"]["associatedCompanyIds"] == [int(company)]
    assert api.get("/deals/v1/pipelines")[0]["pipelineId"] == "default"


def test_old_property_lists_are_bare(shared: Api) -> None:
    for path in (
        "/companies/v2/properties",
        "/properties/v2/company/properties",
        "/properties/v1/deals/properties",
    ):
        listed = shared.get(path)
        assert isinstance(listed, list)
        assert {"name", "type", "options"} <= listed[0].keys()


def test_engagement_feed_has_one_id_space(api: Api) -> None:
    due = {"hs_timestamp": "2026-12-01T00:00:00Z"}
    made = {api.add(kind, **due) for kind in ("tasks", "calls", "emails", "meetings", "notes")}

    first = api.get("/engagements/v1/engagements/paged?limit=3")
    rest = api.get(f"/engagements/v1/engagements/paged?limit=3&offset={first['offset']}")

    assert (first["hasMore"], rest["hasMore"]) == (True, False)
    seen = {str(e["engagement"]["id"]) for page in (first, rest) for e in page["results"]}
    assert seen == made
    assert len(made) == 5


def test_modified_engagements_go_on_from_the_cursor(api: Api) -> None:
    due = {"hs_timestamp": "2026-12-01T00:00:00Z"}
    made = {api.add(kind, **due) for kind in ("tasks", "calls", "emails")}

    seen: list[str] = []
    after, more = "1420070400000", True
    while more:
        page = api.get(f"/engagements/v1/engagements/modified/after?limit=1&after={after}")
        seen += [str(each["engagement"]["id"]) for each in page["results"]]
        after, more = page["after"], page["hasMore"]

    assert len(seen) == 3
    assert set(seen) == made
    path = f"/engagements/v1/engagements/modified/after?after={after}"
    assert api.get(path) == {"results": [], "hasMore": False, "after": after}


def test_too_long_a_query_is_a_414_page(shared: Api) -> None:
    answer = shared.session.get(
        f"{shared.url}/crm/v3/objects/companies", params={"properties": "x" * 16_001}, timeout=10
    )

    assert answer.status_code == 414
    assert answer.headers["Content-Type"].startswith("text/html")


def test_owner_page_limit_as_switched(api: Api) -> None:
    assert api.get("/crm/v3/owners/?limit=500")["results"] == []

    api.world.switches["hubspot.owner_page_limit"] = 100

    api.get("/crm/v3/owners/?limit=101", status=400)
