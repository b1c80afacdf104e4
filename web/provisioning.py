"""The fields that Barometer needs in the CRM: the plan, the confirmation, the result."""

from flask import Blueprint, Response, abort, render_template, request

from store.connections import latest_run
from store.models import Run
from store.runs import request_run
from web import wiring
from web.access import actor, audit, needs, now
from web.connections import ENDED, UNDER_WAY, named, to

bp = Blueprint("provisioning", __name__)

KIND = ("provision",)


@bp.get("/connections/<name>/provision")
def show(name: str) -> str:
    """The newest plan or result; the page follows the job that makes it."""
    with wiring().sessions() as session:
        connection = named(session, name)
        run = latest_run(session, connection.id, KIND, ENDED)
        steps = [] if run is None else run.counts.get("steps", [])
        return render_template(
            "provision.html",
            connection=connection,
            at_work=latest_run(session, connection.id, KIND, UNDER_WAY),
            run=run,
            steps=steps,
            planned=[step for step in steps if step["state"] == "planned"],
            wrong=[step for step in steps if step["state"] in ("conflict", "failed")],
        )


@bp.post("/connections/<name>/provision")
@needs("admin")
def ask(name: str) -> Response:
    """Make a plan, or carry out the plan that was shown: its run is named in the form."""
    with wiring().sessions.begin() as session:
        connection = named(session, name)
        order: dict[str, object] = {"dry_run": True}
        if "confirm" in request.form:
            shown = session.get(Run, request.form.get("confirm", 0, int))
            if shown is None or shown.connection_id != connection.id or shown.kind not in KIND:
                abort(409, "There is no such plan. Make a new one; nothing was created.")
            steps = shown.counts.get("steps", [])
            plan = [step["component"] for step in steps if step["state"] == "planned"]
            order = {"dry_run": False, "plan": plan}
            audit(session, "connection.provision", connection.id, name, components=len(plan))
        request_run(session, connection.id, "provision", "page", now=now(), order=order, by=actor())
    return to("provisioning.show", name=name)
