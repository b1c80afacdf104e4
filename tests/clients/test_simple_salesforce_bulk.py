"""simple-salesforce's Bulk API 1.0, in the way dlt's verified source reads."""

import json
import sys
from collections.abc import Callable
from typing import Any

from tests.clients.conftest import HERE, Sandbox
from tests.clients.python.bulk_one import OBJECTS

SCRIPT = HERE / "python" / "bulk_one.py"


def test_reads_whole_objects_and_writes(sandbox: Sandbox, run_python: Callable[..., str]) -> None:
    before = {name: sandbox.count_all(name) for name in OBJECTS}
    told: dict[str, Any] = json.loads(run_python(sys.executable, SCRIPT))
    assert told["read"] == before
    assert told["instants"] == ["int"]
    assert told["written"] == [[True, True, False], [True, True]]
    assert told["refused"] == [
        "InvalidEntity", "InvalidBatch : Failed to process query: INVALID_FIELD: ",
    ]  # fmt: skip


def test_falls_back_to_rest(sandbox: Sandbox, run_python: Callable[..., str]) -> None:
    sandbox.switch("salesforce.async_api", False)
    told: dict[str, Any] = json.loads(run_python(sys.executable, SCRIPT, "--read-only"))
    assert told["read"] == {name: sandbox.count_all(name) for name in OBJECTS}
    assert told["instants"] == ["str"]
