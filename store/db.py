"""Connections and transactions, the same for SQLite and PostgreSQL."""

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal, TypeVar

import psycopg
from sqlalchemy import Connection as Connection  # the name that higher rooms use; they know no SQLAlchemy
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from store.days import OPTION
from wayfare import clock
from wayfare.errors import StoreError
from wayfare.vault import Vault

T = TypeVar("T")
Dialect = Literal["sqlite", "postgresql"]

_RETRY_STATES = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not to be had in time
_TRIES = 10
_BUSY_MS = 10_000
_SWITCH_SECONDS = 60  # others that start with an empty file may be migrating for a while


class Store:
    """One database. Open it once a process, after any fork: connections are never shared between processes."""

    def __init__(
        self, url: str, vault: Vault, *, zone: str = "UTC", pool_size: int = 5, statement_seconds: int = 0
    ) -> None:
        """Open the database. `zone` is the one by which days are counted: see `store.days`.

        `statement_seconds`: PostgreSQL breaks off what takes longer; 0 lets everything finish.
        """
        self.url = url
        self.vault = vault
        self.engine = open_engine(url, pool_size, statement_seconds).execution_options(**{OPTION: zone})
        self.dialect: Dialect = "sqlite" if self.engine.dialect.name == "sqlite" else "postgresql"
        self._writing = threading.Lock() if self.dialect == "sqlite" else None
        self._reading = {"postgresql_readonly": True} if self.dialect == "postgresql" else {}

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open one transaction that may write; it commits at the end or leaves nothing behind."""
        with self._turn(), self.engine.connect() as conn:
            conn.begin()  # at once: a transaction that speaks only through the driver's cursor must commit as well
            if self.dialect == "sqlite":
                conn.exec_driver_sql("BEGIN IMMEDIATE")
            with _ending(conn), _translated(conn):
                yield conn

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let one thread at a time write to SQLite, in turn: waiting for its file lock means sleeping and guessing."""
        taken = self._writing is not None and self._writing.acquire(timeout=_BUSY_MS / 1000)
        try:
            yield
        finally:
            if taken and self._writing is not None:
                self._writing.release()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open one transaction that only reads."""
        with self.engine.connect().execution_options(**self._reading) as conn:
            conn.begin()
            if self.dialect == "sqlite":
                conn.exec_driver_sql("BEGIN")
            try:
                with _translated(conn):
                    yield conn
            finally:
                conn.rollback()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one write transaction; the whole of it again when the database could not serve it.

        Again means: serialization failure, deadlock, a lost connection or a busy SQLite file, up to ten times with
        growing random pauses. `work` must not keep anything from a failed try.
        """
        for attempt in range(1, _TRIES + 1):
            try:
                with self.write() as conn:
                    return work(conn)
            except (DBAPIError, PoolTimeoutError) as error:
                if attempt == _TRIES or not is_transient(error):
                    raise
                time.sleep(random.uniform(0, min(0.05 * 2**attempt, 2)))  # noqa: S311 - jitter, not a secret
        raise AssertionError("unreachable")

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def is_transient(error: BaseException) -> bool:
    """Say whether the same transaction may well succeed in a moment: the database was busy, away or undecided."""
    if isinstance(error, PoolTimeoutError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error  # inside a transaction the driver's own may come
    if isinstance(cause, sqlite3.OperationalError):
        return "locked" in str(cause) or "busy" in str(cause)
    if not isinstance(cause, psycopg.Error):
        return False
    state = cause.sqlstate
    if state is None:  # psycopg could not connect, or the connection broke before the server said why
        return isinstance(cause, psycopg.OperationalError)
    return state in _RETRY_STATES or state.startswith(("08", "57P", "53"))


def db_now(conn: Connection) -> datetime:
    """Return the database's clock, which leases are measured by (on SQLite that is the host's)."""
    if conn.dialect.name == "sqlite":
        return clock.now()
    now: datetime = conn.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now


@contextmanager
def _translated(conn: Connection) -> Iterator[None]:
    """Raise what the driver's own cursor raises as SQLAlchemy would, so that callers have one kind of error to know."""
    driver = conn.dialect.loaded_dbapi
    try:
        yield
    except driver.Error as error:
        raise DBAPIError.instance(None, None, error, driver.Error, dialect=conn.dialect) from error


@contextmanager
def _ending(conn: Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        conn.rollback()
        raise
    conn.commit()


def open_engine(url: str, pool_size: int, statement_seconds: int = 0) -> Engine:
    """Return an engine whose connections are set up for Wayfare; StoreError for a database we do not know."""
    if url.startswith("sqlite"):
        return _sqlite(url, pool_size)
    if url.startswith("postgresql+psycopg://"):
        options = "-c timezone=UTC -c lock_timeout=15000 -c idle_in_transaction_session_timeout=60000 -c jit=off"
        options += f" -c statement_timeout={statement_seconds * 1000}"
        return create_engine(
            url,
            pool_size=pool_size,
            max_overflow=5,
            pool_pre_ping=True,
            pool_timeout=15,
            hide_parameters=True,  # they are personal, and errors go to logs
            connect_args={"options": options, "connect_timeout": 10},
        )
    raise StoreError("the database must be sqlite:///FILE or postgresql://...; set WAYFARE_DATABASE_URL")


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Let readers and a writer go on side by side. SQLite itself does not wait for others that ask for it just now."""
    ends_at = clock.monotonic() + _SWITCH_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if clock.monotonic() > ends_at:
                raise
            time.sleep(0.02)


def _sqlite(url: str, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=10,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": _BUSY_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we write BEGIN ourselves; a deferred BEGIN that turns writer fails at once
        cursor = connection.cursor()
        _write_ahead(cursor)
        cursor.execute("PRAGMA synchronous=FULL")  # a 2xx means that it is on the disk
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.execute("PRAGMA cache_size=-65536")
        cursor.close()

    return engine
