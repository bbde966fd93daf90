"""The command line. One module a command, named like it, with a `register(app)`; a new module needs no other line."""

import importlib
import os
import pkgutil
import sys

import typer

from wayfare.errors import WayfareError


def main(argv: list[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 refused with one line that says why, 2 wrong arguments, 130 Ctrl+C."""
    args = sys.argv[1:] if argv is None else argv
    os.umask(0o077)  # everything written holds personal data or secrets
    try:
        build(args)(args=args, prog_name="wayfare")
    except WayfareError as error:
        print(f"wayfare: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def build(args: list[str]) -> typer.Typer:
    """Return the application with the one command that `args` ask for, or with all: all of them import for a second."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_group)  # with a single command registered, typer would otherwise take its name away
    asked = next((arg for arg in args if not arg.startswith("-")), "")
    modules = {module.name.rstrip("_").replace("_", "-"): module.name for module in pkgutil.iter_modules(__path__)}
    for name in [modules[asked]] if asked in modules else sorted(modules.values()):
        register = getattr(importlib.import_module(f"{__name__}.{name}"), "register", None)
        if register is not None:
            register(app)
    return app


def _group() -> None:
    """Customer journeys and promotions: where a customer goes, and what it costs."""
