"""Webhook settings and subscriptions of the app, for its developer.

Source: HubSpot API reference, webhook set-up (developer key, limits, new ones are paused).
"""

import json
from typing import Any

from sandbox.hubspot.changes import EVENTS, SUBJECTS, UNSUBSCRIBABLE, Subscription
from sandbox.hubspot.errors import invalid, no_resource, refusal
from sandbox.hubspot.http import Answer, json_object, route
from sandbox.hubspot.kinds import resolve
from sandbox.hubspot.portal import Portal

MOST = 1_000
STATE = "hubspot.webhooks"


def _wire(each: Subscription) -> dict[str, Any]:
    return {**each, "id": str(each["id"])}


@route("GET", "webhooks", "/<app_id>/settings", "", keyed=True)
def get_settings(portal: Portal, app_id: str) -> Answer:
    """Target URL and throttling."""
    _own(portal, app_id)
    settings = portal.deliveries.settings()
    if settings is None:
        raise refusal(404, "OBJECT_NOT_FOUND", f"No webhook settings for app {app_id}")
    return 200, settings


@route("PUT", "webhooks", "/<app_id>/settings", "", keyed=True, counts="write")
def put_settings(portal: Portal, app_id: str) -> Answer:
    """Where to deliver, and how many requests at once."""
    _own(portal, app_id)
    body = json_object()
    target = str(body.get("targetUrl", ""))
    if not target.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise invalid("targetUrl must be an https URL")
    most = (body.get("throttling") or {}).get("maxConcurrentRequests", 10)
    now = portal.now_text()
    settings = {
        "targetUrl": target,
        "throttling": {"maxConcurrentRequests": most},
        "createdAt": now,
        "updatedAt": now,
    }
    portal.world.write_state(STATE, settings)
    return 200, settings


@route("DELETE", "webhooks", "/<app_id>/settings", "", keyed=True, counts="write")
def delete_settings(portal: Portal, app_id: str) -> Answer:
    """No more deliveries."""
    _own(portal, app_id)
    portal.world.write_state(STATE, None)
    return 204, None


@route("GET", "webhooks", "/<app_id>/subscriptions", "", keyed=True)
def list_subscriptions(portal: Portal, app_id: str) -> Answer:
    """All subscriptions of the app."""
    _own(portal, app_id)
    return 200, {"results": [_wire(each) for each in portal.changes.subscriptions]}


@route("POST", "webhooks", "/<app_id>/subscriptions", "", keyed=True, counts="write")
def create_subscription(portal: Portal, app_id: str) -> Answer:
    """A new subscription, paused unless told to be active."""
    _own(portal, app_id)
    if len(portal.changes.subscriptions) >= MOST:
        raise invalid(f"An app may have at most {MOST} subscriptions")
    subscription = _checked(portal, json_object())
    with portal.world.transaction() as db:
        made = db.execute(
            "INSERT INTO hs_subscriptions (document) VALUES (?)", (json.dumps(subscription),)
        ).lastrowid
    portal.changes.reload()
    return 201, _wire({**subscription, "id": made})


@route("GET", "webhooks", "/<app_id>/subscriptions/<int:number>", "", keyed=True)
def get_subscription(portal: Portal, app_id: str, number: int) -> Answer:
    """One subscription."""
    _own(portal, app_id)
    return 200, _wire(_known(portal, number))


@route("PATCH", "webhooks", "/<app_id>/subscriptions/<int:number>", "", keyed=True, counts="write")
def update_subscription(portal: Portal, app_id: str, number: int) -> Answer:
    """Pause or resume."""
    _own(portal, app_id)
    return 200, _wire(_set_active(portal, number, bool(json_object().get("active"))))


@route("DELETE", "webhooks", "/<app_id>/subscriptions/<int:number>", "", keyed=True, counts="write")
def delete_subscription(portal: Portal, app_id: str, number: int) -> Answer:
    """Remove a subscription."""
    _own(portal, app_id)
    with portal.world.transaction() as db:
        db.execute("DELETE FROM hs_subscriptions WHERE id = ?", (number,))
    portal.changes.reload()
    return 204, None


@route("POST", "webhooks", "/<app_id>/subscriptions/batch/update", "", keyed=True, counts="write")
def update_subscriptions(portal: Portal, app_id: str) -> Answer:
    """Pause or resume several."""
    _own(portal, app_id)
    started = portal.now_text()
    changed = [
        _wire(_set_active(portal, int(each["id"]), bool(each.get("active"))))
        for each in json_object().get("inputs") or []
    ]
    return 200, {
        "status": "COMPLETE",
        "results": changed,
        "startedAt": started,
        "completedAt": portal.now_text(),
    }


def _own(portal: Portal, app_id: str) -> None:
    if app_id != str(portal.world.hubspot.app_id):
        raise no_resource()


def _known(portal: Portal, number: int) -> Subscription:
    for each in portal.changes.subscriptions:
        if each["id"] == number:
            return each
    raise refusal(404, "OBJECT_NOT_FOUND", f"No subscription {number}")


def _set_active(portal: Portal, number: int, active: bool) -> Subscription:
    changed = {**_known(portal, number), "active": active, "updatedAt": portal.now_text()}
    document = {key: value for key, value in changed.items() if key != "id"}
    with portal.world.transaction() as db:
        db.execute(
            "UPDATE hs_subscriptions SET document = ? WHERE id = ?", (json.dumps(document), number)
        )
    portal.changes.reload()
    return changed


def _checked(portal: Portal, body: dict[str, Any]) -> Subscription:
    event_type = str(body.get("eventType", ""))
    subject, _, event = event_type.partition(".")
    if event not in EVENTS or (subject not in SUBJECTS and subject != "object"):
        raise invalid(f"Unknown subscription type {event_type}")
    now = portal.now_text()
    subscription: Subscription = {
        "eventType": event_type,
        "active": bool(body.get("active", False)),
        "createdAt": now,
        "updatedAt": now,
    }
    if event == "propertyChange":
        name = body.get("propertyName")
        if not name:
            raise invalid("A propertyChange subscription needs a propertyName")
        if name in UNSUBSCRIBABLE:
            raise invalid(f"Property {name} cannot be subscribed to")
        subscription["propertyName"] = name
    if subject == "object":
        subscription["objectTypeId"] = resolve(str(body.get("objectTypeId", ""))).type_id
    return subscription
