"""Associations: pseudo-fields, links with labels, paging inside an answer, errors among them."""

import json
from typing import Any

import pytest

from connector.base import Link, Span
from connector.errors import CrmForbidden
from connector.hubspot import HubSpot
from tests.connector.hubspot.conftest import FULL, Portal, ids_of

PRIMARY = 5  # deal to company


def linked(from_id: str, *to: tuple[int, int | None], after: str | None = None) -> dict[str, Any]:
    targets = [
        {
            "toObjectId": to_id,
            "associationTypes": [
                {"category": "HUBSPOT_DEFINED", "typeId": type_id or 341, "label": None}
            ],
        }
        for to_id, type_id in to
    ]
    result: dict[str, Any] = {"from": {"id": from_id}, "to": targets}
    if after:
        result["paging"] = {"next": {"after": after, "link": "https://api.example.test"}}
    return result


def test_full_and_incremental_reads_agree_on_the_associated_records(
    crm: HubSpot, portal: Portal, today: Span
) -> None:
    first, second = portal.add("companies", name="1"), portal.add("companies", name="2")
    ana, bo = (
        portal.add("contacts", email="a@x.example"),
        portal.add("contacts", email="b@x.example"),
    )
    deal = portal.add("deals", dealname="D", dealstage="closedwon")
    lonely = portal.add("deals", dealname="L", dealstage="closedwon")
    portal.link("deals", deal, "companies", first)
    portal.link("deals", deal, "companies", second, PRIMARY)
    portal.link("deals", deal, "contacts", bo)
    portal.link("deals", deal, "contacts", ana)
    fields = ["dealname", "@companies", "@contacts"]

    for span in (FULL, today):
        records = {r["hs_object_id"]: r for p in crm.pull("deals", fields, span) for r in p.records}
        assert (records[deal]["@companies"], records[deal]["@contacts"]) == (second, ana)
        assert (records[lonely]["@companies"], records[lonely]["@contacts"]) == (None, None)
    assert crm.read("deals", [deal], fields)[deal]["@companies"] == second


def test_line_items_name_their_deal(crm: HubSpot, portal: Portal) -> None:
    deal = portal.add("deals", dealname="D", dealstage="closedwon")
    item = portal.add("line_items", name="Seat")
    portal.link("line_items", item, "deals", deal)

    (page,) = crm.pull("line_items", ["name", "@deals"], FULL)

    assert page.records[0]["@deals"] == deal
    assert crm.usage.spent == 1  # inline: no call beside the list


def test_an_increment_asks_once_for_the_associations_of_a_thousand(
    crm: HubSpot, portal: Portal, today: Span
) -> None:
    company = portal.add("companies", name="C")
    rows = [{"email": f"p{n}@x.example", "associatedcompanyid": company} for n in range(410)]
    made = portal.add_many("contacts", rows)

    pages = list(crm.pull("contacts", ["email", "@companies"], today))

    assert ids_of(pages) == made
    assert {record["@companies"] for record in pages[0].records} == {company}
    assert crm.usage.spent == 3 + 1 + 1  # searches, associations, recycle bin


def test_more_than_a_hundred_inline_associations_are_followed(crm: HubSpot, portal: Portal) -> None:
    deal = portal.add("deals", dealname="D", dealstage="closedwon")
    made = portal.add_many("companies", [{"name": f"C{n}"} for n in range(101)])
    for company in made:
        portal.link("deals", deal, "companies", company)
    portal.link("deals", deal, "companies", made[100], PRIMARY)

    (page,) = crm.pull("deals", ["@companies"], FULL)

    assert page.records[0]["@companies"] == made[100]


def test_links_carry_labels_and_the_primary(crm: HubSpot, portal: Portal) -> None:
    one, two = portal.add("companies", name="1"), portal.add("companies", name="2")
    ana = portal.add("contacts", email="a@x.example")
    lonely = portal.add("contacts", email="l@x.example")
    portal.link("contacts", ana, "companies", one, 1)
    made = portal.post(
        "/crm/v4/associations/contacts/companies/labels",
        {"label": "Decision maker", "name": "decision_maker", "inverseLabel": "Decides for"},
    )
    label = next(r["typeId"] for r in made["results"] if r["label"] == "Decision maker")
    types = [{"associationCategory": "USER_DEFINED", "associationTypeId": label}]
    wish = {"from": {"id": ana}, "to": {"id": two}, "types": types}
    portal.post("/crm/v4/associations/contacts/companies/batch/create", {"inputs": [wish]})

    (links,) = crm.links("contacts", "companies", [ana, lonely, ana])

    assert sorted(links, key=lambda link: link.to_id) == [
        Link(ana, one, None, primary=True),
        Link(ana, two, "Decision maker", primary=False),
    ]


def test_inner_pages_are_read_to_the_end(crm: HubSpot, portal: Portal) -> None:
    path = "/associations/deals/companies/batch/read"
    portal.answer(path, 200, {"results": [linked("301", (11, None), after="MTAw")]})
    portal.answer(path, 200, {"results": [linked("301", (12, PRIMARY))]})

    (links,) = crm.links("deals", "companies", ["301"])

    assert [(link.to_id, link.primary) for link in links] == [("11", False), ("12", True)]


def test_ids_may_be_text_or_numbers(crm: HubSpot, portal: Portal) -> None:
    answer = json.loads(json.dumps({"results": [linked("301", (11, PRIMARY))]}))
    answer["results"][0]["from"]["id"] = 301
    answer["results"][0]["to"][0]["toObjectId"] = "11"
    portal.answer("/batch/read", 200, answer)

    assert list(crm.links("deals", "companies", ["301"])) == [[Link("301", "11", None, True)]]


def test_nothing_associated_is_no_error(crm: HubSpot, portal: Portal) -> None:
    deal = portal.add("deals", dealname="D", dealstage="closedwon")

    assert list(crm.links("deals", "companies", [deal])) == [[]]
    assert crm.usage.spent == 1


def test_an_error_among_the_answers_is_not_taken_for_nothing(crm: HubSpot, portal: Portal) -> None:
    company = portal.add("companies", name="C")
    deal = portal.add("deals", dealname="D", dealstage="closedwon")
    portal.link("deals", deal, "companies", company)
    error = {"status": "error", "category": "INTERNAL_ERROR", "context": {"fromObjectId": [deal]}}
    portal.answer("/batch/read", 207, {"results": [], "numErrors": 1, "errors": [error]})

    (links,) = crm.links("deals", "companies", [deal])

    assert [link.to_id for link in links] == [company]


def test_a_missing_scope_among_the_answers_is_forbidden(crm: HubSpot, portal: Portal) -> None:
    scopes = {"requiredGranularScopes": ["crm.objects.deals.read"]}
    error = {"category": "MISSING_SCOPES", "message": "no", "errors": [{"context": scopes}]}
    portal.answer("/batch/read", 207, {"results": [], "errors": [error]})

    with pytest.raises(CrmForbidden, match=r"crm\.objects\.deals\.read"):
        list(crm.links("deals", "companies", ["301"]))


def test_a_record_the_answer_passes_over_is_asked_for_again(crm: HubSpot, portal: Portal) -> None:
    company = portal.add("companies", name="C")
    deal = portal.add("deals", dealname="D", dealstage="closedwon")
    portal.link("deals", deal, "companies", company)
    portal.answer("/batch/read", 200, {"results": []})

    (links,) = crm.links("deals", "companies", [deal])

    assert [link.to_id for link in links] == [company]
