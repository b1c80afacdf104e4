"""A source with deliveries in each state, and an answer of nobody, beside the stored sample."""

import base64
import json
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from store import models
from tests.feedback.vectors import vector
from tests.web.build import NOW, pulled
from tests.web.people import VAULT
from web.sources import new_source

EVENTS = (
    ("done", "accepted by k1", None),
    ("dead", "accepted by k1", "the answer holds no score where mapping.score looks"),
    ("refused", "wrong signature", None),
)


def fill(sessions: sessionmaker[Session]) -> None:
    """Source 1 of the connection acme."""
    one = vector("typeform-nps-promoter")
    sealed = VAULT.seal(
        {
            "headers": json.dumps({"content-type": "application/json"}),
            "body": base64.b64encode(one.body).decode(),
        }
    )
    with sessions.begin() as session:
        acme = session.scalars(
            select(models.Connection).where(models.Connection.name == "acme")
        ).one()
        shown = new_source(
            session,
            VAULT,
            acme.id,
            "typeform",
            name="Relationship survey",
            settings=one.settings,
            secret=None,
            api={"token": "key"},
            base_url="",
            by="admin@acme.example",
            now=NOW,
        )
        for state, verdict, problem in EVENTS:
            session.add(
                models.RawEvent(
                    connection_id=acme.id,
                    hook_id=shown.hook.id,
                    received_at=NOW - timedelta(hours=1),
                    event_key=None if state == "refused" else state,
                    content=b"" if state == "refused" else sealed,
                    size=len(one.body),
                    verdict=verdict,
                    state=state,
                    problem=problem,
                )
            )
        answer = pulled(
            acme.id,
            "hook:typeform",
            response_id="typeform:nobody",
            email="somebody@elsewhere.example",
            survey_type="relationship",
            metric="nps",
            score=4.0,
            scale_min=0,
            scale_max=10,
            comment="Who am I?",
            answered_at=NOW - timedelta(days=1),
            hook_id=shown.hook.id,
            claims={"account_id": "001EXPRESS", "because": "nobody in the CRM was found"},
        )
        session.add(models.Response(**answer))
