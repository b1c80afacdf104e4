"""A database file filled through the models, and a client of the pages over it."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from store.database import open_engine, open_sessions
from tests.web import people, sample


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database without rows."""
    return sample.make_file(tmp_path_factory.mktemp("store") / "empty.db", filled=False)


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the whole sample."""
    return sample.make_file(tmp_path_factory.mktemp("store") / "filled.db", filled=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of the test's own: with the sample when the test asks for `filled`."""
    chosen = "filled_file" if "filled" in request.fixturenames else "empty_file"
    file = shutil.copy(request.getfixturevalue(chosen), tmp_path / "barometer.db")
    engine = open_engine(f"sqlite:///{file}")
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions on the test's database."""
    return open_sessions(engine)


@pytest.fixture
def app(sessions: sessionmaker[Session]) -> Flask:
    """The pages over whatever the test stores."""
    return people.make_app(sessions)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """The pages as an admin sees them; changes carry the CSRF token."""
    return people.client_of(app, "admin")


@pytest.fixture
def client_of(app: Flask) -> Callable[[str | None], FlaskClient]:
    """Makes a client signed in with a role; None is somebody not signed in."""
    return partial(people.client_of, app)


@pytest.fixture
def filled(client: FlaskClient) -> FlaskClient:
    """The pages over the whole sample."""
    return client
