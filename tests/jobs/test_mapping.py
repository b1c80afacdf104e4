"""A published map is the one that jobs work by, and what it makes them read again is foretold."""

from sqlalchemy import select

import mappings
from jobs.calls import read_again
from jobs.clock import utc_now
from jobs.wiring import map_in_use
from mappings.editing import with_column
from mappings.maps import read_together
from store import publishing
from store.models import Account, MapDraft, Preview, Run
from store.samples import stored_rows
from tests.jobs.lines import Line
from tests.web import people

AMY = "amy@acme.example"


def publish(line: Line, draft: MapDraft) -> None:
    """Publish by a preview that somebody approved."""
    with line.house.sessions.begin() as session:
        draft = session.get_one(MapDraft, draft.id)
        preview = Preview(
            connection_id=line.connection.id, author=AMY, draft_id=draft.id,
            mapping_hash=draft.hash, model_hash="m", state="approved", approved_by=AMY,
            created_at=utc_now(),
        )  # fmt: skip
        session.add(preview)
        session.flush()
        publishing.publish(
            session, line.connection.id, draft, preview, AMY, "industry is our segment", utc_now()
        )


def test_a_published_map_is_read_by_and_only_what_it_changes_is_read_again(synced: Line) -> None:
    line = synced
    used = map_in_use(line.house, line.connection)
    with line.house.sessions() as session:
        first = session.scalars(select(Run).where(Run.kind == "sync")).one()
        kept = publishing.map_version(session, line.connection.id, first.mapping_hash or "")
    assert kept is not None
    assert mappings.loads(line.vendor, kept.content, "kept").version == used.version

    accounts = used.sources[0]
    industry = {"salesforce": "Industry", "hubspot": "industry"}[line.vendor]
    content = with_column(used.content, accounts.name, "segment", {"field": industry})
    wanted = map_in_use(line.house, line.connection, content)
    with line.house.sessions.begin() as session:
        draft = publishing.save_draft(
            session, line.connection.id, "admin@acme.example", content=content,
            hash=wanted.version, base=used.version, seen=0, used=used.version, now=utc_now(),
        )  # fmt: skip
        number = stored_rows(session, line.connection.id, "accounts", accounts.name)
    client = people.client_of(people.make_app(line.house.sessions), "admin")
    page = client.get(f"/mapping/draft?connection={line.connection.name}").text
    assert f"reads in full: {accounts.kind} ({number} stored)." in page
    assert read_again(line.vendor, [number], []) == 1

    publish(line, draft)

    assert map_in_use(line.house, line.connection).version == wanted.version
    report = line.sync()
    assert report.mapping_hash == wanted.version
    again = {one.name for one in report.pulled.read if one.full}
    always = {name for name, of in read_together(used.sources).items() if of[0].mode == "full"}
    assert again - always == {accounts.kind}
    with line.house.sessions() as session:
        differing = session.scalars(
            select(Account).where(Account.segment.is_distinct_from(Account.industry))
        ).all()
    assert differing == []
