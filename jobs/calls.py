"""API calls of a run: what it will cost, and the fewest it could have cost (docs/calls.md)."""

from collections.abc import Sequence

from connector.base import Crm
from connector.economy import (
    association_calls,
    first_pages,
    further_calls,
    task_reads,
    write_calls,
)
from jobs.pull import Pulled
from jobs.send_tasks import TasksDone
from jobs.write_back import Sent


def to_send(vendor: str, waiting: dict[str, int]) -> int:
    """Calls that the outbox will cost, given how many rows of each action wait."""
    return write_calls(
        vendor,
        updates=waiting.get("update", 0),
        new_tasks=waiting.get("create_task", 0),
        ended_tasks=waiting.get("complete_task", 0),
        changed_tasks=waiting.get("update_task", 0),
    )


def read_again(vendor: str, records: Sequence[int], linked: Sequence[int]) -> int:
    """Fewest calls to read objects in full, given how many records each has.

    linked  records whose relations are read, once for each such source
    """
    pages = sum(
        further_calls(vendor, one, full=True, associated=False, archived=False) for one in records
    )
    relations = sum(association_calls(vendor, one) for one in linked)
    return first_pages(vendor, len(records)) + pages + relations


def least(crm: Crm, pulled: Pulled, sent: Sent, tasks: TasksDone) -> int:
    """The fewest calls for what the run did: read pages, changed records, tasks, descriptions.

    Describing fields (once a day) and counting records (docs/calls.md) are part of the work, so
    they count as they were.
    """
    reading = first_pages(crm.vendor, sum(not source.links for source in pulled.read))
    for source in pulled.read:
        if source.links:
            reading += association_calls(crm.vendor, source.records)
        else:
            reading += further_calls(
                crm.vendor,
                source.records,
                full=source.full,
                associated=source.associated,
                archived=source.archived,
            )
    writing = write_calls(
        crm.vendor,
        updates=sent.records + sent.refused,
        new_tasks=tasks.created,
        ended_tasks=tasks.completed,
        changed_tasks=tasks.changed,
    )
    reading += task_reads(crm.vendor, tasks.looked_at)
    return reading + pulled.counted + writing + crm.usage.by_purpose.get("describe", 0)
