"""Every way in: OAuth grants, consent, rotation, revocation, SOAP login."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.sandbox.salesforce.conftest import Api, person

_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _token(api: Api, status: int = 200, auth: Any = None, **form: str) -> dict[str, Any]:
    url = f"{api.server.url}/services/oauth2/token"
    answer = requests.post(url, data=form, auth=auth, timeout=20)
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _works(api: Api, token: str) -> bool:
    url = f"{api.server.url}/services/data/v59.0/limits"
    answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=20)
    return answer.status_code == 200


def _app(api: Api) -> dict[str, Any]:
    own = api.world.salesforce
    return {"client_id": own.client_id, "client_secret": own.client_secret}


def test_client_credentials_by_basic_header_and_by_form(api: Api) -> None:
    own = api.world.salesforce
    basic = _token(api, auth=(own.client_id, own.client_secret), grant_type="client_credentials")
    form = _token(api, grant_type="client_credentials", **_app(api))
    for body in (basic, form):
        assert _works(api, body["access_token"])
        assert body["instance_url"] == api.server.url
        assert "refresh_token" not in body
        assert "expires_in" not in body
        assert body["access_token"].startswith(own.org_id[:15] + "!")


def test_answers_are_signed_with_the_secret(api: Api) -> None:
    body = _token(api, grant_type="client_credentials", **_app(api))
    secret = api.world.salesforce.client_secret.encode()
    signed = (body["id"] + body["issued_at"]).encode()
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert body["signature"] == expected


def test_wrong_clients_are_refused(api: Api) -> None:
    app = _app(api) | {"client_secret": "no"}
    assert _token(api, 401, grant_type="client_credentials", **app)["error"] == "invalid_client"
    app = {"client_id": "no", "client_secret": "no"}
    refused = _token(api, 400, grant_type="client_credentials", **app)
    assert refused["error"] == "invalid_client_id"
    assert _token(api, 400, grant_type="magic")["error"] == "unsupported_grant_type"


def test_refresh_keeps_or_rotates_and_reuse_ends_everything(api: Api) -> None:
    first = api.world.salesforce.refresh_token
    ask: dict[str, Any] = {"grant_type": "refresh_token", **_app(api)}
    assert "refresh_token" not in _token(api, refresh_token=first, **ask)
    api.world.switches["salesforce.rotate_refresh_tokens"] = True
    rotated = _token(api, refresh_token=first, **ask)
    assert rotated["refresh_token"] != first
    assert _works(api, rotated["access_token"])
    reused = _token(api, 400, refresh_token=first, **ask)
    assert reused == {
        "error": "invalid_grant",
        "error_description": "expired access/refresh token",
    }
    assert not _works(api, rotated["access_token"])
    _token(api, 400, refresh_token=rotated["refresh_token"], **ask)


def test_revoking_a_refresh_token_ends_its_access_tokens(api: Api) -> None:
    first = api.world.salesforce.refresh_token
    fresh = _token(api, grant_type="refresh_token", refresh_token=first, **_app(api))
    url = f"{api.server.url}/services/oauth2/revoke"
    assert requests.post(url, data={"token": first}, timeout=20).status_code == 200
    assert not _works(api, fresh["access_token"])
    again = requests.post(url, data={"token": "nonsense"}, timeout=20)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_token")


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def _assertion(key: RSAPrivateKey, **claims: Any) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "RS256"}, claims)
    ]
    signed = b".".join(parts)
    signature = base64.urlsafe_b64encode(key.sign(signed, PKCS1v15(), SHA256())).rstrip(b"=")
    return b".".join([signed, signature]).decode()


def test_jwt_bearer_checks_signature_audience_and_time(api: Api, key: RSAPrivateKey) -> None:
    own = api.world.salesforce
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    claims = {
        "iss": own.client_id,
        "sub": own.username,
        "aud": "https://login.salesforce.com",
        "exp": str(int(time.time()) + 180),
    }

    def ask(status: int, signer: RSAPrivateKey = key, **changed: Any) -> dict[str, Any]:
        assertion = _assertion(signer, **{**claims, **changed})
        return _token(api, status, grant_type=_JWT, assertion=assertion)

    assert ask(400)["error_description"] == "invalid assertion"
    person(api.world, "create", "Certificate", pem=pem)
    assert _works(api, ask(200)["access_token"])
    assert _works(api, ask(200, exp=int(time.time()) + 60)["access_token"])
    assert ask(400, aud="https://elsewhere.example")["error"] == "invalid_grant"
    assert ask(400, exp=int(time.time()) - 5)["error"] == "invalid_grant"
    assert ask(400, sub="nobody@x")["error_description"] == "user hasn't approved this consumer"
    other = generate_private_key(65537, 2048)
    assert ask(400, signer=other)["error_description"] == "invalid assertion"


def _authorize(api: Api, challenge: str, decision: str = "allow") -> dict[str, list[str]]:
    own = api.world.salesforce
    asked = {
        "response_type": "code",
        "client_id": own.client_id,
        "redirect_uri": "http://localhost:9/cb",
        "scope": "api refresh_token",
        "state": "s1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    url = f"{api.server.url}/services/oauth2/authorize"
    page = requests.get(url, params=asked, timeout=20)
    assert "Allow access?" in page.text
    form = {"username": own.username, "password": own.password, "decision": decision}
    back = requests.post(url, params=asked, data=form, allow_redirects=False, timeout=20)
    assert back.status_code == 302
    return parse_qs(urlsplit(back.headers["Location"]).query)


def test_web_server_flow_with_pkce(api: Api) -> None:
    verifier = "v" * 50
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert _authorize(api, challenge, "deny")["error"] == ["access_denied"]
    answer = _authorize(api, challenge)
    assert answer["state"] == ["s1"]
    ask: dict[str, Any] = {
        "grant_type": "authorization_code",
        "code": answer["code"][0],
        "redirect_uri": "http://localhost:9/cb",
        **_app(api),
    }
    tokens = _token(api, code_verifier=verifier, **ask)
    assert _works(api, tokens["access_token"])
    assert _token(api, 400, code_verifier=verifier, **ask)["error"] == "invalid_grant"
    ask["code"] = _authorize(api, challenge)["code"][0]
    assert _token(api, 400, code_verifier="w" * 50, **ask)["error"] == "invalid_request"
    ask["code"] = _authorize(api, challenge)["code"][0]
    assert _token(api, 400, **ask)["error"] == "invalid_grant"
    refreshed = _token(
        api, grant_type="refresh_token", refresh_token=tokens["refresh_token"], **_app(api)
    )
    assert _works(api, refreshed["access_token"])


def test_identity_and_userinfo_tell_who_is_calling(api: Api) -> None:
    own = api.world.salesforce
    body = _token(api, grant_type="client_credentials", **_app(api))
    bearer = {"Authorization": f"Bearer {body['access_token']}"}
    identity = requests.get(body["id"], headers=bearer, timeout=20).json()
    assert identity["user_id"] == own.user_id
    assert identity["urls"]["rest"] == f"{api.server.url}/services/data/v{{version}}/"
    info = requests.get(
        f"{api.server.url}/services/oauth2/userinfo", headers=bearer, timeout=20
    ).json()
    assert (info["organization_id"], info["preferred_username"]) == (own.org_id, own.username)
    unknown = requests.get(body["id"], timeout=20)
    assert (unknown.status_code, unknown.text) == (403, "Bad_OAuth_Token")


def _soap_login(api: Api, password: str, version: str = "59.0") -> requests.Response:
    envelope = f"""<?xml version="1.0" encoding="utf-8" ?>
<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body>
<n1:login xmlns:n1="urn:partner.soap.sforce.com">
<n1:username>{api.world.salesforce.username}</n1:username><n1:password>{password}</n1:password>
</n1:login></env:Body></env:Envelope>"""
    headers = {"content-type": "text/xml", "SOAPAction": "login"}
    url = f"{api.server.url}/services/Soap/u/{version}"
    return requests.post(url, data=envelope, headers=headers, timeout=20)


def test_soap_login(api: Api) -> None:
    own = api.world.salesforce
    answer = _soap_login(api, own.password + own.security_token)
    assert answer.status_code == 200
    found = {
        element.tag.rpartition("}")[2]: element for element in ET.fromstring(answer.text).iter()
    }
    assert _works(api, found["sessionId"].text or "")
    assert (found["serverUrl"].text or "").startswith(f"{api.server.url}/services/Soap/u/59.0/")
    assert found["userInfo"][8].tag.endswith("organizationId")
    refused = _soap_login(api, "wrong")
    assert refused.status_code == 500
    assert "<sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>" in refused.text
    assert "not available in the API version specified (65.0)" in _soap_login(api, "x", "65.0").text
    api.world.switches["salesforce.soap_login_disabled"] = True
    assert "INVALID_OPERATION" in _soap_login(api, own.password).text
