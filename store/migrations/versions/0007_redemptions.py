"""Redemptions with their counters, and what moved them."""

import sqlalchemy as sa
from alembic import op

from store import types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "redemption",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("store", sa.String(length=100), nullable=False),
        sa.Column("order_key", sa.String(length=100), nullable=False),
        sa.Column("owner", sa.String(length=320), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("customer", sa.String(length=200), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("cart", types.json_type(), nullable=False),
        sa.Column("quote", types.json_type(), nullable=False),
        sa.Column("codes", types.json_type(), nullable=False),
        sa.Column("returned", types.json_type(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("payable", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=False),
        sa.Column("confirmed_at", types.Instant(), nullable=True),
        sa.Column("closed_at", types.Instant(), nullable=True),
        sa.CheckConstraint("refunded >= 0 AND refunded <= payable", name=op.f("ck_redemption_refund")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption")),
    )
    op.create_index("ix_redemption_customer", "redemption", ["customer"], unique=False)
    op.create_index(
        "ix_redemption_until",
        "redemption",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("status = 'reserved'"),
        postgresql_where=sa.text("status = 'reserved'"),
    )
    op.create_index(
        "uq_redemption_order",
        "redemption",
        ["store", "order_key"],
        unique=True,
        sqlite_where=sa.text("status NOT IN ('released', 'expired')"),
        postgresql_where=sa.text("status NOT IN ('released', 'expired')"),
    )

    op.create_table(
        "usage_counter",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used >= 0 AND reserved >= 0", name=op.f("ck_usage_counter_sums")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_counter")),
        sa.UniqueConstraint("name", name=op.f("uq_usage_counter_name")),
    )
    op.create_table(
        "redemption_return",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("redemption_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("answer", types.json_type(), nullable=False),
        sa.Column("refund", sa.BigInteger(), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("by", sa.String(length=320), nullable=False),
        sa.ForeignKeyConstraint(["redemption_id"], ["redemption.id"], name=op.f("fk_redemption_return_redemption_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption_return")),
        sa.UniqueConstraint("redemption_id", "key", name=op.f("uq_redemption_return_redemption_id_key")),
    )
    op.create_table(
        "usage_entry",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("redemption_id", sa.BigInteger(), nullable=False),
        sa.Column("counter_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("part", sa.String(length=100), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["counter_id"], ["usage_counter.id"], name=op.f("fk_usage_entry_counter_id")),
        sa.ForeignKeyConstraint(["redemption_id"], ["redemption.id"], name=op.f("fk_usage_entry_redemption_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_entry")),
        sa.UniqueConstraint(
            "redemption_id",
            "counter_id",
            "kind",
            "part",
            name=op.f("uq_usage_entry_redemption_id_counter_id_kind_part"),
        ),
    )
    op.create_index("ix_usage_entry_counter_id", "usage_entry", ["counter_id"], unique=False)


def downgrade() -> None:
    for name in ("usage_entry", "redemption_return", "usage_counter", "redemption"):
        op.drop_table(name)
