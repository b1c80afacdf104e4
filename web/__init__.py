"""Barometer's pages: they show and change what the store holds; they call no CRM."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask, current_app
from jinja2 import StrictUndefined
from sqlalchemy.orm import Session, sessionmaker

from insights.model import Model
from settings import Settings
from store.secrets import Vault
from web import errors, guard


@dataclass(frozen=True)
class Wiring:
    """What the pages were given at start-up."""

    sessions: sessionmaker[Session]
    vault: Vault
    settings: Settings
    version: str
    schema_head: str | None
    reading_calls: Callable[[str, Sequence[int], Sequence[int]], int] | None = None
    default_model: Callable[[], Model] = Model

    @property
    def base_url(self) -> str | None:
        """Where people reach the pages, for links in exports; None = as requested."""
        return self.settings.web.public_url.rstrip("/") or None


def wiring() -> Wiring:
    """What the running application was given."""
    given = current_app.extensions["barometer"]
    assert isinstance(given, Wiring)
    return given


def create_app(
    sessions: sessionmaker[Session],
    vault: Vault,
    settings: Settings,
    *,
    version: str = "",
    schema_head: str | None = None,
    reading_calls: Callable[[str, Sequence[int], Sequence[int]], int] | None = None,
    default_model: Callable[[], Model] = Model,
) -> Flask:
    """The web application.

    sessions     opens sessions on a migrated database
    vault        opens and seals secrets at rest; its first key signs the cookies
    settings     the deployment's choices; web.public_url names the host answered besides loopback
    version      shown in the footer
    schema_head  migration the running code needs; /readyz is not ready on any other
    reading_calls  API calls to read so many records in full (jobs.calls.read_again)
    default_model  the scoring model where none was published; raises ModelError
    """
    from web import access, formats, limits, provider
    from web.account import bp as account
    from web.alerts import bp as alerts
    from web.api import bp as api
    from web.connecting import bp as connecting
    from web.connections import bp as connections
    from web.hooks import bp as hooks
    from web.inbox import bp as inbox
    from web.mapping import bp as mapping
    from web.mapping_draft import bp as mapping_draft
    from web.mapping_history import bp as mapping_history
    from web.mapping_levels import bp as mapping_levels
    from web.me import bp as me
    from web.people import bp as people
    from web.portfolio import bp as portfolio
    from web.preview import bp as preview
    from web.provisioning import bp as provisioning
    from web.responses import bp as responses
    from web.runs import bp as runs
    from web.schema import bp as schema
    from web.scoring import bp as scoring
    from web.scoring_draft import bp as scoring_draft
    from web.scoring_history import bp as scoring_history
    from web.sentiment import bp as sentiment
    from web.signin import bp as signin
    from web.status import bp as status
    from web.survey_plan import bp as survey_plan
    from web.webhooks import bp as webhooks

    app = Flask(__name__)
    app.extensions["barometer"] = Wiring(
        sessions, vault, settings, version, schema_head, reading_calls, default_model
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.json.sort_keys = False  # type: ignore[attr-defined]
    public_host = urlsplit(settings.web.public_url).hostname
    guard.install(app, [public_host] if public_host else [], proxies=settings.web.proxies)
    access.install(app)
    errors.install(app)
    formats.install(app, version)
    for pages in (portfolio, account, alerts, runs, connections, status, signin, me, people, api):
        app.register_blueprint(pages)
    for pages in (connecting, provisioning, schema, preview):
        app.register_blueprint(pages)
    for pages in (hooks, webhooks, responses):
        app.register_blueprint(pages)
    for pages in (inbox, sentiment, survey_plan):
        app.register_blueprint(pages)
    for pages in (mapping, mapping_draft, mapping_history, mapping_levels):
        app.register_blueprint(pages)
    app.register_blueprint(provider.bp)
    provider.install(app, settings)
    for pages in (scoring, scoring_draft, scoring_history):
        app.register_blueprint(pages)
    limits.install(app)
    return app
