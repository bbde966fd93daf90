"""Wayfare itself, as a contestant."""

from bench.contest import Walker
from bench.journey import Leg
from bench.world import open_store
from engine.runtime import Runtime
from engine.tune import tune
from engine.walk import advance
from nodes.registry import open_registry


def prepare(url: str, leg: Leg, batch: int) -> Walker:
    """Open what a worker opens, with the version compiled and the connection made."""
    store = open_store(url)
    runtime = Runtime(store, open_registry(), store.vault)
    with store.read() as conn:
        runtime.versions.get(conn, 1)
    tune()

    def walk() -> int:
        return advance(runtime, 1, now=leg.now, limit=batch).enrollments

    return walk
