"""The command line as a person meets it: real processes, their words and their exit codes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.server import Server

BAROMETER = Path(sys.executable).with_name("barometer")
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
        return {**plain, "HOME": str(self.folder), **self.environment, **more}

    def run(self, *arguments: str | Path, settings: Mapping[str, str] | None = None) -> Ended:
        """`barometer` with these arguments, ended; nobody sits at its terminal."""
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

    def connect(self, sandbox: Server, vendor: str, *more: str, secret: str | None = None) -> Ended:
        """`barometer connect`, with the sandbox's secret or another."""
        where = sandbox.credentials()[vendor]
        place = ["--ca-file", where["ca_file"], *more]
        if vendor == "salesforce":
            name, real = "BAROMETER_SALESFORCE_CLIENT_SECRET", where["client_secret"]
            place += ["--login-url", where["https_url"], "--client-id", where["client_id"]]
            place += ["--currency", "USD"]
        else:
            name, real = "BAROMETER_HUBSPOT_ACCESS_TOKEN", where["access_token"]
            place += ["--base-url", where["https_url"]]
        return self.run("connect", vendor, *place, settings={name: secret or real})

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


def secrets_of(sandbox: Server) -> list[str]:
    """Every secret of the sandbox's two CRMs."""
    both = sandbox.credentials()
    return [
        both[crm][name] for crm in both if crm != "control" for name in _SECRET if name in both[crm]
    ]
