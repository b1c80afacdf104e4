"""dlt's verified sources, as `dlt init` brings them: whole reads and increments into DuckDB.

They are no package: `dlt init` copies them from a git repository, by default the project's own.
VERIFIED_SOURCES names another copy of it; when none can be reached the tests are skipped.
"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import HERE, Sandbox

REPOSITORY = "https://github.com/dlt-hub/verified-sources.git"
SCRIPT = HERE / "python" / "dlt_reads.py"
Run = Callable[..., str]


@pytest.fixture(scope="module")
def project(pip: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both sources; the environment's `bin` is named in the file `bin`."""
    scripts = pip("dlt[duckdb]", "simple-salesforce")
    folder = tmp_path_factory.mktemp("dlt")
    place = os.environ.get("VERIFIED_SOURCES", REPOSITORY)
    for name in ("hubspot", "salesforce"):
        command = [str(scripts / "dlt"), "--non-interactive", "init", name, "duckdb"]
        done = subprocess.run(
            [*command, "--location", place], cwd=folder, capture_output=True, text=True,
            timeout=300, check=False, env=os.environ | {"RUNTIME__DLTHUB_TELEMETRY": "false"},
        )  # fmt: skip
        if not (folder / name).is_dir():
            said = (done.stderr or done.stdout).strip().splitlines()
            pytest.skip(f"dlt init cannot fetch {name}: {said[-1] if said else 'no reason told'}")
    (folder / "bin").write_text(str(scripts))
    return folder


@pytest.fixture
def run_dlt(project: Path, run_python: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs one source twice in the project's folder; what it stored and read each time."""

    def run(name: str, *resources: str) -> Any:
        monkeypatch.chdir(project)
        python = Path((project / "bin").read_text()) / "python"
        return json.loads(run_python(python, SCRIPT, name, *resources).splitlines()[-1])

    return run


def test_hubspot(run_dlt: Callable[..., Any], sandbox: Sandbox) -> None:
    kinds = ("companies", "contacts", "deals", "tickets")
    first, again = run_dlt("hubspot", *kinds, "owners", "pipelines_deals", "quotes")
    for kind in kinds:
        assert first["stored"][kind] == sandbox.portal_count(kind), kind
    assert first["stored"]["owners"] == 8
    assert first["stored"]["companies__contacts"] >= first["stored"]["contacts"] - 50
    assert again["stored"] == first["stored"]


def test_salesforce(run_dlt: Callable[..., Any], sandbox: Sandbox) -> None:
    tables = {
        "account": "Account", "contact": "Contact", "opportunity": "Opportunity",
        "opportunity_contact_role": "OpportunityContactRole", "task": "Task", "event": "Event",
        "sf_user": "User",
    }  # fmt: skip
    first, again = run_dlt("salesforce", *tables)
    for table, name in tables.items():
        assert first["stored"][table] == sandbox.count_all(name), table
    assert again["stored"] == first["stored"]
    # What is read by its cursor brings nothing twice; what has no cursor is read whole.
    assert "account" not in again["read"]
    assert again["read"]["contact"] == first["read"]["contact"]
