"""Bulk API 1.0: jobs, batches and results in CSV, JSON and XML."""

import csv
import gzip
import io
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import requests

from sandbox.world import World
from tests.sandbox.salesforce.conftest import Api

BASE = "/services/async/59.0"
SPACE = "{http://www.force.com/2009/06/asyncapi/dataload}"
TYPES = {"CSV": "text/csv", "JSON": "application/json", "XML": "application/xml"}


def _send(
    api: Api, method: str, path: str, kind: str = "application/json", **options: Any
) -> requests.Response:
    headers = {"X-SFDC-Session": api.world.salesforce.access_token, "Content-Type": kind}
    headers |= options.pop("headers", {})
    return api.send(method, f"{BASE}{path}", headers=headers, **options)


def _job(api: Api, headers: dict[str, str] | None = None, **asked: Any) -> str:
    made = _send(api, "POST", "/job", json=asked, headers=headers or {})
    assert made.status_code == 201, made.text
    job = made.json()
    assert (job["state"], job["apiVersion"], job["numberBatchesTotal"]) == ("Open", 59.0, 0)
    return str(job["id"])


def _batch(api: Api, job: str, kind: str, data: str | bytes, **options: Any) -> str:
    made = _send(api, "POST", f"/job/{job}/batch", TYPES[kind], data=data, **options)
    assert made.status_code == 201, made.text
    facts = made.json() if kind == "JSON" else _fields(made.text)
    assert facts["state"] == "Queued"
    return str(facts["id"])


def _fields(text: str) -> dict[str, str]:
    return {e.tag.removeprefix(SPACE): e.text or "" for e in ET.fromstring(text)}


def test_csv_insert_tells_each_row_in_order(api: Api) -> None:
    job = _job(api, operation="insert", object="account", contentType="CSV", concurrencyMode=1)
    batch = _batch(api, job, "CSV", 'Name,ARR__c,Segment__c\na,1.5,x\n"",2,y\nc,#N/A,\n')
    told = _fields(_send(api, "GET", f"/job/{job}/batch/{batch}").text)
    assert (told["state"], told["jobId"]) == ("Completed", job)
    assert (told["numberRecordsProcessed"], told["numberRecordsFailed"]) == ("3", "1")
    answer = _send(api, "GET", f"/job/{job}/batch/{batch}/result")
    assert answer.headers["Content-Type"] == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(r["Success"], r["Created"]) for r in rows] == [
        ("true", "true"), ("false", "false"), ("true", "true"),
    ]  # fmt: skip
    assert rows[1]["Error"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"
    assert api.rows("SELECT Id, ARR__c FROM Account ORDER BY Name") == [
        {"Id": rows[0]["Id"], "ARR__c": 1.5}, {"Id": rows[2]["Id"], "ARR__c": None},
    ]  # fmt: skip
    closed = _send(api, "POST", f"/job/{job}", json={"state": "Closed"}).json()
    assert (closed["state"], closed["concurrencyMode"]) == ("Closed", "Serial")
    assert (closed["numberBatchesCompleted"], closed["numberRecordsProcessed"]) == (1, 3)
    late = _send(api, "POST", f"/job/{job}/batch", "text/csv", data="Name\nz\n")
    assert (late.status_code, _fields(late.text)["exceptionCode"]) == (400, "InvalidJobState")


def test_json_query_has_instants_as_milliseconds_and_deleted_rows(api: Api) -> None:
    alive = api.create("Account", Name="alive")
    gone = api.create("Account", Name="gone")
    api.delete(f"/sobjects/Account/{gone}")
    job = _job(api, operation="queryAll", object="Account", contentType="JSON", concurrencyMode=0)
    statement = "SELECT Id, Owner.Name, ParentId, CreatedDate FROM Account ORDER BY Id"
    batch = _batch(api, job, "JSON", statement)
    (result,) = _send(api, "GET", f"/job/{job}/batch/{batch}/result").json()
    records = _send(api, "GET", f"/job/{job}/batch/{batch}/result/{result}").json()
    assert [r["Id"] for r in records] == [alive, gone]
    created = api.get(f"/sobjects/Account/{alive}?fields=CreatedDate")["CreatedDate"]
    assert records[0]["CreatedDate"] == datetime.fromisoformat(created).timestamp() * 1000
    assert records[0]["ParentId"] is None
    assert records[0]["Owner"]["attributes"]["type"] == "User"
    assert _send(api, "GET", f"/job/{job}/batch/{batch}/request").text == statement


def test_csv_query_in_the_formats_of_the_singer_tap(api: Api) -> None:
    record = api.create("Account", Name='a "b"')
    job = _job(api, operation="query", object="Account", contentType="CSV")
    batch = _batch(api, job, "CSV", gzip.compress(b"SELECT Id, Name, IsDeleted FROM Account"),
                   headers={"Content-Encoding": "gzip"})  # fmt: skip
    listed = _send(api, "GET", f"/job/{job}/batch/{batch}/result")
    assert listed.headers["Content-Type"] == "application/xml"
    (result,) = [e.text for e in ET.fromstring(listed.text)]
    answer = _send(api, "GET", f"/job/{job}/batch/{batch}/result/{result}", "text/csv")
    assert answer.text == f'"Id","Name","IsDeleted"\n"{record}","a ""b""","false"\n'
    empty = _batch(api, job, "CSV", "SELECT Id FROM Account WHERE Name = 'nobody'")
    (result,) = [
        e.text for e in ET.fromstring(_send(api, "GET", f"/job/{job}/batch/{empty}/result").text)
    ]
    answer = _send(api, "GET", f"/job/{job}/batch/{empty}/result/{result}")
    assert answer.text == "Records not found for this query"


def test_xml_throughout(api: Api) -> None:
    asked = (
        '<jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload"><operation>update'
        "</operation><object>Account</object><contentType>XML</contentType></jobInfo>"
    )
    made = _send(api, "POST", "/job", "application/xml; charset=UTF-8", data=asked)
    assert made.headers["Content-Type"] == "application/xml"
    job = _fields(made.text)["id"]
    record = api.create("Account", Name="a", Segment__c="s")
    rows = (
        '<sObjects xmlns="http://www.force.com/2009/06/asyncapi/dataload" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<sObject><Id>{record}</Id><Name>b</Name><Segment__c xsi:nil="true"/></sObject>'
        "<sObject><Name>no id</Name></sObject></sObjects>"
    )
    batch = _batch(api, job, "XML", rows)
    result = ET.fromstring(_send(api, "GET", f"/job/{job}/batch/{batch}/result").text)
    assert [e.findtext(f"{SPACE}success") for e in result] == ["true", "false"]
    assert result[1].findtext(f".//{SPACE}statusCode") == "MISSING_ARGUMENT"
    assert api.rows("SELECT Name, Segment__c FROM Account") == [{"Name": "b", "Segment__c": None}]
    job = _job(api, operation="query", object="Account", contentType="XML")
    batch = _batch(api, job, "XML", "SELECT Name, Segment__c FROM Account")
    (name,) = ET.fromstring(_send(api, "GET", f"/job/{job}/batch/{batch}/result").text)
    found = ET.fromstring(_send(api, "GET", f"/job/{job}/batch/{batch}/result/{name.text}").text)
    assert [e.findtext(f"{SPACE}Name") for e in found] == ["b"]


def test_pk_chunking_makes_batches_of_the_rows(api: Api) -> None:
    for name in "abcde":
        api.create("Account", Name=name)
    chunked = {"Sforce-Enable-PKChunking": "chunkSize=2"}
    job = _job(api, chunked, operation="query", object="Account", contentType="CSV")
    _batch(api, job, "CSV", "SELECT Id FROM Account")
    listed = ET.fromstring(_send(api, "GET", f"/job/{job}/batch").text)
    assert [e.findtext(f"{SPACE}state") for e in listed] == ["NotProcessed", *["Completed"] * 3]
    counts = [e.findtext(f"{SPACE}numberRecordsProcessed") for e in listed]
    assert counts == ["0", "2", "2", "1"]


def test_work_takes_its_time(api: Api, world: World) -> None:
    world.switches["salesforce.bulk_seconds"] = 60
    api.create("Account", Name="a")
    job = _job(api, operation="query", object="Account", contentType="JSON")
    batch = _batch(api, job, "JSON", "SELECT Id FROM Account")
    path = f"/job/{job}/batch/{batch}"
    assert _send(api, "GET", path).json()["state"] == "InProgress"
    early = _send(api, "GET", f"{path}/result")
    assert early.json()["exceptionCode"] == "InvalidBatch"
    world.clock.advance(61)
    assert _send(api, "GET", path).json()["state"] == "Completed"
    assert len(_send(api, "GET", f"{path}/result").json()) == 1


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELECT Nope FROM Account", "INVALID_FIELD"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "Nested queries"),
        ("SELECT Id FROM Contact", "the job is for Account"),
    ],
)
def test_queries_that_fail_say_so_in_the_batch(api: Api, statement: str, said: str) -> None:
    job = _job(api, operation="query", object="Account", contentType="JSON")
    batch = _batch(api, job, "JSON", statement)
    told = _send(api, "GET", f"/job/{job}/batch/{batch}").json()
    assert told["state"] == "Failed"
    assert told["stateMessage"].startswith("InvalidBatch : Failed to process query: ")
    assert said in told["stateMessage"]


def test_a_batch_that_cannot_be_read_fails_as_a_whole(api: Api) -> None:
    job = _job(api, operation="insert", object="Account", contentType="CSV")
    batch = _batch(api, job, "CSV", "Name,Nope__c\na,1\n")
    told = _fields(_send(api, "GET", f"/job/{job}/batch/{batch}").text)
    assert told["stateMessage"] == "InvalidBatch : Field name not found : Nope__c"
    assert _send(api, "GET", f"/job/{job}/batch/{batch}/request").text == "Name,Nope__c\na,1\n"
    rows = "Name\n" + "x\n" * 10_001
    batch = _batch(api, job, "CSV", rows)
    assert _fields(_send(api, "GET", f"/job/{job}/batch/{batch}").text)["state"] == "Failed"
    assert api.rows("SELECT Id FROM Account") == []


def test_refusals(api: Api, world: World) -> None:
    def refused(method: str, path: str, **options: Any) -> tuple[int, str]:
        answer = _send(api, method, path, **options)
        return answer.status_code, answer.json()["exceptionCode"]

    asked: dict[str, Any] = {"operation": "query", "object": "Account", "contentType": "JSON"}
    assert refused("POST", "/job", json=asked, headers={"X-SFDC-Session": "no"}) == (
        400, "InvalidSessionId",
    )  # fmt: skip
    assert refused("POST", "/job", json=asked | {"object": "Nope"}) == (400, "InvalidEntity")
    assert refused("POST", "/job", json=asked | {"operation": "x"}) == (400, "InvalidJob")
    assert refused("GET", "/job/7505g0000000009AAA") == (400, "InvalidJob")
    job = _job(api, **asked)
    assert refused("GET", f"/job/{job}/batch/7515g0000000009AAA") == (400, "InvalidBatch")
    world.faults.arm({"name": "query_timeout", "crm": "salesforce", "count": 1})
    slow = _batch(api, job, "JSON", "SELECT Id FROM Account")
    told = _send(api, "GET", f"/job/{job}/batch/{slow}").json()["stateMessage"]
    assert told == "QUERY_TIMEOUT : Your query request was running for too long."
    world.switches["salesforce.async_api"] = False
    answer = _send(api, "POST", "/job", json=asked)
    assert (answer.status_code, answer.json()) == (
        400, {"exceptionCode": "FeatureNotEnabled", "exceptionMessage": "Async API not enabled"},
    )  # fmt: skip
