"""Alembic runs this; `store.migrate` hands it an open transaction."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, BigInteger, LargeBinary
from sqlmodel.sql.sqltypes import AutoString

from store.tables import metadata
from store.types import Instant


def render(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Return how a column type is written in a migration: with our own names where the type differs by database."""
    if kind != "type":
        return False
    if isinstance(item, Instant):
        return "types.Instant()"
    if isinstance(item, JSON):
        return "types.json_type()"
    if isinstance(item, BigInteger) and item._variant_mapping:
        return "types.big_id()"
    if isinstance(item, LargeBinary):
        return "types.binary()"
    if isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=render,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
