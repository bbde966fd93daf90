"""A PostgreSQL of our own for a measurement: fsync on, moderately tuned, gone afterwards."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "work_mem": "64MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "max_connections": "100",
}


@contextmanager
def postgres(url: str | None = None) -> Iterator[str]:
    """Yield the DSN of an empty database: on the server given, or on one that is started for this."""
    if url is not None:
        yield url
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server below ends with us
    folder = Path(tempfile.mkdtemp(prefix="wayfare-bench-"))
    user = pwd.getpwnam("postgres").pw_name if os.geteuid() == 0 else None
    binaries = _binaries()
    if user:
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    _run([binaries / "initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--no-locale"], user)
    with (data / "postgresql.conf").open("a") as config:
        config.write(f"port={port}\nlisten_addresses='127.0.0.1'\nunix_socket_directories=''\n")
        config.writelines(f"{name}='{value}'\n" for name, value in SETTINGS.items())
    _run([binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "start"], user)
    try:
        yield f"postgresql://bench@127.0.0.1:{port}/postgres"
    finally:
        _run([binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"], user)
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise SystemExit("no PostgreSQL server here; install Debian's package postgresql or pass --url")
    return found[-1].parent


def _run(command: list[object], user: str | None) -> None:
    subprocess.run([str(part) for part in command], user=user, check=True, stdout=subprocess.DEVNULL, cwd="/")
