"""Worlds with crews of real processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.crew import Crew
from rig.world import World

pytestmark = pytest.mark.faults


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A small world on an empty database."""
    world = World(database_url)
    yield world
    world.close()


@pytest.fixture
def crew(world: World, tmp_path: Path) -> Iterator[Crew]:
    """Workers of that world."""
    with Crew(world, tmp_path) as crew:
        yield crew
