"""The mapping pages: rows, live checks, drafts, conflicts, publishing and the way back."""

import re
from collections.abc import Callable
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

import mappings
from jobs.calls import read_again
from mappings.maps import read_together, reading_version
from store import publishing
from store.models import AuditRow, Connection, CrmFact, Cursor, MapDraft, Preview, Run
from tests.web.crm_fields import describe
from web import access

Sessions = sessionmaker[Session]
SEGMENT = "accounts:Account.segment"


@pytest.fixture
def known(filled: FlaskClient, sessions: Sessions) -> FlaskClient:
    """The sample, whose Salesforce described its fields an hour ago."""
    with sessions.begin() as session:
        describe(session, acme(session).id, without=("Segment__c",))
    return filled


def acme(session: Session) -> Connection:
    found = session.scalar(select(Connection).where(Connection.name == "acme"))
    assert found is not None
    return found


def words(page: TestResponse) -> str:
    """The page's text, blanks made one."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def field(page: TestResponse, name: str) -> str:
    """The value of a hidden input."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found is not None
    return unescape(found[1])


def edit(client: FlaskClient, row: str) -> TestResponse:
    return client.get("/mapping", query_string={"connection": "acme", "edit": row})


def save(client: FlaskClient, row: str, seen: TestResponse | None = None, **entered: Any) -> Any:
    """Post a row as the form of the page `seen` (default: as it is now) would."""
    page = seen or edit(client, row)
    kept = {name: field(page, name) for name in ("revision", "base")}
    return client.post("/mapping/row?connection=acme", data={"row": row, **kept, **entered})


def map_segment(client: FlaskClient) -> None:
    assert save(client, SEGMENT, way="field", field="Tier__c", optional="1").status_code == 303


def approved(session: Session, draft: MapDraft) -> Preview:
    """A preview of the draft that somebody approved."""
    preview = Preview(
        connection_id=draft.connection_id,
        author="amy@acme.example",
        draft_id=draft.id,
        mapping_hash=draft.hash,
        model_hash="m" * 64,
        state="approved",
        created_at=access.now(),
        approved_by="amy@acme.example",
        approved_at=access.now(),
    )
    session.add(preview)
    session.flush()
    return preview


def publish(sessions: Sessions, reason: str = "tiers are our segments") -> str:
    """Publish the only draft; returns its hash."""
    with sessions.begin() as session:
        [draft] = session.scalars(select(MapDraft))
        preview = approved(session, draft)
        author = "amy@acme.example"
        return publishing.publish(
            session, draft.connection_id, draft, preview, author, reason, access.now()
        ).hash


def test_every_column_and_figure_has_a_row(known: FlaskClient) -> None:
    page = known.get("/mapping?connection=acme")
    crm_map = mappings.load("salesforce")
    columns = sum(len(s.read) - 1 for s in crm_map.sources)

    assert page.status_code == 200
    assert f"{columns + len(mappings.WRITTEN) + 1} mapped" in words(page)
    assert "Health score AX_Health_Score__c" in words(page)
    assert "Annual value ARR__c; may be absent ARR__c: other, read-only 6,055,836 OK" in words(page)


def test_samples_are_of_the_account_asked_for(known: FlaskClient) -> None:
    shown = words(known.get("/mapping?connection=acme&sample=express"))
    assert "Samples are of Express Logistics." in shown
    assert "ARR__c: other, read-only 5,340,779" in shown
    assert "Health score: number 58 in the CRM now; we sent 38" in shown
    assert "Lifetime value: currency not read yet: the next sync reads it" in shown
    nobody = words(known.get("/mapping?connection=acme&sample=nobody+here"))
    assert "No account is stored whose name contains “nobody here”" in nobody


def test_a_field_that_is_gone_is_found_and_another_suggested_but_not_taken(
    known: FlaskClient,
) -> None:
    page = words(known.get("/mapping?connection=acme&find=segment"))

    assert "M01 Account has no field Segment__c" in page
    assert "Suggested: Customer tier Tier__c (1.00)" in page
    assert "Segment Segment__c; may be absent" in page  # as it was

    taken = known.get(f"/mapping?connection=acme&edit={SEGMENT}&use=Tier__c")
    assert 'value="Tier__c"' in taken.text
    assert "Segment__c; may be absent" in words(known.get("/mapping?connection=acme&find=segment"))


def test_filters_leave_what_was_asked_for(known: FlaskClient) -> None:
    assert "1 row of" in words(known.get("/mapping?connection=acme&show=found"))
    unmapped = words(known.get("/mapping?connection=acme&show=unmapped&group=contacts:Contact"))
    assert "1 row of" in unmapped
    assert "Role" in unmapped
    assert "1 row of" in words(known.get("/mapping?connection=acme&find=accounts.annual_value"))
    nothing = known.get("/mapping?connection=acme&find=no+such+thing")
    assert "No row matches these choices." in words(nothing)


def test_a_row_is_checked_while_it_is_filled_in(known: FlaskClient) -> None:
    def check(row: str, **entered: Any) -> TestResponse:
        return known.post("/mapping/check?connection=acme", data={"row": row, **entered})

    fits = check(SEGMENT, way="field", field="Tier__c")
    assert (fits.status_code, "The row fits the CRM." in fits.text) == (200, True)

    typo = check(SEGMENT, way="field", field="Teir__c", optional="1")
    assert typo.status_code == 422
    assert "M01" in typo.text

    own_turnover = check("accounts:Account.annual_value", way="field", field="AnnualRevenue")
    assert (own_turnover.status_code, "turnover" in own_turnover.text) == (422, True)

    date_as_money = check("accounts:Account.annual_value", way="field", field="Contract_Renewal__c")
    assert (date_as_money.status_code, "M04" in date_as_money.text) == (422, True)

    formula = check("write.nps", write="1", field="Score_Sum__c")
    assert (formula.status_code, "M03" in formula.text) == (422, True)

    twice = check("write.nps", write="1", field="AX_Health_Score__c")
    assert (twice.status_code, "M09" in twice.text) == (422, True)

    of_people = check("write.health_band", write="1", field="Rating")
    assert (of_people.status_code, "M07" in of_people.text) == (422, True)

    no_number = check("accounts:Account.annual_value", way="field", field="ARR__c", scale="ten")
    assert (no_number.status_code, "is no number" in no_number.text) == (422, True)


def test_a_field_of_the_crms_own_needs_a_word(known: FlaskClient, sessions: Sessions) -> None:
    with sessions.begin() as session:
        described = session.get_one(CrmFact, (acme(session).id, "describe:Account"))
        text = {"name": "Description", "label": "Description", "type": "long_text"}
        more = {**described.content[0], **text, "writable": True, "length": 4000, "choices": []}
        described.content = [*described.content, more]

    refused = save(known, "write.top_driver", write="1", field="Description")
    assert refused.status_code == 422
    assert "M10" in refused.text
    confirmed = save(known, "write.top_driver", write="1", field="Description", confirm="1")
    assert confirmed.status_code == 303


def test_values_offer_the_choices_of_the_field(known: FlaskClient) -> None:
    page = known.post(
        "/mapping/values?connection=acme",
        data={"row": "accounts:Account.is_customer", "way": "field", "field": "Tier__c"},
    )
    assert 'value="Gold"' in page.text
    assert 'aria-label="Silver becomes"' in page.text

    saved = save(
        known,
        "accounts:Account.is_customer",
        way="field",
        field="Tier__c",
        value_from=["Gold", "Silver", ""],
        value_to=["yes", "(nothing)", "(as it stands)"],
        otherwise="no",
    )
    assert saved.status_code == 303
    row = words(known.get("/mapping?connection=acme&find=accounts.is_customer"))
    assert "Tier__c; values: gold → yes, silver → nothing; others: no" in row


def test_what_the_form_does_not_show_stays(known: FlaskClient, sessions: Sessions) -> None:
    """`only` and rules are kept; the way stays when only the transform changes."""
    rows: tuple[tuple[str, dict[str, Any]], ...] = (
        ("activities:Task.contact_id", {"way": "field", "field": "WhoId"}),
        ("activities:Task.direction", {"way": "choose", "optional": "1"}),
        ("accounts:Account.domain", {"way": "field", "field": "Website", "transform": "lower"}),
    )
    for row, entered in rows:
        assert save(known, row, **entered).status_code == 303
    with sessions() as session:
        [draft] = session.scalars(select(MapDraft))
    default, now = mappings.load("salesforce"), mappings.loads("salesforce", draft.content, "d")
    for name, column in (("activities:Task", "contact_id"), ("activities:Task", "direction")):
        assert now.source(name).read[column] == default.source(name).read[column]
    assert now.source("accounts:Account").read["domain"].transform == "lower"


def test_a_saved_row_is_a_draft_and_changes_nothing_in_use(
    known: FlaskClient, sessions: Sessions
) -> None:
    map_segment(known)

    draft = words(known.get("/mapping/draft?connection=acme"))
    assert "Segment accounts:Account Segment__c; may be absent Tier__c; may be absent" in draft
    assert "1 row differ" in draft
    with sessions() as session:
        assert publishing.published_map(session, acme(session).id) is None
        saved = session.scalars(select(AuditRow).where(AuditRow.action == "mapping.save")).one()
    assert (saved.actor, saved.subject) == ("admin@acme.example", SEGMENT)
    assert saved.details == {
        "before": "Segment__c; may be absent",
        "after": "Tier__c; may be absent",
    }
    assert "not read yet" in words(known.get("/mapping?connection=acme&show=changed"))
    known.post("/mapping/draft/discard?connection=acme")
    assert "You have no draft" in known.get("/mapping/draft?connection=acme").text


def test_the_draft_says_what_is_read_again_and_what_it_costs(
    known: FlaskClient, sessions: Sessions
) -> None:
    """Accounts alone are read in another way: 5,000 of them are ⌈5000/2000⌉ = 3 pages."""
    assert read_again("salesforce", [5000], []) == 3
    map_segment(known)
    with sessions.begin() as session:
        [draft] = session.scalars(select(MapDraft))
        fitted = mappings.loads("salesforce", draft.content, "d")
        known_to = acme(session).id
        for name, sources in read_together(fitted.sources).items():
            version = "as before" if name == "Account" else reading_version(sources)
            session.merge(Cursor(connection_id=known_to, source=name, map_version=version))
    draft_page = words(known.get("/mapping/draft?connection=acme"))
    assert "reads in full: Account (" in draft_page
    assert "Contact (" not in draft_page


def test_saving_over_a_draft_saved_elsewhere_shows_both_differences(known: FlaskClient) -> None:
    row = "accounts:Account.renewal_date"
    seen = edit(known, row)
    map_segment(known)

    refused = save(known, row, seen, way="field", field="Contract_Renewal__c")

    assert refused.status_code == 409
    shown = words(refused)
    assert "your draft was saved elsewhere" in shown
    assert "In between." in shown
    assert "Yours, not saved." in shown
    assert "Contract_Renewal__c" in shown
    assert "Renewal_Date__c" in words(known.get("/mapping?connection=acme&find=renewal_date"))


def test_publishing_in_between_is_a_conflict_that_a_person_settles(
    known: FlaskClient, sessions: Sessions, client_of: Callable[[str], FlaskClient]
) -> None:
    map_segment(known)
    seen = edit(known, "accounts:Account.renewal_date")
    with sessions.begin() as session:
        another = mappings.loads(
            "salesforce",
            mappings.load("salesforce").content.replace('"Industry"', '"Rating"'),
            "theirs",
        )
        [mine] = session.scalars(select(MapDraft))
        theirs = publishing.save_draft(
            session, mine.connection_id, "amy@acme.example", content=another.content,
            hash=another.version, base=mine.base_hash, seen=0, used=mine.base_hash,
            now=access.now(),
        )  # fmt: skip
        publishing.publish(
            session, mine.connection_id, theirs, approved(session, theirs), "amy@acme.example",
            "industry is in Rating", access.now(),
        )  # fmt: skip

    refused = save(
        known, "accounts:Account.renewal_date", seen, way="field", field="Contract_Renewal__c"
    )
    assert refused.status_code == 409
    assert "another version was published" in words(refused)
    assert "Industry accounts:Account Industry; may be absent Rating; may be absent" in words(
        refused
    )

    page = known.get("/mapping/draft?connection=acme")
    assert "Another version was published since you began." in words(page)
    assert known.post("/mapping/draft/preview?connection=acme").status_code == 303
    with sessions() as session:
        assert session.scalars(select(Preview).where(Preview.state == "making")).all() == []
    known.post("/mapping/draft/keep?connection=acme")
    kept = words(known.get("/mapping/draft?connection=acme"))
    assert "2 rows differ" in kept  # mine, and theirs undone


def test_a_preview_is_asked_for_only_of_a_draft_without_errors(
    known: FlaskClient, sessions: Sessions
) -> None:
    map_segment(known)
    assert known.post("/mapping/draft/preview?connection=acme").status_code == 303
    with sessions.begin() as session:
        [run] = session.scalars(select(Run).where(Run.kind == "preview"))
        preview = session.get_one(Preview, run.order["preview_id"])
        [draft] = session.scalars(select(MapDraft))
        assert preview.draft_id == draft.id
        describe(session, acme(session).id, without=("OwnerId",))
    refused = known.post("/mapping/draft/preview?connection=acme")
    assert refused.status_code == 422
    assert "has errors" in words(refused)


def test_history_tells_who_and_why_and_leads_back(known: FlaskClient, sessions: Sessions) -> None:
    map_segment(known)
    published = publish(sessions)

    history = words(known.get("/mapping/history?connection=acme"))
    assert "Version 1 in use tiers are our segments amy@acme.example" in history
    assert "Segment__c; may be absent Tier__c; may be absent" in history
    assert "Tier__c; may be absent" in words(known.get("/mapping?connection=acme&find=segment"))

    default = mappings.load("salesforce").version
    back = known.post("/mapping/history/rollback?connection=acme", data={"hash": default})
    assert back.status_code == 303
    draft = words(known.get("/mapping/draft?connection=acme"))
    assert "Tier__c; may be absent Segment__c; may be absent" in draft
    again = known.post("/mapping/history/rollback?connection=acme", data={"hash": default})
    assert (again.status_code, "You have a draft already" in again.text) == (409, True)

    assert publish(sessions, "tiers were wrong") == default
    with sessions() as session:
        one, two = publishing.publications(session, acme(session).id, publishing.MAPPING)
        rolled = session.scalars(select(AuditRow).where(AuditRow.action == "mapping.rollback"))
        assert rolled.one().details == {"replaces": published}
    assert (one.hash, one.replaces, two.hash) == (default, published, published)
    assert "Version 2 in use tiers were wrong" in words(
        known.get("/mapping/history?connection=acme")
    )


def test_without_a_description_rows_are_shown_and_cannot_be_changed(
    filled: FlaskClient, sessions: Sessions
) -> None:
    with sessions.begin() as session:
        session.execute(delete(CrmFact))
    page = filled.get(f"/mapping?connection=acme&edit={SEGMENT}")
    assert "The fields of acme are not known yet" in words(page)
    assert "Save to the draft" not in page.text

    asked = filled.post("/mapping/fields?connection=acme")
    assert asked.status_code == 303
    with sessions.begin() as session:
        [run] = session.scalars(select(Run).where(Run.kind == "schema"))
        assert (run.state, run.requested_by) == ("requested", "admin@acme.example")
        assert "will be read as soon as" in words(filled.get("/mapping/fields?connection=acme"))
        run.state, run.problem = "failed", "The CRM did not answer."
    page = filled.get("/mapping?connection=acme")
    assert "The fields could not be read: The CRM did not answer." in words(page)
    with sessions.begin() as session:
        session.get_one(Run, run.id).state = "done"
    assert "The fields were read." in words(filled.get("/mapping/fields?connection=acme"))


def test_an_old_description_is_said_to_be_old(known: FlaskClient, sessions: Sessions) -> None:
    with sessions.begin() as session:
        describe(session, acme(session).id, hours=30)
    assert "M14 the CRM described its fields" in words(known.get("/mapping?connection=acme"))


def test_only_admins_change_the_mapping(
    known: FlaskClient, client_of: Callable[[str], FlaskClient]
) -> None:
    for role in ("viewer", "analyst"):
        client = client_of(role)
        assert "Save to the draft" not in edit(client, SEGMENT).text
        for address in (
            "row", "check", "values", "fields", "draft/preview", "draft/discard", "draft/keep",
            "draft/file", "history/rollback", "levels",
        ):  # fmt: skip
            assert client.post(f"/mapping/{address}?connection=acme").status_code == 403


def test_the_file_can_be_taken_away(known: FlaskClient) -> None:
    page = known.get("/mapping/map.toml?connection=acme")
    assert page.headers["Content-Disposition"] == 'attachment; filename="acme-mapping.toml"'
    assert mappings.loads("salesforce", page.text, "f") == mappings.load("salesforce")


def test_a_file_becomes_the_draft(known: FlaskClient) -> None:
    def take(content: str, **kept: str) -> TestResponse:
        page = known.get("/mapping?connection=acme")
        seen = {name: field(page, name) for name in ("revision", "base")}
        data = {**seen, **kept, "file": (BytesIO(content.encode()), "own.toml")}
        return known.post("/mapping/draft/file?connection=acme", data=data)

    default = mappings.load("salesforce").content
    leads = default.replace('kind = "AccountTeamMember"', 'kind = "Team__c"')
    assert take(leads).status_code == 303
    draft = words(known.get("/mapping/draft?connection=acme"))
    assert "The whole object team_members:Team__c not read read" in draft

    misspelt = take(default.replace("modified", "modifed"))
    assert misspelt.status_code == 422
    assert "did you mean 'modified'?" in words(misspelt)
    assert take("").status_code == 422
    assert take("#" * 300_000).status_code == 422
    conflict = take(default, revision="0")
    assert (conflict.status_code, "Yours, not saved" in words(conflict)) == (409, False)


def test_without_a_connection_the_page_says_how_to_begin(client: FlaskClient) -> None:
    assert client.get("/mapping").status_code == 200
    assert client.get("/mapping/draft").status_code == 404
    assert client.post("/mapping/row").status_code == 404


def test_unknown_rows_are_refused(known: FlaskClient) -> None:
    for none_to_edit in ("accounts:Account.shoe_size", "accounts:Account.skip_when"):
        assert "Save to the draft" not in edit(known, none_to_edit).text
    made = known.post("/mapping/check?connection=acme", data={"row": "write.shoe_size"})
    assert made.status_code == 404
