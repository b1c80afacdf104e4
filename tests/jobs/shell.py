"""The command line as a person meets it: its words and its exit codes.

Most commands run in the tests' own process, as the interpreter and the libraries of one of their
own take longer to load than their work takes: `Shell.run`. That both say and do the same is shown
in test_cli. What needs a process (a signal, a kill, a terminal, a folder that nobody may hold
open) gets one: `Shell.spawn`, `Shell.start`.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import structlog
from click.testing import CliRunner

from jobs.__main__ import main
from sandbox.world import World

BAROMETER = Path(sys.executable).with_name("barometer")
_QUICK = {  # little patience, and no limits in the sandbox
    "BAROMETER_SYNC__TRIES_PER_CALL": "2",
    "BAROMETER_HUBSPOT__SEARCHES_PER_SECOND": "1000",
}
_SECRET = ("client_secret", "access_token", "refresh_token", "password", "security_token")


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def sentences(self) -> list[str]:
        """What stderr says to a person: its lines that are no log events."""
        lines = [line for line in self.err.splitlines() if line.strip()]
        return [line for line in lines if not line.startswith("timestamp=")]

    def says(self, code: int, *words: str) -> None:
        """One sentence with every one of `words`, this exit code, and no traceback."""
        assert self.code == code, (self.out, self.err)
        assert len(self.sentences) == 1, self.err
        assert self.sentences[0].startswith("barometer: ")
        for word in words:
            assert word in self.sentences[0]
        assert "Traceback" not in self.out

    def well(self, code: int = 0) -> str:
        """Its output, after ending with `code` without a complaint."""
        assert (self.code, self.sentences) == (code, []), (self.out, self.err)
        return self.out


@dataclass
class Shell:
    """A folder with a deployment of its own, and every word its commands have said."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        plain = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        return {**plain, **_QUICK, "HOME": str(self.folder), **self.environment, **more}

    def run(self, *arguments: str | Path, settings: Mapping[str, str] | None = None) -> Ended:
        """`barometer` with these arguments in this process, ended; nobody sits at its terminal."""
        words = ["barometer", *map(str, arguments)]
        handler = signal.getsignal(signal.SIGTERM)
        with (
            patch.dict(os.environ, self._environment(settings or {}), clear=True),
            patch.object(sys, "argv", words),
            chdir(self.folder),
            CliRunner().isolation() as (out, err, _),
        ):
            try:
                main()
            except SystemExit as leaving:
                code = leaving.code
            finally:
                signal.signal(signal.SIGTERM, handler)
                structlog.reset_defaults()
            ended = Ended(int(code or 0), out.getvalue().decode(), err.getvalue().decode())
        self.said += [ended.out, ended.err]
        return ended

    def spawn(self, *arguments: str | Path, settings: Mapping[str, str] | None = None) -> Ended:
        """The same in a process of its own."""
        with self.start(*arguments, settings=settings) as process:
            return self.end(process)

    @contextmanager
    def start(
        self, *arguments: str | Path, settings: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[str]]:
        """A running `barometer`, killed at the end should it still run."""
        with subprocess.Popen(
            [BAROMETER, *arguments],
            cwd=self.folder,
            env=self._environment(settings or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def end(self, process: "subprocess.Popen[str]", stop: signal.Signals | None = None) -> Ended:
        """What a running command says until it ends, by itself or by the signal `stop`."""
        if stop is not None:
            process.send_signal(stop)
        out, err = process.communicate(timeout=120)
        self.said += [out, err]
        return Ended(process.returncode, out, err)

    def connect(
        self,
        served: Mapping[str, Any],
        vendor: str,
        *more: str,
        secret: str | None = None,
        run: Callable[..., Ended] | None = None,
    ) -> Ended:
        """`barometer connect` to a sandbox, with its secret or another, by `run` or by `spawn`.

        served  the sandbox's line: `Server.credentials`
        """
        where = served[vendor]
        place = ["--ca-file", where["ca_file"], *more]
        if vendor == "salesforce":
            name, real = "BAROMETER_SALESFORCE_CLIENT_SECRET", where["client_secret"]
            place += ["--login-url", where["https_url"], "--client-id", where["client_id"]]
            place += ["--currency", "USD"]
        else:
            name, real = "BAROMETER_HUBSPOT_ACCESS_TOKEN", where["access_token"]
            place += ["--base-url", where["https_url"]]
        return (run or self.run)("connect", vendor, *place, settings={name: secret or real})

    def files(self) -> Iterator[tuple[Path, bytes]]:
        """Everything in the folder but the key file."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path.name != "secret.key":
                yield path, path.read_bytes()

    def keeps(self, secrets: Iterable[str]) -> None:
        """No secret stands in anything that was said or stored in clear."""
        for secret in secrets:
            assert not any(secret in text for text in self.said)
            assert [path for path, content in self.files() if secret.encode() in content] == []


def sandbox_secrets() -> list[str]:
    """Every secret of the sandbox's two CRMs; they are the same in every world."""
    both = (vars(World.salesforce), vars(World.hubspot))
    return [crm[name] for crm in both for name in _SECRET if name in crm]
