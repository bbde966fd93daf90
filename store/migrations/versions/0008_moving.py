"""What becomes of customers at steps that a publication took away is work that the engine carries out."""

import sqlalchemy as sa
from alembic import op

from store import types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "moving",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("journey_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("target_title", sa.String(length=500), nullable=False),
        sa.Column("behind", types.json_type(), nullable=False),
        sa.Column("by", sa.String(length=320), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("last_enrollment_id", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("done_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["journey_id"], ["journey.id"], name=op.f("fk_moving_journey_id")),
        sa.ForeignKeyConstraint(["version_id"], ["journey_version.id"], name=op.f("fk_moving_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moving")),
        sa.UniqueConstraint("version_id", "node", name=op.f("uq_moving_version_id_node")),
    )
    open_only = sa.text("done_at IS NULL")
    op.create_index(
        "ix_moving_open", "moving", ["journey_id", "version_id"], sqlite_where=open_only, postgresql_where=open_only
    )
    op.create_index("ix_moving_done", "moving", ["journey_id", "done_at"])


def downgrade() -> None:
    op.drop_table("moving")
