"""Journeys carry tags, nodes remember, and marks on customers know how many journeys led to them."""

import sqlalchemy as sa
from alembic import op

from store import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customer_dirty", sa.Column("depth", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.create_table(
        "node_memory",
        sa.Column("journey_id", sa.BigInteger(), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("data", types.json_type(), nullable=False),
        sa.ForeignKeyConstraint(["journey_id"], ["journey.id"], name=op.f("fk_node_memory_journey_id")),
        sa.PrimaryKeyConstraint("journey_id", "node", "kind", name=op.f("pk_node_memory")),
    )
    op.create_table(
        "journey_tag",
        sa.Column("journey_id", sa.BigInteger(), nullable=False),
        sa.Column("tag", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["journey_id"], ["journey.id"], name=op.f("fk_journey_tag_journey_id")),
        sa.PrimaryKeyConstraint("journey_id", "tag", name=op.f("pk_journey_tag")),
    )


def downgrade() -> None:
    op.drop_table("journey_tag")
    op.drop_table("node_memory")
    op.drop_column("customer_dirty", "depth")
