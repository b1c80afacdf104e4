"""What a preview lists, line by line, for pages and tables."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any


@dataclass(frozen=True)
class Line:
    """One thing that a preview lists."""

    kind: str  # change | new_task | changed_task | ended_task | withdrawn | refusal
    record_id: str
    name: str | None
    field: str  # CRM field, or the key of a task
    label: str  # of the figure, or the task's subject
    now: Any
    after: Any
    reason: str


_KINDS = {
    "create_task": "new_task",
    "update_task": "changed_task",
    "complete_task": "ended_task",
}


def lines_of(content: Mapping[str, Any]) -> Iterator[Line]:
    """What a preview lists, one by one: changes, tasks, what is withdrawn, expected refusals."""
    return chain(change_lines(content, content["updates"]), other_lines(content))


def change_lines(
    content: Mapping[str, Any], updates: Iterable[Mapping[str, Any]]
) -> Iterator[Line]:
    """The field changes of `updates`, which are some of the content's."""
    labels = {name: str(figure["label"]) for name, figure in content["fields"].items()}
    for one in updates:
        why = " ".join(one["why"])
        for field, (now, after) in one["changes"].items():
            label = labels.get(field, field)
            yield Line("change", one["record_id"], one["name"], field, label, now, after, why)


def other_lines(content: Mapping[str, Any]) -> Iterator[Line]:
    """Tasks, what is withdrawn, expected refusals."""
    for task in content["tasks"]:
        fields = task["fields"]
        yield Line(
            _KINDS[task["action"]],
            task["record_id"],
            task["name"],
            task["key"],
            fields.get("subject", task["key"]),
            None,
            fields.get("due"),
            f"for {task['owner']}" if task["owner"] else "",
        )
    for one in content["withdrawn"]:
        what = one["what"]
        reason = "waited to be sent and is no longer wanted"
        yield Line("withdrawn", one["record_id"], one["name"], what, what, None, None, reason)
    for one in content["refusals"]:
        figure = content["fields"].get(one["field"], {})
        yield Line(
            "refusal",
            one["record_id"],
            one["name"],
            one["field"],
            str(figure.get("label", one["field"])),
            None,
            one["value"],
            f"{one['reason']}; {one['remedy']}",
        )


CSV_HEADER = (
    *("What", "Record id", "Account", "CRM field or task key", "Figure or subject"),
    *("CRM now", "After", "Why"),
)


def csv_rows(content: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The lines as rows under CSV_HEADER."""
    for one in lines_of(content):
        yield (
            *(one.kind, one.record_id, one.name, one.field, one.label),
            *(one.now, one.after, one.reason),
        )
