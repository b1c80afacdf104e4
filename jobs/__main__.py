"""The command line `barometer`. Heavy imports wait until a command needs them.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 done with refusals, 4 stopped at the API allowance.
"""

import io
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from jobs import commands_admin, commands_hooks, commands_plan, commands_run, commands_user
from jobs.cli import FAILED, fail
from jobs.problems import sentence_of

INTERRUPTED = "interrupted; what was stored stays, run it again to go on"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Another settings.toml.",
)
@click.version_option(package_name="barometer")
@click.pass_context
def cli(context: click.Context, settings_file: Path | None) -> None:
    """Account health, coverage and revenue at risk, on the CRM's own records."""
    from jobs.logs import configure_logs

    configure_logs()
    context.obj = settings_file


for commands in (commands_run, commands_plan, commands_admin, commands_user, commands_hooks):
    for command in commands.COMMANDS:
        cli.add_command(command)


def main() -> NoReturn:
    """Run the command line; every expected error is one sentence on stderr."""
    signal.signal(signal.SIGTERM, _stop)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character is no defect
    try:
        cli(standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        fail(INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        fail(_sentence(error), error.exit_code)
    except Exception as error:
        sentence = sentence_of(error)
        if sentence is None:
            raise
        fail(sentence, getattr(error, "exit_code", FAILED))
    sys.exit(0)


def _stop(*_: Any) -> NoReturn:
    """SIGTERM ends a command as Ctrl-C does: locks are given back, the run is closed."""
    raise KeyboardInterrupt


def _sentence(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    if context is None:
        return error.format_message()
    return f"{error.format_message().rstrip('.')}; see: {context.command_path} --help"


if __name__ == "__main__":
    main()
