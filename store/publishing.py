"""From draft to use: maps that were used, drafts of maps, and what each connection works by.

A version is kept as it was used and never changed. Which one a connection works by is the newest
row of `publications` of its kind; going back is publishing an older version again.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from store.models import MapDraft, MapVersion, Preview, Publication

MAPPING, MODEL = "mapping", "model"


class DraftConflict(Exception):
    """A draft was saved, or a version published, after the page was read that is saved now."""


class PublishRefused(Exception):
    """Not published; `str()` says what is safe and what to do."""


def in_use(session: Session, connection_id: int, kind: str) -> Publication | None:
    """The newest publication of `kind`; None when the settings or the default decide."""
    return session.scalar(
        select(Publication)
        .where(Publication.connection_id == connection_id, Publication.kind == kind)
        .order_by(Publication.id.desc())
        .limit(1)
    )


def publications(session: Session, connection_id: int, kind: str) -> Sequence[Publication]:
    """Every publication of `kind`, the newest first."""
    query = select(Publication).where(
        Publication.connection_id == connection_id, Publication.kind == kind
    )
    return session.scalars(query.order_by(Publication.id.desc())).all()


def published_map(session: Session, connection_id: int) -> MapVersion | None:
    """The version that the newest publication names; None when no map was published."""
    publication = in_use(session, connection_id, MAPPING)
    return None if publication is None else map_version(session, connection_id, publication.hash)


def map_version(session: Session, connection_id: int, hash: str) -> MapVersion | None:
    """The map of this hash, such as a run notes; None when it was never used here."""
    return session.scalar(
        select(MapVersion).where(MapVersion.connection_id == connection_id, MapVersion.hash == hash)
    )


def keep_map(
    session: Session,
    connection_id: int,
    hash: str,
    content: str,
    *,
    author: str,
    reason: str,
    now: datetime,
) -> None:
    """Keep the map `content` (TOML) under its hash; one that is there stays as it is."""
    if map_version(session, connection_id, hash) is not None:
        return
    version = MapVersion(
        connection_id=connection_id,
        hash=hash,
        content=content,
        author=author[:120],
        reason=reason,
        published_at=now,
    )
    try:
        with session.begin_nested():
            session.add(version)
    except IntegrityError:  # another process kept the same at this moment
        pass


def find_draft(session: Session, connection_id: int, author: str) -> MapDraft | None:
    """The author's draft of the connection's map."""
    return session.scalar(
        select(MapDraft).where(MapDraft.connection_id == connection_id, MapDraft.author == author)
    )


def other_drafts(session: Session, connection_id: int, author: str) -> Sequence[MapDraft]:
    """What other people have under way, the newest first."""
    query = select(MapDraft).where(
        MapDraft.connection_id == connection_id, MapDraft.author != author
    )
    return session.scalars(query.order_by(MapDraft.updated_at.desc())).all()


def save_draft(
    session: Session,
    connection_id: int,
    author: str,
    *,
    content: str,
    hash: str,
    base: str,
    seen: int,
    used: str,
    now: datetime,
) -> MapDraft:
    """Save the author's draft, or begin it.

    content, hash  the map as TOML, and its version
    base           hash of the version that the page was made from
    seen           revision of the draft that the page showed, 0 without a draft
    used           hash of the version in use now
    Raises DraftConflict when the draft was saved or another version published in between;
    nothing is changed then.
    """
    draft = find_draft(session, connection_id, author)
    if (draft.revision if draft else 0) != seen or used != (draft.base_hash if draft else base):
        raise DraftConflict
    if draft is None:
        draft = MapDraft(
            connection_id=connection_id,
            author=author,
            base_hash=base,
            hash=hash,
            content=content,
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
        update(MapDraft)
        .where(MapDraft.id == draft.id, MapDraft.revision == seen)
        .values(content=content, hash=hash, revision=seen + 1, updated_at=now)
    )
    if not saved.rowcount:  # type: ignore[attr-defined]
        raise DraftConflict
    session.refresh(draft)
    return draft


def rebase_draft(session: Session, draft: MapDraft, used: str, *, now: datetime) -> None:
    """Keep the draft as it is, to be published over the version that is in use now."""
    draft.base_hash, draft.revision, draft.updated_at = used, draft.revision + 1, now
    session.flush()


def discard_draft(session: Session, draft: MapDraft) -> None:
    """Throw the draft away; what is in use stays."""
    session.execute(delete(MapDraft).where(MapDraft.id == draft.id))


def latest_preview(session: Session, draft: MapDraft) -> Preview | None:
    """The newest preview of the draft as it stands; None when it was saved since, or never seen."""
    preview = session.scalar(
        select(Preview)
        .where(Preview.connection_id == draft.connection_id, Preview.draft_id == draft.id)
        .order_by(Preview.id.desc())
        .limit(1)
    )
    return preview if preview is not None and _is_later(preview, draft) else None


def _is_later(preview: Preview, draft: MapDraft) -> bool:
    """Whether it was asked for after the last save. Ids of drafts may be used again."""
    return preview.created_at >= draft.updated_at


def publish(
    session: Session,
    connection_id: int,
    draft: MapDraft,
    preview: Preview,
    author: str,
    reason: str,
    now: datetime,
) -> Publication:
    """Use the draft from now on; the draft is gone, its version and the one before are kept.

    preview  of exactly this draft, approved in this transaction or before
    reason   why, in the author's words; must not be empty
    Raises PublishRefused when the preview is of something else or was not approved, when another
    version was published since the draft was begun, or when nothing would change.
    """
    reason = reason.strip()
    if not reason:
        raise PublishRefused("Say why the mapping changes: those who come later will read it.")
    _check_preview(connection_id, draft, preview)
    before = in_use(session, connection_id, MAPPING)
    if before is not None and before.hash != draft.base_hash:
        raise PublishRefused(
            f"{before.author} published another version since this draft was begun. The draft is "
            "kept: open it, look at both differences, and preview it again."
        )
    if draft.hash == draft.base_hash:
        raise PublishRefused("The draft says the same as the version in use: nothing to publish.")
    keep_map(
        session,
        connection_id,
        draft.hash,
        draft.content,
        author=author,
        reason=reason,
        now=now,
    )
    publication = Publication(
        connection_id=connection_id,
        kind=MAPPING,
        hash=draft.hash,
        replaces=draft.base_hash,
        author=author,
        reason=reason,
        preview_id=preview.id,
        published_at=now,
    )
    session.add(publication)
    session.flush()
    discard_draft(session, draft)
    return publication


def _check_preview(connection_id: int, draft: MapDraft, preview: Preview) -> None:
    """Raise PublishRefused unless the preview shows this draft and was approved."""
    if preview.connection_id != connection_id or preview.draft_id != draft.id:
        raise PublishRefused("The preview was made of another draft: preview this one.")
    if preview.mapping_hash != draft.hash or not _is_later(preview, draft):
        raise PublishRefused(
            "The draft was changed after the preview was made, so the preview does not show what "
            "would be published. The draft is kept: preview it again."
        )
    if preview.approved_by is None:
        raise PublishRefused("Nobody has approved the preview yet: look at it and approve it.")
