"""`wayfare key`: programs that may call the API."""

from datetime import timedelta
from typing import Annotated

import typer

from wayfare import clock
from wayfare.cli import _access
from wayfare.errors import NotFound

group = typer.Typer(no_args_is_help=True, help="Make, list, revoke API keys.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="key")


@group.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    kind: Annotated[str, typer.Option(help="ingest, till or integration.")],
    right: Annotated[
        list[str] | None, typer.Option(help="A right, once for each; without any: all that the kind may have.")
    ] = None,
    days: Annotated[int, typer.Option(min=0, help="Days until it ends; 0 means until it is revoked.")] = 365,
    store: Annotated[str | None, typer.Option(help="The store that a till key is bound to.")] = None,
    network: Annotated[
        list[str] | None, typer.Option("--from", help="An address or network that alone may use it, once for each.")
    ] = None,
) -> None:
    """Make an API key and print it; it is kept nowhere."""
    from web import accounts, rights

    _, opened = _access.open_store()
    granted = right or sorted(rights.of_kind(kind))
    at = clock.now()
    ends = at + timedelta(days=days) if days else None
    _, token = accounts.add_key(
        opened,
        name,
        kind,
        granted,
        by=_access.actor(),
        now=at,
        expires_at=ends,
        shop=store,
        networks=network or (),
    )
    typer.echo(token)
    typer.echo("It is shown only now. Send it as `Authorization: Bearer ...`.", err=True)


@group.command("list")
def list_keys(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the API keys."""
    from store import keys

    _, store = _access.open_store()
    with store.read() as conn:
        found = keys.list_keys(conn)
    at = clock.now()
    rows = [
        {
            "prefix": key.prefix,
            "name": key.name,
            "kind": key.kind,
            "rights": ", ".join(key.rights),
            "state": "live" if key.is_live(at) else "ended",
            "ends": ends.isoformat(timespec="minutes") if (ends := key.revoked_at or key.expires_at) else None,
            "last used": key.last_used_at.isoformat(timespec="minutes") if key.last_used_at else None,
        }
        for key in found
    ]
    _access.show(rows, as_json)


@group.command("revoke")
def revoke(prefix: Annotated[str, typer.Argument(help="The key's prefix, as `wayfare key list` shows it.")]) -> None:
    """End an API key at once."""
    from store import keys
    from web import accounts

    _, store = _access.open_store()
    asked = prefix.removeprefix("wf_").partition("_")[0]
    with store.read() as conn:
        found = keys.find_keys(conn, asked)
    if not found:
        raise NotFound(f"no API key begins with {asked!r}; see `wayfare key list`")
    for key in found:
        accounts.revoke_key(store, key, by=_access.actor(), now=clock.now())
        typer.echo(f"{key.name} ({key.prefix}) no longer opens anything.")
