"""`wayfare web`: the pages and the API."""

from typing import Annotated

import typer

from wayfare.cli import _process


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("web")(web)


def web(
    host: Annotated[str | None, typer.Option(help="Address to listen on (WAYFARE_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (WAYFARE_PORT).")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Allow plain http on an address that others can reach.")
    ] = False,
) -> None:
    """Serve the pages and the API."""
    from wayfare.supervise import webserver

    webserver.serve(_process.begin(host=host, port=port, insecure=insecure or None))
