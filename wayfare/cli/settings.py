"""`wayfare settings`: what can be set, and what is in force."""

from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from wayfare import log
from wayfare.settings import PREFIX, Settings, load

INTRODUCTION = """# Settings

Wayfare reads its settings from the environment once, when a process starts. `wayfare settings` shows what is in force.
A variable that is nearly one of these names is refused, so that a slip of the finger is not ignored.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("settings")(show)


def show(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page of the documentation instead.")] = False,
) -> None:
    """Show every setting, its value in force and what it is for."""
    if markdown:
        print(as_markdown(), end="")
        return
    settings = load()
    table = Table("setting", "value", "what it is for", box=None, pad_edge=False, header_style="dim")
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = "***" if isinstance(value, SecretStr) else "" if value is None else log.mask(str(value))
        table.add_row(PREFIX + name.upper(), shown, field.description)
    Console().print(table)


def as_markdown() -> str:
    """Return docs/settings.md."""
    lines = [INTRODUCTION, "| variable | default | what it is for |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if isinstance(field.default, SecretStr) or field.default in ("", None) else f"`{field.default}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"
