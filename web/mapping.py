"""The mapping page: one row for every column that is read and every figure that is written."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy.orm import Session

from mappings import Finding
from mappings.transforms import TRANSFORMS
from store import publishing
from store.models import Connection
from store.publishing import DraftConflict
from store.runs import request_run
from web import access, mapping_form, wiring
from web.mapping_draft import conflict_page
from web.mapping_form import Checked, Entered
from web.mapping_rows import (
    SHOWN,
    WRITE,
    Row,
    all_rows,
    find_row,
    offered,
    options,
    samples,
    selected,
    suggestions,
)
from web.mapping_state import (
    Desk,
    chosen,
    one_connection,
    open_desk,
    reading_run,
    save_draft,
)

bp = Blueprint("mapping", __name__, url_prefix="/mapping")

_FILTERS = ("show", "group", "find", "sample")
BUSY = ("requested", "running")


@bp.get("")
def show() -> Response:
    """The table; with `edit` one of its rows as a form."""
    with wiring().sessions() as session:
        connections, connection = chosen(session)
        if connection is None:
            return make_response(render_template("welcome.html"))
        desk = open_desk(session, connection)
        edited, entered, checked = request.args.get("edit", ""), None, None
        row = next((one for one in all_rows(desk) if one.id == edited and one.editable), None)
        if row is not None and desk.fields and access.may("admin"):
            entered = mapping_form.entered_of(desk, row)
            if use := request.args.get("use"):
                entered["field"] = use
            checked = mapping_form.check_row(session, desk, row, entered)
        return _table(session, desk, edited, entered, checked, connections=connections)


@bp.post("/row")
def save() -> Response:
    """Save one row into the draft of the person signed in."""
    with wiring().sessions.begin() as session:
        desk, row = _asked(session)
        entered: Entered = request.form
        checked = mapping_form.check_row(session, desk, row, entered)
        if checked.refused or checked.map is None:
            return _table(session, desk, row.id, entered, checked, status=422)
        base, seen = request.form.get("base", ""), request.form.get("revision", -1, int)
        try:
            save_draft(session, desk, checked.map, base=base, seen=seen)
        except DraftConflict:
            return conflict_page(session, desk, checked.map, base)
        desk = open_desk(session, desk.connection)
        access.audit(
            session,
            "mapping.save",
            desk.connection.id,
            row.id,
            before=row.words,
            after=find_row(desk, row.id).words,
        )
        if not _by_htmx():
            return _see_other("mapping.show", desk.connection, saved=row.id, _anchor=anchor(row.id))
        return _table(session, desk, saved=row.id)


@bp.post("/check")
def check() -> Response:
    """What the checks say of a row as entered; 422 when it would not be saved."""
    with wiring().sessions() as session:
        desk, row = _asked(session)
        checked = mapping_form.check_row(session, desk, row, request.form)
        page = render_template("mapping_check.html", checked=checked, entered=request.form)
        return make_response(page, 422 if checked.refused else 200)


@bp.post("/values")
def values() -> str:
    """The table of values for the field as entered."""
    with wiring().sessions() as session:
        desk, row = _asked(session)
        return render_template("mapping_values.html", **_values(desk, row, request.form))


@bp.post("/fields")
def read_fields() -> Response:
    """Ask for a run that reads the CRM's fields."""
    with wiring().sessions.begin() as session:
        connection = one_connection(session)
        request_run(session, connection.id, "schema", "page", now=access.now(), by=access.actor())
        access.audit(session, "schema.read", connection.id, connection.name)
        return _see_other("mapping.show", connection)


@bp.get("/fields")
def fields_state() -> str:
    """How far that run is, for the page that waits."""
    with wiring().sessions() as session:
        connection = one_connection(session)
        run = reading_run(session, connection.id)
        return render_template(
            "mapping_reading.html", connection=connection, reading=run, busy=BUSY
        )


@bp.get("/map.toml")
def download() -> Response:
    """The map as a file: the draft of the person signed in, else the one in use."""
    with wiring().sessions() as session:
        desk = open_desk(session, one_connection(session))
    response = make_response(desk.map.content)
    response.headers["Content-Type"] = "application/toml; charset=utf-8"
    name = "".join(c if c.isalnum() else "-" for c in desk.connection.name)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-mapping.toml"'
    return response


def anchor(row_id: str) -> str:
    """The id of a row's element."""
    return "row-" + "".join(c if c.isalnum() else "-" for c in row_id)


def _asked(session: Session) -> tuple[Desk, Row]:
    desk = open_desk(session, one_connection(session))
    row = find_row(desk, request.form.get("row", ""))
    if not row.editable:
        abort(400, "This row is made from relations; it is changed in the mapping's file.")
    return desk, row


def _by_htmx() -> bool:
    return bool(request.headers.get("HX-Request")) and not request.headers.get(
        "HX-History-Restore-Request"
    )


def _see_other(endpoint: str, connection: Connection, **more: Any) -> Response:
    address = url_for(endpoint, connection=connection.name, **more)
    return make_response(redirect(address, 303))


def _table(
    session: Session,
    desk: Desk,
    edited: str = "",
    entered: Entered | None = None,
    checked: Checked | None = None,
    *,
    saved: str = "",
    status: int = 200,
    connections: list[Connection] | None = None,
) -> Response:
    """The page, or its table alone for htmx."""
    given = {name: request.values.get(name, "") for name in _FILTERS}
    rows = all_rows(desk)
    account, stored = samples(session, desk, rows, given["sample"])
    editing = next((row for row in rows if row.id == edited), None) if entered is not None else None
    fits = {row.id for row in selected(rows, given["show"], given["group"], given["find"])}
    shown = [row for row in rows if row.id in fits or row is editing]
    page = render_template(
        "mapping_rows.html" if _by_htmx() else "mapping.html",
        desk=desk,
        connection=desk.connection,
        connections=connections or [desk.connection],
        rows=shown,
        all_rows=rows,
        beside=_beside(desk, rows),
        groups=_groups(desk),
        grouped=[(key, list(of)) for key, of in groupby(shown, lambda row: row.source)],
        shown_words=SHOWN,
        given=given,
        filtered=any(given[name] for name in ("show", "group", "find")),
        account=account,
        samples=stored,
        offered={row.id: offered(desk, row) for row in shown} if desk.fields else {},
        saved=saved or request.args.get("saved", ""),
        anchor=anchor,
        reading=reading_run(session, desk.connection.id),
        busy=BUSY,
        others=publishing.other_drafts(session, desk.connection.id, access.actor()),
        may_edit=access.may("admin") and bool(desk.fields),
        **_editor(desk, editing, entered, checked),
    )
    response = make_response(page, status)
    response.vary.add("HX-Request")
    return response


def _beside(desk: Desk, rows: Sequence[Row]) -> list[Finding]:
    """What the checks found that is of no row: whole objects, conditions, the CRM itself."""
    of_rows = {(row.source, row.name) for row in rows}
    return [one for one in desk.findings if (one.source, one.row) not in of_rows]


def _groups(desk: Desk) -> list[tuple[str, str]]:
    """Each object that is read, and what is written: key and words."""
    read = [
        (source.name, f"{source.object.replace('_', ' ')} from {source.kind}")
        for source in desk.map.sources
    ]
    return [*read, (WRITE, f"figures written to {desk.map.account.kind}")]


def _editor(
    desk: Desk, row: Row | None, entered: Entered | None, checked: Checked | None
) -> dict[str, Any]:
    """What the form of one row needs; `editing` is None without one."""
    if row is None or entered is None or checked is None:
        return {"editing": None}
    return {
        "editing": row,
        "entered": entered,
        "checked": checked,
        "options": options(desk, row),
        "suggested": suggestions(desk, row),
        "ways": mapping_form.WAYS,
        "transforms": sorted(TRANSFORMS),
        **_values(desk, row, entered),
    }


def _values(desk: Desk, row: Row, entered: Entered) -> dict[str, Any]:
    column = row.column
    return {
        "value_rows": mapping_form.value_rows(desk, row, entered) if column is not None else [],
        "results": mapping_form.results(column) if column is not None else None,
        "as_is": mapping_form.AS_IS,
        "nothing": mapping_form.NOTHING,
        "entered": entered,
    }
