"""Salesforce's own @salesforce/core from the npm registry.

8.8.0, since later ones need a Node with zstd (22.15 and up).
"""

from collections.abc import Callable
from pathlib import Path


def test_salesforce_core(
    npm: Callable[[str], Path], run_checks: Callable[..., dict[str, str | None]], tmp_path: Path
) -> None:
    modules = npm("@salesforce/core@8.8.0")
    environment = {
        "HOME": str(tmp_path),
        "SF_DISABLE_TELEMETRY": "true",
        "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
    }
    checks = run_checks("salesforce_core.mjs", modules, **environment)
    assert {name: problem for name, problem in checks.items() if problem} == {}
    assert len(checks) == 9
