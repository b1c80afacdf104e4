"""Record pages: an account as a user of each CRM would see it, with our fields and tasks.

Salesforce: /lightning/r/Account/<15 or 18 characters>/view. HubSpot:
/contacts/<portal>/record/0-2/<id>. A small form edits a field or completes a task, as a person.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, request
from werkzeug.wrappers import Response

from sandbox.world import World, id18


def install(app: Flask, world: World, crms: Mapping[str, Any]) -> None:
    """Register the record pages over the CRM packages `crms`, by name."""
    pages = Blueprint("pages", __name__)

    def show(crm: str, record_id: str, kind: str, finished: dict[str, str]) -> Response | str:
        account = crms[crm].account_view(world, record_id)
        if account is None:
            abort(404, f"There is no {kind} {record_id} in this {crm} sandbox.")
        if request.method == "GET":
            return render_template("record.html", account=account, crm=crm, here=request.path)
        form = request.form
        try:
            if task_id := form.get("complete"):
                crms[crm].person(world, "update", _task_kind(crm), task_id, finished)
            elif field := form.get("field"):
                value = form.get("value") or None
                crms[crm].person(world, "update", kind, record_id, {field: value})
        except (LookupError, ValueError) as problem:
            abort(400, str(problem))
        return redirect(request.path, code=303)

    @pages.route("/lightning/r/Account/<record_id>/view", methods=["GET", "POST"])
    def salesforce_account(record_id: str) -> Response | str:
        return show("salesforce", _long_id(record_id), "Account", {"Status": "Completed"})

    @pages.get("/lightning/r/Task/<record_id>/view")
    def salesforce_task(record_id: str) -> Response:
        try:
            task = crms["salesforce"].person(world, "read", "Task", _long_id(record_id), {})
        except LookupError:
            abort(404, f"There is no Task {record_id} in this salesforce sandbox.")
        account_id = task.get("AccountId") or task.get("WhatId")
        return redirect(f"/lightning/r/Account/{account_id}/view#{task['Id']}")

    @pages.route("/contacts/<int:portal>/record/0-2/<record_id>", methods=["GET", "POST"])
    def hubspot_company(portal: int, record_id: str) -> Response | str:
        if portal != world.hubspot.portal_id:
            abort(404, f"The sandbox's portal is {world.hubspot.portal_id}, not {portal}.")
        return show("hubspot", record_id, "companies", {"hs_task_status": "COMPLETED"})

    app.add_template_filter(_shown, "shown")
    app.register_blueprint(pages)


def _shown(value: object) -> object:
    """A value as the page prints it: a dash for a missing one, separators in numbers."""
    if value is None or value == "":
        return "\N{EN DASH}"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return f"{value:,.15g}" if isinstance(value, int | float) else value


def _task_kind(crm: str) -> str:
    return "Task" if crm == "salesforce" else "tasks"


def _long_id(record_id: str) -> str:
    try:
        return id18(record_id)
    except ValueError as problem:
        abort(404, str(problem))
