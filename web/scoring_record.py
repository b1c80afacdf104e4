"""One account under two models: the whole arithmetic from the records it was last computed from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from insights.model import Model
from store.account_pages import current_assessment, find_account
from store.models import Account, Assessment
from store.pages import Selection, list_accounts
from store.results import opened_inputs
from web.scoring_state import Desk

_MOST = 20  # accounts offered for a part of a name


@dataclass(frozen=True)
class Leaf:
    """One figure of the tree under both models; the parts of a nested one are in `parts`."""

    name: str
    before: Any
    after: Any
    parts: Sequence["Leaf"] = ()

    @property
    def differs(self) -> bool:
        """Whether the models disagree here or further down."""
        return bool(self.before != self.after)


@dataclass(frozen=True)
class Tested:
    """What was found for what was entered; without an assessment `found` lists candidates."""

    account: Account | None
    assessment: Assessment | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    tree: Sequence[Leaf]
    found: Sequence[Any]


def beside(session: Session, desk: Desk, wanted: str) -> Tested:
    """The account of this id, or the one whose name holds `wanted`, under both models."""
    connection_id = desk.connection.id
    account = find_account(session, connection_id, wanted)
    found: Sequence[Any] = ()
    if account is None:
        chosen = Selection(search=wanted)
        found = list(list_accounts(session, connection_id, chosen, sort="name", limit=_MOST))
        if len(found) == 1:
            account = find_account(session, connection_id, found[0].account_id)
    current = current_assessment(session, connection_id, account.account_id) if account else None
    if account is None or current is None:
        return Tested(account, None, {}, {}, (), found)
    assessment = current[0]
    before, after = (_explained(assessment, one) for one in (desk.used, desk.model))
    return Tested(account, assessment, before, after, merged(before, after), found)


def _explained(assessment: Assessment, model: Model) -> dict[str, Any]:
    # pandas takes a second to load, and only this page needs it
    from insights.explain import explanation
    from insights.snapshot import frames_from

    frames, previous = frames_from({assessment.account_id: opened_inputs(assessment)})
    return explanation(
        frames, model, assessment.account_id, as_of=assessment.valid_from, previous=previous
    )


def merged(before: Any, after: Any) -> list[Leaf]:
    """Two trees as one, in the order of the second; figures of the first alone come last."""
    before, after = _table(before), _table(after)
    if before is None or after is None:
        return []
    names = [*after, *(name for name in before if name not in after)]
    return [
        Leaf(
            str(name),
            before.get(name),
            after.get(name),
            merged(before.get(name), after.get(name)),
        )
        for name in names
    ]


def _table(node: Any) -> Mapping[str, Any] | None:
    """A part with parts of its own; the caps are a list of them, by rule."""
    if isinstance(node, list) and node and isinstance(node[0], Mapping):
        return {one.get("rule", str(place)): one for place, one in enumerate(node)}
    return node if isinstance(node, Mapping) else None
