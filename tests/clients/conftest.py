"""A sandbox in a process of its own, and clients from the public registries in folders of theirs.

These tests are marked `clients` and left out by default: `pytest -m clients tests/clients`.
What cannot be installed is skipped with the reason.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

HERE = Path(__file__).parent
_INSTALL_SECONDS = 600
_RUN_SECONDS = 240


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder runs other people's programs."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.clients)


@dataclass
class Sandbox:
    """The start-up line of a running sandbox."""

    line: dict[str, Any]

    @property
    def salesforce(self) -> dict[str, Any]:
        """Address and credentials of the pretend org."""
        return dict(self.line["salesforce"])

    def api(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of a REST call as the integration user, path below /services/data/v59.0."""
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                method,
                f"{self.salesforce['url']}/services/data/v59.0{path}",
                headers={"Authorization": f"Bearer {self.salesforce['access_token']}"},
                timeout=30,
                **options,
            )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def count(self, kind: str) -> int:
        """How many live records of an object there are."""
        answer = self.api("GET", "/query", params={"q": f"SELECT count() FROM {kind}"})
        return int(answer["totalSize"])

    def count_all(self, kind: str) -> int:
        """How many records of an object there are, deleted and archived ones too."""
        statement = {"q": f"SELECT count() FROM {kind}"}
        return int(self.api("GET", "/queryAll", params=statement)["totalSize"])

    def switch(self, name: str, value: Any) -> None:
        """Set one behaviour switch."""
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                f"{self.line['control']}/switches", json={name: value}, timeout=30
            )
        assert answer.ok, answer.text


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """200 accounts, the same for every run."""
    command = [sys.executable, "-m", "sandbox", "--accounts", "200", "--seed", "1"]
    process = subprocess.Popen(command, cwd=HERE.parents[1], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Sandbox(json.loads(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


@pytest.fixture(scope="session")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Installs packages of the npm registry; the folder that holds them."""

    def install(*packages: str) -> Path:
        if not shutil.which("node") or not shutil.which("npm"):
            pytest.skip("node and npm are not installed")
        folder = tmp_path_factory.mktemp("npm")
        (folder / "package.json").write_text('{"private": true}')
        _install(
            ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages], folder
        )
        return folder

    return install


@pytest.fixture(scope="session")
def pip(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Installs packages of the Python registry into an environment; its `bin`."""

    def install(*packages: str) -> Path:
        folder = tmp_path_factory.mktemp("venv")
        _install([sys.executable, "-m", "venv", str(folder)], folder)
        scripts = folder / "bin"
        _install([str(scripts / "pip"), "install", "--quiet", *packages], folder)
        return scripts

    return install


@pytest.fixture
def run_checks(sandbox: Sandbox) -> Callable[..., dict[str, str | None]]:
    """Runs a script of checks with node; the problem of each check, None when it went well."""

    def run(script: str, modules: Path, **environment: str) -> dict[str, str | None]:
        done = subprocess.run(
            ["node", str(HERE / script)],
            env=os.environ
            | {"SANDBOX": json.dumps(sandbox.line), "CLIENT_MODULES": str(modules)}
            | environment,
            capture_output=True,
            text=True,
            timeout=_RUN_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert told, done.stderr[-3000:]
        return {one["check"]: one["problem"] for one in told}

    return run


@pytest.fixture
def run_python(sandbox: Sandbox) -> Callable[..., str]:
    """Runs a program of an environment with Salesforce's own hosts sent to the sandbox."""

    def run(*command: str | Path) -> str:
        done = subprocess.run(
            [str(part) for part in command],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(HERE / "python"),
                "SANDBOX": json.dumps(sandbox.line),
                "SANDBOX_URL": sandbox.salesforce["url"],
            },
            capture_output=True,
            text=True,
            timeout=_RUN_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run


def _install(command: list[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_INSTALL_SECONDS,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        pytest.skip(f"{' '.join(command[:2])} took over {_INSTALL_SECONDS} seconds")
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        pytest.skip(f"{command[-1]} cannot be installed: {said[-1] if said else 'no reason told'}")
