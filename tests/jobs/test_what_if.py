"""A published model computes every account; a full what-if compares and stores nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from insights.model import Model
from jobs.clock import utc_now
from jobs.model import model_in_use
from jobs.queue import WORK
from store import results
from store.model_drafts import publish_draft, save_draft
from store.models import Assessment, Run
from store.runs import start_run
from tests.jobs import lines
from tests.jobs.lines import Line

EASY: dict[str, Any] = {"bands": {"healthy_from": 0, "watch_from": 0, "min_confidence": 0}}


@pytest.fixture
def line(loaded: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """Salesforce, synchronised once."""
    stand = lines.prepare_stand("salesforce", loaded, tmp_path_factory)
    with lines.standing_line("salesforce", stand, tmp_path) as line:
        yield line


def publish(line: Line, model: Model) -> None:
    used = model_in_use(line.house, line.connection.id).hash()
    of, now = line.connection.id, utc_now()
    with line.house.sessions.begin() as session:
        content = model.to_dict()
        draft = save_draft(session, of, "amy", content, base=used, seen=0, used=used, now=now)
        publish_draft(
            session, draft, model.hash(), seen=1, used=used, author="amy", reason="why", now=now
        )


def test_a_published_model_computes_every_account_and_writes_what_differs(line: Line) -> None:
    easy = Model.from_dict(EASY)
    publish(line, easy)
    assert model_in_use(line.house, line.connection.id) == easy

    report = line.sync()

    with line.house.sessions() as session:
        assert results.model_hashes(session, line.connection.id) == [easy.hash()]
        bands = {row.band for row in results.current(session, line.connection.id).values()}
    assert bands <= {"healthy", "unknown"}
    assert report.sent.records > 0
    again = line.sync()
    assert (again.computed.assessed, again.sent.records) == (0, 0)


def test_a_full_what_if_tells_both_sides_and_stores_nothing(line: Line) -> None:
    easy = Model.from_dict(EASY | {"windows": {"sentiment_days": 200}})
    with line.house.sessions.begin() as session:
        run = start_run(session, line.connection.id, "what_if", "page", now=utc_now())
        run.order = {"hash": easy.hash(), "model": easy.to_dict()}
        before = session.scalar(select(func.count()).select_from(Assessment))

    WORK["what_if"](line.house, line.connection, run)

    with line.house.sessions() as session:
        ended = session.get_one(Run, run.id)
        assert (ended.state, ended.problem) == ("done", None)
        assert session.scalar(select(func.count()).select_from(Assessment)) == before
        counts = ended.counts
        now = results.current(session, line.connection.id).values()
    customers = [row for row in now if row.result["is_customer"]]
    assert counts["base"] == Model().hash()
    assert counts["customers"] == len(customers)
    assert counts["bands"]["at_risk"] == [sum(r.band == "at_risk" for r in customers), 0]
    assert counts["bands"]["watch"] == [sum(r.band == "watch" for r in customers), 0]
    assert len(counts["up"]) == min(20, counts["changed_band"])
