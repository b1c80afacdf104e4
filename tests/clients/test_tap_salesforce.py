"""Singer's tap-salesforce from the Python registry: discovery, full and incremental sync."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Sandbox
from tests.clients.messages import singer

STREAMS = (
    "Account", "Contact", "Opportunity", "OpportunityContactRole", "OpportunityLineItem", "Case",
    "Task", "Event", "User", "AccountTeamMember",
)  # fmt: skip


@pytest.fixture(scope="module")
def tap(pip: Callable[[str], Path]) -> Path:
    return pip("tap-salesforce") / "tap-salesforce"


@pytest.mark.parametrize("api", ["REST", "BULK"])
def test_discovery_full_and_incremental(
    api: str, tap: Path, sandbox: Sandbox, run_python: Callable[..., str], tmp_path: Path
) -> None:
    own = sandbox.salesforce
    config = _file(
        tmp_path / "config.json",
        {
            "client_id": own["client_id"], "client_secret": own["client_secret"],
            "refresh_token": own["refresh_token"], "start_date": "2000-01-01T00:00:00Z",
            "api_type": api, "select_fields_by_default": True,
        },
    )  # fmt: skip
    catalog = json.loads(run_python(tap, "--config", config, "--discover"))
    found = {entry["stream"]: entry for entry in catalog["streams"]}
    assert set(STREAMS) <= set(found)
    assert found["Account"]["schema"]["properties"]["ARR__c"]["type"] == ["null", "number"]
    for entry in catalog["streams"]:
        (whole,) = (m["metadata"] for m in entry["metadata"] if not m["breadcrumb"])
        whole["selected"] = entry["stream"] in STREAMS
        keys = whole.get("valid-replication-keys")
        if keys:
            whole |= {"replication-method": "INCREMENTAL", "replication-key": keys[0]}
        else:
            whole["replication-method"] = "FULL_TABLE"
    chosen = _file(tmp_path / "catalog.json", catalog)

    rows, state = singer(run_python(tap, "--config", config, "--properties", chosen))
    for stream in STREAMS:
        assert rows[stream] >= sandbox.count(stream) > 0, stream
    assert rows["Contact"] == sandbox.count("Contact")

    made = sandbox.api("POST", "/sobjects/Contact", json={"LastName": f"new {api}"})
    kept = _file(tmp_path / "state.json", state)
    more = run_python(tap, "--config", config, "--properties", chosen, "--state", kept)
    again = [
        message["record"]
        for message in map(json.loads, more.splitlines())
        if message["type"] == "RECORD" and message["stream"] == "Contact"
    ]
    assert made["id"] in {record["Id"] for record in again}
    bookmark = state["bookmarks"]["Contact"]["SystemModstamp"]
    assert all(record["SystemModstamp"] >= bookmark for record in again)


def _file(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data))
    return path
