"""`python -m sandbox` as a process of its own."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests


def start(*arguments: str) -> subprocess.Popen[str]:
    """The sandbox, started as its users start it."""
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The line that tells where it answers."""
    assert process.stdout is not None
    line: dict[str, Any] = json.loads(process.stdout.readline())
    return line


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_one_line_serves_and_stops(stop: signal.Signals) -> None:
    with start("--accounts", "6") as process:
        line = first_line(process)
        answer = requests.get(f"{line['control']}/stats", timeout=60)
        process.send_signal(stop)
        rest, errors = process.communicate(timeout=60)

    assert answer.json()["salesforce"]["total"] == 0
    assert (process.returncode, rest, errors) == (0, "", "")
    assert not Path(line["salesforce"]["ca_file"]).exists()
    connection = ["url", "https_url", "ca_file"]
    assert list(line) == ["salesforce", "hubspot", "control"]
    assert list(line["salesforce"]) == [
        *connection,
        "org_id",
        "client_id",
        "client_secret",
        "access_token",
        "refresh_token",
        "username",
        "password",
        "security_token",
    ]
    assert list(line["hubspot"]) == [
        *connection,
        "portal_id",
        "client_id",
        "client_secret",
        "access_token",
        "refresh_token",
    ]


def test_a_kept_world_is_served_again_without_loading(tmp_path: Path) -> None:
    database = tmp_path / "kept.sqlite"
    for _ in range(2):
        with start("--accounts", "6", "--database", str(database)) as process:
            control = first_line(process)["control"]
            answers = requests.get(f"{control}/survey/responses.csv", timeout=60).text
            requests.post(f"{control}/switches", json={"faults.seed": 9}, timeout=60)
            process.terminate()
            process.communicate(timeout=60)
        assert process.returncode == 0
        assert answers.count("\n") > 20
    assert database.stat().st_size > 0


def test_dirt_in_csv_files_is_told_and_the_rest_served(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_text("account_id,is_customer\nA1,true\nA2,perhaps\n")
    with start("--data", str(tmp_path)) as process:
        control = first_line(process)["control"]
        problems = requests.get(f"{control}/problems", timeout=60).json()
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert len(problems) == 1
    assert "line 3, column is_customer: 'perhaps'" in problems[0]
    assert errors == problems[0] + "\n"


def test_a_directory_without_data_ends_with_one_sentence(tmp_path: Path) -> None:
    with start("--data", str(tmp_path)) as process:
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (1, "")
    assert errors.startswith(f"{tmp_path} holds none of")
    assert errors.count("\n") == 1
