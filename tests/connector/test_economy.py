"""The fewest calls, worked out by hand from page and batch sizes."""

import pytest

from connector.economy import association_calls, first_pages, further_calls, write_calls


@pytest.mark.parametrize(
    ("vendor", "records", "full", "calls"),
    [
        ("salesforce", 0, True, 0),
        ("salesforce", 2000, True, 0),
        ("salesforce", 2001, True, 1),
        ("hubspot", 100, True, 0),
        ("hubspot", 10_000, True, 99),
        ("hubspot", 0, False, 1),  # the archive
        ("hubspot", 401, False, 3),  # two further pages and the archive
    ],
)
def test_pages_beyond_the_first(vendor: str, records: int, full: bool, calls: int) -> None:
    assert calls == further_calls(vendor, records, full=full, associated=False, archived=not full)


def test_owners_are_read_whole_and_their_archive_too() -> None:
    owners = {"full": True, "associated": False, "archived": True}
    assert further_calls("hubspot", 8, **owners) == 1
    assert further_calls("salesforce", 8, **owners) == 0


def test_salesforce_reads_five_first_pages_in_one_call() -> None:
    assert [first_pages("salesforce", k) for k in (1, 5, 6)] == [1, 1, 2]
    assert first_pages("hubspot", 6) == 6


def test_associations_of_an_increment_cost_calls_on_hubspot_only() -> None:
    facts = {"full": False, "associated": True, "archived": False}
    assert further_calls("hubspot", 150, **facts) == 1
    assert further_calls("salesforce", 150, **facts) == 0
    assert (association_calls("hubspot", 1001), association_calls("salesforce", 1001)) == (2, 0)


@pytest.mark.parametrize(
    ("vendor", "work", "calls"),
    [
        ("salesforce", {"updates": 10_000}, 10),
        ("hubspot", {"updates": 10_000}, 100),
        ("salesforce", {"new_tasks": 1500}, 3),  # one look, two composites
        ("hubspot", {"new_tasks": 150}, 6),  # two looks of two calls, two batches
        ("salesforce", {"ended_tasks": 10}, 3),
        ("hubspot", {"ended_tasks": 10}, 2),
        ("hubspot", {}, 0),
    ],
)
def test_writing(vendor: str, work: dict[str, int], calls: int) -> None:
    nothing = {"updates": 0, "new_tasks": 0, "ended_tasks": 0}
    assert write_calls(vendor, **{**nothing, **work}) == calls
