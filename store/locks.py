"""One at a time: a named lock that lasts as long as the transaction, whatever becomes of the process."""

from hashlib import blake2b

from sqlalchemy import BigInteger, Connection, bindparam, text

_KEY = bindparam("key", type_=BigInteger)
_TRY = text("SELECT pg_try_advisory_xact_lock(:key)").bindparams(_KEY)
_WAIT = text("SELECT pg_advisory_xact_lock(:key)").bindparams(_KEY)


def try_lock(conn: Connection, name: str) -> bool:
    """Take the lock called `name` until the transaction ends; False, at once, when another transaction has it.

    On SQLite a write transaction began with BEGIN IMMEDIATE and is the only one, so the answer is always yes.
    """
    return conn.dialect.name == "sqlite" or bool(conn.execute(_TRY, {"key": _number(name)}).scalar_one())


def lock(conn: Connection, name: str) -> None:
    """Take the lock called `name` until the transaction ends, and wait for whoever has it."""
    if conn.dialect.name != "sqlite":
        conn.execute(_WAIT, {"key": _number(name)})


def _number(name: str) -> int:
    return int.from_bytes(blake2b(f"wayfare.{name}".encode(), digest_size=8).digest(), "big", signed=True)
