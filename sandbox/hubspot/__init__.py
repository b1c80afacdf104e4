"""The HubSpot side of the sandbox: a portal that answers unmodified clients."""

from typing import Any

from flask import Blueprint, Flask

from sandbox.hubspot import (
    account,
    associations,
    batch,
    converting,
    exports,
    http,
    label_routes,
    oauth,
    old_api,
    old_associations,
    old_engagements,
    owners,
    pipeline_routes,
    properties,
    records,
    search,
    view,
    webhooks,
)
from sandbox.hubspot import person as people
from sandbox.hubspot.portal import of
from sandbox.portfolio import Portfolio
from sandbox.world import World

__all__ = ["account_view", "install", "load", "person"]

_ROUTED = (  # importing these adds their routes
    account,
    associations,
    batch,
    exports,
    label_routes,
    old_api,
    old_associations,
    old_engagements,
    owners,
    pipeline_routes,
    properties,
    records,
    search,
    webhooks,
)


def install(app: Flask, world: World) -> None:
    """Register HubSpot's routes on the sandbox's application."""
    app.url_map.converters["dated"] = http.Dated
    blueprint = Blueprint("hubspot", __name__)
    http.register(blueprint, of(world))
    oauth.register(blueprint, of(world))
    exports.register(blueprint, of(world))
    app.register_blueprint(blueprint)


def load(world: World, portfolio: Portfolio) -> None:
    """Put a portfolio into the world's portal."""
    converting.load(of(world), portfolio)


def person(
    world: World, action: str, kind: str, record_id: str | None, fields: dict[str, Any]
) -> dict[str, Any]:
    """What a person does in the CRM: read, create, update, delete, undelete, merge."""
    return people.act(of(world), action, kind, record_id, fields)


def account_view(world: World, record_id: str) -> dict[str, Any] | None:
    """A company's record page, or None."""
    return view.company(of(world), record_id)
