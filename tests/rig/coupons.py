"""Batches of codes in a few lines."""

from typing import Any

from offers.codes import make
from offers.codes.batches import BatchSpec, add_batch
from offers.codes.resolve import Resolved, resolve
from rig.world import World
from store.codes import BatchRow


def a_batch(world: World, key: str = "summer", **fields: Any) -> BatchRow:
    """Make a batch."""
    spec = BatchSpec(key, **fields)
    return world.store.run(lambda conn: add_batch(conn, world.store.vault, spec, now=world.now, by="alice"))


def made(world: World, count: int = 1, key: str = "summer") -> list[tuple[str, str]]:
    """Make codes of a batch; return them with their PINs."""
    chunks = make.make_codes(world.store, world.store.vault, key, count, now=world.now, by="alice")
    return [one for chunk in chunks for one in chunk]


def some_codes(world: World, count: int = 1, key: str = "summer", **fields: Any) -> list[str]:
    """Make a batch and codes of it."""
    a_batch(world, key, **fields)
    return [text for text, _ in made(world, count, key)]


def look(world: World, *texts: str, **more: Any) -> list[Resolved]:
    """Resolve codes."""
    return world.store.run(lambda conn: resolve(conn, world.store.vault, texts, now=world.now, **more))


def why(world: World, text: str, **more: Any) -> str:
    """Return why a code is refused, or nothing."""
    return look(world, text, **more)[0].reason


def code_id(world: World, text: str) -> int:
    """Return the id of a code."""
    found = look(world, text)[0].code_id
    assert found is not None, f"{text} is not there"
    return found
