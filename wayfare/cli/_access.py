"""What the commands about users, keys and the audit trail share."""

import getpass
import json
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

from wayfare import log
from wayfare.settings import Settings, load

if TYPE_CHECKING:
    from store.db import Store

console = Console(highlight=False)


def open_store() -> "tuple[Settings, Store]":
    """Read the settings and open the database, which is brought up to date first."""
    from store.db import Store
    from store.migrate import upgrade
    from wayfare.vault import Vault

    settings = load()
    log.configure("warning", settings.log_format)
    upgrade(settings.database_url)
    return settings, Store(settings.database_url, Vault(settings.secret), zone=settings.time_zone)


def actor() -> str:
    """Name the person at the shell, for the audit trail."""
    try:
        return f"shell:{getpass.getuser()}"
    except (OSError, KeyError):
        return "shell"


def show(rows: list[dict[str, Any]], as_json: bool) -> None:
    """Print rows as a table for people, or as JSON for programs."""
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, default=str))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in rows[0] if rows else ["nothing yet"]:
        table.add_column(heading)
    for row in rows:
        table.add_row(*["" if value is None else str(value) for value in row.values()])
    console.print(table, soft_wrap=True)
