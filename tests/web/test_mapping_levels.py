"""Rules for roles and job titles: what no rule tells, the richest first, and new rules."""

import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from insights.contacts import title_level
from insights.model import LevelRules
from store.models import AuditRow, Connection, Contact, ContactRole, ModelDraft
from tests.web import build
from web.mapping_levels import plain_pattern, title_pattern

PEOPLE = (  # id, account, title, role
    ("P1", "001EXPRESS", "Chief Whip", None),  # a rule tells it: chief
    ("P2", "001EXPRESS", "Zauberer", None),
    ("P3", "001EXPRESS", " zauberer ", None),
    ("P4", "001CHEAP", "Imker", None),
    ("P5", "001PRICELESS", "Koch", None),
    ("P6", "001EXPRESS", "Gaukler", "Decision Maker"),  # the role tells it
    ("P7", "001EXPRESS", "Seiltänzer", None),  # a relation's role tells it
    ("P8", "001CHEAP", "", "Oracle"),
)


@pytest.fixture
def crowd(filled: FlaskClient, sessions: sessionmaker[Session]) -> FlaskClient:
    """The sample, with people whose levels are told by this or that, or by nothing."""
    with sessions.begin() as session:
        one = session.scalars(select(Connection).where(Connection.name == "acme")).one()
        build.account(session, one.id, "001CHEAP", "Small", annual_value=1000)
        build.account(session, one.id, "001PRICELESS", "No value", annual_value=None)
        session.add_all(
            Contact(
                **build.pulled(
                    one.id, "Contact", contact_id=key, account_id=account, title=title, role=role,
                    is_active=True,
                )
            )
            for key, account, title, role in PEOPLE
        )  # fmt: skip
        relation = {"role_id": "X1", "contact_id": "P7", "account_id": "001EXPRESS"}
        session.add(ContactRole(**build.pulled(one.id, "Roles", role="End user", **relation)))
    return filled


def words(page: TestResponse) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def post(client: FlaskClient, **entered: Any) -> TestResponse:
    page = client.get("/mapping/levels?connection=acme").text
    kept = {
        name: re.findall(rf'name="{name}" value="([^"]*)"', page)[0]
        for name in ("revision", "base")
    }
    return client.post("/mapping/levels?connection=acme", data={**kept, **entered})


def test_titles_that_nothing_tells_stand_by_revenue(crowd: FlaskClient) -> None:
    page = words(crowd.get("/mapping/levels?connection=acme"))
    untold = page[page.index("Job titles without") : page.index("Roles without")]

    assert untold.index("Zauberer EUR 5,340,779 1 2") < untold.index("Imker EUR 1,000 1 1")
    assert untold.index("Imker") < untold.index("Koch no data 1 1")
    for told in ("Chief Whip", "Gaukler", "Seiltänzer"):
        assert told not in untold
    roles = page[page.index("Roles without") : page.index("Rules for titles")]
    assert "oracle 1" in roles
    assert "decision maker" not in roles.replace("decision maker influencer user", "")


def test_a_rule_is_a_draft_of_the_scoring_model(
    crowd: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    assert post(crowd, what="title", words="Zauberer", level="influencer").status_code == 303
    assert post(crowd, what="role", words="ORACLE", level="user").status_code == 303

    page = words(crowd.get("/mapping/levels?connection=acme"))
    assert "You have a draft of the scoring model" in page
    assert "Zauberer EUR" not in page
    assert "Every role that the CRM uses has a level." in page
    with sessions() as session:
        draft = session.scalars(select(ModelDraft)).one()
        audit = session.scalars(select(AuditRow).where(AuditRow.action == "levels.save")).all()
    assert draft.content["levels"]["titles"][0] == [r"(?<!\w)zauberer(?!\w)", "influencer"]
    assert draft.content["levels"]["roles"]["oracle"] == "user"
    assert [row.subject for row in audit] == ["title Zauberer: influencer", "role ORACLE: user"]

    assert post(crowd, what="forget_title", words=r"(?<!\w)zauberer(?!\w)").status_code == 303
    assert post(crowd, what="forget_role", words="oracle").status_code == 303
    assert "Zauberer EUR" in words(crowd.get("/mapping/levels?connection=acme"))


def test_a_rule_without_sense_or_from_an_old_page_is_refused(crowd: FlaskClient) -> None:
    for entered in (
        {"what": "title", "words": " ", "level": "user"},
        {"what": "title", "words": "Koch", "level": "boss"},
        {"what": "title", "words": "K" * 201, "level": "user"},
        {"what": "shoe", "words": "Koch", "level": "user"},
    ):
        assert post(crowd, **entered).status_code == 422
    old = {"revision": "7", "what": "title", "words": "Koch", "level": "user"}
    refused = post(crowd, **old)
    assert (refused.status_code, "was changed since" in words(refused)) == (409, True)


def test_a_rule_is_what_it_shows() -> None:
    for words_of, title, fits in (
        ("Head of Sales", "Co-Head of Sales", True),
        ("Head of Sales", "Head of Salesforce", False),
        (" Head of R&D (EU) ", "Deputy head of r&d (eu), Bonn", True),
    ):
        pattern = title_pattern(words_of)
        level = title_level(title, LevelRules(titles=((pattern, "user"),)))
        assert level == ("user" if fits else None)
        assert plain_pattern(pattern) == words_of.strip().lower()
    assert plain_pattern(LevelRules().titles[0][0]) == "assistant, secretary, intern, trainee"
    assert plain_pattern(r"\bc[efo]o\b") == r"\bc[efo]o\b"
