"""Sentiment: what customers say, by level, by driver and by quarter."""

from typing import Any

from flask import Blueprint, render_template

from insights.frames import Frames
from insights.model import Model
from insights.sentiment_report import sentiment_report
from store import pages, survey
from store.connections import all_connections
from web import access, wiring
from web.access import needs
from web.figures import Figures
from web.pager import chosen_connection

bp = Blueprint("sentiment", __name__)
_SHOWN = 20  # accounts whose levels differ


@bp.get("/sentiment")
@needs("viewer")
def show() -> str:
    with wiring().sessions() as session:
        connections = all_connections(session)
        connection = chosen_connection(connections)
        if connection is None:
            return render_template("sentiment.html", connections=[], connection=None)
        frames = survey.said_frames(session, connection.id)
        model = Model.whole(survey.last_model(session, connection.id))
        said = sentiment_report(Frames(**frames), model, as_of=access.now())
        assert said is not None
        stored = pages.latest_figures(session, connection.id)
        differing: list[dict[str, Any]] = said["levels_differ"]
        shown = differing[:_SHOWN]
        return render_template(
            "sentiment.html",
            connections=connections,
            connection=connection,
            said=said,
            gap=model.sentiment.level_gap,
            figures=Figures(stored.figures if stored else {}),
            currency=(stored.currency if stored else None) or connection.currency,
            differing=shown,
            more=len(differing) - len(shown),
            names=survey.account_names(
                session, connection.id, [one["account_id"] for one in shown]
            ),
            points=[(one["quarter"], one["nps"], one["interval"]) for one in said["quarters"]],
        )
