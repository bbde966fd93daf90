"""Helpers that keep column definitions to one line."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey
from sqlmodel import Field, SQLModel

from store.types import Instant, big_id, binary, json_type

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING


def key() -> Any:
    """Return a 64-bit primary key that the database numbers."""
    return Field(default=None, sa_column=Column("id", big_id(), primary_key=True, autoincrement=True))


def ref(target: str, *, index: bool = False, nullable: bool = False, primary_key: bool = False) -> Any:
    """Return a 64-bit reference to `table.column`."""
    default: Any = None if nullable else ...
    arguments: dict[str, Any] = {"index": index, "nullable": nullable, "primary_key": primary_key}
    return Field(
        default=default,
        sa_type=BigInteger,
        **{k: v for k, v in arguments.items() if v},
        sa_column_args=[ForeignKey(target)],
    )


def instant(*, nullable: bool = False, index: bool = False) -> Any:
    """Return an instant in UTC."""
    return Field(default=None if nullable else ..., sa_type=Instant, nullable=nullable, index=index)


def document(*, nullable: bool = False) -> Any:
    """Return a JSON column; an empty object unless it may be NULL."""
    if nullable:
        return Field(default=None, sa_type=json_type(), nullable=True)
    return Field(default_factory=dict, sa_type=json_type(), nullable=False)


def sealed(*, nullable: bool = True) -> Any:
    """Return bytes that the vault sealed or digested."""
    return Field(default=None if nullable else ..., sa_type=binary(), nullable=nullable)


def big(default: int | None = 0) -> Any:
    """Return a 64-bit number, money in minor units above all."""
    return Field(default=default, sa_type=BigInteger, nullable=default is None)


__all__ = ["Any", "Field", "SQLModel", "big", "datetime", "document", "instant", "key", "ref", "sealed"]
