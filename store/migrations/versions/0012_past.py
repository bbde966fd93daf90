"""Receipts of the past answer what a draft would have changed."""

import sqlalchemy as sa
from alembic import op

from store import types

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("product", sa.Column("cost", sa.BigInteger(), nullable=True))
    op.create_table(
        "what_if",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("old_name", sa.String(length=120), nullable=False),
        sa.Column("new_name", sa.String(length=120), nullable=False),
        sa.Column("old_body", sa.String(), nullable=False),
        sa.Column("new_body", sa.String(), nullable=False),
        sa.Column("spec", types.json_type(), nullable=False),
        sa.Column("file", types.binary(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("result", types.json_type(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("lease_until", types.Instant(), nullable=True),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("created_by", sa.String(length=320), nullable=False),
        sa.Column("finished_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_what_if")),
    )
    is_open = sa.text("status IN ('queued', 'running')")
    op.create_index("ix_what_if_open", "what_if", ["id"], sqlite_where=is_open, postgresql_where=is_open)
    op.create_index("ix_what_if_kind", "what_if", ["kind", "id"])
    op.create_table(
        "worst_price",
        sa.Column("what_if_id", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("brand", sa.String(length=200), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("lowest", sa.BigInteger(), nullable=False),
        sa.Column("off", sa.Integer(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("margin", sa.BigInteger(), nullable=True),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.Column("promotions", types.json_type(), nullable=False),
        sa.Column("cart", types.json_type(), nullable=False),
        sa.ForeignKeyConstraint(["what_if_id"], ["what_if.id"], name=op.f("fk_worst_price_what_if_id")),
        sa.PrimaryKeyConstraint("what_if_id", "sku", name=op.f("pk_worst_price")),
    )
    op.create_index("ix_worst_price_off", "worst_price", ["what_if_id", "off", "sku"])


def downgrade() -> None:
    op.drop_table("worst_price")
    op.drop_table("what_if")
    op.drop_column("product", "cost")
