"""The commands on sources: what they print once, and what they refuse."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jobs.__main__ import cli
from store.connections import save_connection
from tests.jobs.lines import NOW, make_house


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command line over a database with one connection."""
    url = f"sqlite:///{tmp_path / 'barometer.db'}"
    house = make_house(url, tmp_path)
    with house.sessions.begin() as session:
        save_connection(
            session, house.vault, name="acme", vendor="hubspot", settings={}, secrets={}, now=NOW
        )
    house.engine.dispose()
    monkeypatch.setenv("BAROMETER_DATABASE__URL", url)
    monkeypatch.setenv("BAROMETER_SECRETS__KEY_FILE", str(tmp_path / "secret.key"))
    return CliRunner()


def run(runner: CliRunner, *words: str, given: str = "") -> Result:
    return runner.invoke(cli, ["hook", *words], input=given)


def test_a_source_is_made_rotated_paused_and_listed(runner: CliRunner) -> None:
    kinds = ("--metric", "nps", "--survey-type", "relationship")
    made = run(runner, "add", "acme", "typeform", "--name", "rel", *kinds)
    assert made.exit_code == 0, made.output
    assert re.search(r"address +http://127\.0\.0\.1:8000/hooks/\S{32}\n", made.output)
    assert re.search(r"secret +\S{43}\n", made.output)
    theirs = run(runner, "add", "acme", "zendesk", "--secret-file", "-", given="of Zendesk\n")
    assert theirs.exit_code == 0
    assert "secret  " not in theirs.output
    assert "of Zendesk" not in theirs.output
    rotated = run(runner, "rotate", "acme", "rel", "--overlap-days", "1")
    assert re.fullmatch(r"secret +\S{43}\n", rotated.output)
    assert run(runner, "pause", "acme", "rel").output == "rel is paused\n"
    listed = run(runner, "list").output
    assert "acme  rel  typeform  paused  deliveries 0, refused 0, dead 0  last never" in listed
    assert run(runner, "resume", "acme", "rel").exit_code == 0
    erased = run(runner, "erase", "ann@acme.example", "--yes")
    assert erased.output.startswith("forgotten: 0 answers")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "acme", "typeform"), "does not say metric, survey_type by itself"),
        (("add", "acme", "other"), "no survey tool is called 'other'"),
        (("add", "nope", "typeform"), "no connection is called 'nope'"),
        (("add", "acme", "zendesk"), "chooses the signing secret itself"),
        (("add", "acme", "zendesk", "--scale", "high"), "'high' is no scale; write 1-5"),
        (("rotate", "acme", "nope"), "acme has no source 'nope'; there are: none yet"),
    ],
)
def test_wrong_use_is_one_sentence(runner: CliRunner, words: tuple[str, ...], said: str) -> None:
    result = run(runner, *words)
    assert result.exit_code == 2
    assert said in result.output


def test_a_mapping_is_read_from_a_file(runner: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    file.write_text('metric = "ces"\nsurvey_type = "transactional"\n[mapping]\nscore = "data.x"\n')
    made = run(runner, "add", "acme", "formbricks", "--mapping", str(file), "--scale", "1-7")
    assert made.exit_code == 0, made.output
    assert re.search(r"secret +whsec_\S{44}\n", made.output)
    file.write_text("metric = \n")
    broken = run(runner, "add", "acme", "formbricks", "--mapping", str(file))
    assert broken.exit_code == 1
    assert "not valid TOML" in broken.output
