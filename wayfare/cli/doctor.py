"""`wayfare doctor`: what is wrong with this installation, in plain words."""

import json
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from wayfare import clock
from wayfare.settings import Settings, load

_LATE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at. `state`: ok, warning, or problem."""

    state: str
    what: str
    detail: str = ""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    invariants: Annotated[
        bool, typer.Option("--invariants", help="Also check that nothing is lost or doubled.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")] = False,
) -> None:
    """Look at settings, database, Redis and work that is due. Exit code 1 when something is wrong."""
    settings = load()
    lines = [*_settings(settings), *_packages(settings), *_redis(settings), *_database(settings, invariants)]
    if as_json:
        print(json.dumps([{"state": one.state, "what": one.what, "detail": one.detail} for one in lines], indent=2))
    else:
        _show(lines)
    if any(line.state == "problem" for line in lines):
        raise typer.Exit(1)


def _settings(settings: Settings) -> list[Line]:
    lines = []
    if settings.insecure:
        lines.append(Line("problem", "Passwords travel unprotected", "WAYFARE_INSECURE is set; put https in front"))
    if not settings.smtp_url:
        lines.append(Line("warning", "E-mails are written to files", "set WAYFARE_SMTP_URL to send them"))
    return lines


def _packages(settings: Settings) -> list[Line]:
    from nodes.registry import open_registry

    return [
        Line("problem", f"The node type {failure.name} of {failure.package} is not there", failure.reason)
        for failure in open_registry(folder=settings.nodes_dir).failures
    ]


def _redis(settings: Settings) -> list[Line]:
    from engine.bell import check

    if not settings.redis_url:
        return [Line("ok", "No Redis is set here", "workers look at the database every so often")]
    return [Line("problem", "Redis", fault) for fault in check(settings.redis_url)] or [Line("ok", "Redis answers")]


def _database(settings: Settings, invariants: bool) -> list[Line]:
    from store.codes import pool_levels
    from store.db import Store
    from store.health import is_unavailable, oldest_due
    from store.invariants import look
    from store.migrate import current, newest
    from store.sweep import repairs
    from wayfare.vault import Vault

    store = Store(settings.database_url, Vault(settings.secret), zone=settings.time_zone)
    try:
        with store.read() as conn:
            if current(conn) != newest():
                return [Line("problem", "The tables are not up to date", "run: wayfare migrate")]
            lines = [Line("ok", f"The database answers ({store.dialect})")]
            for kind, age in oldest_due(conn, clock.now()).items():
                state = "problem" if age > _LATE_SECONDS else "ok"
                detail = "is a worker running?" if state == "problem" else ""
                lines.append(Line(state, f"Oldest {kind} due for {age:.0f} s", detail))
            lines += [Line("warning", f"Repaired {n} times", name) for name, n in repairs(conn).items()]
            lines += [
                Line("warning", f"{free:,} codes are left for journeys in {key}", f"warn below {warn:,}; fill the pool")
                for key, warn, free in pool_levels(conn)
                if warn is not None and free < warn
            ]
            if invariants:
                for found in look(conn, now=clock.now()):
                    state = "problem" if found.breaches else "ok"
                    detail = f"{found.breaches} breaches: {'; '.join(found.examples)}" if found.breaches else ""
                    lines.append(Line(state, f"{found.invariant.id} {found.invariant.title}", detail))
    except Exception as error:
        if not is_unavailable(error):
            raise
        return [Line("problem", "The database does not answer", f"{type(error).__name__}; check WAYFARE_DATABASE_URL")]
    finally:
        store.dispose()
    return lines


def _show(lines: list[Line]) -> None:
    console = Console(highlight=False)
    signs = {"ok": "[green]ok     [/]", "warning": "[yellow]warning[/]", "problem": "[red]problem[/]"}
    for line in lines:
        console.print(f"{signs[line.state]}  {escape(line.what)}{': ' if line.detail else ''}{escape(line.detail)}")
