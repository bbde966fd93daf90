"""What a request works with: the store, the clock, and whoever asks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import current_app, g

from offers.live import Live
from store.db import Store
from web.config import WebConfig


@dataclass(frozen=True, slots=True)
class Context:
    """One application's parts. `runtime` is the engine's, for pages that publish or simulate."""

    store: Store
    config: WebConfig
    clock: Callable[[], datetime]
    runtime: Any = None
    noted: dict[int, datetime] = field(default_factory=dict)  # when the use of which API key was last written down
    live: Live = field(default_factory=Live)  # rule sets compiled in this process


def context() -> Context:
    """Return the parts of the application that serves this request."""
    parts: Context = current_app.extensions["wayfare"]
    return parts


def store() -> Store:
    """Return the store."""
    return context().store


def config() -> WebConfig:
    """Return where we run."""
    return context().config


def runtime() -> Any:
    """Return the engine's runtime, or None in an application that was made without one."""
    return context().runtime


def now() -> datetime:
    """Return this request's instant: the same one however often it is asked for."""
    if "now" not in g:
        g.now = context().clock()
    instant: datetime = g.now
    return instant
