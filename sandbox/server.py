"""The sandbox as one process: a Flask app with both CRMs, on a plain and on a TLS port."""

import ssl
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import trustme
from flask import Flask

from sandbox import control, hubspot, pages, salesforce, survey, traffic
from sandbox.portfolio import Portfolio
from sandbox.wire import ConnectionServer
from sandbox.world import World

CRMS = {"salesforce": salesforce, "hubspot": hubspot}


def create_app(world: World) -> Flask:
    """The application: both CRMs' protocols, record pages and control over one world."""
    app = Flask(__name__)
    app.url_map.strict_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]
    for crm in CRMS.values():
        crm.install(app, world)
    control.install(app, world, CRMS)
    pages.install(app, world, CRMS)
    traffic.install(app, world)
    return app


def load(world: World, portfolio: Portfolio) -> None:
    """Put a portfolio into an empty world: into both CRMs and into the survey tool."""
    for crm in CRMS.values():
        crm.load(world, portfolio)
    survey.load(world, portfolio)
    world.index_ids()
    world.write_state("problems", portfolio.problems)
    world.write_state("loaded", True)


class Server:
    """Both ports, running from `start` to `stop`, or as a context manager.

    Port 0 takes a free one. The certificate is for 127.0.0.1, localhost and `host_names`, signed
    by an authority made for this run; clients find it in `ca_file`.
    """

    def __init__(
        self,
        world: World,
        *,
        http_port: int = 0,
        https_port: int = 0,
        host_names: tuple[str, ...] = (),
    ) -> None:
        self.world = world
        self.ca_file = Path(world.path).with_suffix(".ca.pem")
        app = create_app(world)
        self._plain = ConnectionServer(http_port, app, on_close=world.release)
        self._secure = ConnectionServer(
            https_port,
            app,
            tls=_certificate(self.ca_file, ("127.0.0.1", "localhost", *host_names)),
            on_close=world.release,
        )
        self.url = f"http://127.0.0.1:{self._plain.port}"
        self.https_url = f"https://127.0.0.1:{self._secure.port}"

    def start(self) -> Self:
        """Begin to answer; returns itself."""
        self._plain.start()
        self._secure.start()
        return self

    def stop(self) -> None:
        """Stop answering and free both ports."""
        self._plain.stop()
        self._secure.stop()

    def credentials(self) -> dict[str, Any]:
        """What a client needs to connect: the start-up line's content."""
        salesforce, hubspot = self.world.salesforce, self.world.hubspot
        where = {"url": self.url, "https_url": self.https_url, "ca_file": str(self.ca_file)}
        return {
            "salesforce": where
            | {
                "org_id": salesforce.org_id,
                "client_id": salesforce.client_id,
                "client_secret": salesforce.client_secret,
                "access_token": salesforce.access_token,
                "refresh_token": salesforce.refresh_token,
                "username": salesforce.username,
                "password": salesforce.password,
                "security_token": salesforce.security_token,
            },
            "hubspot": where
            | {
                "portal_id": hubspot.portal_id,
                "client_id": hubspot.client_id,
                "client_secret": hubspot.client_secret,
                "access_token": hubspot.access_token,
                "refresh_token": hubspot.refresh_token,
            },
            "control": f"{self.url}/__sandbox__",
        }

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _certificate(ca_file: Path, names: tuple[str, ...]) -> ssl.SSLContext:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*dict.fromkeys(names)).configure_cert(context)
    return context
