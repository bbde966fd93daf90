"""What a running engine is made of. All of it is passed in: a simulation brings a store, clock and channels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.versions import Versions
from nodes.registry import Registry
from store.db import Store
from wayfare import clock
from wayfare.vault import Vault


@dataclass
class Runtime:
    """The parts that jobs work with. One a process, opened after any fork."""

    store: Store
    registry: Registry
    vault: Vault
    channels: Mapping[str, Any] = field(default_factory=dict)
    now: Callable[[], datetime] = clock.now
    batch_size: int = 5000
    lease: timedelta = timedelta(seconds=60)
    default_zone: str = "UTC"
    ring: Callable[[str], object] = lambda shard: None

    def __post_init__(self) -> None:
        self.watching: tuple[tuple[int, ...], dict[str, set[str]]] | None = None  # see engine.watching
        self.versions = Versions(self.registry)
