"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


class Instant(TypeDecorator[datetime]):
    """An aware instant in UTC. Naive values are refused, so a wrong zone cannot slip in."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}; pass an aware one in UTC")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def big_id() -> TypeEngine[int]:
    """Return a 64-bit key type; SQLite numbers rows itself only when the type is exactly INTEGER."""
    return BigInteger().with_variant(Integer(), "sqlite")


def json_type() -> TypeEngine[Any]:
    """Return JSON that PostgreSQL stores as jsonb; None is SQL NULL, never JSON null."""
    return JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def id_array() -> TypeEngine[Any]:
    """Return many ids in one column: an array on PostgreSQL, a JSON list on SQLite. `store.bulk.id_list` writes it."""
    return JSON().with_variant(ARRAY(BigInteger), "postgresql")


def binary() -> TypeEngine[bytes]:
    """Return a byte string type."""
    return LargeBinary()


def sqlite_text(value: datetime) -> str:
    """Return how `Instant` is written in SQLite: fixed width, so that text order is time order."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def instant_of(value: datetime | str) -> datetime:
    """Return an instant as raw statements read it: PostgreSQL gives aware datetimes, SQLite its text."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value
