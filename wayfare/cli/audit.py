"""`wayfare audit`: is the trail as it was written?"""

import json
from typing import Annotated

import typer

from wayfare.cli import _access

group = typer.Typer(no_args_is_help=True, help="Verify the audit trail.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="audit")


@group.command("verify")
def verify(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Walk the whole chain of entries; exit with 1 at the first one that was changed, removed or put in.

    The head is noted in the data folder (audit-anchors). Copy that file elsewhere: with it a cut tail is found as well.
    """
    from store import audit
    from web import anchors

    settings, store = _access.open_store()
    noted = anchors.read(store, settings.data_dir)
    with store.read() as conn:
        verdict = audit.verify(conn, noted)
    is_good = verdict.bad_id is None
    if is_good:
        anchors.write(store, settings.data_dir)
    words = {
        "good": is_good,
        "entries": verdict.rows,
        "head": verdict.last_id,
        "digest": verdict.last_digest.hex(),
        "bad": verdict.bad_id,
        "reason": verdict.reason,
    }
    if as_json:
        typer.echo(json.dumps(words))
    elif is_good:
        typer.echo(f"All {verdict.rows} entries are as they were written. Head {verdict.last_id} {words['digest']}")
    else:
        typer.echo(f"Entry {verdict.bad_id} does not hold: {verdict.reason}.", err=True)
    raise typer.Exit(0 if is_good else 1)
