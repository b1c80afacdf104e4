"""docs/sandbox-conformance.md names every switch and only tests that exist."""

import re
from pathlib import Path

from sandbox.hubspot.switches import SWITCHES as HUBSPOT
from sandbox.salesforce.org import SWITCHES as SALESFORCE

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "sandbox-conformance.md"


def section(title: str) -> str:
    """The text between a heading and the next."""
    return PAGE.read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]


def names(text: str) -> set[str]:
    return set(re.findall(r"`([a-z_.]+)`", text))


def test_every_switch_is_named() -> None:
    assert set(SALESFORCE) <= names(section("Salesforce: spoken"))
    own = {name.removeprefix("hubspot.") for name in HUBSPOT}
    assert own <= names(section("HubSpot: spoken"))


def test_the_tests_named_are_there() -> None:
    named = re.findall(r"`(tests/[\w/.]+\.py)`", PAGE.read_text())
    assert len(named) >= 12
    assert [path for path in named if not (ROOT / path).is_file()] == []
