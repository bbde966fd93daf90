"""One timer a customer says when time may change segments; it was one for each pair of segment and customer."""

import sqlalchemy as sa
from alembic import op

from store import types

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customer_timer",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", types.Instant(), nullable=False),
        sa.Column("figures_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_customer_timer_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_timer")),
    )
    op.execute(
        "INSERT INTO customer_timer (customer_id, due_at, figures_at) "
        "SELECT customer_id, min(due_at), min(due_at) FROM segment_timer GROUP BY customer_id"
    )
    op.create_index("ix_customer_timer_due_at", "customer_timer", ["due_at"])
    op.drop_table("segment_timer")


def downgrade() -> None:
    op.create_table(
        "segment_timer",
        sa.Column("segment_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_segment_timer_customer_id")),
        sa.ForeignKeyConstraint(["segment_id"], ["segment.id"], name=op.f("fk_segment_timer_segment_id")),
        sa.PrimaryKeyConstraint("segment_id", "customer_id", name=op.f("pk_segment_timer")),
    )
    op.create_index("ix_segment_timer_due_at", "segment_timer", ["due_at"])
    op.execute(  # they are looked at again, and that sets the timers anew
        "INSERT INTO customer_dirty (customer_id, marked_at, mark, depth) "
        "SELECT customer_id, due_at, 0, 0 FROM customer_timer WHERE true ON CONFLICT (customer_id) DO NOTHING"
    )
    op.drop_table("customer_timer")
