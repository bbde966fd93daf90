"""Other ways to do the same, each by its natural interface. They come with `requirements/bench.txt`."""

from collections.abc import Iterator


def run(dsn: str) -> Iterator[tuple[str, float]]:
    """Measure the peers one after the other; yield name and customer-steps a second."""
    yield from ()
