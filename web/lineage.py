"""From a figure to the records behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from store.account_pages import find_model
from store.models import Assessment, Connection
from store.results import opened_inputs
from web import links, words
from web.figures import Figures

# whose records a figure is made of
_KINDS = {
    "sentiment": "responses",
    "nps": "responses",
    "coverage": "contacts",
    "required_contacts": "contacts",
    "engagement": "activities",
    "usage": "activities",
    "spend": "opportunities",
    "commitment": "opportunities",
    "support": "cases",
}


@dataclass(frozen=True)
class Record:
    """A record behind a figure: what it is called, and its page in the CRM or on ours."""

    label: str
    address: str | None
    here: bool = False


@dataclass(frozen=True)
class Part:
    """One component of the score; None where a figure is unknown."""

    name: str
    formula: str | None
    raw: float | None
    score: float | None
    weight: float | None
    points: float | None
    state: str | None
    records: Sequence[Record]


def explained(session: Session, assessment: Assessment) -> dict[str, Any]:
    """The tree behind an assessment, worked out again from its stored inputs and model.

    Empty when its model version is gone or is one that this release cannot read.
    """
    # pandas takes a second to load, and only this page needs it
    from insights.explain import explanation
    from insights.model import Model, ModelError
    from insights.snapshot import frames_from

    version = find_model(session, assessment.model_hash)
    if version is None:
        return {}
    try:
        model = Model.whole(version.content)
    except ModelError:
        return {}
    frames, previous = frames_from({assessment.account_id: opened_inputs(assessment)})
    return explanation(
        frames, model, assessment.account_id, as_of=assessment.valid_from, previous=previous
    )


def components(figures: Figures, explanation: Figures, connection: Connection) -> list[Part]:
    """The components of the score, the one that costs most points first."""
    explained = explanation.part("health").part("components")
    computed = figures.part("components")
    names = [*computed.content, *(set(explained.content) - set(computed.content))]
    parts = []
    for name in names:
        part = Figures({**explained.part(name).content, **computed.part(name).content})
        parts.append(
            Part(
                name,
                part.text("formula"),
                part.number("raw"),
                part.number("score"),
                part.number("weight"),
                part.number("contribution"),
                part.text("state"),
                records(name, part.items("records"), connection),
            )
        )
    return sorted(parts, key=lambda part: (-lost_points(part), part.name))


def lost_points(part: Part) -> float:
    """Weighted points that the component stays below its best; 0 where it is unknown."""
    if part.score is None or part.weight is None:
        return 0
    return (100 - part.score) * part.weight / 100


def records(figure: str, ids: Sequence[Any], connection: Connection) -> list[Record]:
    """The records of these ids that `figure` was computed from."""
    return [_record(_KINDS.get(figure, ""), str(record_id), connection) for record_id in ids]


def _record(kind: str, record_id: str, connection: Connection) -> Record:
    label = f"{words.OBJECTS_ONE.get(kind, '')} {record_id}".strip()
    if kind == "responses":
        return Record(label, f"#answer-{record_id}", here=True)
    return Record(label, links.crm_record(connection, kind, record_id))
