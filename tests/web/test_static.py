"""What the pages load: vendored with licence and hash, nothing from elsewhere, nothing inline."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
VENDORED = sorted(
    [
        *(WEB / "static" / "vendor").iterdir(),
        *(Path(__file__).parents[1] / "browser" / "vendor").iterdir(),
    ]
)
TEMPLATES = sorted((WEB / "templates").iterdir())


@pytest.mark.parametrize("folder", VENDORED, ids=lambda folder: str(folder.name))
def test_vendored_files_are_what_they_say(folder: Path) -> None:
    facts = tomllib.loads((folder / "VENDOR.toml").read_text())
    assert folder.name.endswith(f"-{facts['version']}")
    assert facts["licence"]
    assert facts["source"].startswith(f"npm: {facts['name']} {facts['version']}")
    present = {file.name for file in folder.iterdir()} - {"VENDOR.toml"}
    assert present == set(facts["sha256"])
    assert "LICENSE" in present
    for name, expected in facts["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == expected, name


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: str(file.name))
def test_templates_hold_nothing_inline_or_foreign(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"https?:", text)
    assert not re.search(r"\sstyle=|<style|\son\w+=|hx-on|js:|\|safe", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


def test_own_styles_stay_small() -> None:
    assert (WEB / "static" / "app.css").stat().st_size < 12_288
