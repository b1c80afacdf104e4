"""A sandbox in a process of its own, and clients from the public registries in folders of theirs.

These tests are marked `clients` and left out by default: `pytest -m clients tests/clients`.
What cannot be installed is skipped with the reason. What was installed stays in a folder below the
system's temporary one, or below CLIENTS_CACHE, for the next run.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import requests

HERE = Path(__file__).parent
_CACHE = Path(os.environ.get("CLIENTS_CACHE", Path(tempfile.gettempdir()) / "barometer-clients"))
_INSTALL_SECONDS = 600
_RUN_SECONDS = 400


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

    @property
    def hubspot(self) -> dict[str, Any]:
        """Address and credentials of the pretend portal."""
        return dict(self.line["hubspot"])

    def api(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of a REST call as the integration user, path below /services/data/v59.0."""
        return _call(self.salesforce, method, f"/services/data/v59.0{path}", **options)

    def portal_api(self, method: str, path: str, **options: Any) -> Any:
        """The JSON of a call to the portal with its static token."""
        return _call(self.hubspot, method, path, **options)

    def portal_count(self, kind: str) -> int:
        """How many live records of an object type the portal has."""
        body = {"limit": 1}
        return int(self.portal_api("POST", f"/crm/v3/objects/{kind}/search", json=body)["total"])

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


def _call(own: dict[str, Any], method: str, path: str, **options: Any) -> Any:
    """The JSON of a call that must go well; waits while the portal's limits say so."""
    headers = {"Authorization": f"Bearer {own['access_token']}"}
    with requests.Session() as session:
        session.trust_env = False
        while True:
            answer = session.request(
                method, own["url"] + path, headers=headers, timeout=30, **options
            )
            if answer.status_code != 429:
                break
            time.sleep(1)
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


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
def npm() -> Callable[..., Path]:
    """Installs packages of the npm registry; the folder that holds them."""

    def install(*packages: str) -> Path:
        if not shutil.which("node") or not shutil.which("npm"):
            pytest.skip("node and npm are not installed")

        def fill(folder: Path) -> None:
            (folder / "package.json").write_text('{"private": true}')
            options = ("--no-audit", "--no-fund", "--ignore-scripts")
            _install(["npm", "install", *options, *packages], folder)

        return _cached("npm", packages, fill)

    return install


@pytest.fixture(scope="session")
def pip() -> Callable[..., Path]:
    """Installs packages of the Python registry into an environment; its `bin`."""

    def install(*packages: str) -> Path:
        def fill(folder: Path) -> None:
            _install([sys.executable, "-m", "venv", str(folder)], folder)
            program = str(folder / "bin" / "pip")
            _install([program, "install", "--quiet", *packages], folder)

        return _cached("venv", packages, fill) / "bin"

    return install


def _cached(kind: str, packages: tuple[str, ...], fill: Callable[[Path], None]) -> Path:
    """The folder with these packages; one whose installation did not end is made anew."""
    named = sha256(" ".join((sys.version, *packages)).encode()).hexdigest()[:16]
    folder = _CACHE / f"{kind}-{named}"
    done = folder / "installed"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        fill(folder)
        done.write_text("\n".join(packages))
    return folder


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
