"""Signing in: three grants, renewal by one at a time, and what a refusal tells to do."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.errors import CrmAuthFailed, CrmUnavailable
from connector.salesforce import SalesforceCredentials
from connector.tokens import Tokens
from sandbox.salesforce.founding import org_of
from sandbox.salesforce.users import register_certificate
from sandbox.server import Server
from sandbox.world import World
from tests.connector.conftest import MemoryTokens
from tests.connector.salesforce.conftest import FULL, Connect, Org, ids_of


@pytest.fixture
def by_refresh(world: World) -> SalesforceCredentials:
    """The grant of a user who connected in the browser."""
    known = world.salesforce
    return SalesforceCredentials("refresh_token", known.client_id, known.client_secret)


def _stored(server: Server, world: World) -> MemoryTokens:
    known = world.salesforce
    return MemoryTokens(Tokens(known.access_token, known.refresh_token, server.url))


def test_credentials_do_not_show_in_a_log_line() -> None:
    shown = repr(SalesforceCredentials("jwt", "key", "s3cret", "u@acme.example", "PRIVATE"))

    assert "s3cret" not in shown
    assert "PRIVATE" not in shown


def test_client_credentials_sign_in_once_for_many_calls(connect: Connect, org: Org) -> None:
    tokens = MemoryTokens()
    crm = connect(tokens=tokens)

    crm.describe("Account")
    crm.describe("Contact")

    stored = tokens.load()
    assert stored is not None
    assert stored.access_token
    assert stored.instance_url
    assert stored.refresh_token is None
    assert crm.usage.spent == org.calls() == 2  # signing in does not count


def test_tls_is_spoken_with_a_private_authority(connect: Connect, server: Server) -> None:
    crm = connect(login_url=server.https_url, ca_file=server.ca_file)

    assert "Name" in crm.describe("Account")
    assert crm.record_url("Account", "001").startswith("https://")


def test_wrong_credentials_tell_what_to_check(connect: Connect, world: World) -> None:
    wrong = SalesforceCredentials("client_credentials", world.salesforce.client_id, "wrong")

    with pytest.raises(CrmAuthFailed, match="consumer key and secret") as caught:
        connect(credentials=wrong).describe("Account")
    assert "wrong" not in str(caught.value)


def test_a_jwt_signs_in(connect: Connect, world: World) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    register_certificate(org_of(world), public.decode())
    known = world.salesforce
    by_jwt = SalesforceCredentials("jwt", known.client_id, username=known.username, private_key=pem)

    assert "Name" in connect(credentials=by_jwt).describe("Account")


def test_a_broken_key_is_said_to_be_one(connect: Connect, world: World) -> None:
    known = world.salesforce
    broken = SalesforceCredentials(
        "jwt", known.client_id, username=known.username, private_key="-----BEGIN"
    )

    with pytest.raises(CrmAuthFailed, match="PEM"):
        connect(credentials=broken).describe("Account")


@pytest.mark.parametrize("host", ["https://login.salesforce.com", "https://test.salesforce.com"])
def test_client_credentials_need_the_orgs_own_address(connect: Connect, host: str) -> None:
    with pytest.raises(CrmAuthFailed, match="My Domain"):
        connect(login_url=host).describe("Account")


def test_a_rotated_refresh_token_is_stored_before_the_session_is_used(
    connect: Connect, server: Server, world: World, by_refresh: SalesforceCredentials, org: Org
) -> None:
    org.switch("rotate_refresh_tokens", True)
    tokens = _stored(server, world)
    crm = connect(credentials=by_refresh, tokens=tokens)
    for expired in range(1, 4):
        org.fault("session_expired", count=1)
        crm.now()
        crm.count("Account")
        assert org.fired("session_expired") == expired

    stored = tokens.load()
    assert stored is not None
    assert stored.refresh_token not in (None, world.salesforce.refresh_token)


def test_a_token_rotated_in_the_middle_of_a_pull_loses_nothing(
    connect: Connect, server: Server, world: World, by_refresh: SalesforceCredentials, org: Org
) -> None:
    made = sorted(org.add("Account", Name=f"Account {n}") for n in range(6))
    for name, value in (
        ("rotate_refresh_tokens", True),
        ("cursor_needs_its_session", True),
        ("page_size", 2),
    ):
        org.switch(name, value)
    crm = connect(credentials=by_refresh, tokens=_stored(server, world))
    pages = crm.pull("Account", ["Name"], FULL)
    got = [next(pages)]

    org.fault("session_expired", count=1)
    got += [next(pages)]
    org.fault("session_expired", count=1)
    got += pages

    assert ids_of(got) == made


def test_two_connectors_with_one_store_renew_once(
    connect: Connect, server: Server, world: World, by_refresh: SalesforceCredentials, org: Org
) -> None:
    org.switch("rotate_refresh_tokens", True)
    tokens = _stored(server, world)
    both = [connect(credentials=by_refresh, tokens=tokens) for _ in range(2)]
    for crm in both:
        crm.describe("Account")
    saves: list[Tokens] = []
    keep = tokens.save

    def save(fresh: Tokens) -> None:
        saves.append(fresh)
        keep(fresh)

    tokens.save = save  # type: ignore[method-assign,assignment]
    org.world.clock.advance(3 * 3600)  # the session they share ends
    threads = [threading.Thread(target=crm.count, args=["Account"]) for crm in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(saves) == 1
    assert [crm.usage.spent for crm in both] == [3, 3]  # describe, refused count, count


def test_a_used_refresh_token_asks_for_a_new_connection(
    connect: Connect, server: Server, world: World, by_refresh: SalesforceCredentials, org: Org
) -> None:
    stale = MemoryTokens(Tokens("", "5Aep861-never-issued", server.url))

    with pytest.raises(CrmAuthFailed, match="onnect Salesforce again"):
        connect(credentials=by_refresh, tokens=stale).describe("Account")


def test_no_refresh_token_asks_for_a_connection(
    connect: Connect, by_refresh: SalesforceCredentials
) -> None:
    with pytest.raises(CrmAuthFailed, match="connect Salesforce again"):
        connect(credentials=by_refresh, tokens=MemoryTokens()).describe("Account")


def test_a_session_refused_right_after_renewal_needs_a_person(connect: Connect, org: Org) -> None:
    crm = connect()
    org.fault("session_expired")

    with pytest.raises(CrmAuthFailed, match="right after it was renewed"):
        crm.describe("Account")


def test_the_instance_told_at_renewal_is_the_one_called(
    connect: Connect, server: Server, world: World, org: Org
) -> None:
    """As when Salesforce moved the org: the stored address is another server's."""
    moved = MemoryTokens(Tokens("00Dold!token", None, server.https_url))
    crm = connect(tokens=moved, ca_file=server.ca_file)

    crm.describe("Account")

    stored = moved.load()
    assert stored is not None
    assert stored.instance_url == server.url
    assert crm.record_url("Account", "001A") == f"{server.url}/lightning/r/Account/001A/view"


def test_a_sign_in_that_answers_html_is_unavailable(
    connect: Connect, listen: Callable[[Callable[[BaseHTTPRequestHandler], None]], str], org: Org
) -> None:
    org.fault("html", path="/oauth2/token")

    with pytest.raises(CrmUnavailable, match="login URL"):
        connect().describe("Account")


def test_a_sign_in_is_tried_again(connect: Connect, org: Org) -> None:
    org.fault("unavailable", count=2, path="/oauth2/token")

    assert "Name" in connect().describe("Account")
    assert org.fired("unavailable") == 2
