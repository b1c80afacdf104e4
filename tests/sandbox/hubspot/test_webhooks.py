"""Webhooks: subscriptions, payloads, signatures, repetitions."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hubspot.utils.signature import Signature

from sandbox.hubspot.portal import of
from sandbox.hubspot.signatures import version_1, version_3
from tests.sandbox.hubspot.conftest import Api

SECRET = "sandbox-secret-0001"
STAMP = "1790000001000"
URI = "https://hooks.example.test/hubspot/events"
CARD = "https://hooks.example.test/card?portalId=9000001&userEmail=ana%40example.test"
BODY = (
    b'[{"eventId":100,"subscriptionId":7001,"portalId":9000001,"appId":42,'
    b'"occurredAt":1790000000000,"subscriptionType":"company.propertyChange","attemptNumber":0,'
    b'"objectId":5001,"propertyName":"annualrevenue","propertyValue":"1250000",'
    b'"changeSource":"CRM_UI","sourceId":"userId:77"}]'
)


class Hook:
    """A target that keeps what it got and answers with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[Message, bytes]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.got.append((self.headers, body))
                self.send_response(hook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Silence."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/events"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def events(self) -> list[dict[str, Any]]:
        """All events of all deliveries."""
        return [event for _, body in self.got for event in json.loads(body)]


@pytest.fixture
def hook(api: Api) -> Iterator[Hook]:
    """The app's target URL, set in the portal."""
    hook = Hook()
    call(api, "PUT", "settings", {"targetUrl": hook.url, "throttling": {}})
    yield hook
    of(api.world).deliveries.close()
    hook.server.shutdown()
    hook.thread.join()
    hook.server.server_close()


def call(api: Api, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    identity = api.world.hubspot
    url = f"/webhooks/v3/{identity.app_id}/{path}?hapikey={identity.client_secret}"
    return api.call(method, url, body, status=status)


def subscribe(api: Api, event_type: str, **more: Any) -> str:
    body = {"eventType": event_type, "active": True, **more}
    return str(call(api, "POST", "subscriptions", body, 201)["id"])


def until(reached: Callable[[], bool]) -> None:
    limit = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < limit, "nothing came in 60 s"
        time.sleep(0.02)


def test_changes_are_delivered_signed(api: Api, hook: Hook) -> None:
    created = subscribe(api, "company.creation")
    changed = subscribe(api, "company.propertyChange", propertyName="city")
    company = api.add("companies", name="One")
    api.call("PATCH", f"/crm/v3/objects/companies/{company}", {"properties": {"city": "Oslo"}})

    until(lambda: len(hook.events()) >= 2)

    events = {str(event["subscriptionId"]): event for event in hook.events()}
    assert events[created]["subscriptionType"] == "company.creation"
    assert events[created]["changeFlag"] == "CREATED"
    assert events[changed]["objectId"] == int(company)
    assert (events[changed]["propertyName"], events[changed]["propertyValue"]) == ("city", "Oslo")
    assert events[changed]["portalId"] == api.world.hubspot.portal_id
    headers, body = hook.got[0]
    assert Signature.is_valid(
        signature=headers["X-HubSpot-Signature-v3"],
        client_secret=api.world.hubspot.client_secret,
        request_body=body.decode(),
        http_uri=hook.url,
        http_method="POST",
        signature_version="v3",
        timestamp=int(headers["X-HubSpot-Request-Timestamp"]),
    )
    assert headers["X-HubSpot-Signature-Version"] == "v1"
    assert headers["X-HubSpot-Signature"] == version_1(api.world.hubspot.client_secret, body)


@pytest.mark.parametrize("shuffled", [True, False])
def test_events_of_a_delivery_in_order_or_not(api: Api, hook: Hook, shuffled: bool) -> None:
    api.world.switches["hubspot.webhooks.shuffle"] = shuffled
    subscribe(api, "company.creation")
    inputs = [{"properties": {"name": f"A{n}"}} for n in range(20)]
    made = api.post("/crm/v3/objects/companies/batch/create", {"inputs": inputs}, status=201)

    until(lambda: len(hook.events()) >= 20)

    told = [event["objectId"] for event in hook.events()]
    assert sorted(told) == sorted(int(each["id"]) for each in made["results"])
    assert (told != sorted(told)) is shuffled


def test_a_refused_change_is_never_told(api: Api, hook: Hook) -> None:
    subscribe(api, "company.creation")
    inputs = [{"properties": {"name": "A"}}, {"properties": {"city": "no name"}}]
    api.post("/crm/v3/objects/companies/batch/create", {"inputs": inputs}, status=400)

    company = api.add("companies", name="B")

    until(lambda: bool(hook.events()))
    assert [event["objectId"] for event in hook.events()] == [int(company)]


def test_repeated_until_accepted(api: Api, hook: Hook) -> None:
    subscribe(api, "contact.deletion")
    person = api.add("contacts", email="a@b.test")
    hook.status = 503
    api.call("DELETE", f"/crm/v3/objects/contacts/{person}", status=204)
    until(lambda: len(hook.got) == 1)

    hook.status = 200
    until(lambda: api.world.db().execute("SELECT attempt FROM hs_events").fetchone()[0] == 1)
    api.world.clock.advance(86_400)
    until(lambda: len(hook.got) == 2)

    assert [event["attemptNumber"] for event in hook.events()] == [0, 1]
    until(lambda: api.world.db().execute("SELECT 1 FROM hs_events").fetchone() is None)


def test_duplicates_on_demand(api: Api, hook: Hook) -> None:
    api.world.faults.arm({"name": "duplicate_delivery", "crm": "hubspot", "count": 1})
    subscribe(api, "deal.creation")

    api.add("deals", dealname="D", dealstage="closedwon")

    until(lambda: len(hook.got) == 2)
    assert hook.got[0][1] == hook.got[1][1]


def test_links_merges_and_generic_types(api: Api, hook: Hook) -> None:
    subscribe(api, "contact.associationChange")
    subscribe(api, "company.merge")
    subscribe(api, "object.creation", objectTypeId="0-27")
    person, one = api.add("contacts", email="a@b.test"), api.add("companies", name="One")
    two = api.add("companies", name="Two")

    api.call("PUT", f"/crm/v4/objects/companies/{one}/associations/default/contacts/{person}")
    task = api.add("tasks", hs_timestamp="2026-12-01T00:00:00Z")
    merge = {"primaryObjectId": two, "objectIdToMerge": one}
    api.post("/crm/v3/objects/companies/merge", merge)

    until(lambda: len(hook.events()) >= 3)
    events = {event["subscriptionType"]: event for event in reversed(hook.events())}
    linked = events["contact.associationChange"]
    assert linked["associationType"] == "CONTACT_TO_COMPANY"
    assert (linked["fromObjectId"], linked["toObjectId"]) == (int(person), int(one))
    assert linked["associationRemoved"] is False
    assert events["object.creation"]["objectTypeId"] == "0-27"
    assert events["object.creation"]["objectId"] == int(task)
    assert events["company.merge"]["mergedObjectIds"] == [int(one)]


def test_subscriptions_are_managed_with_the_developers_key(api: Api) -> None:
    app = api.world.hubspot.app_id
    api.get(f"/webhooks/v3/{app}/subscriptions", status=401)
    call(api, "POST", "subscriptions", {"eventType": "company.exploded"}, 400)
    unwanted = {"eventType": "company.propertyChange", "propertyName": "hs_lastmodifieddate"}
    call(api, "POST", "subscriptions", unwanted, 400)

    made = call(api, "POST", "subscriptions", {"eventType": "company.creation"}, 201)

    assert made["active"] is False
    path = f"subscriptions/{made['id']}"
    assert call(api, "PATCH", path, {"active": True})["active"] is True
    assert [s["id"] for s in call(api, "GET", "subscriptions")["results"]] == [made["id"]]
    call(api, "DELETE", path, status=204)
    call(api, "GET", path, status=404)


def test_signatures_match_the_known_vectors() -> None:
    assert version_1(SECRET, BODY) == (
        "74eeff9f28cfffc5065c00fa17814d44a8a57e59974ba4a24a524f9049b0c34c"
    )
    signed = version_3(SECRET, "POST", URI, BODY, STAMP)
    assert signed == "BYR2TR1ocOAm8+X9UXpR6yYVpCemaprFPY9T+xZkdTs="
    card = f"{CARD}&at=2026-09-21T10%3A00%3A00&q=a%20b"
    signed = version_3(SECRET, "GET", card, b"", STAMP)
    assert signed == "WeeU2eu0eZBOjgczCbyXDqmAjk5YF/5ydl0QrX/SnUo="
    body = '{"name":"Société Générale – €5"}'.encode()  # noqa: RUF001 - the vector has this dash
    signed = version_3(SECRET, "POST", URI, body, STAMP)
    assert signed == "LQzYZNGujXRBtdJ/XlRviXBh2BYaYgVk+ZJfsWQuMU0="
