"""Custom fields by Tooling and Metadata API, and who sees them."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.sandbox.salesforce.conftest import Api, code_of

_NUMBER = {"label": "Health", "type": "Number", "precision": 5, "scale": 2}
_KEY = {"label": "Key", "type": "Text", "length": 80, "externalId": True, "unique": True}


def _make(api: Api, full_name: str, metadata: dict[str, Any], status: int = 201) -> Any:
    body = {"FullName": full_name, "Metadata": metadata}
    return api.post("/tooling/sobjects/CustomField/", body, status)


def _field(api: Api, target: str, name: str) -> dict[str, Any] | None:
    fields = api.get(f"/sobjects/{target}/describe")["fields"]
    return next((f for f in fields if f["name"] == name), None)


def _grant(api: Api, field: str, edit: bool = True) -> str:
    granted = api.create("PermissionSet", Name="P", Label="P")
    target = field.partition(".")[0]
    api.create(
        "FieldPermissions", ParentId=granted, SobjectType=target, Field=field,
        PermissionsRead=True, PermissionsEdit=edit,
    )  # fmt: skip
    user = api.world.salesforce.user_id
    return api.create("PermissionSetAssignment", PermissionSetId=granted, AssigneeId=user)


def test_a_new_field_is_there_for_nobody_until_granted(api: Api) -> None:
    made = _make(api, "Account.LK_Health__c", _NUMBER)
    assert sorted(made) == ["errors", "id", "infos", "success", "warnings"]
    assert made["id"].startswith("00N")
    account = api.create("Account", Name="A")
    path = f"/sobjects/Account/{account}"
    assert _field(api, "Account", "LK_Health__c") is None
    assert code_of(api.query("SELECT LK_Health__c FROM Account", 400)) == "INVALID_FIELD"
    assert code_of(api.patch(path, {"LK_Health__c": 1}, 400)) == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assignment = _grant(api, "Account.LK_Health__c", edit=False)
    described = _field(api, "Account", "LK_Health__c")
    assert described is not None
    assert (described["precision"], described["scale"], described["updateable"]) == (5, 2, False)
    assert code_of(api.patch(path, {"LK_Health__c": 1}, 400)) == "INVALID_FIELD_FOR_INSERT_UPDATE"
    permission = api.rows("SELECT Id FROM FieldPermissions")[0]["Id"]
    api.patch(f"/sobjects/FieldPermissions/{permission}", {"PermissionsEdit": True}, 204)
    api.patch(path, {"LK_Health__c": 99.5}, 204)
    assert api.rows("SELECT LK_Health__c FROM Account") == [{"LK_Health__c": 99.5}]
    api.delete(f"/sobjects/PermissionSetAssignment/{assignment}")
    assert _field(api, "Account", "LK_Health__c") is None


def test_activity_fields_stand_on_task_and_event(api: Api) -> None:
    _make(api, "Activity.LK_Key__c", _KEY)
    _grant(api, "Task.LK_Key__c")
    for target in ("Task", "Event"):
        described = _field(api, target, "LK_Key__c")
        assert described is not None
        assert (described["externalId"], described["unique"], described["createable"]) == (
            (True,) * 3
        )
    mirrored = api.rows("SELECT Field FROM FieldPermissions ORDER BY Field")
    assert [row["Field"] for row in mirrored] == ["Event.LK_Key__c", "Task.LK_Key__c"]
    refused = _make(api, "Task.Other__c", _KEY, 400)
    assert "Entity Enumeration Or ID" in refused[0]["message"]


@pytest.mark.parametrize("twin", ["accept", "duplicate"])
def test_the_twin_permission_both_ways(api: Api, twin: str) -> None:
    api.world.switches["salesforce.activity_permission_twin"] = twin
    _make(api, "Activity.LK_Key__c", _KEY)
    _grant(api, "Task.LK_Key__c")
    parent = api.rows("SELECT ParentId FROM FieldPermissions")[0]["ParentId"]
    row = {
        "ParentId": parent, "SobjectType": "Event", "Field": "Event.LK_Key__c",
        "PermissionsRead": True, "PermissionsEdit": True,
    }  # fmt: skip
    api.post("/sobjects/FieldPermissions", row, 201 if twin == "accept" else 400)


def test_looking_before_creating(api: Api) -> None:
    where = "TableEnumOrId = 'Account' AND DeveloperName = 'LK_Health'"
    text = f"SELECT Id, Metadata FROM CustomField WHERE {where}"
    assert api.query(text, path="/tooling/query")["totalSize"] == 0
    made = _make(api, "Account.LK_Health__c", _NUMBER)
    found = api.query(text, path="/tooling/query")["records"][0]
    assert (found["Id"], found["Metadata"]["precision"]) == (made["id"], 5)
    again = _make(api, "Account.LK_Health__c", _NUMBER, 400)
    assert code_of(again) == "DUPLICATE_DEVELOPER_NAME"
    assert again[0]["message"] == "There is already a field named LK_Health on Account."
    heavy = api.query("SELECT Metadata FROM CustomField", 400, path="/tooling/query")
    assert "no more than one row" in heavy[0]["message"]
    api.patch(
        f"/tooling/sobjects/CustomField/{made['id']}",
        {"Metadata": {**_NUMBER, "inlineHelpText": "0-100"}},
        204,
    )
    read = api.get(f"/tooling/sobjects/CustomField/{made['id']}")
    assert read["Metadata"]["inlineHelpText"] == "0-100"
    api.delete(f"/tooling/sobjects/CustomField/{made['id']}")
    assert api.query(text, path="/tooling/query")["totalSize"] == 0


def test_production_orgs_refuse_tooling(api: Api) -> None:
    api.world.switches["salesforce.tooling_custom_fields"] = False
    refused = _make(api, "Account.LK_Health__c", _NUMBER, 400)
    assert "not supported in active organizations" in refused[0]["message"]


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"type": "Text", "length": 80}, "REQUIRED_FIELD_MISSING"),
        ({"label": "x", "type": "Text", "length": 256}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"label": "x", "type": "Number", "precision": 5}, "REQUIRED_FIELD_MISSING"),
        ({"label": "x", "type": "Checkbox"}, "REQUIRED_FIELD_MISSING"),
        ({"label": "x", "type": "Date", "externalId": True}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"label": "x", "type": "Picklist"}, "REQUIRED_FIELD_MISSING"),
        ({"label": "x", "type": "Magic"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    ],
)
def test_wrong_metadata_is_refused(api: Api, metadata: dict[str, Any], code: str) -> None:
    assert code_of(_make(api, "Account.Bad__c", metadata, 400)) == code


def test_field_types_and_their_values(api: Api) -> None:
    value = [{"fullName": name, "label": name, "default": False} for name in ("Red", "Green")]
    kinds: dict[str, tuple[dict[str, Any], Any, Any]] = {
        "A__c": ({"type": "Checkbox", "defaultValue": "false"}, True, True),
        "B__c": (
            {
                "type": "Picklist",
                "valueSet": {"restricted": True, "valueSetDefinition": {"value": value}},
            },
            "red",
            "Red",
        ),
        "C__c": ({"type": "LongTextArea", "length": 5000, "visibleLines": 3}, "a\nb", "a\nb"),
        "D__c": (
            {"type": "DateTime"},
            "2026-01-31T10:00:00+01:00",
            "2026-01-31T09:00:00.000+0000",
        ),
        "E__c": ({"type": "Currency", "precision": 18, "scale": 2}, 1.005, 1.01),
    }
    for name, (metadata, _, _) in kinds.items():
        _make(api, f"Account.{name}", {"label": name, "required": False, **metadata})
    granted = api.create("PermissionSet", Name="All", Label="All")
    permissions = [
        {
            "attributes": {"type": "FieldPermissions"}, "ParentId": granted,
            "SobjectType": "Account", "Field": f"Account.{name}", "PermissionsRead": True,
            "PermissionsEdit": True,
        }
        for name in kinds
    ]  # fmt: skip
    results = api.post("/composite/sobjects", {"records": permissions})
    assert all(r["success"] for r in results)
    user = api.world.salesforce.user_id
    api.create("PermissionSetAssignment", PermissionSetId=granted, AssigneeId=user)
    sent = {name: given for name, (_, given, _) in kinds.items()}
    account = api.create("Account", Name="A", **sent)
    read = api.get(f"/sobjects/Account/{account}?fields={','.join(kinds)}")
    assert {name: read[name] for name in kinds} == {n: kept for n, (_, _, kept) in kinds.items()}
    wrong = api.patch(f"/sobjects/Account/{account}", {"B__c": "Blue"}, 400)
    assert code_of(wrong) == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_permissions_of_fields_that_cannot_be_granted(api: Api) -> None:
    granted = api.create("PermissionSet", Name="P", Label="P")
    row = {"ParentId": granted, "SobjectType": "Account", "PermissionsRead": True}
    for field in ("Account.Name", "Account.Nope__c", "Contact.Email"):
        refused = api.post("/sobjects/FieldPermissions", {**row, "Field": field}, 400)
        assert code_of(refused) == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def _soap(api: Api, body: str, header: str = "") -> ET.Element:
    token = api.world.salesforce.access_token
    envelope = f"""<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:m="http://soap.sforce.com/2006/04/metadata"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<e:Header><m:SessionHeader><m:sessionId>{token}</m:sessionId></m:SessionHeader>{header}</e:Header>
<e:Body>{body}</e:Body></e:Envelope>"""
    answer = api.send(
        "POST", "/services/Soap/m/59.0/", data=envelope, headers={"Content-Type": "text/xml"}
    )
    root = ET.fromstring(answer.text)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _metadata(kind: str, inner: str) -> str:
    return f'<m:metadata xsi:type="m:{kind}">{inner}</m:metadata>'


def _number_field(name: str) -> str:
    inner = f"<m:fullName>{name}</m:fullName><m:label>L</m:label>"
    inner += "<m:precision>5</m:precision><m:scale>2</m:scale><m:type>Number</m:type>"
    return _metadata("CustomField", inner)


def test_metadata_calls_by_soap(api: Api) -> None:
    two = _number_field("Account.A__c") + _number_field("Nope.A__c")
    created = _soap(api, f"<m:createMetadata>{two}</m:createMetadata>")
    assert [e.text for e in created.iter("success")] == ["true", "false"]
    codes = [e.text for e in created.iter("statusCode")]
    assert codes == ["INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"]
    upsert = _soap(api, f"<m:upsertMetadata>{_number_field('Account.A__c')}</m:upsertMetadata>")
    assert [e.text for e in upsert.iter("created")] == ["false"]
    read = _soap(
        api,
        "<m:readMetadata><m:type>CustomField</m:type><m:fullNames>Account.A__c</m:fullNames>"
        "</m:readMetadata>",
    )
    assert read.find(".//precision").text == "5"  # type: ignore[union-attr]
    listed = _soap(
        api,
        "<m:listMetadata><m:queries><m:type>CustomField</m:type></m:queries></m:listMetadata>",
    )
    assert "Account.A__c" in [e.text for e in listed.iter("fullName")]
    described = _soap(api, "<m:describeMetadata><m:asOfVersion>59.0</m:asOfVersion>"
                           "</m:describeMetadata>")  # fmt: skip
    assert {"CustomObject", "PermissionSet"} <= {e.text for e in described.iter("xmlName")}
    deleted = _soap(
        api,
        "<m:deleteMetadata><m:type>CustomField</m:type><m:fullNames>Account.A__c</m:fullNames>"
        "</m:deleteMetadata>",
    )
    assert [e.text for e in deleted.iter("success")] == ["true"]


def test_metadata_calls_have_their_limits(api: Api) -> None:
    eleven = "".join(_number_field(f"Account.F{n}__c") for n in range(11))
    refused = _soap(api, f"<m:createMetadata>{eleven}</m:createMetadata>")
    assert "LIMIT_EXCEEDED" in (refused.find(".//faultcode").text or "")  # type: ignore[union-attr]
    both = _number_field("Account.A__c") + _number_field("Nope.A__c")
    together = "<m:AllOrNoneHeader><m:allOrNone>true</m:allOrNone></m:AllOrNoneHeader>"
    undone = _soap(api, f"<m:createMetadata>{both}</m:createMetadata>", together)
    assert [e.text for e in undone.iter("success")] == ["false", "false"]
    assert (
        api.query("SELECT Id FROM CustomField WHERE DeveloperName = 'A'", path="/tooling/query")[
            "records"
        ]
        == []
    )


def test_permission_sets_and_objects_as_metadata(api: Api) -> None:
    made = _metadata(
        "CustomObject",
        "<m:fullName>LK_Log__c</m:fullName><m:deploymentStatus>Deployed</m:deploymentStatus>"
        "<m:label>Log</m:label><m:nameField><m:label>Name</m:label><m:type>Text</m:type>"
        "</m:nameField><m:pluralLabel>Logs</m:pluralLabel><m:sharingModel>ReadWrite"
        "</m:sharingModel>",
    )
    created = _soap(api, f"<m:createMetadata>{made}</m:createMetadata>")
    assert [e.text for e in created.iter("success")] == ["true"]
    log = api.create("LK_Log__c", Name="first")
    assert log.startswith("a00")
    _soap(api, f"<m:createMetadata>{_number_field('Account.A__c')}</m:createMetadata>")
    granted = _metadata(
        "PermissionSet",
        "<m:fullName>LK</m:fullName><m:fieldPermissions><m:editable>true</m:editable>"
        "<m:field>Account.A__c</m:field><m:readable>true</m:readable></m:fieldPermissions>"
        "<m:label>LK</m:label>",
    )
    created = _soap(api, f"<m:upsertMetadata>{granted}</m:upsertMetadata>")
    assert [e.text for e in created.iter("created")] == ["true"]
    granted_id = api.rows("SELECT Id FROM PermissionSet WHERE Name = 'LK'")[0]["Id"]
    user = api.world.salesforce.user_id
    api.create("PermissionSetAssignment", PermissionSetId=granted_id, AssigneeId=user)
    assert _field(api, "Account", "A__c") is not None
