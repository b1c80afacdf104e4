"""What any HTTP client may send: packed bodies, methods, versions, conditions, wrong types."""

import csv
import gzip
import io
from typing import Any

import pytest

from tests.sandbox.salesforce.conftest import Api, code_of


def test_packed_bodies(api: Api) -> None:
    def send(data: bytes) -> Any:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return api.send("POST", "/sobjects/Account/", data=data, headers=headers)

    assert send(gzip.compress(b'{"Name":"packed"}')).status_code == 201
    assert api.rows("SELECT Name FROM Account") == [{"Name": "packed"}]
    broken = send(b"not packed")
    assert (broken.status_code, code_of(broken.json())) == (400, "JSON_PARSER_ERROR")


def test_clients_without_patch(api: Api) -> None:
    record = api.create("Account", Name="a")
    for name, path in (("b", f"/sobjects/Account/{record}"), ("c", f"/sobjects/Account/{record}/")):
        answer = api.send("POST", f"{path}?_HttpMethod=PATCH", json={"Name": name})
        assert (answer.status_code, answer.content) == (204, b"")
        assert "Content-Type" not in answer.headers
        assert api.rows("SELECT Name FROM Account") == [{"Name": name}]
    assert api.send("GET", f"/sobjects/Account/{record}?_HttpMethod=DELETE").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("DELETE", "/limits", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "/query", 405, "METHOD_NOT_ALLOWED"),
        ("OPTIONS", "/limits", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/composite", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("GET", "/services/data/v99.0/limits", 404, "NOT_FOUND"),
        ("GET", "/services/data/v59/limits", 404, "NOT_FOUND"),
        ("GET", "/services/data/v25.0/limits", 410, "UNSUPPORTED_API_VERSION"),
    ],
)
def test_what_is_not_there(api: Api, method: str, path: str, status: int, code: str) -> None:
    answer = api.send(method, path)
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert (answer.status_code, code_of(answer.json())) == (status, code)


def test_methods_allowed_are_named(api: Api) -> None:
    (refusal,) = api.send("DELETE", "/limits").json()
    assert refusal["message"] == "HTTP Method 'DELETE' not allowed. Allowed are GET,HEAD"


@pytest.mark.parametrize("path", ["/limits", "/sobjects/Account/describe", "/query?q=x"])
def test_head_has_headers_and_no_body(api: Api, path: str) -> None:
    asked, told = api.send("GET", path), api.send("HEAD", path)
    assert (told.status_code, told.content) == (asked.status_code, b"")
    assert told.headers["Content-Type"] == asked.headers["Content-Type"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_other_content_types_are_refused(api: Api, kind: str) -> None:
    answer = api.send("POST", "/sobjects/Account", data="Name=a", headers={"Content-Type": kind})
    assert (answer.status_code, code_of(answer.json())) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_the_list_of_versions_is_free(api: Api) -> None:
    for path in ("/services/data", "/services/data/"):
        answer = api.send("GET", path, headers={"Authorization": ""})
        assert [v["version"] for v in answer.json()][:2] == ["31.0", "32.0"]
        assert "Sforce-Limit-Info" not in answer.headers


def test_describe_unless_modified(api: Api) -> None:
    path = "/sobjects/Account/describe"
    first = api.send("GET", path)
    for header, value, status in (
        ("If-Modified-Since", first.headers["Last-Modified"], 304),
        ("If-None-Match", first.headers["ETag"], 304),
        ("If-None-Match", '"other"', 200),
        ("If-Modified-Since", "Mon, 01 Jan 2001 00:00:00 GMT", 200),
        ("If-Modified-Since", "yesterday", 200),
    ):
        answer = api.send("GET", path, headers={header: value})
        assert (answer.status_code, bool(answer.content)) == (status, status == 200), header


def test_conditions_on_rows(api: Api) -> None:
    path = f"/sobjects/Account/{api.create('Account', Name='a')}"
    first = api.send("GET", path)
    tag, changed = first.headers["ETag"], first.headers["Last-Modified"]
    assert api.send("GET", path, headers={"If-None-Match": tag}).status_code == 304
    assert api.send("GET", path, headers={"If-Modified-Since": changed}).status_code == 304
    old = {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}
    assert api.send("PATCH", path, json={"Name": "b"}, headers=old).status_code == 412
    own = {"If-Match": tag}
    assert api.send("PATCH", path, json={"Name": "b"}, headers=own).status_code == 204
    assert api.send("PATCH", path, json={"Name": "c"}, headers=own).status_code == 412
    assert api.send("DELETE", path, headers=own).status_code == 412
    assert api.rows("SELECT Name FROM Account") == [{"Name": "b"}]
    contact = api.send("GET", f"/sobjects/Contact/{api.create('Contact', LastName='c')}")
    assert "ETag" not in contact.headers
    assert "Last-Modified" in contact.headers


def test_identity_is_where_the_caller_is(api: Api) -> None:
    url = api.get("/")["identity"]
    assert url.startswith(f"{api.server.url}/id/")
    who = api.session.get(url, timeout=20).json()
    assert who["organization_id"] == api.world.salesforce.org_id


def test_describe_of_a_tooling_object(api: Api) -> None:
    fields = api.get("/tooling/sobjects/CustomField/describe")["fields"]
    assert "DeveloperName" in {field["name"] for field in fields}


def test_bulk_query_as_airbyte_reads(api: Api) -> None:
    """queryAll as CSV, page by page until the locator says null, then the job is deleted."""
    made = [api.create("Account", Name=f"a{n}") for n in range(5)]
    api.delete(f"/sobjects/Account/{made[0]}")
    asked = {
        "operation": "queryAll", "contentType": "CSV", "columnDelimiter": "COMMA",
        "lineEnding": "LF", "query": "SELECT Id, IsDeleted FROM Account WHERE SystemModstamp >= "
        "2020-01-01T00:00:00.000+00:00 AND SystemModstamp < 2090-01-01T00:00:00.000+00:00",
    }  # fmt: skip
    for _ in range(3):
        job = api.post("/jobs/query", asked)["id"]
        assert api.get(f"/jobs/query/{job}")["state"] == "JobComplete"
        rows: list[dict[str, str]] = []
        locator = ""
        while locator != "null":
            page = api.send(
                "GET", f"/jobs/query/{job}/results", params={"maxRecords": 2, "locator": locator}
            )
            rows += csv.DictReader(io.StringIO(page.text))
            locator = page.headers["Sforce-Locator"]
        assert {r["Id"]: r["IsDeleted"] for r in rows} == {
            record: str(record == made[0]).lower() for record in made
        }
        assert api.post("/jobs/query", asked)["id"] > job  # an older one stays
        api.delete(f"/jobs/query/{job}")
        assert code_of(api.get(f"/jobs/query/{job}", 404)) == "NOT_FOUND"


def test_a_deleted_jobs_id_is_not_given_again(api: Api) -> None:
    asked = {"operation": "query", "query": "SELECT Id FROM Account"}
    first = api.post("/jobs/query", asked)["id"]
    api.delete(f"/jobs/query/{first}")
    assert api.post("/jobs/query", asked)["id"] != first
