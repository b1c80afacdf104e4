"""The queries of a pull: half-open windows, keyset order, narrowing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.base import FieldInfo, Span
from connector.errors import CrmUnavailable, CrmUnknownField
from connector.salesforce.walk import Walk, walk_of

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
ONE = NOON + timedelta(hours=1)
FIELDS = {
    name: FieldInfo(name, name, "text", "string")
    for name in ("Id", "Name", "SystemModstamp", "LastModifiedDate", "IsDeleted", "MasterRecordId")
}


def _walk(since: datetime | None = NOON, without: tuple[str, ...] = ()) -> Walk:
    described = {name: info for name, info in FIELDS.items() if name not in without}
    return walk_of("Account", ["Name"], described, Span(since, ONE), None)


def _page(*keys: tuple[str, str], **more: Any) -> dict[str, Any]:
    rows = [{"SystemModstamp": stamp, "Id": record_id} for stamp, record_id in keys]
    return {"records": rows, "done": True, **more}


def test_an_increment_is_a_half_open_window_in_keyset_order() -> None:
    assert _walk().soql() == (
        "SELECT Name,Id,SystemModstamp,IsDeleted,MasterRecordId FROM Account "
        "WHERE SystemModstamp >= 2026-05-01T12:00:00.000Z "
        "AND SystemModstamp < 2026-05-01T13:00:00.000Z ORDER BY SystemModstamp,Id"
    )


def test_a_full_read_goes_by_id_and_leaves_nothing_out() -> None:
    assert _walk(None).soql() == (
        "SELECT Name,Id,SystemModstamp,IsDeleted,MasterRecordId FROM Account ORDER BY Id"
    )


def test_other_zones_are_asked_for_in_utc() -> None:
    paris = datetime.fromisoformat("2026-05-01T14:00:00.000500+02:00")

    assert "SystemModstamp >= 2026-05-01T12:00:00.000Z" in _walk(paris).soql()


def test_an_object_without_a_stamp_is_read_in_full() -> None:
    no_stamp = _walk(without=("SystemModstamp",))
    nothing = _walk(without=("SystemModstamp", "LastModifiedDate", "IsDeleted"))

    assert "LastModifiedDate >= 2026-05-01T12:00:00.000Z" in no_stamp.soql()
    assert nothing.soql() == "SELECT Name,Id,MasterRecordId FROM Account ORDER BY Id"


def test_after_a_page_it_goes_on_by_the_cursor_and_without_it_by_the_keyset() -> None:
    page = _page(("2026-05-01T12:30:00.000+0000", "001A"), nextRecordsUrl="/next", done=False)

    following = _walk().following(page)

    assert following is not None
    assert following.url == "/next"
    assert following.restarted().url is None
    assert following.restarted().soql().split(" WHERE ")[1] == (
        "((SystemModstamp = 2026-05-01T12:30:00.000Z AND Id > '001A') "
        "OR SystemModstamp > 2026-05-01T12:30:00.000Z) "
        "AND SystemModstamp < 2026-05-01T13:00:00.000Z ORDER BY SystemModstamp,Id"
    )


def test_the_last_page_has_nothing_after_it() -> None:
    assert _walk().following(_page()) is None


def test_resuming_asks_the_same_as_a_restart() -> None:
    page = _page(("2026-05-01T12:30:00.000+0000", "001A"), nextRecordsUrl="/next", done=False)
    following = _walk().following(page)
    assert following is not None

    resumed = walk_of("Account", ["Name"], FIELDS, Span(NOON, ONE), following.resume())

    assert resumed.soql() == following.restarted().soql()


def test_a_timed_out_window_is_halved_and_the_rest_follows() -> None:
    half = _walk().narrowed()

    assert "SystemModstamp < 2026-05-01T12:30:00.000Z" in half.soql()
    rest = half.following(_page())
    assert rest is not None
    assert "SystemModstamp >= 2026-05-01T12:30:00.000Z" in rest.soql()
    assert "SystemModstamp < 2026-05-01T13:00:00.000Z" in rest.soql()
    assert rest.following(_page()) is None


def test_a_timed_out_full_read_takes_limited_steps() -> None:
    limited = _walk(None).narrowed().narrowed()
    assert limited.soql().endswith("ORDER BY Id LIMIT 25000")

    more = limited.following(_page(*(("", f"{n:015}") for n in range(25_000))))
    assert more is not None
    assert "Id > '000000000024999'" in more.soql()
    assert more.following(_page(("", "001"))) is None


@pytest.mark.parametrize("since", [NOON, None])
def test_narrowing_ends(since: datetime | None) -> None:
    walk = _walk(since)

    def narrow_forever() -> None:
        narrowed = walk
        for _ in range(100):
            narrowed = narrowed.narrowed()

    with pytest.raises(CrmUnavailable, match="index"):
        narrow_forever()


def test_a_page_that_is_not_the_last_must_lead_somewhere() -> None:
    with pytest.raises(CrmUnavailable):
        _walk().following({"records": [], "done": False})


@pytest.mark.parametrize("name", ["Name; DELETE", "Owner..Name", "", "name"])
def test_a_field_is_named_as_salesforce_names_it(name: str) -> None:
    with pytest.raises(CrmUnknownField):
        walk_of("Account", [name], FIELDS, Span(NOON, ONE), None)
