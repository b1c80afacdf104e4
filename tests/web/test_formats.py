"""How values are written."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from web import charts, formats
from web.charts import Dot
from web.figures import Figures
from web.written import same_value

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (1_234_567.5, "EUR", "EUR\u00a01,234,568"),
        (Decimal("999.5"), "EUR", "EUR\u00a0999.50"),
        (12, "JPY", "JPY\u00a012"),
        (-1500, "USD", "USD\u00a0\u22121,500"),
        (0, "EUR", "EUR\u00a00.00"),
        (5, None, "5 (currency unknown)"),
    ],
)
def test_money(value: Any, currency: str | None, text: str) -> None:
    assert formats.money(value, currency) == text


@pytest.mark.parametrize(
    "write", [formats.number, formats.signed, formats.percent, formats.seconds]
)
@pytest.mark.parametrize("missing", [None, NAN, Decimal("NaN")])
def test_missing_is_no_data(write: Any, missing: Any) -> None:
    assert write(missing) == formats.NO_DATA
    assert formats.money(missing, "EUR") == formats.NO_DATA
    assert formats.text(missing) == formats.NO_DATA


def test_short_money_keeps_the_full_amount() -> None:
    assert formats.short_money(1_234_567, "EUR") == (
        '<span title="EUR\u00a01,234,567">EUR\u00a01.2M</span>'
    )


def test_signs_and_percents() -> None:
    assert [formats.signed(n) for n in (12, 0, -0.2, -50)] == ["+12", "0", "0", "\u221250"]
    assert [formats.percent(n) for n in (0, 0.005, 0.5, 1)] == [
        "0\u00a0%",
        "0\u00a0%",
        "50\u00a0%",
        "100\u00a0%",
    ]


def test_instant_is_utc_with_its_zone() -> None:
    noon = datetime(2026, 11, 22, 16, 5, tzinfo=timezone(timedelta(hours=1)))
    assert formats.instant(noon) == (
        '<time datetime="2026-11-22T15:05:00Z">22 Nov 2026, 15:05\u00a0UTC</time>'
    )
    assert formats.day(date(2026, 1, 2)) == '<time datetime="2026-01-02">2 Jan 2026</time>'


@pytest.mark.parametrize(
    ("given", "text"), [(0.02, "20 ms"), (3.25, "3.2 s"), (180, "3 min"), (90_000, "25 h")]
)
def test_durations(given: float, text: str) -> None:
    assert formats.seconds(given) == text


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        (61, "61.0", True),
        (61, "62", False),
        (True, "true", True),
        (False, None, False),
        (None, "", True),
        (0, None, False),
        ("a\nb", "a\r\nb", True),
        ("2026-11-22T15:00:00Z", "2026-11-22T16:00:00.000+01:00", True),
        ("Watch", "watch", False),
    ],
)
def test_two_spellings_of_a_value(ours: Any, theirs: Any, same: bool) -> None:
    assert same_value(ours, theirs) is same


def test_figures_that_are_no_numbers_are_unknown() -> None:
    figures = Figures({"a": "12.5", "b": "much", "c": NAN, "d": True, "e": [1, None], "f": [1, 2]})
    assert [figures.number(name) for name in "abcdx"] == [12.5, None, None, None, None]
    assert figures.span("e") is None
    assert figures.span("f") == (1.0, 2.0)


def test_scatter_places_by_nps_and_magnitude() -> None:
    dots = [
        Dot(-100, 1000, "at_risk", "low <left>", "/a"),
        Dot(100, 1_000_000, "healthy", "high right", "/b"),
    ]
    drawn = charts.scatter(dots, width=600, name="s", threshold=None, unit="")
    assert "translate(52.0 328.0)" in drawn  # the corner at the bottom left
    assert "translate(578.0 34.0)" in drawn  # the corner at the top right
    assert "low &lt;left&gt;" in drawn
    assert "style=" not in drawn


def test_history_breaks_where_the_score_is_unknown() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    scores = [(start, 100.0, "healthy"), (start + timedelta(days=1), None, "unknown")]
    scores += [(start + timedelta(days=2), 0.0, "at_risk")]
    drawn = charts.history(scores, width=300, name="h", edges=(40, 70))
    assert 'd="M34.0 12.0H130.0M226.0 206.0"' in drawn
