"""Answers that arrive question by question, joined alike in whatever order they come."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from feedback.shapes import Answer

_OWN = ("response_key", "sequence", "is_partial")  # of the event, not of the answer
Parts = dict[str, list[Any]]  # answer field → [sequence, value], plain JSON


def join(parts: Mapping[str, list[Any]], is_partial: bool, answer: Answer) -> tuple[Parts, Answer]:
    """What is known of a response with one more event: its parts, and the answer they make.

    is_partial  whether all events before were partial
    Of two values of a field the later one stands; the response is complete once an event says so.
    """
    known = dict(parts)
    for field in fields(Answer):
        value = getattr(answer, field.name)
        if field.name in _OWN or value is None:
            continue
        given = [answer.sequence or 0.0, _plain(value)]
        before = known.get(field.name)
        if before is None or (before[0], repr(before[1])) < (given[0], repr(given[1])):
            known[field.name] = given
    values = {name: value for name, (_, value) in known.items()}
    if values.get("answered_at"):
        values["answered_at"] = datetime.fromisoformat(values["answered_at"])
    return known, replace(
        answer,
        **values,
        sequence=max((part[0] for part in known.values()), default=answer.sequence),
        is_partial=is_partial and answer.is_partial,
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
