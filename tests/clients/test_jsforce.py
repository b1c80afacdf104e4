"""jsforce 3 from the npm registry."""

from collections.abc import Callable
from pathlib import Path

import pytest

Checks = Callable[..., dict[str, str | None]]


@pytest.fixture(scope="module")
def modules(npm: Callable[[str], Path]) -> Path:
    return npm("jsforce@3")


@pytest.mark.parametrize("version", ["50.0", "59.0"])
def test_jsforce(version: str, modules: Path, run_checks: Checks) -> None:
    """Its own default version, and ours."""
    checks = run_checks("jsforce.mjs", modules, API_VERSION=version)
    assert {name: problem for name, problem in checks.items() if problem} == {}
    assert len(checks) == 29
