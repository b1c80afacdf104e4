"""Tokens: OAuth in three versions, consent, expiry, scopes."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.sandbox.hubspot.conftest import Api

COMPANIES = "/crm/v3/objects/companies"
BACK = "http://127.0.0.1:9/callback"


def token(api: Api, version: str = "v1", *, status: int = 200, **fields: Any) -> Any:
    identity = api.world.hubspot
    client = {"client_id": identity.client_id, "client_secret": identity.client_secret}
    path = f"{api.url}/oauth/{version}/token"
    answer = requests.post(path, data={**client, **fields}, timeout=10)
    assert answer.status_code == status, answer.text
    return answer.json()


def refreshed(api: Api, version: str = "v1", refresh_token: str | None = None) -> Any:
    refresh = refresh_token or api.world.hubspot.refresh_token
    return token(api, version, grant_type="refresh_token", refresh_token=refresh)


def use(api: Api, access_token: str | None) -> requests.Response:
    headers = {} if access_token is None else {"Authorization": f"Bearer {access_token}"}
    return requests.get(api.url + COMPANIES, headers=headers, timeout=10)


@pytest.mark.parametrize("version", ["v1", "v3", "2026-03"])
def test_refresh(shared: Api, version: str) -> None:
    answer = refreshed(shared, version)

    assert answer["token_type"] == "bearer"
    assert answer["expires_in"] == 1800
    assert answer["refresh_token"] == shared.world.hubspot.refresh_token
    assert use(shared, answer["access_token"]).status_code == 200
    assert ("hub_id" in answer) is (version != "v1")
    if version != "v1":
        assert answer["token_use"] == "access_token"
        assert "crm.objects.companies.read" in answer["scopes"]


def test_access_token_expires_by_the_worlds_clock(api: Api) -> None:
    access = refreshed(api)["access_token"]
    api.world.clock.advance(1799)
    assert use(api, access).status_code == 200

    api.world.clock.advance(43)
    gone = use(api, access)

    assert gone.status_code == 401
    assert gone.json()["category"] == "EXPIRED_AUTHENTICATION"
    assert "expired 42 second(s) ago" in gone.json()["message"]
    assert gone.json()["context"]["expire time"][0].endswith("Z")
    api.get(COMPANIES)  # the static token goes on


def test_rotation_makes_the_old_refresh_token_useless(api: Api, switches: Any) -> None:
    switches["hubspot.rotate_refresh_tokens"] = True
    old = api.world.hubspot.refresh_token
    new = refreshed(api)["refresh_token"]

    refused = token(api, grant_type="refresh_token", refresh_token=old, status=400)

    assert new != old
    assert refused["status"] == "BAD_REFRESH_TOKEN"
    assert refused["error"] == "invalid_grant"
    assert refreshed(api, refresh_token=new)["refresh_token"] != new


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"client_id": "x", "grant_type": "refresh_token"}, "BAD_CLIENT_ID"),
        ({"client_secret": "x", "grant_type": "refresh_token"}, "BAD_CLIENT_SECRET"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "BAD_REFRESH_TOKEN"),
        ({"grant_type": "authorization_code", "code": "x"}, "BAD_AUTH_CODE"),
    ],
)
def test_token_endpoint_refusals(shared: Api, fields: dict[str, str], word: str) -> None:
    assert token(shared, status=400, **fields)["status"] == word


def test_authorization_code_with_consent_and_pkce(api: Api) -> None:
    verifier = "a-long-verifier-of-the-client-0123456789"
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": api.world.hubspot.client_id,
        "redirect_uri": BACK,
        "scope": "oauth crm.objects.companies.read",
        "state": "s1",
        "code_challenge": challenge,
    }
    page = requests.get(f"{api.url}/oauth/authorize", params=query, timeout=10)
    assert "crm.objects.companies.read" in page.text
    sent = requests.post(
        page.url, data={"decision": "grant"}, allow_redirects=False, timeout=10
    ).headers["Location"]
    back = parse_qs(urlsplit(sent).query)
    assert back["state"] == ["s1"]

    code: dict[str, Any] = {"grant_type": "authorization_code", "redirect_uri": BACK}
    code["code"] = back["code"][0]
    answer = token(api, "v3", **code, code_verifier=verifier)

    assert answer["scopes"] == ["crm.objects.companies.read", "oauth"]
    assert use(api, answer["access_token"]).status_code == 200
    assert token(api, status=400, **code)["status"] == "BAD_AUTH_CODE"
    contacts = requests.get(
        f"{api.url}/crm/v3/objects/contacts",
        headers={"Authorization": f"Bearer {answer['access_token']}"},
        timeout=10,
    )
    assert contacts.status_code == 403
    assert contacts.json()["errors"][0]["context"]["requiredGranularScopes"] == [
        "crm.objects.contacts.read"
    ]


def test_refused_consent_and_wrong_code(api: Api, switches: Any) -> None:
    query = {"client_id": api.world.hubspot.client_id, "redirect_uri": BACK, "scope": "oauth"}

    def come_back() -> dict[str, list[str]]:
        answer = requests.get(
            f"{api.url}/oauth/authorize", params=query, allow_redirects=False, timeout=10
        )
        return parse_qs(urlsplit(answer.headers["Location"]).query)

    switches["hubspot.consent"] = "refuse"
    assert come_back()["error"] == ["access_denied"]
    switches["hubspot.consent"] = "grant"
    code = {"grant_type": "authorization_code", "code": come_back()["code"][0]}
    other = token(api, status=400, **code, redirect_uri="http://elsewhere.test/")
    assert other["status"] == "MISMATCH_REDIRECT_URI_AUTH_CODE"
    late = {**code, "code": come_back()["code"][0], "redirect_uri": BACK}
    api.world.clock.advance(61)
    assert token(api, status=400, **late)["status"] == "EXPIRED_AUTH_CODE"


def test_looking_tokens_up_and_revoking(api: Api) -> None:
    answer = refreshed(api)
    access, refresh = answer["access_token"], answer["refresh_token"]
    shown = api.get(f"/oauth/v1/access-tokens/{access}")
    assert shown["hub_id"] == api.world.hubspot.portal_id
    assert shown["token_type"] == "access"
    assert api.get(f"/oauth/v1/refresh-tokens/{refresh}")["client_id"]
    identity = api.world.hubspot
    form = {"client_id": identity.client_id, "client_secret": identity.client_secret}
    asked = requests.post(
        f"{api.url}/oauth/v3/token/introspect", data={**form, "token": access}, timeout=10
    ).json()
    assert (asked["active"], asked["token_use"]) == (True, "access_token")

    api.call("DELETE", f"/oauth/v1/refresh-tokens/{refresh}", status=204)

    assert use(api, access).status_code == 401
    assert token(api, grant_type="refresh_token", refresh_token=refresh, status=400)
    api.get(f"/oauth/v1/access-tokens/{access}", status=404)


def test_static_token_and_its_scopes(api: Api, switches: Any) -> None:
    key = {"tokenKey": api.world.hubspot.access_token}
    info = api.post("/oauth/v2/private-apps/get/access-token-info", key)
    assert info["hubId"] == api.world.hubspot.portal_id
    switches["hubspot.scopes"] = ["crm.objects.companies.read"]
    api.get(COMPANIES)

    refused = api.post(COMPANIES, {"properties": {"name": "N"}}, status=403)

    assert refused["category"] == "MISSING_SCOPES"
    assert refused["errors"][0]["context"]["requiredGranularScopes"] == [
        "crm.objects.companies.write"
    ]
    api.get("/crm/v3/owners/", status=403)
    api.get("/crm/v3/properties/companies")
    api.get("/crm/v3/properties/tasks", status=403)


def test_missing_and_unknown_tokens(shared: Api) -> None:
    for wrong in (None, "pat-unknown", shared.world.hubspot.refresh_token):
        answer = use(shared, wrong)
        assert answer.status_code == 401
        assert answer.json()["category"] == "INVALID_AUTHENTICATION"


def test_expiry_as_a_fault(api: Api) -> None:
    access = refreshed(api)["access_token"]
    api.world.faults.arm({"name": "token_expired", "crm": "hubspot", "count": 1})

    assert use(api, access).json()["category"] == "EXPIRED_AUTHENTICATION"
    assert use(api, access).status_code == 401
    assert use(api, refreshed(api)["access_token"]).status_code == 200


def test_account_details(shared: Api) -> None:
    details = shared.get("/account-info/2026-03/details")

    assert details["portalId"] == shared.world.hubspot.portal_id
    assert details["companyCurrency"] == "USD"
    assert details["timeZone"] == "Europe/Amsterdam"
    currency = shared.get("/settings/v3/currencies/company-currency")
    assert currency["currencyCode"] == "USD"
