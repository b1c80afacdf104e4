"""The fewest API calls that a piece of work can cost, from the CRMs' page and batch sizes.

Sources: each CRM's documented limits; docs/calls.md derives the arithmetic.
"""

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class Sizes:
    """How much one API call carries."""

    together: int  # objects whose first pages one call reads
    page: int  # records of a full read
    increment: int  # records of a windowed read
    closing: int  # calls beyond the pages that are needed to see deletions
    associations: int | None  # parents whose associations one call reads; None = inline in rows
    update: int  # records or tasks changed
    lookup: int  # tasks looked up by key or id
    looks: int  # calls to look a key up: where deleted tasks are not found with the live ones
    statuses: int  # calls to learn which status closes a task


SIZES = {
    # both reads page alike and show deletions in place; a composite carries 5 batches of 200
    "salesforce": Sizes(5, 2000, 2000, 0, None, 1000, 2000, 1, 1),
    # deletions need a walk of the archive; a task is made with its associations
    "hubspot": Sizes(1, 100, 200, 1, 1000, 100, 100, 2, 0),
}


def first_pages(vendor: str, objects: int) -> int:
    """Fewest calls to read the first page of so many objects."""
    return ceil(objects / SIZES[vendor].together)


def further_calls(
    vendor: str, records: int, *, full: bool, associated: bool, archived: bool
) -> int:
    """Fewest calls to read so many records of one object, beyond its first page.

    full        everything, else the records of a window
    associated  their associations are wanted too
    archived    deleted records must be looked for
    """
    sizes = SIZES[vendor]
    closing = sizes.closing if archived else 0
    if full:
        return max(1, ceil(records / sizes.page)) - 1 + closing
    pages = max(1, ceil(records / sizes.increment)) - 1
    if associated and sizes.associations:
        pages += ceil(records / sizes.associations)
    return pages + closing


def association_calls(vendor: str, parents: int) -> int:
    """Fewest calls to read the labelled associations of so many records."""
    size = SIZES[vendor].associations
    return ceil(parents / size) if size else 0


def task_reads(vendor: str, tasks: int) -> int:
    """Fewest calls to see how so many tasks stand."""
    return ceil(tasks / SIZES[vendor].lookup)


def write_calls(
    vendor: str, *, updates: int, new_tasks: int, ended_tasks: int, changed_tasks: int = 0
) -> int:
    """Fewest calls to change so many records and to make, change and complete so many tasks.

    A new task is looked for by its key before it is made, an ended one read before it is closed.
    """
    sizes = SIZES[vendor]
    calls = ceil(updates / sizes.update) + ceil(changed_tasks / sizes.update)
    if new_tasks:
        calls += sizes.looks * ceil(new_tasks / sizes.lookup) + ceil(new_tasks / sizes.update)
    if ended_tasks:
        calls += ceil(ended_tasks / sizes.lookup) + ceil(ended_tasks / sizes.update)
        calls += sizes.statuses
    return calls
