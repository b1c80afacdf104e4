"""The intake over HTTP: every sample delivery, each that must be refused, and many at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

import pytest
import requests

from settings import Web
from store.hooks import SigningSecret
from store.models import Hook
from tests.feedback.service import Service, Source, running
from tests.feedback.test_vectors import OTHER_SECRET
from tests.feedback.vectors import NAMES, also_active, vector

TYPEFORM = "typeform-nps-promoter"
FORMBRICKS = "formbricks-finished"
QUALTRICS = "qualtrics-completed-response"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture
def source(service: Service, request: pytest.FixtureRequest) -> Source:
    """A source for the sample that the test names, by default Typeform's."""
    return service.source(vector(getattr(request, "param", TYPEFORM)))


def states(source: Source) -> list[str]:
    return [event.state for event in source.events()]


@pytest.mark.parametrize("source", NAMES, indirect=True)
def test_a_delivery_is_stored_once(source: Source) -> None:
    assert [source.send().status_code for _ in range(2)] == [200, 200]
    (event,) = source.events()
    assert (event.state, event.verdict, event.size) == (
        *("waiting", "accepted by k1"),
        len(source.fresh().body),
    )
    assert b"example" not in event.content  # sealed


@pytest.mark.parametrize("source", NAMES, indirect=True)
def test_another_secret_or_time_is_refused(source: Source) -> None:
    assert source.send(source.fresh().signed(OTHER_SECRET)).status_code == 401
    scheme = source.sample.provider.scheme
    assert scheme is not None
    now = datetime.now(UTC)
    for shift in (timedelta(seconds=301), timedelta(seconds=-301)):
        shifted = source.send(source.fresh(now + shift + shift / 301)).status_code
        assert shifted == (401 if scheme.timestamp or scheme.pairs else 200)
    assert {event.event_key for event in source.events() if event.state == "refused"} == {None}


def test_the_raw_bytes_are_what_is_signed(source: Source) -> None:
    one = source.fresh()
    name = one.header("typeform-signature")
    wrong = [
        replace(one, body=one.body.replace(b'"number":9', b'"number":8')),
        replace(one, body=one.body.replace(b'":', b'": ')),
        replace(one, headers={k: v for k, v in one.headers.items() if k != name}),
        replace(one, headers={**one.headers, name: "sha256=" + "ab" * 32}),
        replace(one, headers={**one.headers, name: "sha256=" + "é" * 10}),
        replace(one, headers={**one.headers, name: one.headers[name].removeprefix("sha256=")}),
    ]
    headers = [{k: v.encode("latin-1") for k, v in bad.headers.items()} for bad in wrong]
    sent = [
        source.send(bad, headers=given).status_code
        for bad, given in zip(wrong, headers, strict=True)
    ]
    assert sent == [401] * len(wrong)
    assert states(source) == ["refused"] * len(wrong)


@pytest.mark.parametrize("source", [FORMBRICKS], indirect=True)
def test_standard_webhooks_that_are_malformed_are_refused(source: Source) -> None:
    one = source.fresh()
    garbage = replace(one, headers={**one.headers, "webhook-signature": "garbage"})
    assert source.send(garbage).status_code == 401
    assert source.send(replace(one, body=b"\xff\xfe")).status_code == 401
    odd = replace(one, headers={**one.headers, "webhook-timestamp": "soon"})
    assert source.send(odd).status_code == 401


@pytest.mark.parametrize("source", [FORMBRICKS], indirect=True)
def test_a_retry_with_a_new_signature_is_the_same_event(source: Source) -> None:
    now = datetime.now(UTC)
    first, again = source.fresh(now - timedelta(seconds=20)), source.fresh(now)
    assert first.headers["webhook-signature"] != again.headers["webhook-signature"]
    assert [source.send(one).status_code for one in (first, again)] == [200, 200]
    assert states(source) == ["waiting"]


@pytest.mark.parametrize("source", [QUALTRICS], indirect=True)
def test_a_form_field_is_signed_as_it_reads_decoded(source: Source) -> None:
    one = source.fresh()
    fields = dict(parse_qsl(one.body.decode()))
    encoded = one.signed(at=one.clock)
    raw = quote(fields["MSG"])
    import hashlib
    import hmac

    wrong = hmac.new(one.keys[0].text.encode(), raw.encode(), hashlib.sha512).hexdigest()
    bad = replace(one, body=urlencode({**fields, "HMAC": wrong}).encode())
    assert source.send(bad).status_code == 401
    spaced = replace(encoded, body=encoded.body.replace(b"+", b"%20"))
    assert spaced.body != encoded.body
    assert source.send(spaced).status_code == 200
    assert source.send(encoded).status_code == 200
    assert states(source) == ["refused", "waiting"]


@pytest.mark.parametrize("source", ["generic-hmac-sha512-hex"], indirect=True)
def test_hex_of_either_case_is_the_same_bytes(source: Source) -> None:
    one = source.fresh()
    name = one.header("x-hook-signature")
    upper = "sha512=" + one.headers[name].removeprefix("sha512=").upper()
    assert upper != one.headers[name]
    assert source.send(replace(one, headers={**one.headers, name: upper})).status_code == 200


def test_the_public_address_is_what_is_signed(tmp_path: Path) -> None:
    with running(tmp_path, web=Web(public_url="https://hooks.acme.example")) as service:
        source = service.source(vector("hubspot-feedback-batch"))
        path = source.url.removeprefix(service.url)
        called = source.fresh().signed(
            at=datetime.now(UTC), url=f"https://hooks.acme.example{path}"
        )
        assert source.send(called, url=source.url).status_code == 200
        assert source.send(source.fresh(), url=source.url).status_code == 401


def test_looking_whether_the_address_works_stores_nothing(source: Source) -> None:
    for method in ("HEAD", "GET"):
        assert requests.request(method, source.url, timeout=30).status_code == 200
    assert source.events() == []


@pytest.mark.parametrize("name", ["typeform-nps-promoter", "jotform-submission"])
def test_a_slash_at_the_end_is_no_redirect(service: Service, name: str) -> None:
    source = service.source(vector(name))
    slashed = source.fresh().url.replace(source.url, source.url + "/")
    assert source.send(url=slashed, allow_redirects=False).status_code == 200
    assert requests.head(source.url + "/", timeout=30).status_code == 200


@pytest.mark.parametrize("source", ["jotform-submission"], indirect=True)
def test_a_body_that_is_too_large_is_refused_before_it_is_read(source: Source) -> None:
    headers = {"Content-Type": "text/plain", "Content-Length": str(5 * 1024 * 1024)}
    with requests.Session() as client:
        asked = requests.Request("POST", source.url, headers=headers).prepare()
        asked.headers["Content-Length"] = str(5 * 1024 * 1024)  # promised, and not yet sent
        assert client.send(asked, timeout=30).status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 65536

    try:
        chunked = requests.post(source.url, data=pieces(), timeout=30)
    except requests.ConnectionError:  # the service did not wait for the rest
        pass
    else:
        assert chunked.status_code == 413
    assert source.events() == []


def test_an_unknown_address_is_not_found(service: Service) -> None:
    answer = requests.post(f"{service.url}/hooks/no-such-token", data=b"{}", timeout=30)
    assert (answer.status_code, answer.text) == (404, "no source has this address\n")


def test_a_paused_source_asks_to_send_again(service: Service, source: Source) -> None:
    with service.house.sessions.begin() as session:
        session.get_one(Hook, source.id).state = "paused"
    answer = source.send()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "120")
    assert source.events() == []


def test_without_a_usable_secret_the_sender_keeps_the_event(
    service: Service, source: Source
) -> None:
    service.keys(source, SigningSecret("k1", "x", until=datetime(2026, 1, 1, tzinfo=UTC)))
    assert source.send().status_code == 503


def test_without_a_database_the_sender_keeps_the_event(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        source = service.source(vector(TYPEFORM))
        for suffix in ("", "-wal", "-shm"):
            (tmp_path / f"barometer.db{suffix}").unlink(missing_ok=True)
        service.house.engine.dispose()
        for answer in (source.send(), requests.get(source.url, timeout=30)):
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "120")
            assert "sqlite" not in answer.text.lower()


def test_twenty_at_once_are_one(source: Source) -> None:
    one = source.fresh()
    with ThreadPoolExecutor(20) as pool:
        sent = [pool.submit(source.send, one) for _ in range(20)]
        assert {answer.result().status_code for answer in sent} == {200}
    assert states(source) == ["waiting"]


@pytest.mark.parametrize("source", ["generic-standard-webhooks-rotation"], indirect=True)
def test_a_rotation_overlaps(service: Service, source: Source) -> None:
    new, old = source.sample.keys[0].text, also_active("generic-standard-webhooks-rotation")
    end = datetime.now(UTC) + timedelta(days=7)
    service.keys(source, SigningSecret("k2", new), SigningSecret("k1", old, until=end))
    for secret, identity in ((old, "a"), (new, "b")):
        one = replace(source.sample, headers={**source.sample.headers, "webhook-id": identity})
        assert source.send(one.signed(secret, at=datetime.now(UTC))).status_code == 200
    assert [e.verdict for e in source.events()] == ["accepted by k1", "accepted by k2"]
    service.keys(
        source,
        SigningSecret("k2", new),
        SigningSecret("k1", old, until=end.min.replace(tzinfo=UTC)),
    )
    assert source.send(source.sample.signed(old, at=datetime.now(UTC))).status_code == 401


def test_a_flood_of_refused_deliveries_is_noted_only_in_part(source: Source) -> None:
    one = replace(source.fresh(), body=b"{}")
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: source.send(one).status_code, range(90)))
    assert set(sent) == {401}
    assert 60 <= len(source.events()) < 90  # a few of those at the same instant
