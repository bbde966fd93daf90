"""One at a time: a named lock that lasts as long as the transaction, whatever becomes of the process."""

from hashlib import blake2b

from sqlalchemy import BigInteger, Connection, bindparam, text

_TRY = text("SELECT pg_try_advisory_xact_lock(:key)").bindparams(bindparam("key", type_=BigInteger))


def try_lock(conn: Connection, name: str) -> bool:
    """Take the lock called `name` until the transaction ends; False, at once, when another transaction has it.

    On SQLite a write transaction began with BEGIN IMMEDIATE and is the only one, so the answer is always yes.
    """
    if conn.dialect.name == "sqlite":
        return True
    key = int.from_bytes(blake2b(f"wayfare.{name}".encode(), digest_size=8).digest(), "big", signed=True)
    return bool(conn.execute(_TRY, {"key": key}).scalar_one())
