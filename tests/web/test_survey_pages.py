"""The survey plan and the page on sentiment."""

import csv
import io

from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from store.models import Contact


def test_the_plan_lists_who_may_be_asked_and_counts_the_others(filled: FlaskClient) -> None:
    page = filled.get("/survey-plan").text
    assert "1 person to ask on" in page
    assert "Lin Wei" in page  # Jane and Omar answered lately, Sam left
    assert "no answer yet from a user" in page
    assert "asked or answered too recently" in page


def test_the_download_is_what_a_survey_tool_takes(filled: FlaskClient) -> None:
    got = filled.get("/survey-plan.csv?connection=acme")
    assert got.data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(got.data.decode("utf-8-sig"))))
    assert [(row["E-mail"], row["Account"], row["Level"]) for row in rows] == [
        ("003clerk@express.example", "Express Logistics", "user")
    ]
    assert rows[0]["Annual value [EUR per year]"] == "5340779.0"


def test_nobody_to_ask_is_said(filled: FlaskClient, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        for contact in session.scalars(select(Contact)):
            contact.opted_out = True
    assert "Nobody can be asked" in filled.get("/survey-plan").text


def test_sentiment_shows_levels_drivers_and_quarters(filled: FlaskClient) -> None:
    page = filled.get("/sentiment").text
    assert "NPS, relationship" in page
    assert "2 answers" in page
    assert "Express Logistics" in page  # its levels differ: -100 and 0
    assert "Together: the NPS" in page
    assert "NPS by quarter" in page
    assert page.count("Silent revenue") == 1


def test_without_answers_or_connection_the_pages_say_so(
    client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    for address in ("/inbox", "/survey-plan", "/sentiment"):
        assert "How to begin" in client.get(address).text
    from tests.web.sample import empty_connection

    empty_connection(sessions)
    assert "No relationship answer" in client.get("/sentiment").text
    assert "Nobody can be asked" in client.get("/survey-plan").text
    assert "Nothing waits for you" in client.get("/inbox").text


def test_the_command_is_registered() -> None:
    from jobs.__main__ import cli

    said = CliRunner().invoke(cli, ["plan", "--help"]).output
    assert "--csv" in said
