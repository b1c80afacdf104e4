"""Discovery, describe, limits and the frame around every call."""

import requests

from sandbox.salesforce import ids
from tests.sandbox.salesforce.conftest import Api, code_of

_FIELD_KEYS = """
aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula cascadeDelete
caseSensitive compoundFieldName controllerName createable custom defaultValue
defaultValueFormula defaultedOnCreate dependentPicklist deprecatedAndHidden digits
displayLocationInDecimal encrypted externalId extraTypeInfo filterable filteredLookupInfo
formulaTreatNullNumberAsZero groupable highScaleNumber htmlFormatted idLookup inlineHelpText
label length mask maskType name nameField namePointing nillable permissionable picklistValues
polymorphicForeignKey precision queryByDistance referenceTargetField referenceTo
relationshipName relationshipOrder restrictedDelete restrictedPicklist scale searchPrefilterable
soapType sortable type unique updateable writeRequiresMasterRead
"""


def test_ids_carry_the_checksum_of_their_case() -> None:
    assert ids.id18("0017e00001W4GYR") == "0017e00001W4GYRAA3"
    assert ids.normalise("0017e00001W4GYR") == "0017e00001W4GYRAA3"
    assert ids.normalise("0017e00001W4GYRAA4") is None
    assert ids.make_id("001", 61) < ids.make_id("001", 62)
    assert ids.id18(ids.make_id("00T", 123_456)[:15]) == ids.make_id("00T", 123_456)


def test_versions_need_no_session_and_are_not_counted(api: Api) -> None:
    answer = requests.get(f"{api.server.url}/services/data/", timeout=20)
    assert answer.json()[-1] == {
        "label": "Summer '26",
        "url": "/services/data/v67.0",
        "version": "67.0",
    }
    assert api.world.stats.total("salesforce") == 0


def test_the_callers_version_is_echoed_and_retired_ones_are_gone(api: Api) -> None:
    api.version = "64.0"
    assert api.get("/")["query"] == "/services/data/v64.0/query"
    api.version = "30.0"
    assert code_of(api.get("/limits", 410)) == "UNSUPPORTED_API_VERSION"
    api.version = "99.0"
    assert code_of(api.get("/limits", 404)) == "NOT_FOUND"


def test_describe_has_every_key_and_the_documented_facts(api: Api) -> None:
    described = api.get("/sobjects/Account/describe")
    fields = {f["name"]: f for f in described["fields"]}
    assert all(sorted(f) == sorted(_FIELD_KEYS.split()) for f in fields.values())
    assert fields["Id"]["soapType"] == "tns:ID"
    assert (fields["Name"]["length"], fields["Name"]["byteLength"]) == (255, 765)
    assert fields["Name"]["nillable"] is False
    assert fields["AnnualRevenue"]["precision"] == 18
    assert fields["OwnerId"]["referenceTo"] == ["User"]
    assert fields["BillingCity"]["compoundFieldName"] == "BillingAddress"
    assert fields["SystemModstamp"]["updateable"] is False
    assert fields["Days_To_Renewal__c"]["calculated"] is True
    children = {c["relationshipName"]: c for c in described["childRelationships"]}
    assert children["Contacts"]["childSObject"] == "Contact"
    assert "CurrencyIsoCode" not in fields
    case = {f["name"]: f for f in api.get("/sobjects/Case/describe")["fields"]}
    assert case["OwnerId"]["referenceTo"] == ["Group", "User"]


def test_global_describe_lists_objects_with_prefixes(api: Api) -> None:
    listed = {o["name"]: o for o in api.get("/sobjects")["sobjects"]}
    assert listed["Task"]["keyPrefix"] == "00T"
    assert "CustomField" not in listed
    assert api.get("/sobjects/Account/")["objectDescribe"]["name"] == "Account"


def test_describe_is_not_sent_again_unless_it_changed(api: Api) -> None:
    first = api.send("GET", "/sobjects/Account/describe")
    again = api.send(
        "GET",
        "/sobjects/Account/describe",
        headers={"If-Modified-Since": first.headers["Last-Modified"]},
    )
    assert (again.status_code, again.content) == (304, b"")


def test_optional_features_come_and_go_with_their_switches(api: Api) -> None:
    api.world.switches["salesforce.multi_currency"] = True
    names = {f["name"] for f in api.get("/sobjects/Account/describe")["fields"]}
    assert "CurrencyIsoCode" in names
    api.world.switches["salesforce.account_teams"] = False
    assert code_of(api.get("/sobjects/AccountTeamMember/describe", 404)) == "NOT_FOUND"
    assert code_of(api.query("SELECT Id FROM AccountTeamMember", 400)) == "INVALID_TYPE"


def test_each_answer_tells_the_calls_used(api: Api) -> None:
    assert api.send("GET", "/limits").headers["Sforce-Limit-Info"] == "api-usage=1/100000"
    assert api.get("/limits/")["DailyApiRequests"] == {"Max": 100_000, "Remaining": 99_999}


def test_record_count_leaves_empty_objects_out(api: Api) -> None:
    api.create("Account", Name="A")
    counted = api.get("/limits/recordCount?sObjects=Account,Task")
    assert counted == {"sObjects": [{"count": 1, "name": "Account"}]}


def test_wrong_frames_are_refused_as_documented(api: Api) -> None:
    assert code_of(api.get("/nothing/here", 404)) == "NOT_FOUND"
    assert code_of(api._json(api.send("PUT", "/limits"), 405)) == "METHOD_NOT_ALLOWED"
    broken = api.send(
        "POST", "/sobjects/Account", data=b"{no", headers={"Content-Type": "application/json"}
    )
    assert (broken.status_code, code_of(broken.json())) == (400, "JSON_PARSER_ERROR")
    text = api.send("POST", "/sobjects/Account", data=b"x", headers={"Content-Type": "text/plain"})
    assert (text.status_code, code_of(text.json())) == (415, "UNSUPPORTED_MEDIA_TYPE")
    long = api.send("GET", "/query", params={"q": "x" * 17_000})
    assert (long.status_code, "<h1>Bad Message 414</h1>" in long.text) == (414, True)


def test_without_a_session_the_error_is_a_list(api: Api) -> None:
    answer = requests.get(f"{api.server.url}/services/data/v59.0/limits", timeout=20)
    assert answer.status_code == 401
    assert answer.json() == [
        {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
    ]
    api.session.headers["Authorization"] = f"OAuth {api.world.salesforce.access_token}"
    api.get("/limits")


def test_the_allowance_ends(api: Api) -> None:
    api.world.faults.arm({"name": "api_limit", "crm": "salesforce", "max": 2})
    api.get("/limits")
    api.get("/limits")
    refused = api.get("/limits", 403)
    assert refused[0]["message"] == "TotalRequests Limit exceeded."
    assert code_of(refused) == "REQUEST_LIMIT_EXCEEDED"
    api.world.clock.advance(25 * 3600)
    api.world.switches["salesforce.session_seconds"] = 10**9
    api.get("/limits")


def test_sessions_end_after_their_idle_time(api: Api) -> None:
    api.world.switches["salesforce.session_seconds"] = 60
    api.get("/limits")
    api.world.clock.advance(61)
    assert code_of(api.get("/limits", 401)) == "INVALID_SESSION_ID"
