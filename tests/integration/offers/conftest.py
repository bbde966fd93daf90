"""A store on each database."""

from collections.abc import Iterator

import pytest

from rig.world import World


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A small world on an empty database."""
    world = World(database_url)
    yield world
    world.close()
