"""`wayfare worker`: walks customers through journeys and delivers messages."""

import sys

import typer

from wayfare.cli import _process


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("worker")(worker)


def worker() -> None:
    """Walk customers through journeys and deliver messages; start as many as you like, on any machine."""
    settings = _process.begin()
    from engine.worker import run

    sys.exit(run(settings))
