"""Bulk API 2.0: ingest and query with their CSV rules."""

import csv
import io
from typing import Any

import pytest
import requests

from tests.sandbox.salesforce.conftest import Api, code_of
from tests.sandbox.salesforce.test_rows import make_field


def _ingest(api: Api, data: str, **job: Any) -> dict[str, Any]:
    made = api.post("/jobs/ingest", {"contentType": "CSV", "lineEnding": "LF", **job})
    assert made["state"] == "Open"
    assert made["contentUrl"] == f"services/data/v59.0/jobs/ingest/{made['id']}/batches"
    assert made["apiVersion"] == 59.0
    put = api.send(
        "PUT",
        f"/jobs/ingest/{made['id']}/batches",
        data=data.encode(),
        headers={"Content-Type": "text/csv; charset=UTF-8"},
    )
    assert (put.status_code, put.content) == (201, b"")
    closed = api.patch(f"/jobs/ingest/{made['id']}", {"state": "UploadComplete"})
    assert closed["state"] == "UploadComplete"
    status: dict[str, Any] = api.get(f"/jobs/ingest/{made['id']}")
    return status


def _csv(response: requests.Response) -> list[dict[str, str]]:
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.text)))


def test_update_with_empty_cells_nulls_and_refusals(api: Api) -> None:
    ids = [api.create("Account", Name=n, ARR__c=1, Segment__c="S") for n in "abc"]
    lines = [
        "Id,Name,ARR__c,Segment__c",
        f'{ids[0]},"a ""quoted"", b",2.5,',
        f"{ids[1]},{'x' * 300},3,x",
        f"{ids[2]},,#N/A,#N/A",
    ]
    job = _ingest(api, "\n".join(lines) + "\n", object="Account", operation="update")
    assert (job["state"], job["jobType"]) == ("JobComplete", "V2Ingest")
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (3, 1)
    path = f"/jobs/ingest/{job['id']}"
    good = _csv(api.send("GET", f"{path}/successfulResults/"))
    assert [(r["sf__Id"], r["sf__Created"]) for r in good] == [(ids[0], "false"), (ids[2], "false")]
    bad = _csv(api.send("GET", f"{path}/failedResults/"))
    assert bad[0]["sf__Error"].startswith("STRING_TOO_LONG:")
    assert bad[0]["sf__Error"].endswith(":Name --")
    for spelling in ("unprocessedrecords", "unprocessedRecords/"):
        assert _csv(api.send("GET", f"{path}/{spelling}")) == []
    rows = api.rows("SELECT Name, ARR__c, Segment__c FROM Account ORDER BY Id")
    assert rows[0] == {"Name": 'a "quoted", b', "ARR__c": 2.5, "Segment__c": "S"}
    assert rows[2] == {"Name": "c", "ARR__c": None, "Segment__c": None}
    api.delete(path)
    assert code_of(api.get(path, 404)) == "NOT_FOUND"


def test_upsert_insert_and_delete(api: Api) -> None:
    make_field(api, "Account.Code__c", type="Text", length=20, externalId=True, unique=True)
    upsert = {"object": "Account", "operation": "upsert", "externalIdFieldName": "Code__c"}
    first = _ingest(api, "Code__c,Name\nA,one\nB,two\n", **upsert)
    again = _ingest(api, "Code__c,Name\nB,2\nC,three\n", **upsert)
    created = _csv(api.send("GET", f"/jobs/ingest/{again['id']}/successfulResults"))
    assert [r["sf__Created"] for r in created] == ["false", "true"]
    assert first["numberRecordsFailed"] == 0
    _ingest(api, "LastName,Account.Code__c\nP,A\n", object="Contact", operation="insert")
    assert api.rows("SELECT Account.Name FROM Contact")[0]["Account"]["Name"] == "one"
    ids = "\n".join(row["Id"] for row in api.rows("SELECT Id FROM Account"))
    _ingest(api, f"Id\n{ids}\n", object="Account", operation="delete")
    assert api.rows("SELECT Id FROM Account") == []


def test_multipart_and_the_order_of_calls(api: Api) -> None:
    body = (
        '--B\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name="job"\r\n'
        '\r\n{"object":"Account","operation":"insert","contentType":"CSV","lineEnding":"LF"}\r\n'
        '--B\r\nContent-Type: text/csv\r\nContent-Disposition: form-data; name="content"; '
        'filename="content"\r\n\r\nName\nmulti\n\r\n--B--\r\n'
    )
    answer = api.send(
        "POST",
        "/jobs/ingest",
        data=body.encode(),
        headers={"Content-Type": "multipart/form-data; boundary=B"},
    )
    assert (answer.status_code, answer.json()["state"]) == (200, "UploadComplete")
    assert api.rows("SELECT Name FROM Account") == [{"Name": "multi"}]
    open_job = api.post("/jobs/ingest", {"object": "Account", "operation": "insert"})
    path = f"/jobs/ingest/{open_job['id']}"
    assert code_of(api.get(f"{path}/successfulResults", 400)) == "INVALIDJOBSTATE"
    assert api.patch(path, {"state": "Aborted"})["state"] == "Aborted"
    assert code_of(api.patch(path, {"state": "UploadComplete"}, 400)) == "INVALIDJOBSTATE"
    api.version = "60.0"
    api.get(path, 409)
    assert len(api.get("/jobs/ingest")["records"]) == 2


def test_line_endings_must_be_as_declared(api: Api) -> None:
    job = _ingest(api, "Name\r\na\r\n", object="Account", operation="insert")
    assert job["state"] == "Failed"
    assert "LineEnding is invalid" in job["errorMessage"]


def test_queries_page_by_locator(api: Api) -> None:
    owner = api.world.salesforce.user_id
    for n in range(5):
        api.create("Account", Name=f'A"{n}', ARR__c=n)
    text = "SELECT Id, Name, ARR__c, IsDeleted, SystemModstamp, Owner.Id FROM Account"
    job = api.post("/jobs/query", {"operation": "queryAll", "query": text})
    assert job["state"] == "UploadComplete"
    status = api.get(f"/jobs/query/{job['id']}")
    assert (status["state"], status["numberRecordsProcessed"]) == ("JobComplete", 5)
    path = f"/jobs/query/{job['id']}/results"
    first = api.send("GET", path, params={"maxRecords": 3})
    assert first.headers["Sforce-NumberOfRecords"] == "3"
    rows = _csv(first)
    assert list(rows[0]) == ["Id", "Name", "ARR__c", "IsDeleted", "SystemModstamp", "Owner.Id"]
    assert (rows[0]["Name"], rows[0]["ARR__c"]) == ('A"0', "0.0")
    assert (rows[0]["IsDeleted"], rows[0]["Owner.Id"]) == ("false", owner)
    assert rows[0]["SystemModstamp"].endswith(".000Z")
    assert all(line.startswith('"') for line in first.text.splitlines())
    rest = api.send("GET", path, params={"locator": first.headers["Sforce-Locator"]})
    assert (len(_csv(rest)), rest.headers["Sforce-Locator"]) == (2, "null")
    pages = api.get(f"/jobs/query/{job['id']}/resultPages")
    assert pages["resultPages"][0]["resultUrl"].startswith(f"/services/data/v59.0{path}?locator=")
    api.delete(f"/jobs/query/{job['id']}")
    api.get(f"/jobs/query/{job['id']}", 404)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT BillingAddress FROM Account", "Selecting compound data not supported"),
        ("SELECT COUNT(Id) FROM Account", "Implementation restriction"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "Nested queries"),
        ("SELECT Id FROM Account OFFSET 5", "OFFSET"),
        ("SELECT Id FROM TaskStatus", "not supported by the Bulk API"),
    ],
)
def test_what_bulk_queries_cannot_do(api: Api, text: str, said: str) -> None:
    refused = api.post("/jobs/query", {"operation": "query", "query": text}, 400)
    assert said in refused[0]["message"]


def test_jobs_take_time_when_told_to(api: Api) -> None:
    api.world.switches["salesforce.bulk_seconds"] = 60
    job = api.post("/jobs/query", {"operation": "query", "query": "SELECT Id FROM Account"})
    path = f"/jobs/query/{job['id']}"
    assert api.get(path)["state"] == "InProgress"
    assert code_of(api.get(f"{path}/results", 400)) == "INVALIDJOBSTATE"
    api.world.clock.advance(61)
    assert api.get(path)["state"] == "JobComplete"
