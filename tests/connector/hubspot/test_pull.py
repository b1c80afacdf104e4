"""Pulls over the wire: every record once, whatever happens on the way."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.base import Deletion, Span
from connector.errors import CrmUnavailable, CrmUnknownField
from connector.hubspot import HubSpot
from tests.connector.hubspot.conftest import FULL, Connect, Portal, ids_of

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
HOUR = Span(NOON, NOON + timedelta(hours=1))


def companies(count: int) -> list[dict[str, str]]:
    return [{"name": f"Company {n}"} for n in range(count)]


def test_a_full_read_holds_every_record_once_in_the_fewest_calls(
    crm: HubSpot, portal: Portal
) -> None:
    made = portal.add_many("companies", companies(1105))
    before = portal.calls()

    pages = list(crm.pull("companies", ["name"], FULL))

    assert [len(page.records) for page in pages] == [1000, 105]  # ten of the CRM's pages to one
    assert ids_of(pages) == made
    assert pages[0].records[0]["name"] == "Company 0"
    assert [page.resume is None for page in pages] == [False, True]
    assert portal.calls() - before == 12 == crm.usage.spent


def test_an_empty_object_gives_one_empty_last_page(crm: HubSpot, today: Span) -> None:
    for span in (FULL, today):
        pages = list(crm.pull("tickets", ["subject"], span))

        assert ids_of(pages) == []
        assert pages[-1].resume is None


def test_a_full_read_goes_on_from_any_page(connect: Connect, portal: Portal) -> None:
    made = portal.add_many("companies", companies(1005))
    first = next(connect().pull("companies", ["name"], FULL))

    rest = list(connect().pull("companies", ["name"], FULL, first.resume))

    assert ids_of([first]) + ids_of(rest) == made


def test_an_increment_holds_what_changed_inside_the_half_open_window(
    crm: HubSpot, portal: Portal
) -> None:
    made = [portal.add("companies", name=name) for name in "ABCD"]
    before, first, last, after = made
    stamps = {before: -0.001, first: 0, last: 3599.999, after: 3600}
    for company, seconds in stamps.items():
        portal.at_one_instant("companies", [company], NOON + timedelta(seconds=seconds))

    pages = list(crm.pull("companies", ["name"], HOUR))

    assert ids_of(pages) == [first, last]


def test_ties_on_one_instant_neither_loop_nor_lose(crm: HubSpot, portal: Portal) -> None:
    made = portal.add_many("contacts", [{"email": f"p{n}@x.example"} for n in range(450)])
    portal.at_one_instant("contacts", made, NOON)

    pages = list(crm.pull("contacts", ["email"], HOUR))

    assert ids_of(pages) == made


def test_an_increment_goes_on_from_any_page(connect: Connect, portal: Portal) -> None:
    made = portal.add_many("companies", companies(1203))
    portal.at_one_instant("companies", made, NOON)
    first, *rest = connect().pull("companies", ["name"], HOUR)
    assert len(first.records) == 1000

    again = list(connect().pull("companies", ["name"], HOUR, first.resume))

    assert ids_of([first]) + ids_of(again) == made
    assert ids_of(rest) == ids_of(again)


def test_deletions_are_told_when_they_fall_into_the_window(
    crm: HubSpot, portal: Portal, today: Span
) -> None:
    kept, gone = portal.add("companies", name="kept"), portal.add("companies", name="gone")
    portal.act("delete", "companies", gone)

    *_, last = crm.pull("companies", ["name"], today)
    *_, later = crm.pull("companies", ["name"], Span(today.until, today.until + timedelta(1)))

    assert [d.record_id for d in last.deletions] == [gone]
    assert today.since is not None
    assert last.deletions[0].deleted_at is not None
    assert today.since < last.deletions[0].deleted_at < today.until
    assert later.deletions == []
    assert kept not in {d.record_id for d in last.deletions}


def test_a_restored_record_comes_back(crm: HubSpot, portal: Portal, today: Span) -> None:
    company = portal.add("companies", name="back")
    portal.act("delete", "companies", company)
    portal.act("undelete", "companies", company)

    pages = list(crm.pull("companies", ["name"], today))

    assert ids_of(pages) == [company]
    assert [page.deletions for page in pages] == [[], []]


def test_a_merge_names_the_survivor(crm: HubSpot, portal: Portal, today: Span) -> None:
    winner, loser = portal.add("companies", name="one"), portal.add("companies", name="two")
    survivor = portal.act("merge", "companies", winner, loser=loser)["id"]

    for span in (today, FULL):
        deletions = [d for p in crm.pull("companies", ["name"], span) for d in p.deletions]
        assert Deletion(loser, None, merged_into=survivor) in deletions


def test_an_unknown_or_archived_property_is_an_error_not_an_empty_value(
    crm: HubSpot, portal: Portal, today: Span
) -> None:
    portal.add("companies", name="A")

    for span in (FULL, today):
        with pytest.raises(CrmUnknownField, match="no property ax_gone"):
            list(crm.pull("companies", ["name", "ax_gone"], span))


def test_an_unset_property_is_none(crm: HubSpot, portal: Portal) -> None:
    portal.add("companies", name="A")

    ((record,),) = [page.records for page in crm.pull("companies", ["domain", "name"], FULL)]

    assert record["domain"] is None


def test_a_list_of_fields_too_long_for_an_address_is_read_in_batches(
    crm: HubSpot, portal: Portal
) -> None:
    names = [f"a_property_with_quite_a_long_name_{n:03d}" for n in range(150)]
    portal.post(
        "/crm/v3/properties/companies/groups", {"name": "wide", "label": "Wide", "displayOrder": 1}
    )
    kind = {"type": "string", "fieldType": "text", "groupName": "wide"}
    for part in (names[:100], names[100:]):
        inputs = [{"name": name, "label": name, **kind} for name in part]
        portal.post("/crm/v3/properties/companies/batch/create", {"inputs": inputs})
    made = portal.add_many("companies", [{"name": "A", names[149]: "x"}, {"name": "B"}])

    pages = list(crm.pull("companies", ["name", *names], FULL))

    assert ids_of(pages) == made
    assert [r[names[149]] for r in pages[0].records] == ["x", None]


def test_a_pull_survives_what_passes(crm: HubSpot, portal: Portal) -> None:
    made = portal.add_many("companies", companies(120))
    portal.fault("unavailable", count=1)
    portal.fault("html", count=1)
    portal.fault("malformed_json", count=1)

    assert ids_of(list(crm.pull("companies", ["name"], FULL))) == made
    assert portal.fired("malformed_json") == 1


def test_a_cut_connection_is_tried_again(crm: HubSpot, portal: Portal) -> None:
    company = portal.add("companies", name="A")
    portal.fault("cut_before", count=1)
    portal.fault("cut_after", count=1)

    assert ids_of(list(crm.pull("companies", ["name"], FULL))) == [company]


def test_what_lasts_is_unavailable(crm: HubSpot, portal: Portal) -> None:
    portal.fault("html")

    with pytest.raises(CrmUnavailable, match="not whole JSON"):
        list(crm.pull("companies", ["name"], FULL))

    assert portal.fired("html") == 4  # tries


def test_json_of_somebody_else_is_no_empty_page(crm: HubSpot, portal: Portal) -> None:
    company = portal.add("companies", name="A")
    portal.answer("/companies", 200, {"status": "ok"})

    assert ids_of(list(crm.pull("companies", ["name"], FULL))) == [company]


def test_owners_come_whole_with_the_archived_ones(crm: HubSpot, portal: Portal) -> None:
    stamp = "2026-01-05T09:00:00.000Z"
    with portal.world.transaction() as db:
        columns = "(id, email, first_name, last_name, user_id, created_at, updated_at, archived)"
        db.executemany(
            f"INSERT INTO hs_owners {columns} VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (301, "ana@x.example", "Ana", "Diaz", 77, stamp, stamp, False),
                (302, "bo@x.example", "Bo", "Berg", 78, stamp, stamp, True),
            ],
        )

    (page,) = crm.pull("owners", ["id", "email"], FULL)

    owners = {owner["id"]: owner for owner in page.records}
    assert owners["301"]["firstName"] == "Ana"
    assert owners["302"]["archived"] is True
    assert crm.read("owners", ["301", "999"], ["email"]).keys() == {"301"}


def test_count_asks_once(crm: HubSpot, portal: Portal) -> None:
    portal.add_many("companies", companies(3))

    assert crm.count("companies") == 3
    assert crm.count("owners") is None
    assert crm.usage.spent == 1


@pytest.mark.parametrize("silent", ["207", "drop"])
def test_reading_leaves_out_what_is_gone(crm: HubSpot, portal: Portal, silent: str) -> None:
    made = portal.add_many("companies", companies(130))
    portal.switch("batch_read_unknown", silent)
    portal.act("delete", "companies", made[5])

    found = crm.read("companies", [*made, made[0], "99999999"], ["name"])

    assert found.keys() == {*made} - {made[5]}
    assert found[made[129]]["name"] == "Company 129"


def test_a_batch_read_that_drops_records_is_asked_again(crm: HubSpot, portal: Portal) -> None:
    company = portal.add("companies", name="A")
    empty = {"status": "COMPLETE", "results": []}
    portal.answer("/companies/batch/read", 200, empty)

    assert crm.read("companies", [company], ["name"])[company]["name"] == "A"
