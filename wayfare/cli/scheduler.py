"""`wayfare scheduler`: wakes what is due."""

import sys

import typer

from wayfare.cli import _process


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("scheduler")(scheduler)


def scheduler() -> None:
    """Wake what is due: timers, date triggers, segments, repairs."""
    settings = _process.begin()
    from engine.scheduler import run

    sys.exit(run(settings))
