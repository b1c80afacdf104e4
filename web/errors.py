"""Error pages: what failed, what is safe, what to do, and an id to quote."""

import logging
from uuid import uuid4

from flask import Flask, Response, make_response, render_template
from sqlalchemy.exc import OperationalError, ProgrammingError
from werkzeug.exceptions import HTTPException

log = logging.getLogger("barometer.web")

_TITLES = {
    400: (
        "The address is not understood",
        "A part of it has a value that this page does not know.",
    ),
    404: ("Nothing is here", "The page or record does not exist, or no longer does."),
    405: ("This page cannot be changed", "Barometer's pages only show; nothing was changed."),
    421: ("Not on this host", ""),
}


def install(app: Flask) -> None:
    """Register the pages for refused, unknown and failed requests."""
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(OperationalError, _no_database)
    app.register_error_handler(ProgrammingError, _no_database)
    app.register_error_handler(Exception, _failed)


def _refused(error: HTTPException) -> Response:
    code = error.code or 500
    title, what = _TITLES.get(code, (error.name, ""))
    said = error.description or ""
    own_words = said if said != type(error).description else what
    response = _page(code, title, own_words)
    if code == 405 and (allow := dict(error.get_headers()).get("Allow")):
        response.headers["Allow"] = allow
    return response


def _no_database(error: OperationalError | ProgrammingError) -> Response:
    return _page(
        503,
        "The database does not answer",
        "What was stored stays as it is. Check that the database runs and that its tables are "
        "up to date (barometer db upgrade), then load the page again.",
        error,
    )


def _failed(error: Exception) -> Response:
    return _page(
        500,
        "This page could not be made",
        "Nothing was changed. Load the page again; if it fails again, look for the id below in "
        "the log of the web process.",
        error,
    )


def _page(code: int, title: str, what: str, cause: Exception | None = None) -> Response:
    incident = uuid4().hex[:12]
    if cause is not None:
        log.error("request failed, id %s", incident, exc_info=cause)
    page = render_template("error.html", code=code, title=title, what=what, incident=incident)
    return make_response(page, code)
