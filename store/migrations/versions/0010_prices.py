"""Prices of the past are kept, so that the lowest of the last thirty days is known; prices that fall are told."""

import sqlalchemy as sa
from alembic import op

from store import prices, types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("price_change", schema=None) as batch_op:
        batch_op.add_column(sa.Column("brand", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("categories", types.json_type(), nullable=True))
        batch_op.drop_index(batch_op.f("ix_price_change_product_id"))
        batch_op.create_index("ix_price_change_product_id_at", ["product_id", "at"], unique=False)
    prices.protect(op.get_bind())
    op.create_table(
        "price_drop",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("sku", sa.String(length=100), nullable=False),
        sa.Column("old", sa.BigInteger(), nullable=False),
        sa.Column("new", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("last_customer_id", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("done_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_drop")),
    )
    pending = sa.text("done_at IS NULL")
    op.create_index("ix_price_drop_pending", "price_drop", ["id"], sqlite_where=pending, postgresql_where=pending)
    with op.batch_alter_table("wish_list_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_wish_list_item_sku"))
        batch_op.create_index("ix_wish_list_item_sku_customer_id", ["sku", "customer_id"], unique=False)
    with op.batch_alter_table("code_batch", schema=None) as batch_op:
        batch_op.add_column(sa.Column("activation_event", sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("code_batch", schema=None) as batch_op:
        batch_op.drop_column("activation_event")
    with op.batch_alter_table("wish_list_item", schema=None) as batch_op:
        batch_op.drop_index("ix_wish_list_item_sku_customer_id")
        batch_op.create_index(batch_op.f("ix_wish_list_item_sku"), ["sku"], unique=False)
    op.drop_table("price_drop")
    prices.unprotect(op.get_bind())
    with op.batch_alter_table("price_change", schema=None) as batch_op:
        batch_op.drop_index("ix_price_change_product_id_at")
        batch_op.create_index(batch_op.f("ix_price_change_product_id"), ["product_id"], unique=False)
        batch_op.drop_column("categories")
        batch_op.drop_column("brand")
