"""What the scoring pages work on: the model in use, the reader's draft, and what it would do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import abort
from sqlalchemy.orm import Session

from insights.model import Model, ModelError
from insights.model_changes import needs_records
from store import model_drafts, results
from store.connections import all_connections
from store.models import Connection, ModelDraft, ModelVersion
from store.survey import account_names
from web import access, wiring
from web.pager import chosen_connection
from web.scoring_words import label_of


@dataclass(frozen=True)
class Desk:
    """One draft beside the model in use.

    published  the version in use; None when it is the one of the settings, or the defaults
    author     whose draft it is, or would be
    model      the draft, else the model in use
    """

    connection: Connection
    used: Model
    published: ModelVersion | None
    author: str
    draft: ModelDraft | None
    model: Model

    @property
    def used_hash(self) -> str:
        """Hash of the model in use."""
        return self.used.hash()

    @property
    def revision(self) -> int:
        """Of the draft; 0 without one."""
        return self.draft.revision if self.draft is not None else 0

    @property
    def base(self) -> str:
        """Hash of the version that what is saved builds on."""
        return self.draft.base_hash if self.draft is not None else self.used_hash

    @property
    def overtaken(self) -> bool:
        """Whether another version was published since the draft was begun."""
        return self.draft is not None and self.draft.base_hash != self.used_hash

    @property
    def own(self) -> bool:
        """Whether the draft is the reader's own, who alone changes it."""
        return self.author == access.actor()


@dataclass(frozen=True)
class WhatIf:
    """What the draft would do, as far as it can be told without reading records again.

    found    as `insights.movers.compare` gives it; None with the reason in `why_not`
    full     labels of settings that need a full computation
    missing  by component, customers without data under the draft
    names    of the accounts that move, by id
    computed_by  hash of the model that "now" was computed by
    """

    found: dict[str, Any] | None
    why_not: str = ""
    full: Sequence[str] = ()
    missing: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    computed_by: str | None = None


def chosen(session: Session) -> tuple[list[Connection], Connection | None]:
    """Every connection, and the one that the address names."""
    connections = all_connections(session)
    return connections, chosen_connection(connections)


def open_desk(session: Session, author: str | None = None) -> Desk:
    """The draft of `author`, else of the person signed in, for the connection of the address.

    404 without a connection; 409 with a sentence when a model no longer makes sense.
    """
    connection = chosen(session)[1] or abort(404, "No CRM is connected yet.")
    published = model_drafts.published_model(session, connection.id)
    author = author or access.actor()
    draft = model_drafts.find_draft(session, connection.id, author)
    try:  # as jobs.model.model_in_use does
        used = Model.whole(published.content) if published else wiring().default_model()
        model = Model.whole(draft.content) if draft is not None else used
    except ModelError as error:
        abort(409, f"The scoring model cannot be shown: {error}. Nothing was changed.")
    return Desk(connection, used, published, author, draft, model)


def save_draft(session: Session, desk: Desk, model: Model, *, base: str, seen: int) -> None:
    """Make `model` the draft of the person signed in, and keep the version it is compared with.

    base, seen  as the person's page had them
    Raises store.publishing.DraftConflict when something was saved or published in between.
    """
    results.keep_model(
        session,
        desk.used.to_dict(),
        desk.used_hash,
        access.now(),
        author="Barometer",
        reason="the model of the settings, or the one that comes with Barometer",
    )
    model_drafts.save_draft(
        session,
        desk.connection.id,
        access.actor(),
        model.to_dict(),
        base=base,
        seen=seen,
        used=desk.used_hash,
        now=access.now(),
    )


def stored_model(session: Session, hash: str) -> Model | None:
    """The kept version of this hash; None when there is none, or it no longer makes sense."""
    version = model_drafts.model_version(session, hash)
    try:
        return None if version is None else Model.whole(version.content)
    except ModelError:
        return None


def what_if(session: Session, connection: Connection, model: Model) -> WhatIf:
    """Every customer under the model beside the last computation; nothing is stored."""
    # pandas takes a second to load, and only this needs it
    from insights.movers import compare
    from insights.what_if import Basis, missing_for

    hashes = results.model_hashes(session, connection.id)
    rows = results.bases(session, connection.id)
    if not rows:
        return WhatIf(None, "No account was computed yet. A sync computes them.")
    before = stored_model(session, hashes[0]) if len(hashes) == 1 else None
    if before is None:
        return WhatIf(
            None,
            "The accounts were last computed by different models. The next sync computes all of "
            "them by the one in use; after it the answer is there at once.",
        )
    basis = Basis(rows)
    was, now = basis.judge(before), basis.judge(model)
    found = compare(was, now, model)
    full = [label_of(one) for one in needs_records(before, model)]
    movers = [one["account_id"] for one in (*found["up"], *found["down"])]
    names = account_names(session, connection.id, movers)
    return WhatIf(found, "", full, missing_for(now), names, hashes[0])
