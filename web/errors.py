"""Error pages: what failed, what is safe, what to do, and an id to quote."""

import logging
from uuid import uuid4

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError, ProgrammingError
from werkzeug.exceptions import HTTPException

log = logging.getLogger("barometer.web")

_TITLES = {
    400: (
        "The address is not understood",
        "A part of it has a value that this page does not know.",
    ),
    401: ("Sign in first", ""),
    403: ("Not with your role", ""),
    404: ("Nothing is here", "The page or record does not exist, or no longer does."),
    405: ("This page cannot be changed", "It only shows; nothing was changed."),
    421: ("Not on this host", ""),
    429: ("Too many requests", "Nothing was changed. Wait a minute, then try again."),
}
STALE_FORM = (
    "Nothing was changed. The form was opened before you signed in or out, or does not come from "
    "these pages. Go back, load the page again, and send it once more."
)


def install(app: Flask) -> None:
    """Register the pages for refused, unknown and failed requests."""
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(OperationalError, _no_database)
    app.register_error_handler(ProgrammingError, _no_database)
    app.register_error_handler(Exception, _failed)


def _refused(error: HTTPException) -> Response:
    code = error.code or 500
    title, what = _TITLES.get(code, (error.name, ""))
    if isinstance(error, CSRFError):
        title = "The form is out of date"
    said = STALE_FORM if isinstance(error, CSRFError) else error.description or ""
    own_words = said if said != type(error).description else what
    response = _page(code, title, own_words)
    told = dict(error.get_headers())
    for name in ("Allow", "WWW-Authenticate"):
        if name in told:
            response.headers[name] = told[name]
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
    if request.path.startswith("/api/"):
        return _problem(code, title, what, incident)
    page = render_template("error.html", code=code, title=title, what=what, incident=incident)
    return make_response(page, code)


def _problem(code: int, title: str, what: str, incident: str) -> Response:
    """The same for programs, in the form of RFC 9457."""
    answer = jsonify(
        type="about:blank", title=title, status=code, detail=what, instance=f"urn:id:{incident}"
    )
    answer.status_code = code
    answer.content_type = "application/problem+json"
    return answer
