"""`wayfare migrate`: bring the database's tables up to date."""

import typer

from store.migrate import upgrade
from wayfare import settings


def register(app: typer.Typer) -> None:
    app.command()(migrate)


def migrate() -> None:
    """Bring the database's tables up to date; safe to run again, and by several machines at once."""
    changed = upgrade(settings.load().database_url)
    print("The tables are now up to date." if changed else "The tables were up to date already.")
