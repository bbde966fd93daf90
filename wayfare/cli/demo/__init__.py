"""`wayfare demo`: the main job on real input. `load` fills an empty database, `load_if_empty` asks first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from engine.runtime import Runtime
    from wayfare.settings import Settings

Progress = Callable[[str, int, int], None]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    traffic: Annotated[
        bool, typer.Option("--traffic", help="Let new registrations, carts, wishes and purchases come in until Ctrl+C.")
    ] = False,
    rate: Annotated[float, typer.Option(min=0.01, max=100.0, help="Events a second, for --traffic.")] = 1.0,
) -> None:
    """Fill an empty database with 69,659 real purchases, made-up people and three running journeys."""
    from rich.console import Console

    from store.migrate import upgrade
    from wayfare import log
    from wayfare.cli.demo.progress import shown_on
    from wayfare.settings import load as load_settings
    from wayfare.supervise import datalock

    settings = load_settings()
    log.configure("warning", settings.log_format)
    upgrade(settings.database_url)
    console = Console(stderr=True, highlight=False)
    if not is_loaded(settings):
        try:
            with datalock.only_one(settings.data_dir), shown_on(console) as told:
                load(settings, told)
        except KeyboardInterrupt:
            line = "Stopped half-way. The same command goes on where it stopped; so does wayfare up."
            console.print(line, soft_wrap=True)
            raise
        console.print("The demo is loaded. Look at it: wayfare up")
    elif not traffic:
        line = "The demo is loaded already; nothing has changed. To make it move: wayfare demo --traffic"
        console.print(line, soft_wrap=True)
    if traffic:
        from wayfare.cli.demo import traffic as generator

        generator.run(settings, rate, console)


def load_if_empty(settings: Settings, progress: Progress) -> bool:
    """Load the demo into an empty database, or go on with a load that was cut off; say whether anything was loaded."""
    from store.workspace import is_empty
    from wayfare.cli.demo import state

    runtime = _runtime(settings)
    try:
        known = state.read(runtime.store)
        with runtime.store.read() as conn:
            empty = is_empty(conn)
        if known.is_done if known else not empty:
            return False
        _go_on(runtime, known, progress)
        return True
    finally:
        runtime.store.dispose()


def load(settings: Settings, progress: Progress) -> bool:
    """Load the demo, or go on with a load that was cut off; say whether anything was loaded.

    WayfareError when the database holds something of its own: the demo's last days would live through that too.
    """
    from wayfare.errors import WayfareError

    if load_if_empty(settings, progress):
        return True
    if not is_loaded(settings):
        raise WayfareError(
            "this database is in use, and the demo goes into an empty one; name a new folder with WAYFARE_DATA_DIR"
        )
    return False


def is_loaded(settings: Settings) -> bool:
    """Say whether the demo is in the database, whole."""
    from wayfare.cli.demo import state

    runtime = _runtime(settings)
    try:
        known = state.read(runtime.store)
        return known is not None and known.is_done
    finally:
        runtime.store.dispose()


def _go_on(runtime: Runtime, known: object, progress: Progress) -> None:
    from wayfare import clock
    from wayfare.cli.demo import state
    from wayfare.cli.demo.play import Demo

    begun = known if isinstance(known, state.State) else state.note(runtime.store, state.State(clock.now()))
    Demo(runtime, begun, progress).run()


def _runtime(settings: Settings) -> Runtime:
    """Return an engine whose e-mails go to files, whatever mail server is set: these people do not exist."""
    from engine.channels import channels
    from engine.runtime import Runtime
    from nodes.registry import open_registry
    from store.db import Store
    from wayfare.vault import Vault

    vault = Vault(settings.secret)
    found = channels(data_dir=settings.data_dir, smtp_url=None, mail_from=settings.mail_from)
    return Runtime(
        store=Store(settings.database_url, vault, zone=settings.time_zone),
        registry=open_registry(folder=settings.nodes_dir),
        vault=vault,
        channels={"email": found["email"]},
        batch_size=settings.batch_size,
        default_zone=settings.time_zone,
    )
