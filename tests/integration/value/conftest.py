"""Stores full of orders for the tests of classes and values."""

from collections.abc import Iterator

import pytest

from rig.value import Shop


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """An empty shop on either database."""
    shop = Shop(database_url)
    yield shop
    shop.close()
