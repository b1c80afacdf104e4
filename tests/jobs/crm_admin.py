"""What an admin does in a CRM under test: approve an app, change fields and rights."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from sandbox import salesforce
from sandbox.salesforce import customfields
from sandbox.salesforce.founding import org_of
from sandbox.server import Server

BACK = "http://127.0.0.1:8000/connect/answer"
VERIFIER = "v" * 64
CHALLENGE = "w1TpKUdYE9hUAcNSeeSRFioHDxfUxuHho_JHAfZ_vDM"  # S256 of the verifier


def approve(server: Server, vendor: str) -> dict[str, str]:
    """The code that the consent page sends back when the integration user approves."""
    where = server.credentials()[vendor]
    asked = {
        "response_type": "code",
        "client_id": where["client_id"],
        "redirect_uri": BACK,
        "scope": "api refresh_token" if vendor == "salesforce" else ALL_SCOPES,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    if vendor == "salesforce":
        path = "/services/oauth2/authorize"
        form = {name: where[name] for name in ("username", "password")} | {"decision": "allow"}
    else:
        path, form = "/oauth/authorize", {"decision": "grant"}
    answer = requests.post(
        server.url + path, params=asked, data=form, allow_redirects=False, timeout=30
    )
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    return {"code": code, "verifier": VERIFIER, "redirect_uri": BACK}


ALL_SCOPES = " ".join(
    f"crm.{place}.{kind}.{right}"
    for place in ("objects", "schemas")
    for kind in ("companies", "contacts", "deals", "line_items", "owners", "tasks", "tickets")
    for right in ("read", "write")
)


def set_field(server: Server, vendor: str, kind: str, name: str, **changes: Any) -> None:
    """Change a custom field: label, and the values of a picklist."""
    values = changes.pop("values", None)
    if vendor == "salesforce":
        if values is not None:
            chosen = [{"fullName": one, "label": one, "default": False} for one in values]
            definition = {"sorted": False, "value": chosen}
            changes["valueSet"] = {"restricted": True, "valueSetDefinition": definition}
        customfields.update(org_of(server.world), f"{kind}.{name}", changes)
        return
    if values is not None:
        changes["options"] = [
            {"label": one, "value": one, "hidden": False, "displayOrder": number}
            for number, one in enumerate(values)
        ]
    _hubspot(server, "PATCH", f"/crm/v3/properties/{kind}/{name}", changes)


def add_money_field(server: Server, vendor: str, kind: str, name: str, label: str) -> None:
    """A new field for amounts on accounts, which the integration user may read."""
    if vendor == "salesforce":
        sizes = {"precision": 18, "scale": 2}
        made = {"label": label, "type": "Currency", **sizes}
        customfields.create(org_of(server.world), f"{kind}.{name}", made)
        _grant(server, kind, name)
        return
    made = {"name": name, "label": label, "groupName": "companyinformation"}
    _hubspot(
        server,
        "POST",
        f"/crm/v3/properties/{kind}",
        {**made, "type": "number", "fieldType": "number"},
    )


def rename_field(server: Server, vendor: str, kind: str, name: str, new: str) -> None:
    """The field gets another API name under the same label; its values do not matter here."""
    if vendor == "salesforce":
        org = org_of(server.world)
        known = customfields.metadata_of(org, f"{kind}.{name}")
        assert known is not None
        del known["fullName"]
        customfields.delete(org, f"{kind}.{name}")
        customfields.create(org, f"{kind}.{new}", known)
        _grant(server, kind, new)
        return
    path = f"/crm/v3/properties/{kind}"
    known = _hubspot(server, "GET", f"{path}/{name}")
    kept = ("label", "type", "fieldType", "groupName", "options")
    _hubspot(server, "DELETE", f"{path}/{name}")
    _hubspot(server, "POST", path, {**{key: known[key] for key in kept}, "name": new})


def set_rights(server: Server, field: str, *, read: bool, edit: bool) -> None:
    """Field-level security of a Salesforce field in our permission set."""
    found = server.world.db().execute(
        "SELECT Id FROM sf_FieldPermissions WHERE ParentId = ? AND Field = ?",
        (_permission_set(server), field),
    )
    row = found.fetchone()["Id"]
    rights = {"PermissionsRead": read, "PermissionsEdit": edit}
    salesforce.person(server.world, "update", "FieldPermissions", row, rights)


def end_access(server: Server, vendor: str, refresh_token: str) -> int:
    """Revoke the app's access as its admin would; the status of the answer."""
    if vendor == "salesforce":
        form = {"token": refresh_token}
        answer = requests.post(f"{server.url}/services/oauth2/revoke", data=form, timeout=30)
    else:
        url = f"{server.url}/oauth/v1/refresh-tokens/{refresh_token}"
        answer = requests.delete(url, timeout=30)
    return answer.status_code


def _grant(server: Server, kind: str, name: str) -> None:
    """Read and edit rights on a Salesforce field, in our permission set."""
    rights = {
        "SobjectType": kind,
        "Field": f"{kind}.{name}",
        "ParentId": _permission_set(server),
        "PermissionsRead": True,
        "PermissionsEdit": True,
    }
    salesforce.person(server.world, "create", "FieldPermissions", None, rights)


def _permission_set(server: Server) -> str:
    found = server.world.db().execute("SELECT Id FROM sf_PermissionSet WHERE Name = 'AX_Sync'")
    return str(found.fetchone()["Id"])


def _hubspot(server: Server, method: str, path: str, body: Any = None) -> Any:
    token = server.world.hubspot.access_token
    answer = requests.request(
        method,
        server.url + path,
        json=body,
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None
