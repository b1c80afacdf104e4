"""The command line from one end to the other, as docs/cli.md and docs/data.md promise it."""

import csv
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import requests

from jobs.__main__ import cli
from jobs.cli import exit_code
from mappings.catalogue import OBJECTS, Column
from sandbox.server import Server
from settings import Settings
from tests.jobs.lines import ACCOUNTS, Line
from tests.jobs.shell import BAROMETER, Ended, Shell, sandbox_secrets

DOCS = Path(__file__).parents[2] / "docs"
SHIPPED = {
    "BAROMETER_SYNC__TRIES_PER_CALL": Settings().sync.tries_per_call,
    "BAROMETER_HUBSPOT__SEARCHES_PER_SECOND": Settings().hubspot.searches_per_second,
}
SYNC_KEYS = {
    *("name", "crm", "pulled", "deleted", "assessed", "written", "refused", "unchanged"),
    *("api_calls", "seconds", "state"),
}
REFUSED_KEYS = {
    *("direction", "object", "record_id", "field", "value", "code", "reason", "remedy"),
}
ACCOUNT_KEYS = {
    *("account_id", "required_contacts", "required_by_level", "known", "engaged", "respondents"),
    *("coverage", "nps", "nps_interval", "health", "health_interval", "confidence", "band"),
    *("components", "caps", "revenue_at_risk", "expected_loss", "quadrant", "alerts", "upsell"),
    *("why_not", "cross_sell", "referral", "clv", "reasons"),
}
PORTFOLIO_KEYS = {
    *("accounts", "annual_value", "nps", "nps_interval", "nps_n", "revenue_weighted_nps"),
    *("response_rate", "account_coverage", "revenue_coverage", "revenue_coverage_full"),
    *("silent_revenue", "unknown_revenue", "revenue_at_risk", "expected_loss", "by_band"),
    *("by_quadrant", "drivers", "retention", "alerts", "upsell_accounts"),
}
# the public data set of a hardware seller, in small: no contacts, no value of an account, open
# opportunities without account, one product spelt two ways, columns that are not ours
HARDWARE = {
    "accounts": (
        "account_id,name,parent_id,owner_id,industry,country,currency,is_customer,employees\n"
        "ACC1,Acme Corporation,,USR1,technolgy,United States,USD,true,2822\n"
        "ACC2,Betasoloin [/],ACC1,USR1,medical,United States,USD,true,495\n"
        "ACC3,Quiet & Co,,USR2,retail,Kenya,USD,true,10\n"
    ),
    "opportunities": (
        "opportunity_id,account_id,name,owner_id,stage,amount,currency,is_closed,is_won,"
        "created_at,close_date,product\n"
        "O1,ACC1,GTXPro for Acme,USR1,Won,4514,USD,true,true,2016-10-25,2017-03-11,GTXPro\n"
        "O2,ACC1,GTX Pro for Acme,USR1,Won,1486,USD,true,true,2016-11-25,2017-06-11,GTX Pro\n"
        "O3,ACC2,MG for Betasoloin,USR1,Lost,0,USD,true,false,2016-11-25,2017-05-11,MG Special\n"
        "O4,,GTXPro for nobody,USR2,Engaging,,USD,false,false,2016-12-01,,GTXPro\n"
        "O5,,GTX Basic for nobody,USR2,Prospecting,,USD,false,false,,,GTX Basic\n"
    ),
    "users": "user_id,name,manager_id,is_active\nUSR1,Anna Snelling,USR2,true\nUSR2,Dustin,,true\n",
}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """The command line in an empty folder."""
    (tmp_path / "place").mkdir()
    return Shell(tmp_path / "place")


@pytest.fixture
def home(shell: Shell) -> Path:
    """Where the settings that nobody changed put the database and its key."""
    (shell.folder / "var").mkdir()
    return shell.folder / "var"


def write(folder: Path, files: dict[str, str]) -> Path:
    """A directory of CSV files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def report(shell: Shell, name: str = "report.json") -> dict[str, Any]:
    """What --json wrote."""
    content: dict[str, Any] = json.loads((shell.folder / name).read_text())
    return content


def option(command: click.Command) -> list[str]:
    return [p.opts[0] for p in command.params if isinstance(p, click.Option)]


def commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name, command


def test_the_paper_names_every_command_and_option() -> None:
    paper = (DOCS / "cli.md").read_text(encoding="utf-8")
    lines = paper.splitlines()
    for name, command in commands(cli):
        told = [line for line in lines if re.search(rf"^\|.*`{name}[ `]", line)]
        assert len(told) == 1, name
        for one in option(command):
            assert one in told[0], (name, one)
    variables = {p.envvar for _, c in commands(cli) for p in c.params if p.envvar}
    assert [name for name in variables if f"`{name}`" not in paper] == []


def table_row(column: Column) -> str:
    words = ", ".join(f"`{choice}`" for choice in column.choices)
    kind = f"{column.type}: {words}" if words else str(column.type)
    return f"| {column.name} | {kind} | {column.unit} | {column.meaning} |"


def test_the_paper_on_data_says_what_the_catalogue_says() -> None:
    parts = (DOCS / "data.md").read_text(encoding="utf-8").split("### ")
    told = {part.split(".csv")[0]: part for part in parts if ".csv\n" in part}
    assert list(told) == [*OBJECTS, "exchange_rates"]
    for name, columns in OBJECTS.items():
        rows = [line for line in told[name].splitlines() if line.startswith("| ")]
        assert rows == ["| column | type | unit | meaning |", *map(table_row, columns)]


def test_the_worst_of_several_runs_tells_the_exit_code() -> None:
    assert exit_code([]) == exit_code(["done", "done"]) == 0
    assert exit_code(["done", "refusals"]) == 3
    assert exit_code(["refusals", "stopped", "done"]) == 4
    assert exit_code(["stopped", "failed", "refusals"]) == 1


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from jobs.__main__ import cli; "
        "assert CliRunner().invoke(cli, ['--help']).exit_code == 0; print(*sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in out.stdout.split()}
    heavy = {"pandas", "numpy", "sqlalchemy", "alembic", "structlog", "rich", "requests"}
    heavy |= {"pydantic", "flask", "hubspot", "simple_salesforce", "cryptography", "apscheduler"}
    assert loaded & heavy == set()


def test_help_and_version(shell: Shell) -> None:
    assert "write-back" in shell.run("--help").well()
    assert re.fullmatch(r"barometer, version \d+\.\d+\.\d+\n", shell.spawn("--version").well())
    without = shell.spawn()
    assert (without.code, without.out) == (2, "")
    assert without.err.startswith("Usage: barometer")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["score", "good", "--as-of", "2026-01-01"], 0),
        (["score", "none-here"], 1),
        (["score", "good", "--as-of", "then"], 2),
        (["score", "mixed", "--as-of", "2026-01-01"], 3),
    ],
)
def test_a_process_says_and_does_what_the_command_does_in_ours(
    shell: Shell, arguments: list[str], code: int
) -> None:
    """What lets the other tests do without processes; the exit code 4 of one is in test_kill."""
    write(shell.folder / "good", {"accounts": "account_id,name\nA,Åse\n"})
    write(shell.folder / "mixed", {"accounts": "account_id,annual_value\nA,1\nB,a lot\n"})
    write(shell.folder / "none-here", {})
    ended = shell.spawn(*arguments)
    assert ended.code == code
    assert shell.run(*arguments) == ended


def test_score_with_every_promised_key(shell: Shell, tmp_path: Path) -> None:
    folder = write(tmp_path / "data", HARDWARE)
    shell.run("score", folder, "--as-of", "2017-12-31", "--json", "report.json").well()
    told = report(shell)
    assert told["as_of"] == "2017-12-31T00:00:00Z"
    assert told["portfolio"].keys() >= PORTFOLIO_KEYS
    assert len(told["accounts"]) == 3
    assert all(account.keys() >= ACCOUNT_KEYS for account in told["accounts"])
    assert told["ignored_columns"] == {"accounts": ["employees"]}
    assert told["unattributed"] == {"opportunities": 2}
    by_id = {account["account_id"]: account for account in told["accounts"]}
    assert [by_id[f"ACC{n}"]["annual_value"] for n in (1, 2, 3)] == [6000.0, None, None]
    assert by_id["ACC1"]["annual_value_from"] == "won opportunities"
    for account in told["accounts"]:
        assert [account[key] for key in ("known", "coverage", "nps", "respondents")] == [None] * 4
        assert account["band"] == "unknown"
        assert account["reasons"]


def test_score_of_accounts_alone_is_unknown_and_never_zero(shell: Shell, tmp_path: Path) -> None:
    folder = write(tmp_path / "data", {"accounts": "account_id\nA\n"})
    shell.run("score", folder, "--json", "report.json").well()
    told = report(shell)
    (account,) = told["accounts"]
    names = ("required_contacts", "known", "coverage", "nps", "health", "expected_loss", "clv")
    assert [account[name] for name in names] == [None] * 7
    assert (told["portfolio"]["annual_value"], told["currency"]) == (None, None)


def test_score_refuses_rows_and_scores_the_rest(shell: Shell, tmp_path: Path) -> None:
    accounts = "account_id,name,annual_value\nA,Alpha,1000\nB,[/x],a lot\n,Nobody,3\nA,Again,1\n"
    folder = write(tmp_path / "data", {"accounts": accounts})
    out = shell.run("score", folder, "--json", "report.json").well(3)
    assert "accounts.csv line 3 annual_value 'a lot': is not a number" in out
    told = report(shell)
    assert [account["account_id"] for account in told["accounts"]] == ["A", "B"]
    assert [(row["line"], row["column"]) for row in told["refused"]] == [
        (3, "annual_value"),
        (4, "account_id"),
        (5, "account_id"),
    ]
    assert told["accounts"][1]["annual_value"] is None


@pytest.mark.parametrize(
    ("files", "options", "code", "says"),
    [
        ({}, [], 1, "accounts.csv"),
        ({"accounts": "name\nAlpha\n"}, [], 1, "no column account_id"),
        ({"accounts": 'account_id\n"A\n'}, [], 1, "line 2"),
        ({"accounts": "account_id\nA\n"}, ["--model", "nope.toml"], 1, "nope.toml"),
        ({"accounts": "account_id\nA\n"}, ["--as-of", "then"], 2, "2026-11-22T09:00Z"),
    ],
)
def test_what_cannot_be_scored(
    shell: Shell, tmp_path: Path, files: dict[str, str], options: list[str], code: int, says: str
) -> None:
    shell.run("score", write(tmp_path / "data", files), *options).says(code, says)


def test_score_with_a_model(shell: Shell, tmp_path: Path) -> None:
    folder = write(tmp_path / "data", {"accounts": "account_id,annual_value\nA,1000000\n"})
    model = shell.folder / "own.toml"
    model.write_text('[coverage]\npreset = "nonsense"\n')
    shell.run("score", folder, "--model", model).says(1, "own.toml")
    shell.run("score", tmp_path / "none").says(2, "none")


def test_the_sandbox_serves_until_it_is_told_to_stop(shell: Shell) -> None:
    with shell.start("sandbox", "--accounts", "10") as process:
        assert process.stdout is not None
        line = json.loads(process.stdout.readline())
        assert line.keys() == {"salesforce", "hubspot", "control"}
        place = {"url", "https_url", "ca_file", "client_id", "client_secret"}
        tokens = {"access_token", "refresh_token"}
        person = {"org_id", "username", "password", "security_token"}
        assert line["salesforce"].keys() == place | tokens | person
        assert line["hubspot"].keys() == place | tokens | {"portal_id"}
        assert requests.get(f"{line['control']}/clock", timeout=30).ok
        assert shell.end(process, signal.SIGTERM) == Ended(0, "", "")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{line['control']}/clock", timeout=30)


def test_a_sandbox_without_data(shell: Shell) -> None:
    """A process, because the command becomes the sandbox."""
    ended = shell.spawn("sandbox", "--data", "nowhere")
    assert (ended.code, ended.out) == (1, "")
    assert "accounts.csv" in ended.err
    assert "Traceback" not in ended.err


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The line of `barometer sandbox`, a process that serves data with mistakes in it."""
    place = tmp_path_factory.mktemp("dirty")
    data = {**HARDWARE, "cases": "case_id,account_id,priority\nK1,ACC1,terrible\nK2,ACC9,low\n"}
    shell = Shell(place)
    with shell.start("sandbox", "--data", write(place / "data", data)) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        ended = shell.end(process, signal.SIGTERM)
        assert ended.code == 0, ended.err


@pytest.mark.parametrize("vendor", ["salesforce", "hubspot"])
def test_dirty_data_goes_through_a_crm_and_every_null_is_explained(
    shell: Shell, dirty: dict[str, Any], vendor: str
) -> None:
    """With the shipped patience and pace, against a sandbox that keeps HubSpot's limits."""
    shell.environment |= {name: str(value) for name, value in SHIPPED.items()}
    problems = requests.get(f"{dirty['control']}/problems", timeout=30).json()
    assert {p.split(",")[0] for p in problems} == {"accounts.csv", "cases.csv"}
    assert any("line 2, column priority: 'terrible'" in problem for problem in problems)
    assert "connected to" in shell.connect(dirty, vendor).well()
    shell.run("provision", vendor).well()
    options = ["--as-of", "2017-12-31", "--json", "report.json"]
    shell.run("sync", vendor, *options).well()
    (run,) = report(shell)["connections"]
    assert (run["pulled"]["accounts"], run["pulled"]["opportunities"]) == (3, 5)
    assert (run["assessed"], run["refused"]) == (3, [])
    shell.run("explain", vendor, "Acme Corporation", "--json", "tree.json").well()
    tree = report(shell, "tree.json")
    assert tree["required_contacts"]["annual_value"] == 6000
    out = shell.run("explain", vendor, "Betasoloin [/]", "--json", "tree.json").well()
    assert "Betasoloin [/]" in out
    reasons = "\n".join(report(shell, "tree.json")["reasons"])
    assert "Not known: sentiment" in reasons
    assert "Annual value is unknown" in reasons


@pytest.mark.parametrize("vendor", ["salesforce", "hubspot"])
def test_the_whole_line_by_commands(shell: Shell, sandbox: Server, vendor: str) -> None:
    shell.connect(sandbox.credentials(), vendor).well()
    planned = shell.run("provision", vendor, "--dry-run", "--json", "report.json").well()
    steps = report(shell)["steps"]
    assert {step["state"] for step in steps} == {"planned"}
    assert f"0 of {len(steps)} components were there already" in planned
    shell.run("provision", vendor).well()
    again = shell.run("provision", vendor, "--json", "report.json").well()
    assert {step["state"] for step in report(shell)["steps"]} == {"exists"}
    assert "created" not in again
    assert "error" not in shell.run("schema", vendor, "--json", "report.json").well()
    for name in ("responses", "invitations"):
        answer = requests.get(f"{sandbox.url}/__sandbox__/survey/{name}.csv", timeout=30)
        (shell.folder / f"{name}.csv").write_bytes(answer.content)
    files = ["--responses", "responses.csv", "--invitations", "invitations.csv"]
    assert ", 0 refused" in shell.run("import", vendor, *files).well()

    shell.run("sync", "--json", "report.json").well()
    (first,) = report(shell)["connections"]
    assert first.keys() >= SYNC_KEYS
    assert first["written"].keys() >= {"fields", "records", "tasks"}
    assert first["api_calls"].keys() >= {"planned", "spent", "least"}
    assert (first["crm"], first["state"], first["refused"]) == (vendor, "done", [])
    assert first["written"]["records"] == first["assessed"] == ACCOUNTS
    told = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert [key for key in first if f"`{key}`" not in told] == []

    shell.run("sync", vendor, "--json", "report.json").well()
    (second,) = report(shell)["connections"]
    assert set(second["written"].values()) == {0}

    shell.run("verify", vendor, "--json", "report.json").well()
    assert report(shell) == {"checked": ACCOUNTS, "differing": []}
    assert "would write" not in shell.run("preview", vendor).well()
    for step in ("pull", "compute", "write-back"):
        shell.run(step, vendor, "--json", "report.json").well()
        (run,) = report(shell)["connections"]
        assert run.keys() == first.keys()
    doctor = shell.run("doctor").well()
    assert f"ok     {vendor}" in doctor
    assert "FAILS" not in doctor
    shell.keeps(sandbox_secrets())


def test_refused_records_are_listed_and_end_with_three(
    shell: Shell, open_line: Callable[[str], Line]
) -> None:
    line = open_line("salesforce")
    line.fault("validation_rule", object="Account", field="AX_Health_Band__c", message="Locked [/]")
    out = shell.run("sync", "--json", "report.json").well(3)
    (run,) = report(shell)["connections"]
    assert run["state"] == "refusals"
    assert all(row.keys() == REFUSED_KEYS for row in run["refused"])
    assert f"{len(run['refused'])} x FIELD_CUSTOM_VALIDATION_EXCEPTION" in out
    assert "Locked [/]" in out
    line.calm()
    shell.run("sync").well()


def test_a_spent_api_allowance_stops_with_four(
    shell: Shell, open_line: Callable[[str], Line]
) -> None:
    line = open_line("salesforce")
    line.fault("api_limit", max=30)
    shell.run("sync", "--json", "report.json").says(4, "salesforce:", "allowance")
    (run,) = report(shell)["connections"]
    assert run["state"] == "stopped"
    assert "allowance" in run["problem"]
    line.calm()
    shell.run("sync").well()


def test_an_import_says_which_rows_it_did_not_take(
    shell: Shell, open_line: Callable[[str], Line]
) -> None:
    open_line("hubspot")
    text = "response_id,metric,score\nX1,nps,[/9]\nX2,nps,9\n"
    (shell.folder / "mine.csv").write_text(text)
    out = shell.run("import", "hubspot", "--responses", "mine.csv").well(3)
    assert "responses: 1 rows, 1 new or changed, 1 of nobody we know, 1 refused" in out
    assert "mine.csv line 2 score '[/9]': is not a number; write digits" in out
    (shell.folder / "mine.csv").write_text("id\n1\n")
    shell.run("import", "hubspot", "--responses", "mine.csv").says(1, "no column response_id")


def on_a_terminal(shell: Shell, *arguments: str) -> str:
    """What a command shows on a terminal."""
    ours, theirs = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(
        [BAROMETER, *arguments],
        cwd=shell.folder,
        env=environment,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
        assert process.wait(60) == 0
    os.close(ours)
    return shown.decode()


def test_progress_is_bars_on_a_terminal_and_plain_lines_elsewhere(
    shell: Shell, open_line: Callable[[str], Line]
) -> None:
    open_line("salesforce")
    plain = shell.run("pull").well()
    assert plain.startswith(f"salesforce: Account {ACCOUNTS}\n")
    assert "\x1b" not in plain
    bars = on_a_terminal(shell, "pull", "--full")
    assert "\x1b[" in bars
    assert re.search(r"salesforce +Account", bars)
    assert f"salesforce: Account {ACCOUNTS}" not in bars


def test_a_terminal_without_our_characters(shell: Shell, tmp_path: Path) -> None:
    """A process, because an interpreter reads this setting when it starts."""
    folder = write(tmp_path / "data", {"accounts": "account_id,name\nA,Åse\n"})
    settings = {"PYTHONIOENCODING": "ascii"}
    assert "1 accounts" in shell.spawn("score", folder, settings=settings).well()


def test_the_demo_refuses_a_taken_port_before_it_works(shell: Shell, sandbox: Server) -> None:
    port = sandbox.url.rpartition(":")[2]
    shell.run("demo", "--port", port).says(1, "another program listens on that port")


def test_csv_of_the_paper_is_what_the_reader_reads(shell: Shell, tmp_path: Path) -> None:
    """Every file with every column, empty but for the keys, is scored without a refusal."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name, columns in OBJECTS.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerow([column.name for column in columns])
    with (folder / "accounts.csv").open("a") as file:
        file.write("A" + "," * (len(OBJECTS["accounts"]) - 1) + "\n")
    shell.run("score", folder, "--json", "report.json").well()
    assert report(shell)["refused"] == []
    assert report(shell)["ignored_columns"] == {}
