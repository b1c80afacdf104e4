"""Signing in through other services, over real sockets: the sandbox's CRMs and a small issuer."""

import base64
import hashlib
from collections.abc import Iterator
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from flask import Flask, jsonify, redirect, request
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import make_server

from sandbox.identity import HubSpotIdentity, SalesforceIdentity
from sandbox.server import Server
from settings import HubSpotSignIn, OpenId, SalesforceSignIn, Settings, SettingsError, SignIn
from store.access import add_user, disable_user, find_user
from tests.web.people import client_of, make_app
from web import access

KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


class Issuer:
    """An OpenID Connect issuer that signs in whoever comes, as `claims` say."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {
            "sub": "u-1",
            "email": "ann@acme.example",
            "email_verified": True,
            "name": "Ann",
        }
        self.key = KEY
        self._asked: dict[str, str] = {}
        app = Flask("issuer")
        app.add_url_rule("/.well-known/openid-configuration", view_func=self._metadata)
        app.add_url_rule("/keys", view_func=lambda: jsonify(keys=[KEY.as_dict(private=False)]))
        app.add_url_rule("/authorize", view_func=self._authorize)
        app.add_url_rule("/token", view_func=self._token, methods=["POST"])
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _metadata(self) -> Any:
        return jsonify(
            issuer=self.url,
            authorization_endpoint=f"{self.url}/authorize",
            token_endpoint=f"{self.url}/token",
            jwks_uri=f"{self.url}/keys",
            id_token_signing_alg_values_supported=["RS256"],
        )

    def _authorize(self) -> Any:
        self._asked = request.args.to_dict()
        answer = urlencode({"code": "c-1", "state": self._asked["state"]})
        return redirect(f"{self._asked['redirect_uri']}?{answer}")

    def _token(self) -> Any:
        digest = hashlib.sha256(request.form["code_verifier"].encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert proof == self._asked["code_challenge"]
        issued = int(access.now().timestamp())
        claims = {
            "iss": self.url,
            "aud": "barometer",
            "iat": issued,
            "exp": issued + 60,
            "nonce": self._asked["nonce"],
        }
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims | self.claims, self.key)
        return jsonify(access_token="t", token_type="Bearer", id_token=token)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    running = Issuer()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "OIDC": "s-1",
        "SALESFORCE": SalesforceIdentity().client_secret,
        "HUBSPOT": HubSpotIdentity().client_secret,
    }
    for name, secret in known.items():
        monkeypatch.setenv(f"BAROMETER_SIGNIN_{name}_SECRET", secret)


def salesforce(server: Server, organisation: str | None = None) -> SalesforceSignIn:
    own = server.world.salesforce
    return SalesforceSignIn(
        login_url=server.url,
        client_id=own.client_id,
        organization_id=organisation or own.org_id,
    )


def hubspot(server: Server, account: int | None = None) -> HubSpotSignIn:
    own = server.world.hubspot
    return HubSpotSignIn(
        client_id=own.client_id,
        account_id=account or own.portal_id,
        authorize_url=f"{server.url}/oauth/authorize",
        base_url=server.url,
    )


def visitor(sessions: sessionmaker[Session], *domains: str, **services: Any) -> FlaskClient:
    """Somebody at the pages of a deployment with these services."""
    signin = SignIn(allowed_domains=domains, **services)
    return client_of(make_app(sessions, signin=signin), None)


def follow(client: FlaskClient, name: str, **form: str) -> tuple[int, str]:
    """Go through the service and back; status, and address or page, of the last answer."""
    away = client.get(f"/sign-in/with/{name}?next=/alerts")
    assert away.status_code == 302
    if form:
        there = requests.post(
            away.headers["Location"], data=form, timeout=20, allow_redirects=False
        )
    else:
        there = requests.get(away.headers["Location"], timeout=20, allow_redirects=False)
    back = urlsplit(there.headers["Location"])
    assert (back.netloc, back.path) == ("localhost", f"/sign-in/with/{name}/back")
    answer = client.get(f"{back.path}?{back.query}")
    return answer.status_code, answer.headers.get("Location", answer.text)


def consent(server: Server) -> dict[str, str]:
    own = server.world.salesforce
    return {"decision": "allow", "username": own.username, "password": own.password}


def role_of(sessions: sessionmaker[Session], email: str) -> str:
    with sessions() as session:
        user = find_user(session, email)
        assert user is not None
        return user.role


def test_salesforce_names_who_signed_in(sessions: sessionmaker[Session], server: Server) -> None:
    stranger = visitor(sessions, salesforce=salesforce(server))
    assert "Sign in with Salesforce" in stranger.get("/sign-in").text
    status, page = follow(stranger, "salesforce", **consent(server))
    assert status == 403
    assert "was not invited" in page
    email = page.split(" was not invited")[0].split(">")[-1].strip()
    guest = visitor(sessions, email.rpartition("@")[2], salesforce=salesforce(server))
    assert follow(guest, "salesforce", **consent(server)) == (303, "/alerts")
    assert guest.get("/alerts").status_code == 200
    assert role_of(sessions, email) == "viewer"
    assert follow(guest, "salesforce", **consent(server)) == (303, "/alerts")  # known by now


def test_salesforce_of_another_organisation_lets_nobody_in(
    sessions: sessionmaker[Session], server: Server
) -> None:
    other = salesforce(server, "00D5g000009ZZZZ")
    status, page = follow(
        visitor(sessions, "barometer.sandbox", salesforce=other), "salesforce", **consent(server)
    )
    assert status == 403
    assert "another organisation" in page


def test_a_refused_consent_is_told(sessions: sessionmaker[Session], server: Server) -> None:
    client = visitor(sessions, salesforce=salesforce(server))
    status, page = follow(client, "salesforce", decision="deny")
    assert status == 403
    assert "Salesforce did not sign you in. You did not allow it." in page
    assert client.get("/").status_code == 303


def test_hubspot_names_who_signed_in(sessions: sessionmaker[Session], server: Server) -> None:
    with sessions.begin() as session:
        add_user(session, "integration@barometer.example", "analyst", now=access.now())
    guest = visitor(sessions, hubspot=hubspot(server))
    assert follow(guest, "hubspot", decision="grant") == (303, "/alerts")
    assert guest.get("/alerts").status_code == 200
    assert role_of(sessions, "integration@barometer.example") == "analyst"
    other = visitor(sessions, "barometer.example", hubspot=hubspot(server, 1))
    status, page = follow(other, "hubspot", decision="grant")
    assert status == 403
    assert "another account" in page


def openid(sessions: sessionmaker[Session], issuer: Issuer, *domains: str) -> FlaskClient:
    return visitor(
        sessions,
        *domains,
        oidc=OpenId(issuer=issuer.url, client_id="barometer", label="Acme login"),
    )


def test_openid_connect_lets_in_who_was_invited_or_of_an_allowed_domain(
    sessions: sessionmaker[Session], issuer: Issuer
) -> None:
    client = openid(sessions, issuer)
    assert "Sign in with Acme login" in client.get("/sign-in").text
    status, page = follow(client, "oidc")
    assert status == 403
    assert "ann@acme.example was not invited" in page
    assert follow(openid(sessions, issuer, "ACME.example"), "oidc") == (303, "/alerts")
    assert role_of(sessions, "ann@acme.example") == "viewer"
    issuer.claims["email"] = "ann.lee@acme.example"  # who it is stays, by the subject
    assert follow(client, "oidc") == (303, "/alerts")
    issuer.claims |= {"email": "ann@acme.example", "sub": "u-2"}  # the address is another's now
    status, page = follow(openid(sessions, issuer, "acme.example"), "oidc")
    assert status == 403
    assert "signs in another way" in page


def test_a_disabled_person_is_not_let_in_by_a_service(
    sessions: sessionmaker[Session], issuer: Issuer
) -> None:
    with sessions.begin() as session:
        add_user(session, "boss@acme.example", "admin", now=access.now())
        user = add_user(session, "ann@acme.example", "viewer", now=access.now())
        disable_user(session, user, now=access.now())
    status, page = follow(openid(sessions, issuer), "oidc")
    assert status == 403
    assert "let in no more" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "another"},
        {"iss": "http://127.0.0.1:1"},
        {"nonce": "guess"},
        {"exp": 1},
        {"email_verified": False},
    ],
    ids=lambda wrong: str(next(iter(wrong))),
)
def test_an_id_token_that_is_not_for_us_lets_nobody_in(
    sessions: sessionmaker[Session], issuer: Issuer, wrong: dict[str, Any]
) -> None:
    issuer.claims |= wrong
    client = openid(sessions, issuer, "acme.example")
    status, page = follow(client, "oidc")
    assert status == 403
    assert "Acme login did not sign you in" in page
    assert client.get("/").status_code == 303


def test_an_id_token_signed_by_another_lets_nobody_in(
    sessions: sessionmaker[Session], issuer: Issuer
) -> None:
    issuer.key = OTHER_KEY
    assert follow(openid(sessions, issuer, "acme.example"), "oidc")[0] == 403


def test_an_answer_to_somebody_elses_request_is_refused(
    sessions: sessionmaker[Session], issuer: Issuer
) -> None:
    app = make_app(
        sessions,
        signin=SignIn(
            allowed_domains=("acme.example",), oidc=OpenId(issuer=issuer.url, client_id="barometer")
        ),
    )
    attacker, victim = client_of(app, None), client_of(app, None)
    away = attacker.get("/sign-in/with/oidc").headers["Location"]
    state = parse_qs(urlsplit(away).query)["state"][0]
    answer = victim.get("/sign-in/with/oidc/back", query_string={"code": "c-1", "state": state})
    assert answer.status_code == 403
    assert victim.get("/").status_code == 303


def test_an_issuer_that_does_not_answer_is_told(
    sessions: sessionmaker[Session], issuer: Issuer
) -> None:
    client = visitor(
        sessions, oidc=OpenId(issuer="http://127.0.0.1:9", client_id="barometer", label="Acme")
    )
    answer = client.get("/sign-in/with/oidc")
    assert answer.status_code == 403
    assert "does not answer as it should" in answer.text
    assert client.get("/sign-in/with/other").status_code == 404


def test_a_service_without_its_secret_stops_the_start(
    sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BAROMETER_SIGNIN_OIDC_SECRET")
    oidc = OpenId(issuer="https://login.example", client_id="barometer")
    with pytest.raises(SettingsError, match="BAROMETER_SIGNIN_OIDC_SECRET is not"):
        make_app(sessions, signin=SignIn(oidc=oidc))


def test_services_are_reached_by_https(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="begins with https"):
        OpenId(issuer="http://login.example", client_id="barometer")
    monkeypatch.setenv("BAROMETER_SIGNIN__OIDC__ISSUER", "https://login.example/")
    monkeypatch.setenv("BAROMETER_SIGNIN__OIDC__CLIENT_ID", "barometer")
    signin = Settings().signin
    assert signin.oidc is not None
    assert signin.oidc.issuer == "https://login.example"
    assert signin.services == {"oidc": "single sign-on"}
