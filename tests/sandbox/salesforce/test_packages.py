"""Packages of metadata: deployed, checked, taken back, removed and retrieved."""

import base64
import io
import zipfile
from typing import Any

import pytest
from simple_salesforce.api import Salesforce

from tests.sandbox.salesforce.conftest import Api

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
FIELD = "<fields><fullName>{name}</fullName><label>{name}</label>{kind}</fields>"
TEXT = "<type>Text</type><length>40</length>"


def package(files: dict[str, str], **types: list[str]) -> bytes:
    """A zip file with a manifest of `types` and these files."""
    listed = "".join(
        f"<types>{''.join(f'<members>{m}</members>' for m in names)}<name>{kind}</name></types>"
        for kind, names in types.items()
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("package.xml", f'<Package xmlns="{NAMESPACE}">{listed}</Package>')
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


def of_object(*fields: str) -> str:
    """An object file with these fields."""
    return f'<CustomObject xmlns="{NAMESPACE}">{"".join(fields)}</CustomObject>'


def text_field(name: str) -> str:
    return FIELD.format(name=name, kind=TEXT)


def deploy(api: Api, data: bytes, **options: bool) -> dict[str, Any]:
    """The result of a deployment through REST, with its details."""
    files = {
        "json": (None, '{"deployOptions": ' + _json(options) + "}", "application/json"),
        "file": ("deploy.zip", data, "application/zip"),
    }
    started = api.send("POST", "/metadata/deployRequest", files=files)
    assert started.status_code == 201, started.text
    path = f"/metadata/deployRequest/{started.json()['id']}"
    assert "details" not in api.get(path)["deployResult"]
    return dict(api.get(f"{path}?includeDetails=true")["deployResult"])


def _json(options: dict[str, bool]) -> str:
    return str(options).replace("'", '"').replace("True", "true").replace("False", "false")


def has_field(api: Api, name: str) -> bool:
    query = f"SELECT Id FROM CustomField WHERE DeveloperName = '{name.removesuffix('__c')}'"
    return bool(api.get("/tooling/query", params={"q": query})["records"])


def test_a_package_makes_fields_objects_and_permissions(api: Api) -> None:
    grant = (
        "<fieldPermissions><editable>true</editable><field>Account.Tier__c</field>"
        "<readable>true</readable></fieldPermissions>"
    )
    files = {
        "objects/Account.object": of_object(text_field("Tier__c")),
        "objects/Log__c.object": of_object(
            "<label>Log</label><pluralLabel>Logs</pluralLabel><nameField><type>Text</type>"
            "<label>Name</label></nameField>",
            text_field("Note__c"),
        ),
        "permissionsets/Tiers.permissionset": (
            f'<PermissionSet xmlns="{NAMESPACE}"><label>Tiers</label>{grant}</PermissionSet>'
        ),
    }
    data = package(
        files, CustomField=["Account.Tier__c"], CustomObject=["Log__c"], PermissionSet=["Tiers"]
    )

    result = deploy(api, data, rollbackOnError=True)

    assert (result["status"], result["done"], result["success"]) == ("Succeeded", True, True)
    made = {(m["componentType"], m["fullName"]) for m in result["details"]["componentSuccesses"]}
    assert made == {
        ("CustomField", "Account.Tier__c"), ("CustomObject", "Log__c"),
        ("CustomField", "Log__c.Note__c"), ("PermissionSet", "Tiers"),
    }  # fmt: skip
    assert has_field(api, "Tier__c")
    assert api.get("/sobjects/Log__c/describe")["custom"] is True
    assert api.rows("SELECT Field FROM FieldPermissions WHERE Field = 'Account.Tier__c'")


@pytest.mark.parametrize("rollback", [True, False])
def test_a_bad_component_takes_the_others_back_only_if_asked(api: Api, rollback: bool) -> None:
    bad = FIELD.format(name="Bad__c", kind="<type>Number</type><precision>99</precision>")
    files = {"objects/Account.object": of_object(text_field("Good__c"), bad)}

    result = deploy(api, package(files, CustomObject=["Account"]), rollbackOnError=rollback)

    assert result["status"] == ("Failed" if rollback else "SucceededPartial")
    (failure,) = result["details"]["componentFailures"]
    assert (failure["fullName"], failure["problemType"]) == ("Account.Bad__c", "Error")
    assert failure["fileName"] == "objects/Account.object"
    assert has_field(api, "Good__c") is not rollback
    again = deploy(api, package(files, CustomField=["Account.Good__c"]), rollbackOnError=True)
    assert again["success"] is True


def test_a_check_leaves_nothing_behind(api: Api) -> None:
    data = package(
        {"objects/Account.object": of_object(text_field("Tier__c"))},
        CustomField=["Account.Tier__c"],
    )
    result = deploy(api, data, checkOnly=True)
    assert (result["status"], result["checkOnly"]) == ("Succeeded", True)
    assert not has_field(api, "Tier__c")


def test_what_is_named_but_missing_and_what_is_removed(api: Api) -> None:
    deploy(
        api,
        package(
            {"objects/Account.object": of_object(text_field("Tier__c"))}, CustomObject=["Account"]
        ),
    )
    named = deploy(api, package({}, CustomField=["Account.Nowhere__c"]))
    assert named["status"] == "Failed"
    assert (
        "was not found in zipped directory" in named["details"]["componentFailures"][0]["problem"]
    )

    listed = "<members>Account.Tier__c</members><members>Account.Never__c</members>"
    removal = (
        f'<Package xmlns="{NAMESPACE}"><types>{listed}<name>CustomField</name></types></Package>'
    )
    gone = deploy(api, package({"destructiveChanges.xml": removal}))
    told = {m["fullName"]: (m["deleted"], m["problemType"]) for m in _successes(gone)}
    assert told == {"Account.Tier__c": (True, None), "Account.Never__c": (False, "Warning")}
    assert not has_field(api, "Tier__c")


def _successes(result: dict[str, Any]) -> list[dict[str, Any]]:
    return list(result["details"]["componentSuccesses"])


def test_what_is_no_package(api: Api) -> None:
    assert deploy(api, b"no zip")["errorStatusCode"] == "INVALID_FILE"
    unknown = api.get("/metadata/deployRequest/0Af5g0000000001AAA", 400)
    assert unknown[0]["errorCode"] == "INVALID_CROSS_REFERENCE_KEY"


def test_simple_salesforce_deploys_and_retrieves(api: Api, monkeypatch: Any) -> None:
    own = api.world.salesforce
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(api.server.ca_file))
    host = api.server.https_url.removeprefix("https://")
    sf: Any = Salesforce(session_id=own.access_token, instance=host)
    data = package(
        {"objects/Account.object": of_object(text_field("Tier__c"))},
        CustomField=["Account.Tier__c"],
    )

    result = sf.deploy(io.BytesIO(data), sandbox=True)
    assert result["asyncId"]
    told = sf.checkDeployStatus(result["asyncId"])
    assert told["state"] == "Succeeded"
    assert told["deployment_detail"]["deployed_count"] == "1"

    wanted = {"CustomField": ["Account.Tier__c"]}
    retrieve_id, _ = sf.mdapi.retrieve("", unpackaged=wanted)
    state, problem, messages, zipped = sf.mdapi.retrieve_zip(retrieve_id)
    assert (state, problem, messages) == ("Succeeded", None, [])
    files = zipfile.ZipFile(io.BytesIO(zipped))
    text = files.read("unpackaged/objects/Account.object").decode()
    assert "<fullName>Tier__c</fullName>" in text
    assert "<length>40</length>" in text
    # What was retrieved can be deployed again.
    assert deploy(api, zipped)["success"] is True
    assert base64.b64encode(zipped)
