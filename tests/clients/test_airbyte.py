"""Airbyte's source-salesforce from the Python registry: check, discover, read by Bulk 2.0."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.conftest import Sandbox
from tests.clients.messages import airbyte, configured

STREAMS = ("Account", "Contact", "OpportunityContactRole", "Task")


@pytest.fixture(scope="module")
def source(pip: Callable[[str], Path]) -> Path:
    return pip("airbyte-source-salesforce") / "source-salesforce"


def test_check_discover_read(
    source: Path, sandbox: Sandbox, run_python: Callable[..., str], tmp_path: Path
) -> None:
    own = sandbox.salesforce
    criteria = [{"criteria": "exacts", "value": name} for name in STREAMS]
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps(
            {
                "client_id": own["client_id"], "client_secret": own["client_secret"],
                "refresh_token": own["refresh_token"], "auth_type": "Client",
                "is_sandbox": False, "start_date": "2020-01-01T00:00:00Z",
                "streams_criteria": criteria,
            }
        )
    )  # fmt: skip
    checked = airbyte(run_python(source, "check", "--config", config))
    (status,) = [m["connectionStatus"] for m in checked if m["type"] == "CONNECTION_STATUS"]
    assert status["status"] == "SUCCEEDED"
    told = airbyte(run_python(source, "discover", "--config", config))
    (found,) = [m["catalog"]["streams"] for m in told if m["type"] == "CATALOG"]
    chosen = [configured(stream) for stream in found if stream["name"] in STREAMS]
    assert len(chosen) == len(STREAMS)
    catalog = tmp_path / "catalog.json"
    catalog.write_text(json.dumps({"streams": chosen}))
    read = airbyte(run_python(source, "read", "--config", config, "--catalog", catalog))
    rows = Counter(m["record"]["stream"] for m in read if m["type"] == "RECORD")
    assert rows == {name: sandbox.count_all(name) for name in STREAMS}
