"""Importing a survey tool's CSV: whom an answer belongs to, what is refused, and twice is once."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from jobs.intake import Imported, IntakeError, attach_waiting, import_feedback
from jobs.wiring import House
from store.connections import save_connection
from store.erasure import erase_person
from store.models import Invitation, RefusedValue, Response
from store.records import store_rows
from store.refusals import open_refusals
from tests.jobs.lines import NOW

HEADER = (
    "response_id,contact_id,email,company_domain,survey_type,metric,score,answered_at,comment\n"
)
GOOD = "R1,C1,,,relationship,nps,9,2026-06-01T08:00:00Z,fine\n"


@pytest.fixture
def connection(house: House) -> int:
    """A connection with two accounts and two people."""
    with house.sessions.begin() as session:
        saved = save_connection(
            session, house.vault, name="acme", vendor="hubspot", settings={}, secrets={}, now=NOW
        )
        accounts = pd.DataFrame(
            {
                "account_id": ["A", "B"],
                "name": ["Alpha", "Beta"],
                "domain": ["alpha.example", "beta.example"],
            }
        )
        store_rows(session, saved.id, "accounts", accounts, source="companies", read_at=NOW)
    meet(house, saved.id, [("C1", "A", "ann@alpha.example"), ("C2", "B", "bob@beta.example")])
    return saved.id


def meet(house: House, connection: int, people: Sequence[tuple[str, str, str]]) -> None:
    """Let these contacts (id, account, e-mail) have been read from the CRM."""
    frame = pd.DataFrame(people, columns=["contact_id", "account_id", "email"])
    with house.sessions.begin() as session:
        store_rows(session, connection, "contacts", frame, source="contacts", read_at=NOW)


def take(house: House, connection: int, file: Path, text: str) -> Imported:
    """Import `text` as responses."""
    file.write_text(text, encoding="utf-8")
    return import_feedback(house.sessions, connection, "responses", file, now=NOW)


def stored(house: House) -> dict[str, Response]:
    with house.sessions() as session:
        return {row.response_id: row for row in session.scalars(select(Response))}


def test_an_answer_finds_its_person_by_id_then_e_mail_then_domain(
    house: House, connection: int, tmp_path: Path
) -> None:
    lines = [
        "R1,C1,bob@beta.example,,relationship,nps,9,2026-06-01,\n",
        "R2,,BOB@beta.example,,relationship,nps,3,2026-06-01,\n",
        "R3,,new@alpha.example,,relationship,nps,8,2026-06-01,\n",
        "R4,,x@gmail.com,https://www.beta.example/,relationship,nps,8,2026-06-01,\n",
        "R5,,x@gmail.com,,relationship,nps,8,2026-06-01,\n",
    ]
    done = take(house, connection, tmp_path / "r.csv", HEADER + "".join(lines))
    assert (done.rows, done.changed, done.unmatched, done.refused) == (5, 5, 1, [])
    found = {k: (r.account_id, r.contact_id, r.matched_by) for k, r in stored(house).items()}
    assert found == {
        "R1": ("A", "C1", "contact_id"),
        "R2": ("B", "C2", "email"),
        "R3": ("A", None, "domain"),
        "R4": ("B", None, "domain"),
        "R5": (None, None, None),
    }


def test_importing_the_same_file_twice_changes_nothing(
    house: House, connection: int, tmp_path: Path
) -> None:
    first = take(house, connection, tmp_path / "r.csv", HEADER + GOOD)
    again = take(house, connection, tmp_path / "r.csv", HEADER + GOOD)
    assert (first.changed, again.changed, again.rows) == (1, 0, 1)
    assert len(stored(house)) == 1


def test_bad_rows_are_refused_by_line_and_the_rest_is_stored(
    house: House, connection: int, tmp_path: Path
) -> None:
    lines = [
        GOOD,
        "R2,C1,,,relationship,nps,nine,2026-06-01,\n",
        ",C1,,,relationship,nps,9,2026-06-01,\n",
        "R1,C1,,,relationship,nps,1,2026-06-01,\n",
        "R4,C1\n",
        f"{'x' * 201},C1,,,relationship,nps,9,2026-06-01,\n",
        'R6,C1,,,relationship,NPS,10,2026-06-01,"two\nlines"\n',
        "R7,C1,,,relationship,nps,9,soon,\n",
    ]
    done = take(house, connection, tmp_path / "r.csv", HEADER + "".join(lines))
    assert [(one.line, one.column) for one in done.refused] == [
        (2, "response_id"),
        (3, "score"),
        (4, "response_id"),
        (6, ""),
        (7, "response_id"),
        (10, "answered_at"),
    ]
    assert all(one.file == "r.csv" and one.reason and one.remedy for one in done.refused)
    answers = stored(house)
    assert {key: row.score for key, row in answers.items()} == {
        "R1": 1,
        "R6": 10,
    }  # line 5 corrects R1
    assert answers["R6"].comment == "two\nlines"


def test_a_refused_row_leaves_what_was_stored(
    house: House, connection: int, tmp_path: Path
) -> None:
    take(house, connection, tmp_path / "r.csv", HEADER + GOOD)
    take(house, connection, tmp_path / "r.csv", HEADER + GOOD.replace(",9,", ",ninety,"))
    assert stored(house)["R1"].score == 9


def test_a_corrected_value_closes_its_refusal(
    house: House, connection: int, tmp_path: Path
) -> None:
    header = "invitation_id,contact_id,campaign,sent_at,email\n"
    file = tmp_path / "i.csv"
    file.write_text(header + "I1,C1,Spring,2026-05-01,\n")
    import_feedback(house.sessions, connection, "invitations", file, now=NOW)
    with house.sessions.begin() as session:
        assert session.scalars(select(Invitation.account_id)).all() == ["A"]
        session.add(
            RefusedValue(
                connection_id=connection,
                direction="read",
                object="invitations",
                record_id="I1",
                field="sent_at",
                code="BAD_VALUE",
                reason="i.csv line 2: is not an ISO 8601 time",
                remedy="correct it",
                first_seen=NOW,
                last_seen=NOW,
            )
        )
    import_feedback(house.sessions, connection, "invitations", file, now=NOW + timedelta(minutes=1))
    with house.sessions() as session:
        assert open_refusals(session, connection) == []


def test_unknown_columns_are_told(house: House, connection: int, tmp_path: Path) -> None:
    text = "response_id,contact_id,Score,contact_name\nR1,C1,9,Ann\n"
    done = take(house, connection, tmp_path / "r.csv", text)
    assert done.ignored == ["Score", "contact_name"]
    assert stored(house)["R1"].score is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"id,score\nR1,9\n", "no column response_id"),
        (b"response_id,score,score\nR1,9,9\n", "twice"),
        (b"response_id,comment\nR1,caf\xe9\n", "not UTF-8"),
        (b'response_id,comment\nR1,"open\n', "quotes"),
        (b"response_id\0\n", "not a text file"),
    ],
)
def test_a_file_that_cannot_be_read_stores_nothing(
    house: House, connection: int, tmp_path: Path, content: bytes, says: str
) -> None:
    file = tmp_path / "r.csv"
    file.write_bytes(content)
    with pytest.raises(IntakeError, match=says):
        import_feedback(house.sessions, connection, "responses", file, now=NOW)
    assert stored(house) == {}


def test_an_answer_of_nobody_finds_its_person_after_a_later_pull(
    house: House, connection: int, tmp_path: Path
) -> None:
    line = "R1,,eve@gmail.com,,relationship,nps,9,2026-06-01,\n"
    assert take(house, connection, tmp_path / "r.csv", HEADER + line).unmatched == 1
    assert attach_waiting(house.sessions, connection, now=NOW) == 0
    meet(house, connection, [("C3", "B", "Eve@gmail.com")])
    assert attach_waiting(house.sessions, connection, now=NOW) == 1
    assert (stored(house)["R1"].contact_id, stored(house)["R1"].account_id) == ("C3", "B")


def test_a_file_of_many_slices_is_stored_whole(
    house: House, connection: int, tmp_path: Path
) -> None:
    lines = (f"R{n},C1,,,relationship,nps,{n % 11},2026-06-01,\n" for n in range(5001))
    done = take(house, connection, tmp_path / "r.csv", HEADER + "".join(lines))
    assert (done.rows, done.changed, len(stored(house))) == (5001, 5001, 5001)
    assert stored(house)["R5000"].score == 5000 % 11


def test_what_was_erased_is_not_brought_back_by_importing_it_again(
    house: House, connection: int, tmp_path: Path
) -> None:
    answers = HEADER + GOOD + "R2,,bob@beta.example,,relationship,nps,3,2026-06-01,late\n"
    invited = (
        "invitation_id,email,survey_type,sent_at\nI1,ann@alpha.example,relationship,2026-05-01\n"
    )
    sent = tmp_path / "i.csv"
    sent.write_text(invited, encoding="utf-8")
    take(house, connection, tmp_path / "r.csv", answers)
    import_feedback(house.sessions, connection, "invitations", sent, now=NOW)
    with house.sessions.begin() as session:
        erased = erase_person(session, connection, "Ann@alpha.example", lambda content: "", now=NOW)
    assert (erased.responses, erased.invitations) == (1, 1)

    again = take(house, connection, tmp_path / "r.csv", answers.replace(",fine", ",fine indeed"))
    same = import_feedback(house.sessions, connection, "invitations", sent, now=NOW)
    assert [(one.rows, one.changed, one.erased) for one in (again, same)] == [(1, 0, 1), (0, 0, 1)]
    gone = stored(house)["R1"]
    assert gone.deleted_at == NOW
    assert (gone.score, gone.comment, gone.contact_id, gone.email) == (None, None, None, None)
    with house.sessions() as session:
        assert [one.email for one in session.scalars(select(Invitation))] == [None]
