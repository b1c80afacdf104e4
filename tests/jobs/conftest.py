"""A small world in both CRMs, served over real sockets, and a house of ours beside it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from jobs.wiring import House
from sandbox.portfolio import generate
from sandbox.server import Server, load
from sandbox.world import World
from tests.jobs import lines
from tests.jobs.lines import ACCOUNTS, NOW, Line


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a world with a dozen accounts, to be copied: loading takes a while."""
    world = World(tmp_path_factory.mktemp("loaded") / "world.sqlite")
    load(world, generate(ACCOUNTS, 7, NOW))
    world.release()
    return world.path


@pytest.fixture
def world(loaded: Path, tmp_path: Path) -> Iterator[World]:
    """A world of a dozen accounts that nobody has connected to."""
    world = World(shutil.copy(loaded, tmp_path / "world.sqlite"))
    yield world
    world.release()


@pytest.fixture
def sandbox(world: World) -> Iterator[Server]:
    """That world, served without rate limits."""
    with Server(world) as running:
        world.switches["hubspot.limits.enforced"] = False
        yield running


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of our database and its key."""
    return tmp_path


@pytest.fixture
def house(home: Path) -> Iterator[House]:
    """A house without a connection."""
    house = lines.make_house(f"sqlite:///{home / 'barometer.db'}", home)
    yield house
    house.engine.dispose()


@pytest.fixture
def open_line(
    loaded: Path, tmp_path: Path, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Line]]:
    """open_line(vendor): connected, provisioned, with the survey tool's export imported.

    It is of its own: neither the `sandbox` nor the `house` of the test. One for each test.
    """
    with ExitStack() as opened:

        def open_one(vendor: str) -> Line:
            stand = lines.prepare_stand(vendor, loaded, tmp_path_factory, synced=False)
            folder = tmp_path / f"crm-{vendor}"
            folder.mkdir()
            return opened.enter_context(lines.standing_line(vendor, stand, folder, home))

        yield open_one


@pytest.fixture(params=["salesforce", "hubspot"])
def line(request: pytest.FixtureRequest, open_line: Callable[[str], Line]) -> Line:
    """The line of each CRM in turn, never synchronised."""
    return open_line(request.param)


@pytest.fixture(params=["salesforce", "hubspot"])
def synced(
    request: pytest.FixtureRequest,
    loaded: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Line]:
    """The line of each CRM in turn, synchronised once."""
    stand = lines.prepare_stand(request.param, loaded, tmp_path_factory)
    with lines.standing_line(request.param, stand, tmp_path) as line:
        yield line
