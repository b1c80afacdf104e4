"""Connecting a CRM, or connecting it again: forms, the consent page, and what comes back."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from store.connections import NameTaken, find_connection, propose_access
from store.models import Connection
from store.runs import request_run
from store.secrets import SecretsUnreadable
from web import consent, links, wiring
from web.access import actor, audit, needs, now
from web.connecting_words import ADDRESS, METHODS, SECRET, labels
from web.guard import is_loopback

bp = Blueprint("connecting", __name__)

_START = {"salesforce": "https://login.salesforce.com", "hubspot": "https://api.hubapi.com"}
_SHARED = ("login.salesforce.com", "test.salesforce.com")
_NAME = re.compile(r"[\w][\w .()-]{0,78}")
_LONGEST = 20_000  # characters of a secret


@bp.get("/connect/<vendor>/<method>")
@needs("admin")
def form(vendor: str, method: str) -> str:
    """What this way to sign in needs; with ?name= of a connection, to connect it again."""
    _known(vendor, method)
    with wiring().sessions() as session:
        again = _again(session, request.args.get("name", ""), vendor)
        values = {"name": vendor, ADDRESS[vendor]: _START[vendor], "currency": "", "ca_file": ""}
        if again is not None:
            kept = {name: str(value or "") for name, value in again.settings.items()}
            values |= {**kept, "name": again.name, "client_id": _stored(again).get("client_id", "")}
        return _page(vendor, method, again, values, {})


@bp.post("/connect/<vendor>/<method>")
@needs("admin")
def enter(vendor: str, method: str) -> Response | tuple[str, int]:
    """Ask the CRM's consent page, or let the worker try what was entered."""
    _known(vendor, method)
    given = {name: value.strip() for name, value in request.form.items()}
    with wiring().sessions.begin() as session:
        again = _again(session, given.get("name", ""), vendor)
        stored = _stored(again) if again is not None else {}
        problems = _problems(session, vendor, method, given, stored)
        if problems:
            return _page(vendor, method, again, given, problems), 422
        settings, secrets = _access(vendor, method, given, stored)
        if method == "browser":
            consent.begin(given["name"], vendor, settings, secrets)
            return _to("connecting.leave")
        return _ask(session, given["name"], vendor, settings, secrets)


@bp.get("/connect/leave")
@needs("admin")
def leave() -> str | Response:
    """The link to the CRM's consent page, which a form may not lead to by itself."""
    attempt = consent.begun()
    if attempt is None:
        return _to("connections.show")
    return render_template(
        "leave.html", attempt=attempt, address=consent.consent_page(attempt), vendors=links.VENDORS
    )


@bp.get("/connect/answer")
@needs("admin")
def answer() -> Response | tuple[str, int]:
    """Where the CRM sends the browser back to: the worker exchanges the code for tokens."""
    if not request.args:
        return _to("connections.show")
    try:
        attempt, code = consent.answered()
    except consent.NotAnswered as refused:
        return render_template("not_connected.html", problem=str(refused)), 400
    secrets = {
        **attempt.secrets,
        "code": code,
        "verifier": attempt.verifier,
        "redirect_uri": attempt.redirect_uri,
    }
    with wiring().sessions.begin() as session:
        return _ask(session, attempt.name, attempt.vendor, attempt.settings, secrets)


def _ask(
    session: Session,
    name: str,
    vendor: str,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
) -> Response:
    """Keep what was entered beside what is in use, and let the worker try it."""
    try:
        connection = propose_access(
            session,
            wiring().vault,
            name=name,
            vendor=vendor,
            settings=settings,
            secrets=secrets,
            now=now(),
            writes_approved=False,
        )
    except NameTaken as taken:
        abort(409, str(taken))
    request_run(session, connection.id, "connect", "page", now=now(), by=actor())
    audit(
        session,
        "connection.connect",
        connection.id,
        name,
        crm=vendor,
        credentials=settings["credentials"],
    )
    return _to("connections.one", name=name)


def _known(vendor: str, method: str) -> None:
    if method not in METHODS.get(vendor, {}):
        abort(404)


def _again(session: Session, name: str, vendor: str) -> Connection | None:
    """The connection that is to be connected again; None for a new one."""
    found = find_connection(session, name) if name else None
    return found if found is not None and found.vendor == vendor else None


def _stored(connection: Connection) -> dict[str, str]:
    """The credentials in use; empty when our keys no longer open them."""
    try:
        return wiring().vault.open(connection.secrets)
    except SecretsUnreadable:
        return {}


def _problems(
    session: Session,
    vendor: str,
    method: str,
    given: Mapping[str, str],
    stored: Mapping[str, str],
) -> dict[str, str]:
    """What is wrong with the entries, by field."""
    found = {}
    name = given.get("name", "")
    other = find_connection(session, name) if name else None
    if not _NAME.fullmatch(name):
        found["name"] = "Give a name of letters, digits, blanks, dots and dashes, at most 79."
    elif other is not None and other.vendor != vendor and other.organisation_id is not None:
        found["name"] = f"{name} is a connection to another CRM. Choose another name."
    address = ADDRESS[vendor]
    if problem := _address_problem(given.get(address, ""), vendor, method):
        found[address] = problem
    for field in METHODS[vendor][method][1]:
        kept = field in SECRET and stored.get(field)
        if not field.endswith("?") and not given.get(field) and not kept:
            found[field] = "This is needed."
    if len(given.get("private_key", "")) > _LONGEST:
        found["private_key"] = "That is too long for a key. Paste the PEM text alone."
    currency = given.get("currency", "")
    if currency and not re.fullmatch(r"[A-Za-z]{3}", currency):
        found["currency"] = "Write the three letters of its ISO code, such as EUR, or leave it out."
    return found


def _address_problem(address: str, vendor: str, method: str) -> str | None:
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.username or parts.query or parts.path.strip("/"):
        return "Write scheme and host only, such as https://acme.my.salesforce.com."
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        return "Write it in full, beginning with https://."
    if not host:
        return "There is no host in it."
    if host.endswith(".lightning.force.com"):
        return (
            "The API does not answer there. Use the org's My Domain, ending in my.salesforce.com."
        )
    if method == "client_credentials" and host in _SHARED:
        return "Client credentials work only at the org's My Domain, ending in my.salesforce.com."
    return None


def _access(
    vendor: str, method: str, given: Mapping[str, str], stored: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Settings and secrets of the connection; a secret left empty stays as it was."""
    address = ADDRESS[vendor]
    settings = {
        "credentials": "refresh_token" if method == "browser" else method,
        address: given[address].rstrip("/"),
        "username": given.get("username") or None,
        "currency": given.get("currency", "").upper() or None,
        "ca_file": given.get("ca_file") or None,
    }
    secrets = {}
    for field in METHODS[vendor][method][1]:
        name = field.rstrip("?")
        value = given.get(name) or (stored.get(name) if name in SECRET else None)
        if value and name != "username":
            secrets[name] = value
    return settings, secrets


def _page(
    vendor: str,
    method: str,
    again: Connection | None,
    values: Mapping[str, str],
    problems: Mapping[str, str],
) -> str:
    shown = {name: value for name, value in values.items() if name not in SECRET}
    return render_template(
        "connect.html",
        vendor=vendor,
        vendor_name=links.VENDORS[vendor],
        method=method,
        methods=METHODS[vendor],
        fields=METHODS[vendor][method][1],
        address=ADDRESS[vendor],
        again=again,
        labels=labels(vendor),
        values=shown,
        problems=problems,
        callback=consent.callback(),
        scopes=consent.HUBSPOT_SCOPES if vendor == "hubspot" else consent.SALESFORCE_SCOPES,
        optional=consent.HUBSPOT_OPTIONAL if vendor == "hubspot" else (),
    )


def _to(endpoint: str, **values: Any) -> Response:
    return redirect(url_for(endpoint, **values), 303)  # type: ignore[return-value]
