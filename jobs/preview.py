"""Previews: what a sync would send is listed, approved by its hash, and sent exactly so.

Source: docs/preview.md.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from jobs.clock import utc_now
from jobs.overseer import Differs, Planned
from jobs.planned import Content, counted, differences, list_planned
from jobs.report import Report
from jobs.scratch import scratch_house
from jobs.sync import STEPS, Order, run_sync
from jobs.wiring import House
from store import previews
from store.audit import add_audit
from store.models import Connection, MapDraft, Preview, Run
from store.previews import PreviewRefused
from store.results import canonical

COMMAND_LINE = "command line"
_SENT = ("done", "refusals")
Progress = Callable[[str, int], None]


def _silent(_what: str, _count: int) -> None:
    """Progress that nobody watches."""


def make_preview(
    house: House, connection: Connection, *, progress: Progress = _silent
) -> tuple[Report, Preview]:
    """Make a preview at once; the report tells how that went, the preview what was found."""
    report, preview_id = _make(house, connection, None, None, progress)
    with house.sessions() as session:
        return report, session.get_one(Preview, preview_id)


def run_preview(house: House, connection: Connection, run: Run) -> None:
    """Make the preview that a run was requested for."""
    _make(house, connection, run.order["preview_id"], run.id, _silent)


def _make(
    house: House,
    connection: Connection,
    preview_id: int | None,
    run_id: int | None,
    progress: Progress,
) -> tuple[Report, int | None]:
    with ExitStack() as cleared:
        making = _Making(house, connection, preview_id, cleared)
        order = Order(
            steps=("pull", "compute"),
            dry_run=True,
            kind="preview",
            by=COMMAND_LINE,
            progress=progress,
            overseer=making,
        )
        return run_sync(house, connection, order, run_id), making.preview_id


def as_json(preview: Preview) -> dict[str, Any]:
    """A preview for `preview --json`; `content` is None unless it is ready."""
    return {
        "id": preview.id,
        "state": preview.state,
        "hash": preview.hash,
        "counts": preview.counts,
        "content": previews.opened(preview) if preview.content is not None else None,
    }


class _Making:
    """Lists what is planned, and takes the plan back."""

    fresh = True

    def __init__(
        self, house: House, connection: Connection, preview_id: int | None, cleared: ExitStack
    ) -> None:
        self.preview_id = preview_id
        self.rows: House | None = None
        self.map_text: str | None = None
        self._house, self._connection, self._cleared = house, connection, cleared
        self._content: Content | None = None

    def begun(self, session: Session, run_id: int) -> None:
        """Make room for a draft's rows; on the command line nobody asked for the preview before."""
        if self.preview_id is None:
            self.preview_id = previews.begin_preview(
                session, self._connection.id, author=COMMAND_LINE, now=utc_now(), run_id=run_id
            ).id
            return
        draft_id = session.get_one(Preview, self.preview_id).draft_id
        if draft_id is None:
            return
        draft = session.get(MapDraft, draft_id)
        if draft is None:
            raise PreviewRefused(
                "the mapping draft was discarded or published before its preview was made; "
                "nothing was changed. Preview the mapping in use, or another draft"
            )
        self.map_text = draft.content
        self.rows = self._cleared.enter_context(scratch_house(self._house, self._connection.id))

    def judge(self, session: Session, planned: Planned) -> bool:
        """Note what would be sent; nothing stands."""
        self._content = _listed(session, self._connection, planned)
        return False

    def ended(self, session: Session, report: Report) -> None:
        """Keep what was found, or how the making ended."""
        preview = session.get_one(Preview, self.preview_id)
        if report.state in _SENT and self._content is not None:
            preview.state = "ready"
            preview.mapping_hash = self._content["mapping"]
            preview.model_hash = self._content["model"]
            previews.keep_content(preview, self._content, counted(self._content))
        else:
            preview.state = "cancelled" if report.state == "cancelled" else "failed"


def _listed(session: Session, connection: Connection, planned: Planned) -> Content:
    """What is planned, as it comes out of JSON."""
    content = list_planned(
        session,
        connection.id,
        planned.schema,
        vendor=connection.vendor,
        as_of=planned.as_of,
        run_id=planned.run_id,
        model_hash=planned.report.computed.model_hash,
    )
    plain: Content = json.loads(canonical(content))
    return plain


def execute_preview(
    house: House,
    connection: Connection,
    preview_id: int,
    *,
    run_id: int | None = None,
    progress: Progress = _silent,
) -> Report:
    """Plan again, and send exactly what the approved preview lists, or nothing.

    The report's state is `stopped`, and `difference` says where, when the plan is another one;
    `failed` when the preview is not approved or its approval has expired.
    """
    with house.sessions() as session:
        preview = session.get_one(Preview, preview_id)
    approved = previews.opened(preview) if preview.content is not None else {}
    as_of = datetime.fromisoformat(approved["as_of"]) if approved else None
    order = Order(
        steps=STEPS,
        by=COMMAND_LINE,
        as_of=as_of,
        progress=progress,
        overseer=_Executing(connection, preview_id, approved),
    )
    return run_sync(house, connection, order, run_id)


class _Executing:
    """Lets a plan stand only if it is the approved one."""

    rows: House | None = None
    map_text: str | None = None
    fresh = False

    def __init__(self, connection: Connection, preview_id: int, approved: Content) -> None:
        self.connection, self.preview_id, self.approved = connection, preview_id, approved
        self._difference: list[dict[str, Any]] = []
        self._sending = False

    def begun(self, session: Session, run_id: int) -> None:
        """Refuse what is not approved."""
        preview = session.get_one(Preview, self.preview_id)
        if preview.connection_id != self.connection.id:
            raise PreviewRefused(f"preview {preview.id} is of another connection; nothing was sent")
        previews.check_executable(preview, utc_now())

    def judge(self, session: Session, planned: Planned) -> bool:
        """Compare, before anything is stored or sent."""
        found = _listed(session, self.connection, planned)
        self._difference = differences(self.approved, found)
        if self._difference:
            planned.report.difference = self._difference
            raise Differs(_sentence(self.preview_id, self._difference))
        session.get_one(Preview, self.preview_id).executed_run_id = planned.run_id
        self._sending = True
        return True

    def ended(self, session: Session, report: Report) -> None:
        """Settle the preview; one of which nothing was sent stays approved."""
        preview = session.get_one(Preview, self.preview_id)
        if self._difference:
            previews.settle_differed(preview, self._difference)
        elif report.state in _SENT:
            previews.settle_done(session, preview)
        elif self._sending:
            preview.state = "cancelled" if report.state == "cancelled" else "failed"


def _sentence(preview_id: int, difference: list[dict[str, Any]]) -> str:
    first = difference[0]
    places = f"{len(difference)} places, first" if len(difference) > 1 else "one place:"
    return (
        f"what would be sent now is not what preview {preview_id} shows, in {places} "
        f"{first['name'] or 'the record'} ({first['record_id']}) {first['field']}: approved "
        f"{_words(first['approved'])}, found {_words(first['found'])}. Nothing was sent. Make a "
        "fresh preview, look at it and approve it"
    )


def _words(pair: list[Any] | None) -> str:
    return "not to be sent" if pair is None else f"{pair[0]!r} → {pair[1]!r}"


def approve_by_command(house: House, connection: Connection, digest: str) -> Preview:
    """The preview whose hash begins with `digest`; whoever names it approves it.

    Raises PreviewRefused when there is none, or it can no longer be executed.
    """
    with house.sessions.begin() as session:
        preview = previews.find_preview(session, connection.id, digest)
        if preview is None or preview.hash is None:
            raise PreviewRefused(
                f"{connection.name} has no preview whose hash begins with {digest}; nothing was "
                "sent. barometer preview makes one and prints its hash"
            )
        if preview.state == "ready":
            now = utc_now()
            previews.approve(session, preview, by=COMMAND_LINE, digest=preview.hash, now=now)
            add_audit(
                session,
                at=now,
                actor=COMMAND_LINE,
                action="preview.approve",
                connection_id=connection.id,
                subject=preview.hash,
                details={"preview": preview.id, **preview.counts},
            )
        return preview
