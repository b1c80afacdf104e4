"""A copy of one connection's rows in a database of its own, to read into and compute on.

A preview of a mapping draft reads the CRM by the draft's map; what the map in use reads, and
what was computed from it, must stay as they are.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Select, Table, create_engine, select

from jobs.wiring import House
from store.database import open_sessions
from store.models import Base

_PAGE = 1000  # rows copied at a time
_LEFT_OUT = frozenset(
    {
        *("audit", "hooks", "raw_events", "response_versions", "schema_changes", "runs"),
        *("mapping_drafts", "model_drafts", "mapping_versions", "publications", "previews"),
        *("portfolio_figures", "loop_events"),
    }
)


@contextmanager
def scratch_house(house: House, connection_id: int) -> Iterator[House]:
    """The house with a throw-away SQLite file for a database, holding the connection's rows.

    Assessments come without the records they were made from. Foreign keys are not held, as what
    they lead to may be left out. The file is gone afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="barometer-preview-") as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'scratch.db'}", hide_parameters=True)
        try:
            Base.metadata.create_all(engine)
            for table in Base.metadata.sorted_tables:
                chosen = _chosen(table, connection_id)
                if chosen is not None:
                    _copy(house.engine, engine, table, chosen)
            yield replace(house, engine=engine, sessions=open_sessions(engine))
        finally:
            engine.dispose()


def _chosen(table: Table, connection_id: int) -> Select[Any] | None:
    if table.name == "connections":
        return select(table).where(table.c.id == connection_id)
    if table.name in _LEFT_OUT or "connection_id" not in table.c:
        return None
    columns = [column for column in table.c if column.name != "inputs"]
    return select(*columns).where(table.c.connection_id == connection_id)


def _copy(source: Engine, target: Engine, table: Table, chosen: Select[Any]) -> None:
    emptied = {"inputs": b""} if "inputs" in table.c else {}
    with source.connect() as reading, target.begin() as writing:
        rows = reading.execution_options(stream_results=True).execute(chosen).mappings()
        for page in rows.partitions(_PAGE):
            writing.execute(table.insert(), [{**row, **emptied} for row in page])
