"""Other ways to do the same journey with the same effects, each by its natural interface.

They come with `requirements/bench.txt`. Each has simple tables of its own in the schema `peer` and does per customer
what it is made for; none writes batches. Their N is small, because their cost per customer does not fall with N.
"""

from collections.abc import Callable, Iterator
from importlib import import_module

from bench.contest import Figure
from bench.journey import STEPS
from bench.peers import tables

PEERS = {
    "SpiffWorkflow, state in PostgreSQL": ("bench.peers.spiff", 2000),
    "DBOS workflow a customer": ("bench.peers.durable", 600),
    "RQ job a customer and step, ORM": ("bench.peers.jobs", 300),
}
"""Name, module, and customers for one worker."""


def run(url: str, workers: int, *, scale: float = 1.0) -> Iterator[tuple[str, Figure]]:
    """Measure the peers one after the other, with so many processes each; yield name and figure."""
    for name, (module, customers) in PEERS.items():
        yield name, measure(url, import_module(module).work, int(customers * scale) * workers, workers)


def measure(url: str, work: Callable[[str, int, int], float], customers: int, workers: int) -> Figure:
    """Let one peer take everyone to the end, and check that all effects are there."""
    tables.fill(url, customers)
    seconds = work(url, customers, workers)
    tables.check(url, customers)
    return Figure(customers * STEPS / seconds)
