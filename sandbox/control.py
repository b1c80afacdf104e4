"""The sandbox's own control interface under /__sandbox__/: JSON in, JSON out.

GET stats, DELETE stats; GET, POST, DELETE faults; POST records (what a person does in the CRM);
GET, POST clock; GET, POST switches; GET ids; GET problems; GET survey/responses.csv and
survey/invitations.csv.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Flask, Response, abort, request
from werkzeug.exceptions import HTTPException

from sandbox import survey
from sandbox.world import World

Answer = dict[str, Any]


def install(app: Flask, world: World, crms: Mapping[str, Any]) -> None:
    """Register the control routes over the CRM packages `crms`, by name."""
    control = Blueprint("control", __name__, url_prefix="/__sandbox__")

    @control.errorhandler(HTTPException)
    def explain(problem: HTTPException) -> tuple[Answer, int]:
        return {"error": problem.description}, problem.code or 500

    @control.get("/stats")
    def show_stats() -> Answer:
        return world.stats.snapshot()

    @control.delete("/stats")
    def reset_stats() -> Answer:
        world.stats.reset()
        return world.stats.snapshot()

    @control.get("/faults")
    def show_faults() -> list[Answer]:
        return world.faults.listing()

    @control.post("/faults")
    def arm_fault() -> Answer:
        try:
            return world.faults.arm(_body())
        except ValueError as problem:
            abort(400, str(problem))

    @control.delete("/faults")
    def clear_faults() -> Answer:
        return {"cleared": world.faults.clear(request.args.get("name"))}

    @control.post("/records")
    def act_as_person() -> Answer:
        asked = _body()
        crm = crms.get(asked.get("crm", ""))
        if crm is None or "action" not in asked or "kind" not in asked:
            abort(400, 'name "crm" (salesforce, hubspot), "action", "kind", and "id", "fields"')
        try:
            answer: Answer = crm.person(
                world, asked["action"], asked["kind"], asked.get("id"), asked.get("fields") or {}
            )
        except LookupError as problem:
            abort(404, str(problem))
        except ValueError as problem:
            abort(400, str(problem))
        return answer

    @control.get("/clock")
    def show_clock() -> Answer:
        return {"now": world.clock.now().isoformat()}

    @control.post("/clock")
    def move_clock() -> Answer:
        asked = _body()
        if "advance" in asked:
            world.clock.advance(float(asked["advance"]))
        elif "set" in asked:
            world.clock.set(_instant(asked["set"]))
        else:
            abort(400, 'give {"advance": seconds} or {"set": "2026-01-31T09:30:00Z"}')
        return show_clock()

    @control.get("/switches")
    def show_switches() -> Answer:
        return dict(sorted(world.switches.items()))

    @control.post("/switches")
    def set_switches() -> Answer:
        for name, value in _body().items():
            try:
                world.switches[name] = value
            except KeyError as problem:
                abort(400, problem.args[0])
        return show_switches()

    @control.get("/ids")
    def translate_id() -> Answer:
        crm, kind = request.args.get("crm", ""), request.args.get("object", "")
        canonical, own = request.args.get("canonical_id"), request.args.get("crm_id")
        if canonical is not None:
            own = world.crm_id(crm, kind, canonical)
        elif own is not None:
            canonical = world.canonical_id(crm, kind, own)
        if canonical is None or own is None:
            abort(404, "no such record was loaded; give crm, object and canonical_id or crm_id")
        return {"crm": crm, "object": kind, "canonical_id": canonical, "crm_id": own}

    @control.get("/problems")
    def show_problems() -> list[str]:
        problems: list[str] = world.read_state("problems", [])
        return problems

    @control.get("/survey/<table>.csv")
    def export_survey(table: str) -> Response:
        if table not in survey.EXPORTS:
            abort(404, f"there are {', '.join(f'{name}.csv' for name in survey.EXPORTS)}")
        return Response(survey.export(world, table), content_type="text/csv; charset=utf-8")

    app.register_blueprint(control)


def _body() -> Answer:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        abort(400, "send a JSON object")
    return body


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        abort(400, f"{text!r} is no ISO 8601 instant")
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant
