"""Previews: what a sync would send, as one compressed text whose hash a person approves.

A preview goes making → ready → approved → done or differed; or it ends cancelled or failed.
"""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from store.models import Connection, MapDraft, Preview, Run
from store.results import canonical
from store.runs import request_run

UNDER_WAY = ("requested", "running")
LIVES = timedelta(hours=24)  # from its making until it is approved, and again until it is done


class PreviewRefused(Exception):
    """The preview cannot be approved or executed; `str()` says why and what to do."""


def begin_preview(
    session: Session,
    connection_id: int,
    *,
    author: str,
    now: datetime,
    run_id: int | None = None,
    draft_id: int | None = None,
) -> Preview:
    """A preview that is being made, by the run `run_id`."""
    draft = session.get(MapDraft, draft_id) if draft_id is not None else None
    preview = Preview(
        connection_id=connection_id,
        run_id=run_id,
        author=author,
        draft_id=draft_id,
        mapping_hash=draft.hash if draft is not None else "",
        model_hash="",
        state="making",
        created_at=now,
    )
    session.add(preview)
    session.flush()
    return preview


def request_preview(
    session: Session, connection_id: int, *, by: str, now: datetime, draft_id: int | None = None
) -> Preview:
    """Ask for a preview; one like it that is still being made is returned instead."""
    under_way = session.scalar(
        select(Preview)
        .join(Run, Run.id == Preview.run_id)
        .where(
            Preview.connection_id == connection_id,
            Preview.draft_id.is_(None) if draft_id is None else Preview.draft_id == draft_id,
            Preview.state == "making",
            Run.state.in_(UNDER_WAY),
            Run.cancel_asked.is_(False),
        )
        .limit(1)
    )
    if under_way is not None:
        return under_way
    preview = begin_preview(session, connection_id, author=by, now=now, draft_id=draft_id)
    order = {"preview_id": preview.id}
    preview.run_id = request_run(
        session, connection_id, "preview", "page", now=now, order=order, by=by
    ).id
    return preview


def state_now(preview: Preview, run: Run | None, now: datetime) -> str:
    """The preview's state as of `now`: `expired` too, and how a run that died left it.

    run  that makes it
    """
    if preview.state == "making" and (run is None or run.state not in UNDER_WAY):
        return "cancelled" if run is not None and run.state == "cancelled" else "failed"
    return "expired" if expired(preview, now) else preview.state


def keep_content(preview: Preview, content: Mapping[str, Any], counts: Mapping[str, Any]) -> None:
    """Store what the preview lists."""
    text = canonical(content).encode()
    preview.content, preview.hash = zlib.compress(text), hashlib.sha256(text).hexdigest()
    preview.counts = dict(counts)


def opened(preview: Preview) -> dict[str, Any]:
    """What the preview lists, to read only; `content` must be there."""
    assert preview.content is not None
    return _unpacked(preview.content)


@lru_cache(maxsize=1)  # who pages through a preview asks for the same again and again
def _unpacked(content: bytes) -> dict[str, Any]:
    unpacked: dict[str, Any] = orjson.loads(zlib.decompress(content))
    return unpacked


def expired(preview: Preview, now: datetime) -> bool:
    """Whether a preview that is not done has become too old to approve or execute."""
    since = preview.approved_at or preview.created_at
    return preview.state in ("ready", "approved") and now - since >= LIVES


def approve(session: Session, preview: Preview, *, by: str, digest: str, now: datetime) -> None:
    """Bind the content with this hash. Raises PreviewRefused."""
    if preview.state != "ready":
        raise PreviewRefused(
            f"Preview {preview.id} is {preview.state}, so it cannot be approved. Nothing was "
            "sent. Make a fresh preview."
        )
    if expired(preview, now):
        raise PreviewRefused(
            f"Preview {preview.id} is older than 24 hours. Nothing was sent. Make a fresh preview."
        )
    if digest != preview.hash:
        raise PreviewRefused(
            f"Preview {preview.id} is not the one you looked at. Nothing was sent. Look at it "
            "again."
        )
    preview.state, preview.approved_by, preview.approved_at = "approved", by, now


def check_executable(preview: Preview, now: datetime) -> None:
    """Raises PreviewRefused when the preview is not approved, or no longer."""
    if preview.state != "approved":
        raise PreviewRefused(
            f"preview {preview.id} is {preview.state}, not approved; nothing was sent. Make a "
            "fresh preview and approve it"
        )
    if expired(preview, now):
        raise PreviewRefused(
            f"the approval of preview {preview.id} is older than 24 hours; nothing was sent. Make "
            "a fresh preview and approve it"
        )


def preview_of(session: Session, run: Run) -> Preview | None:
    """The preview that the run makes or sends, if any."""
    found = session.get(Preview, run.order.get("preview_id") or 0)
    return found or session.scalar(select(Preview).where(Preview.run_id == run.id).limit(1))


def execution(session: Session, preview: Preview) -> Run | None:
    """The run that was asked to send the preview and has not ended."""
    query = select(Run).where(
        Run.connection_id == preview.connection_id, Run.kind == "sync", Run.state.in_(UNDER_WAY)
    )
    runs = session.scalars(query.order_by(Run.id))
    return next((run for run in runs if run.order.get("preview_id") == preview.id), None)


def settle_done(session: Session, preview: Preview) -> None:
    """The preview was executed: from now on its connection writes to the CRM."""
    preview.state = "done"
    session.get_one(Connection, preview.connection_id).writes_approved = True


def settle_differed(preview: Preview, difference: Sequence[Mapping[str, Any]]) -> None:
    """A run found otherwise and sent nothing."""
    preview.state, preview.difference = "differed", [dict(one) for one in difference]


def find_preview(session: Session, connection_id: int, digest: str) -> Preview | None:
    """The newest preview of the connection whose hash begins so."""
    query = select(Preview).where(
        Preview.connection_id == connection_id,
        Preview.hash.startswith(digest, autoescape=True),
    )
    return session.scalar(query.order_by(Preview.id.desc()).limit(1))


def list_previews(
    session: Session, connection_id: int, *, offset: int = 0, limit: int = 50
) -> Sequence[Preview]:
    """Previews of a connection, the newest first."""
    query = select(Preview).where(Preview.connection_id == connection_id)
    query = query.options(defer(Preview.content, raiseload=True))
    return session.scalars(query.order_by(Preview.id.desc()).offset(offset).limit(limit)).all()


def count_previews(session: Session, connection_id: int) -> int:
    """How many previews a connection has."""
    query = select(func.count()).where(Preview.connection_id == connection_id)
    return session.scalar(query) or 0
