"""Bring a database's tables up to date, on start-up or with `wayfare migrate`.

`python -m store.migrate autogenerate MESSAGE` writes the next migration from the tables. Statements that no table
definition can express stand in `store.migrations.triggers`.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from store.db import open_engine

FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x7761_7966  # PostgreSQL advisory lock: two processes that start together migrate once


def upgrade(url: str) -> bool:
    """Bring the database at `url` to the newest tables; return whether there was anything to do.

    All migrations run in one transaction, so that a crash leaves the old tables. Processes that start
    together wait for each other.
    """
    with _alone(url) as conn:
        before = current(conn)
        command.upgrade(_config(conn), "head")
        return current(conn) != before


def current(conn: Connection) -> str | None:
    """Return the migration that the database stands at; None for an empty one."""
    return MigrationContext.configure(conn).get_current_revision()


def newest() -> str | None:
    """Return the migration that this program needs."""
    return ScriptDirectory.from_config(_config(None)).get_current_head()


def autogenerate(message: str) -> None:
    """Write the next migration: what brings a database of the newest one to today's tables."""
    with tempfile.TemporaryDirectory() as folder, _alone(f"sqlite:///{folder}/empty.sqlite3") as conn:
        config = _config(conn)
        command.upgrade(config, "head")
        command.revision(config, message=message, autogenerate=True, rev_id=f"{int(newest() or 0) + 1:04}")


@contextmanager
def _alone(url: str) -> Iterator[Connection]:
    """Open one transaction in which nobody else migrates."""
    engine = open_engine(url, 1)
    try:
        with engine.connect() as conn:
            if engine.dialect.name == "sqlite":
                conn.exec_driver_sql("PRAGMA busy_timeout = 60000")  # others may be migrating for a while
                conn.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                conn.execute(text("SET LOCAL lock_timeout = 0"))
                conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            yield conn
            conn.commit()
    finally:
        engine.dispose()


def _config(conn: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.set_main_option("path_separator", "os")
    config.set_section_option("post_write_hooks", "hooks", "format, lint")
    for name, arguments in (("format", "format -q"), ("lint", "check --fix -q")):
        config.set_section_option("post_write_hooks", f"{name}.type", "exec")
        config.set_section_option("post_write_hooks", f"{name}.executable", str(Path(sys.executable).parent / "ruff"))
        config.set_section_option("post_write_hooks", f"{name}.options", f"{arguments} REVISION_SCRIPT_FILENAME")
    config.attributes["connection"] = conn
    return config


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "autogenerate":
        sys.exit("usage: python -m store.migrate autogenerate MESSAGE")
    autogenerate(sys.argv[2])
