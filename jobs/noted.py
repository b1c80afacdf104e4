"""A requested run that is no sync: its row tells how far it is and how it ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from connector.errors import CrmAllowanceReached, CrmError
from jobs.clock import utc_now
from jobs.problems import sentence_of
from jobs.schema import MapRejected
from jobs.wiring import House
from mappings import MapError
from store.models import Run
from store.runs import finish_run, note_progress
from store.secrets import SecretsUnreadable

log = structlog.get_logger()


class Cancelled(Exception):
    """Somebody asked the run to stop."""


@dataclass
class Noted:
    """What a job says of itself while it runs."""

    house: House
    run: Run
    state: str = "done"
    counts: dict[str, Any] = field(default_factory=dict)
    spent: int | None = None  # API calls

    def progress(self, stage: str, done: int = 0, total: int | None = None) -> None:
        """Show how far the run is. Raises Cancelled when somebody asked to stop it."""
        with self.house.sessions.begin() as session:
            cancelled = note_progress(session, self.run.id, stage, done, total)
        if cancelled:
            raise Cancelled


@contextmanager
def noted(house: House, run: Run) -> Iterator[Noted]:
    """Do the body as `run`; the row is closed as done, stopped, cancelled or failed.

    What a CRM, a map or the vault refused is one sentence in the row and goes no further; so
    does any other mistake, which is logged with its trace.
    """
    doing = Noted(house, run)
    problem: str | None = None
    try:
        yield doing
    except Cancelled:
        doing.state = "cancelled"
    except CrmAllowanceReached as error:
        doing.state, problem = "stopped", str(error)
    except (CrmError, MapRejected, MapError, SecretsUnreadable) as error:
        doing.state, problem = "failed", str(error)
    except Exception as error:
        doing.state, problem = "failed", sentence_of(error)
        if problem is None:
            problem = f"{type(error).__name__}: {error}"
            log.exception("run failed", kind=run.kind, run=run.id)
    with house.sessions.begin() as session:
        finish_run(
            session,
            run.id,
            state=doing.state,
            now=utc_now(),
            problem=problem,
            counts=doing.counts,
            calls_spent=doing.spent,
        )
