"""A fresh world and a running sandbox over it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.server import Server
from sandbox.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty world in a file of its own."""
    world = World(tmp_path / "world.sqlite")
    yield world
    world.release()


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    """The sandbox over `world`, answering on a plain and a TLS port."""
    with Server(world) as running:
        yield running
