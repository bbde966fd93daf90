"""An application on a fresh database, for each test."""

from collections.abc import Iterator

import pytest

from rig.web import Web, a_web


@pytest.fixture
def web(sqlite_url: str) -> Iterator[Web]:
    """The application as it runs on a laptop."""
    made = a_web(sqlite_url)
    yield made
    made.store.dispose()
