"""HubSpot's own @hubspot/api-client from the npm registry."""

from collections.abc import Callable
from pathlib import Path


def test_hubspot_api_client(
    npm: Callable[..., Path], run_checks: Callable[..., dict[str, str | None]]
) -> None:
    checks = run_checks("hubspot.mjs", npm("@hubspot/api-client@13"))
    assert {name: problem for name, problem in checks.items() if problem} == {}
    assert len(checks) == 15
