"""Scoring models from draft to use. A version is kept as it was used and never changed.

Which one a connection is assessed by is the newest publication of kind `model`; going back is
publishing an older version again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from store.models import ModelDraft, ModelVersion, Publication
from store.publishing import MODEL, DraftConflict, PublishRefused, in_use
from store.results import keep_model


def published_model(session: Session, connection_id: int) -> ModelVersion | None:
    """The version that the newest publication names; None when no model was published."""
    publication = in_use(session, connection_id, MODEL)
    return None if publication is None else model_version(session, publication.hash)


def model_version(session: Session, hash: str) -> ModelVersion | None:
    """The model of this hash; None when it was never used."""
    return session.scalar(select(ModelVersion).where(ModelVersion.hash == hash))


def published_since(
    session: Session, connection_id: int, instant: datetime
) -> Sequence[Publication]:
    """Publications of models at or after `instant`, oldest first."""
    query = select(Publication).where(
        Publication.connection_id == connection_id,
        Publication.kind == MODEL,
        Publication.published_at >= instant,
    )
    return session.scalars(query.order_by(Publication.id)).all()


def find_draft(session: Session, connection_id: int, author: str) -> ModelDraft | None:
    """The author's draft of the connection's model."""
    return session.scalar(
        select(ModelDraft).where(
            ModelDraft.connection_id == connection_id, ModelDraft.author == author
        )
    )


def other_drafts(session: Session, connection_id: int, author: str) -> Sequence[ModelDraft]:
    """What other people have under way, the newest first."""
    query = select(ModelDraft).where(
        ModelDraft.connection_id == connection_id, ModelDraft.author != author
    )
    return session.scalars(query.order_by(ModelDraft.updated_at.desc(), ModelDraft.id)).all()


def save_draft(
    session: Session,
    connection_id: int,
    author: str,
    content: Mapping[str, Any],
    *,
    base: str,
    seen: int,
    used: str,
    now: datetime,
) -> ModelDraft:
    """Save the author's draft, or begin it.

    content  the whole model
    base     hash of the version that the page was made from
    seen     revision of the draft that the page showed, 0 without a draft
    used     hash of the version in use now
    Raises DraftConflict when the draft was saved or another version published in between;
    nothing is changed then.
    """
    draft = find_draft(session, connection_id, author)
    if (draft.revision if draft else 0) != seen or used != (draft.base_hash if draft else base):
        raise DraftConflict
    if draft is None:
        draft = ModelDraft(
            connection_id=connection_id,
            author=author,
            base_hash=base,
            content=dict(content),
            revision=1,
            updated_at=now,
        )
        try:
            with session.begin_nested():
                session.add(draft)
        except IntegrityError:
            raise DraftConflict from None
        return draft
    saved = session.execute(
        update(ModelDraft)
        .where(ModelDraft.id == draft.id, ModelDraft.revision == seen)
        .values(content=dict(content), revision=seen + 1, updated_at=now)
    )
    if not saved.rowcount:  # type: ignore[attr-defined]
        raise DraftConflict
    session.refresh(draft)
    return draft


def rebase_draft(session: Session, draft: ModelDraft, used: str, *, now: datetime) -> None:
    """Keep the draft as it is, to be published over the version that is in use now."""
    draft.base_hash, draft.revision, draft.updated_at = used, draft.revision + 1, now
    session.flush()


def discard_draft(session: Session, draft: ModelDraft) -> None:
    """Throw the draft away; what is in use stays."""
    session.execute(delete(ModelDraft).where(ModelDraft.id == draft.id))


def publish_draft(
    session: Session,
    draft: ModelDraft,
    hash: str,
    *,
    seen: int,
    used: str,
    author: str,
    reason: str,
    now: datetime,
) -> Publication:
    """Assess by the draft from now on; the draft is gone, the version before is kept.

    hash    of what the draft says
    seen    revision of the draft that the page showed
    used    hash of the version in use now
    reason  why, in the author's words; must not be empty
    Raises DraftConflict when the draft was saved or another version published in between, and
    PublishRefused; nothing is changed then.
    """
    if draft.revision != seen or draft.base_hash != used:
        raise DraftConflict
    reason = reason.strip()
    if not reason:
        raise PublishRefused("Say why the model changes: those who come later will read it.")
    if hash == used:
        raise PublishRefused("The draft says the same as the model in use: nothing to publish.")
    keep_model(session, draft.content, hash, now, author=author, reason=reason)
    publication = Publication(
        connection_id=draft.connection_id,
        kind=MODEL,
        hash=hash,
        replaces=used,
        author=author,
        reason=reason,
        published_at=now,
    )
    session.add(publication)
    session.flush()
    discard_draft(session, draft)
    return publication
