"""The survey plan: who to ask next working day, with the reasons; as a page and as CSV."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, abort, render_template
from sqlalchemy.orm import Session

from insights.frames import Frames
from insights.model import Model
from insights.survey_plan import SurveyPlan, pick_reasons, survey_plan
from insights.workdays import NONE, calendar_of, local_day, working_day
from settings import Settings
from store import survey
from store.connections import all_connections
from store.models import Connection
from web import access, wiring
from web.access import needs
from web.download import csv_response
from web.pager import chosen_connection

bp = Blueprint("survey_plan", __name__)

EXCLUDED = {
    "no_customer": "their account is no customer, or they have none",
    "left": "left, deleted or marked inactive",
    "bounced": "their e-mail address bounced",
    "opted_out": "opted out",
    "no_address": "no e-mail address is known",
    "quarantine": "asked or answered too recently",
}


@dataclass(frozen=True)
class Pick:
    """One person to ask."""

    person: survey.Invitee
    figures: dict[str, Any]  # the row of insights.survey_plan
    reasons: list[str]


@dataclass(frozen=True)
class Planned:
    """The plan of one working day."""

    day: date
    picks: list[Pick]
    plan: SurveyPlan


def plan_day(
    session: Session, connection: Connection, settings: Settings, now: datetime
) -> Planned:
    """Who to ask on the next working day of the connection's calendar."""
    frames, addressed = survey.asked_frames(session, connection.id)
    chosen = settings.survey_plan
    plan = survey_plan(
        Frames(**frames),
        Model.whole(survey.last_model(session, connection.id)),
        as_of=now,
        per_day=chosen.per_day,
        quarantine_days=chosen.quarantine_days,
        addressed=addressed,
    )
    rows: list[dict[str, Any]] = [
        {str(name): value for name, value in row.items()}
        for row in plan.picks.astype(object).where(plan.picks.notna(), None).to_dict("records")
    ]
    people = survey.invitees(session, connection.id, [row["contact_id"] for row in rows])
    whose = settings.loops.holidays
    off = NONE if whose == "account" else calendar_of(whose, None)
    return Planned(
        working_day(local_day(now, connection.time_zone), 1, off),
        [Pick(people[row["contact_id"]], row, pick_reasons(row)) for row in rows],
        plan,
    )


def csv_header(currency: str | None) -> list[str]:
    """The columns of the download."""
    return [
        *("Contact id", "Name", "E-mail", "Title", "Level"),
        *("Account id", "Account", f"Annual value [{currency or 'corporate currency'} per year]"),
        *("Owner", "Reasons", "Last asked", "Last answered", "Ask on"),
    ]


def csv_rows(planned: Planned) -> Iterator[list[Any]]:
    """One line a person, in the order to ask."""
    for pick in planned.picks:
        contact, account, row = pick.person.contact, pick.person.account, pick.figures
        yield [
            *(contact.contact_id, contact.name, contact.email, contact.title, row["level"]),
            *(account.account_id, account.name, row["annual_value"], pick.person.owner),
            *("; ".join(pick.reasons), row["asked_at"], row["answered_at"], planned.day),
        ]


@bp.get("/survey-plan")
@needs("viewer")
def show() -> str:
    with wiring().sessions() as session:
        connections = all_connections(session)
        connection = chosen_connection(connections)
        if connection is None:
            return render_template("survey_plan.html", connections=[], connection=None)
        return render_template(
            "survey_plan.html",
            connections=connections,
            connection=connection,
            planned=plan_day(session, connection, wiring().settings, access.now()),
            chosen=wiring().settings.survey_plan,
            excluded=EXCLUDED,
        )


@bp.get("/survey-plan.csv")
@needs("viewer")
def export() -> Response:
    with wiring().sessions() as session:
        connection = chosen_connection(all_connections(session)) or abort(404)
        planned = plan_day(session, connection, wiring().settings, access.now())
        rows = list(csv_rows(planned))
    return csv_response(
        f"barometer-{connection.name}-survey-plan-{planned.day.isoformat()}",
        csv_header(connection.currency),
        rows,
    )
