"""What answers ask for, when it is due, and how loops fare."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from insights.loops import causes, loop_metrics
from insights.model import Model
from insights.workdays import calendar_of, country_code, local_day, working_day
from tests.insights.worlds import AS_OF, Row, ago, frames_of, world

MODEL = Model()


def answer(response_id: str, score: float, **more: object) -> Row:
    usual = {"metric": "nps", "survey_type": "relationship", "answered_at": ago(10)}
    return {**usual, "response_id": response_id, "score": score, **more}


def found(*answers: Row, **account: object) -> dict[str, Row]:
    people = [
        {"contact_id": "boss", "level": "decision_maker"},
        {"contact_id": "user", "level": "user"},
    ]
    rows = world({"annual_value": 1000.0, **account}, contacts=people, responses=answers)
    frame = causes(frames_of(rows), MODEL, as_of=AS_OF)
    return {
        str(row["response_id"]): {str(k): v for k, v in row.items()}
        for row in frame.to_dict("records")
    }


def test_each_kind_of_answer_asks_for_its_kind_of_loop() -> None:
    loops = found(
        answer("d", 6, contact_id="boss"),
        answer("p", 8, contact_id="user"),
        answer("t", 9, survey_type="transactional", contact_id="user"),
        answer("c", 2, metric="csat"),
        answer("fine", 3, metric="csat"),
        answer("e", 3, metric="ces"),
    )
    assert {name: row["kind"] for name, row in loops.items()} == {
        "d": "detractor",
        "p": "passive",
        "t": "promoter",
        "c": "csat",
        "e": "ces",
    }


def test_priority_is_value_times_severity_times_influence() -> None:
    loops = found(answer("worst", 0, contact_id="boss"), answer("mild", 6, contact_id="user"))
    assert loops["worst"]["priority"] == 1000 * 1.0 * 3
    assert loops["mild"]["priority"] == pytest.approx(1000 * 0.4 * 1)
    unknown = found(answer("worst", 0, contact_id="boss"), annual_value=None)["worst"]
    assert pd.isna(unknown["priority"])
    assert unknown["severity"] == 1


def test_only_the_latest_answer_of_a_person_stands_however_old() -> None:
    loops = found(
        answer("old", 2, contact_id="boss", answered_at=ago(400)),
        answer("first", 2, contact_id="user", answered_at=ago(40)),
        answer("then", 9, contact_id="user", answered_at=ago(20)),
    )
    assert {name: (row["kind"], row["recent"]) for name, row in loops.items()} == {
        "old": ("detractor", False),
        "then": ("promoter", True),
    }


def test_without_responses_nothing_is_asked() -> None:
    assert causes(frames_of(world({"annual_value": 5.0})), MODEL, as_of=AS_OF).empty


@pytest.mark.parametrize(
    ("start", "days", "country", "due"),
    [
        (date(2026, 11, 20), 2, None, date(2026, 11, 24)),  # over a weekend
        (date(2026, 12, 24), 2, "Germany", date(2026, 12, 29)),  # and Christmas
        (date(2026, 12, 24), 2, "DE", date(2026, 12, 29)),
        (date(2026, 11, 25), 1, "US", date(2026, 11, 27)),  # Thanksgiving
        (date(2026, 11, 25), 1, "Narnia", date(2026, 11, 26)),
        (date(2026, 11, 22), 0, None, date(2026, 11, 22)),
    ],
)
def test_due_dates_skip_weekends_and_holidays(
    start: date, days: int, country: str | None, due: date
) -> None:
    assert working_day(start, days, calendar_of("account", country)) == due


def test_the_setting_chooses_whose_holidays_count() -> None:
    christmas = date(2026, 12, 25)
    assert working_day(date(2026, 12, 24), 1, calendar_of("none", "DE")) == christmas
    assert working_day(date(2026, 12, 24), 1, calendar_of("DE", "Narnia")) > christmas
    assert (country_code("united states"), country_code(None)) == ("US", None)


def test_the_day_is_the_one_where_the_owner_is() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert local_day(late, "Asia/Tokyo") == date(2026, 11, 23)
    assert local_day(late, "America/New_York") == local_day(late, None) == date(2026, 11, 22)
    assert local_day(late, "Nowhere/Land") == date(2026, 11, 22)


def test_metrics_by_level_and_none_where_there_is_nothing() -> None:
    now = datetime(2026, 6, 30, tzinfo=UTC)

    def loop(level: str, opened: int, closed: int | None, **more: object) -> Row:
        return {
            "level": level,
            "is_open": closed is None,
            "is_done": closed is not None,
            "opened_at": now - timedelta(days=opened),
            "closed_at": None if closed is None else now - timedelta(days=closed),
            "is_overdue": False,
            "reopened_at": None,
            **more,
        }

    frame = pd.DataFrame(
        [
            loop("account", 10, 8),
            loop("account", 10, 4, reopened_at=now - timedelta(days=6)),
            loop("account", 90, 60),  # closed before the window
            loop("account", 5, None, is_overdue=True),
            loop("management", 5, None),
        ]
    )
    for name in ("opened_at", "closed_at", "reopened_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    fared = loop_metrics(frame, now=now)
    assert fared["account"] == {
        "open": 1,
        "overdue": 1,
        "closed": 2,
        "closed_share": pytest.approx(2 / 3),
        "median_days": 4,
        "reopened": 1,
    }
    assert (fared["all"]["open"], fared["management"]["closed_share"]) == (2, 0)
    assert set(fared["executive"].values()) == {None}
