"""`wayfare till`: what tills without a network need: a shop's snapshot, and the keys that it is signed with."""

from pathlib import Path
from typing import Annotated

import typer

from wayfare import clock
from wayfare.cli import _access

app = typer.Typer(no_args_is_help=True, help="Snapshots for tills without a network, and the keys that sign them.")


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="till")


@app.command()
def snapshot(
    store: Annotated[str, typer.Option(help="The shop that it is for.")],
    to: Annotated[Path | None, typer.Option("--to", help="Write to this file instead of the terminal.")] = None,
) -> None:
    """Write a shop's signed snapshot: rules, limits and codes to sell with until it ends."""
    from offers.live import Live
    from offers.till import keys
    from offers.till import snapshot as making
    from offers.till.snapshot import Content
    from store import receipts
    from store.db import Connection

    settings, opened = _access.open_store()
    now = clock.now()
    pairs = keys.ensured(opened, now)

    def work(conn: Connection) -> Content:
        found = making.gather(conn, Live(), opened.vault, store, settings.time_zone, pairs, now)
        receipts.note_snapshot(conn, found.row)
        return found

    content = opened.run(work)
    text = content.signed(keys.current(pairs, now)) + "\n"
    if to is None:
        typer.echo(text, nl=False)
    else:
        to.write_text(text, encoding="utf-8")
    typer.echo(f"It ends at {content.row.expires_at.isoformat(timespec='minutes')}.", err=True)


@app.command("key")
def print_keys() -> None:
    """Print the public keys that a till should trust."""
    from offers.till import keys

    _, opened = _access.open_store()
    now = clock.now()
    for pair in keys.published(keys.ensured(opened, now), now):
        typer.echo(pair.pem, nl=False)


@app.command()
def rotate(
    at_once: Annotated[
        bool, typer.Option("--at-once", help="The key was stolen: trust it no longer. Tills need the new one by hand.")
    ] = False,
) -> None:
    """Make the next key. It signs in a week; tills that fetch a snapshot until then know it."""
    from offers.till import keys

    _, opened = _access.open_store()
    now, by = clock.now(), _access.actor()
    fresh = opened.run(lambda conn: keys.rotate(conn, opened.vault, now, by, at_once=at_once))
    typer.echo(f"{fresh.name} signs from {fresh.begins_at.isoformat(timespec='minutes')} on.")


@app.command()
def hours(
    value: Annotated[int | None, typer.Argument(help="Hours until a snapshot ends: 1 to 168.")] = None,
) -> None:
    """Show or set for how long tills may sell without a network."""
    from offers.till import snapshot as making

    _, opened = _access.open_store()
    if value is not None:
        at, by, wanted = clock.now(), _access.actor(), value
        opened.run(lambda conn: making.set_hours(conn, wanted, at, by))
    with opened.read() as conn:
        typer.echo(f"A snapshot ends after {making.hours(conn)} hours.")
