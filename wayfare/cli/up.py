"""`wayfare up`: everything on this machine, with one command."""

import contextlib
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from wayfare import clock, log
from wayfare.cli import _process
from wayfare.settings import Settings, load
from wayfare.supervise import datalock, ports, valkey
from wayfare.supervise.child import Child
from wayfare.supervise.supervisor import Supervisor

WEB_READY_SECONDS = 30.0
console = Console(stderr=True, highlight=False)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("up")(up)


def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on (WAYFARE_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (WAYFARE_PORT).")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder for all data (WAYFARE_DATA_DIR).")] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Do not load the demo into an empty database.")] = False,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Allow plain http on an address that others can reach.")
    ] = False,
) -> None:
    """Start everything on this machine: Redis, database, pages, worker and scheduler. Ctrl+C stops it all in order."""
    settings = load(host=host, port=port, data_dir=data_dir, insecure=insecure or None)
    log.configure("warning", settings.log_format)
    settings.check_bind()
    with datalock.only_one(settings.data_dir):
        ports.ensure_free(settings.host, settings.port)
        supervisor = Supervisor(_say)
        supervisor.catch_signals()
        try:
            _start(supervisor, settings, empty)
            supervisor.run()
        finally:
            _say("Stopping ...")
            code = supervisor.stop()
    sys.exit(code)


def _say(line: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone while we stop
        console.print(line, markup=False, soft_wrap=True)


def _start(supervisor: Supervisor, settings: Settings, empty: bool) -> None:
    """Start things in the order in which they need each other; return early when asked to stop."""
    redis_url, redis_label = _start_redis(supervisor, settings)
    settings = settings.model_copy(update={"redis_url": redis_url})
    password = _prepare_database(settings)
    if not empty and not supervisor.is_asked_to_stop:
        _load_demo(supervisor, settings)
    if supervisor.is_asked_to_stop:
        return
    env = {**os.environ, **settings.environment(), _process.PARENT: str(os.getpid())}
    graces = {"worker": 30.0, "scheduler": 15.0, "web": 15.0}
    supervisor.start(
        [
            Child(name, [sys.executable, "-P", "-m", "wayfare", name], env=env, grace=grace)
            for name, grace in graces.items()
        ]
    )
    deadline = clock.monotonic() + WEB_READY_SECONDS
    supervisor.run(until=lambda: _web_answers(settings) or clock.monotonic() > deadline)
    if not supervisor.is_asked_to_stop:
        _show(supervisor, settings, redis_label, password)


def _start_redis(supervisor: Supervisor, settings: Settings) -> tuple[str | None, str]:
    """Return the URL of the Redis to use, or None, and words for the table. Without any, Wayfare works by polling."""
    if settings.redis_url:
        if not valkey.answers(settings.redis_url):
            _say("The Redis of WAYFARE_REDIS_URL does not answer; until it does, Wayfare works by polling.")
        return settings.redis_url, log.mask(settings.redis_url)
    server = valkey.find_server()
    if server is None:
        _say("No Valkey or Redis is to be had on this system; Wayfare works by polling.")
        return None, "none: by polling"
    folder = settings.data_dir / "valkey"
    child, url = valkey.make_child(server, folder, env=os.environ)
    supervisor.start([child])
    valkey.wait_ready(child, url, folder)
    return url, f"{url.rpartition('@')[2]}  {Path(server).name}"


def _prepare_database(settings: Settings) -> str | None:
    """Bring the tables up to date and make the first administrator; return a new administrator's password."""
    from store.db import Store
    from store.migrate import upgrade
    from wayfare.vault import Vault
    from web.accounts import ensure_admin

    upgrade(settings.database_url)
    password: str | None = ensure_admin(Store(settings.database_url, Vault(settings.secret), zone=settings.time_zone))
    return password


def _load_demo(supervisor: Supervisor, settings: Settings) -> None:
    """Fill an empty database with the demo and show how far it is."""
    from wayfare.cli.demo import load_if_empty
    from wayfare.cli.demo.progress import shown_on

    with shown_on(console) as shown:

        def progress(what: str, done: int, total: int) -> None:
            if supervisor.is_asked_to_stop:
                raise KeyboardInterrupt
            shown(what, done, total)

        load_if_empty(settings, progress)


def _web_answers(settings: Settings) -> bool:
    """Return whether the web server answers at all, whatever it says."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "localhost") else settings.host  # noqa: S104  a comparison
    address = f"[{host}]" if ":" in host else host
    try:
        urllib.request.urlopen(f"http://{address}:{settings.port}/health/live", timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _show(supervisor: Supervisor, settings: Settings, redis: str, password: str | None) -> None:
    """Tell the person what runs where, and how to get in."""
    pids = {child.name: str(child.pid or "-") for child in supervisor.children}
    rows = [
        ("what", "process", "where"),
        ("web", pids["web"], settings.base_url),
        ("worker", pids["worker"], ""),
        ("scheduler", pids["scheduler"], ""),
        ("redis", pids.get("valkey", "-"), redis),
        ("database", "-", log.mask(settings.database_url)),
    ]
    lines = [f"{what:<11}{process:<9}{where}".rstrip() for what, process, where in rows]
    if password:
        lines += ["", f"Sign in as admin with the password {password} (shown only this once)"]
    lines += ["", f"Wayfare is ready: {settings.base_url}   Ctrl+C stops it."]
    _say("\n".join(lines))
