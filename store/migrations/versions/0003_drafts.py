"""Drafts keep their edits."""

import re
from typing import Any

import sqlalchemy as sa
from alembic import op

from store import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("journey", sa.Column("last_node", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.create_table(
        "draft_edit",
        sa.Column("journey_id", sa.BigInteger(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("by", sa.String(length=320), nullable=False),
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("ops", sa.String(), nullable=True),
        sa.Column("inverse", sa.String(), nullable=True),
        sa.Column("undo_of", sa.Integer(), nullable=True),
        sa.Column("at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["journey_id"], ["journey.id"], name=op.f("fk_draft_edit_journey_id")),
        sa.PrimaryKeyConstraint("journey_id", "rev", name=op.f("pk_draft_edit")),
    )
    op.create_table(
        "draft_presence",
        sa.Column("journey_id", sa.BigInteger(), nullable=False),
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=320), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("seen_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["journey_id"], ["journey.id"], name=op.f("fk_draft_presence_journey_id")),
        sa.PrimaryKeyConstraint("journey_id", "client", name=op.f("pk_draft_presence")),
    )
    _number_nodes(op.get_bind())


def _number_nodes(conn: sa.Connection) -> None:
    """Note the highest number that a node of each journey was ever called by."""
    json = types.json_type()
    journey = sa.table("journey", sa.column("id"), sa.column("draft", json), sa.column("last_node"))
    version = sa.table("journey_version", sa.column("journey_id"), sa.column("graph", json))
    last: dict[int, int] = {}
    for query in (sa.select(journey.c.id, journey.c.draft), sa.select(version.c.journey_id, version.c.graph)):
        for id, graph in conn.execute(query):
            last[id] = max(last.get(id, 0), _highest(graph or {}))
    for id, number in last.items():
        if number:
            conn.execute(sa.update(journey).where(journey.c.id == id).values(last_node=number))


def _highest(graph: dict[str, Any]) -> int:
    found = (re.fullmatch(r"n([0-9]{1,8})", str(node.get("id"))) for node in graph.get("nodes", ()))
    return max((int(match[1]) for match in found if match), default=0)


def downgrade() -> None:
    op.drop_table("draft_presence")
    op.drop_table("draft_edit")
    op.drop_column("journey", "last_node")
