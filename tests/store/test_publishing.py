"""Drafts, versions and publications of a map."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store import publishing
from store.models import Connection, MapDraft, MapVersion, Preview
from store.publishing import DraftConflict, PublishRefused

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OLD, NEW, OTHER = "0" * 64, "1" * 64, "2" * 64


@pytest.fixture
def connection_id(connection: Connection) -> int:
    return connection.id


def save(session: Session, connection_id: int, author: str = "amy", **given: Any) -> MapDraft:
    """A save of version NEW over OLD by somebody who saw no draft, unless told otherwise."""
    facts: Mapping[str, Any] = {
        "content": f"# {given.get('hash', NEW)}",
        "hash": NEW,
        "base": OLD,
        "seen": 0,
        "used": OLD,
        "now": NOW,
        **given,
    }
    return publishing.save_draft(session, connection_id, author, **facts)


def preview_of(session: Session, draft: MapDraft, **given: Any) -> Preview:
    facts = {
        "draft_id": draft.id,
        "mapping_hash": draft.hash,
        "state": "approved",
        "approved_by": "ben",
        "created_at": NOW,
    }
    preview = Preview(
        connection_id=draft.connection_id, author="amy", model_hash="m", **{**facts, **given}
    )
    session.add(preview)
    session.flush()
    return preview


def publish(session: Session, draft: MapDraft, preview: Preview, reason: str = "why") -> str:
    return publishing.publish(session, draft.connection_id, draft, preview, "ben", reason, NOW).hash


def test_each_author_has_one_draft_and_each_save_another_revision(
    session: Session, connection_id: int
) -> None:
    assert save(session, connection_id).revision == 1
    assert save(session, connection_id, seen=1, hash=OTHER).revision == 2
    assert save(session, connection_id, "ben").revision == 1

    mine = publishing.find_draft(session, connection_id, "amy")
    assert mine is not None
    assert (mine.hash, mine.base_hash) == (OTHER, OLD)
    assert [d.author for d in publishing.other_drafts(session, connection_id, "amy")] == ["ben"]


def test_a_save_that_saw_something_else_changes_nothing(
    session: Session, connection_id: int
) -> None:
    save(session, connection_id)
    for seen in ({"seen": 0}, {"seen": 2}, {"seen": 1, "used": OTHER}, {"seen": -1}):
        with pytest.raises(DraftConflict):
            save(session, connection_id, hash=OTHER, **seen)
    kept = publishing.find_draft(session, connection_id, "amy")
    assert kept is not None
    assert (kept.hash, kept.revision) == (NEW, 1)


def test_a_first_save_on_a_version_that_is_no_longer_in_use_is_a_conflict(
    session: Session, connection_id: int
) -> None:
    with pytest.raises(DraftConflict):
        save(session, connection_id, used=OTHER)


def test_publishing_puts_the_draft_in_use_and_keeps_the_version(
    session: Session, connection_id: int
) -> None:
    draft = save(session, connection_id)
    assert publishing.published_map(session, connection_id) is None

    assert publish(session, draft, preview_of(session, draft)) == NEW

    used = publishing.published_map(session, connection_id)
    newest = publishing.in_use(session, connection_id, publishing.MAPPING)
    assert used is not None
    assert newest is not None
    assert (used.content, used.hash) == (f"# {NEW}", NEW)
    assert (newest.replaces, newest.author, newest.reason) == (OLD, "ben", "why")
    assert publishing.find_draft(session, connection_id, "amy") is None
    assert publishing.in_use(session, connection_id, publishing.MODEL) is None


def test_going_back_is_publishing_an_older_version_again(
    session: Session, connection_id: int
) -> None:
    publishing.keep_map(session, connection_id, OLD, "# old", author="us", reason="", now=NOW)
    first = save(session, connection_id)
    publish(session, first, preview_of(session, first))
    back = save(session, connection_id, hash=OLD, content="# old", base=NEW, used=NEW)
    publish(session, back, preview_of(session, back), "it was wrong")

    used = publishing.published_map(session, connection_id)
    assert used is not None
    assert used.content == "# old"
    assert [
        (one.hash, one.replaces)
        for one in publishing.publications(session, connection_id, publishing.MAPPING)
    ] == [(OLD, NEW), (NEW, OLD)]
    assert session.scalar(select(func.count()).select_from(MapVersion)) == 2


def test_only_an_approved_preview_of_this_very_draft_publishes_it(
    session: Session, connection_id: int
) -> None:
    draft = save(session, connection_id)
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"draft_id": 99}, "why", "another draft"),
        ({"draft_id": None}, "why", "another draft"),
        ({"mapping_hash": OTHER}, "why", "changed after the preview"),
        ({"created_at": NOW - timedelta(seconds=1)}, "why", "changed after the preview"),
        ({"approved_by": None}, "why", "Nobody has approved"),
        ({}, "  ", "Say why"),
    ]
    for given, reason, says in wrong:
        with pytest.raises(PublishRefused, match=says):
            publish(session, draft, preview_of(session, draft, **given), reason)
    assert publishing.find_draft(session, connection_id, "amy") is not None
    assert publishing.published_map(session, connection_id) is None


def test_a_draft_begun_before_another_publication_is_refused_until_it_is_rebased(
    session: Session, connection_id: int
) -> None:
    mine = save(session, connection_id)
    theirs = save(session, connection_id, "ben", hash=OTHER)
    publish(session, theirs, preview_of(session, theirs))

    with pytest.raises(PublishRefused, match="ben published another version"):
        publish(session, mine, preview_of(session, mine))

    later = NOW + timedelta(minutes=1)
    publishing.rebase_draft(session, mine, OTHER, now=later)
    with pytest.raises(PublishRefused, match="changed after the preview"):
        publish(session, mine, preview_of(session, mine))
    assert publish(session, mine, preview_of(session, mine, created_at=later)) == NEW


def test_a_draft_that_says_nothing_new_is_not_published(
    session: Session, connection_id: int
) -> None:
    draft = save(session, connection_id, hash=OLD)
    with pytest.raises(PublishRefused, match="nothing to publish"):
        publish(session, draft, preview_of(session, draft))


def test_only_a_preview_of_the_draft_as_it_stands_is_shown_beside_it(
    session: Session, connection_id: int
) -> None:
    draft = save(session, connection_id)
    preview = preview_of(session, draft, state="making", mapping_hash="")
    assert publishing.latest_preview(session, draft) is preview
    save(session, connection_id, seen=1, hash=OTHER, now=NOW + timedelta(seconds=1))
    assert publishing.latest_preview(session, draft) is None


def test_a_version_is_kept_once_and_never_changed(session: Session, connection_id: int) -> None:
    for content in ("# one", "# two"):
        publishing.keep_map(
            session, connection_id, OLD, content, author="us", reason="used", now=NOW
        )
    kept = publishing.map_version(session, connection_id, OLD)
    assert kept is not None
    assert kept.content == "# one"
    assert publishing.map_version(session, connection_id, NEW) is None
