"""Serving: the embedded deployment (web, clock and worker in one process) and the WSGI entry."""

import os
import socket
import threading
from functools import partial
from importlib.metadata import version
from typing import Any
from uuid import uuid4

import migrations
from jobs import calls
from jobs.model import read_model
from jobs.queue import start_clock, work
from jobs.wiring import House, model_file, open_house
from settings import load_settings


def web_app(house: House) -> Any:
    """The Flask app over this house's database."""
    from web import create_app

    return create_app(
        house.sessions,
        house.vault,
        house.settings,
        version=version("barometer"),
        schema_head=migrations.revisions(house.engine)[1],
        reading_calls=calls.read_again,
        default_model=partial(read_model, model_file(house.settings)),
    )


def wsgi() -> Any:
    """Entry for a WSGI server: gunicorn 'jobs.serve:wsgi()'."""
    return web_app(open_house(load_settings()))


def process_name() -> str:
    """A name for this process that no other has."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"


def serve(house: House) -> None:
    """Web pages, clock and workers in this process, until interrupted.

    Two workers: survey answers are read, and other connections served, during a long sync.
    """
    from waitress.server import create_server

    settings = house.settings.web
    server = create_server(web_app(house), host=settings.host, port=settings.port, threads=8)
    clock = start_clock(house, process_name())
    stop = threading.Event()
    workers = [
        threading.Thread(target=work, args=(house, stop), name=f"worker-{number}")
        for number in (1, 2)
    ]
    for worker in workers:
        worker.start()
    try:
        server.run()
    finally:
        stop.set()
        clock.shutdown(wait=False)
        for worker in workers:
            worker.join()
        server.close()
