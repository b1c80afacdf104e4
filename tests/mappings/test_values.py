"""One value at a time."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.catalogue import Column, Type
from mappings.transforms import domain
from mappings.values import Misfit, missing, parse, parse_all, series


def column(type: Type, name: str = "x", choices: tuple[str, ...] = ()) -> Column:
    return Column(name, type, "", choices=choices)


@pytest.mark.parametrize(
    ("type", "raw", "value"),
    [
        (Type.TEXT, " a\x00b ", "ab"),
        (Type.TEXT, " \t", None),
        (Type.TEXT, "\ud800é", "?é"),
        (Type.ID, 5001, "5001"),
        (Type.ID, 5001.0, "5001"),
        (Type.MONEY, "1250000", 1_250_000.0),
        (Type.MONEY, 10.129, 10.13),
        (Type.NUMBER, "0.200000000000000011102230246251565", 0.2),
        (Type.SHARE, "1", 1.0),
        (Type.BOOL, "TRUE", True),
        (Type.BOOL, False, False),
        (Type.BOOL, "", None),
        (Type.INSTANT, "2026-11-20T16:05:11.412Z", datetime(2026, 11, 20, 16, 5, 11, 412000, UTC)),
        (Type.INSTANT, "2026-11-20T18:05:11+0200", datetime(2026, 11, 20, 16, 5, 11, 0, UTC)),
        (Type.INSTANT, "2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        (Type.DATE, "2026-11-20", date(2026, 11, 20)),
        (Type.DATE, "2026-11-20T23:30:00-02:00", date(2026, 11, 21)),
    ],
)
def test_a_value_is_read_as_its_type(type: Type, raw: Any, value: Any) -> None:
    assert parse(column(type), raw) == value


@pytest.mark.parametrize(
    ("type", "raw", "code"),
    [
        (Type.NUMBER, "1_000", "not_a_number"),
        (Type.NUMBER, "1,000", "not_a_number"),
        (Type.NUMBER, "nan", "not_a_number"),
        (Type.NUMBER, "1e999", "not_a_number"),
        (Type.NUMBER, True, "not_a_number"),
        (Type.MONEY, 1e17, "too_large"),
        (Type.SHARE, 57, "not_a_share"),
        (Type.BOOL, "maybe", "not_a_bool"),
        (Type.INSTANT, "yesterday", "not_an_instant"),
        (Type.DATE, "2026-02-30", "not_a_date"),
        (Type.ID, "x" * 81, "id_too_long"),
        (Type.TEXT, {"city": "Oslo"}, "not_text"),
    ],
)
def test_a_value_that_does_not_fit_says_why_and_what_to_do(type: Type, raw: Any, code: str) -> None:
    with pytest.raises(Misfit) as wrong:
        parse(column(type), raw)

    assert wrong.value.code == code
    assert wrong.value.reason
    assert wrong.value.remedy


def test_a_choice_is_one_of_its_choices() -> None:
    priority = column(Type.CHOICE, choices=("low", "high"))

    assert parse(priority, " High ") == "high"
    with pytest.raises(Misfit, match="none of low, high"):
        parse(priority, "urgent")


def test_a_currency_is_a_code() -> None:
    assert parse(column(Type.TEXT, "currency"), " eur ") == "EUR"
    with pytest.raises(Misfit, match="ISO 4217"):
        parse(column(Type.TEXT, "currency"), "Euro")


def test_a_column_keeps_what_fits_and_says_where_the_rest_was() -> None:
    values, rejected = parse_all(column(Type.NUMBER), ["1", "x", None, "2"])

    assert values == [1.0, None, None, 2.0]
    assert [(bad.position, bad.value) for bad in rejected] == [(1, "x")]


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("https://www.Acme.com/a?b", "acme.com"),
        ("http://user@acme.co.uk:8080/", "acme.co.uk"),
        ("acme.com:8080", "acme.com"),
        ("ada@acme.com", "acme.com"),
        ("//acme.com", "acme.com"),
        (" ", None),
    ],
)
def test_a_domain_is_bare(url: str, bare: str | None) -> None:
    assert domain(url) == bare


@given(st.one_of(st.none(), st.text(), st.floats(), st.booleans(), st.integers()))
def test_every_value_is_read_or_misfits(raw: Any) -> None:
    for type in set(Type) - {Type.CHOICE}:
        try:
            value = parse(column(type), raw)
        except Misfit:
            continue
        assert value is None or not missing(value)
        assert len(series(column(type), [value])) == 1
