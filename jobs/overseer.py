"""What a preview, or the run that executes one, adds to a sync. Source: docs/preview.md."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from jobs.report import Report
from jobs.schema import Schema
from jobs.wiring import House


class Differs(Exception):
    """What would be sent is not what was approved."""


@dataclass(frozen=True)
class Planned:
    """What a run is about to store and to send, before it does."""

    schema: Schema
    as_of: datetime
    run_id: int
    report: Report


class Overseer(Protocol):
    """What a preview, or the run that executes one, adds to a sync (jobs/preview.py)."""

    rows: House | None  # where records are read into and computed on; None: the house's own tables
    map_text: str | None  # the map (TOML) to read and write by; None: the one in use
    fresh: bool  # the CRM shall describe its fields anew

    def begun(self, session: Session, run_id: int) -> None:
        """The connection is ours. May raise PreviewRefused."""

    def judge(self, session: Session, planned: Planned) -> bool:
        """Look at a plan inside its transaction; False takes it back and sends nothing.

        May raise Differs, which does so too.
        """

    def ended(self, session: Session, report: Report) -> None:
        """Joins the transaction that closes the run."""
