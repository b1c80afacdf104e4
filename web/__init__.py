"""Barometer's pages: they show what the store holds and change nothing."""

from collections.abc import Collection
from dataclasses import dataclass

from flask import Flask, current_app
from jinja2 import StrictUndefined
from sqlalchemy.orm import Session, sessionmaker

from web import errors, formats, guard


@dataclass(frozen=True)
class Wiring:
    """What the pages were given at start-up."""

    sessions: sessionmaker[Session]
    base_url: str | None
    version: str
    schema_head: str | None


def wiring() -> Wiring:
    """What the running application was given."""
    given = current_app.extensions["barometer"]
    assert isinstance(given, Wiring)
    return given


def create_app(
    sessions: sessionmaker[Session],
    *,
    base_url: str | None = None,
    version: str = "",
    allowed_hosts: Collection[str] = (),
    schema_head: str | None = None,
) -> Flask:
    """The web application.

    sessions       opens sessions on a migrated database
    base_url       where people reach the pages, for links in exports; default: as requested
    version        shown in the footer
    allowed_hosts  host names answered besides loopback. There is no sign-in yet: naming one
                   shows every page to whoever reaches that host
    schema_head    migration the running code needs; /readyz is not ready on any other
    """
    from web.account import bp as account
    from web.alerts import bp as alerts
    from web.connections import bp as connections
    from web.portfolio import bp as portfolio
    from web.runs import bp as runs
    from web.status import bp as status

    app = Flask(__name__)
    app.extensions["barometer"] = Wiring(sessions, base_url, version, schema_head)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.json.sort_keys = False  # type: ignore[attr-defined]
    guard.install(app, allowed_hosts)
    errors.install(app)
    formats.install(app, version)
    for pages in (portfolio, account, alerts, runs, connections, status):
        app.register_blueprint(pages)
    return app
