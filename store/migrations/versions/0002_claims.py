"""Claims are rows of their own."""

import sqlalchemy as sa
from alembic import op

from store import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claim",
        sa.Column("token", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("ids", types.id_array(), nullable=False),
        sa.Column("lease_until", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["journey_version.id"], name=op.f("fk_claim_version_id")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_claim")),
    )
    op.create_index(op.f("ix_claim_version_id"), "claim", ["version_id"])
    # Whoever was in hand is free at once: the old leases protect nobody from new workers.
    op.execute("UPDATE enrollment SET attempts = 0 WHERE status IN ('active', 'waiting') AND attempts < 3")
    with op.batch_alter_table("enrollment") as batch:
        batch.drop_constraint("uq_enrollment_journey_id_customer_id_entry_key", type_="unique")
        batch.drop_index("ix_enrollment_customer_id")
        batch.drop_column("lease_until")
        batch.drop_column("lease_token")
        batch.create_unique_constraint(
            op.f("uq_enrollment_customer_id_journey_id_entry_key"), ["customer_id", "journey_id", "entry_key"]
        )
        batch.create_index("ix_enrollment_journey", ["journey_id", "id"])
    with op.batch_alter_table("code") as batch:
        batch.drop_constraint("fk_code_batch_id", type_="foreignkey")
        batch.drop_index("ix_code_customer_id")
    op.drop_index("ix_message_customer", "message")
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE enrollment SET (fillfactor = 70)")


def downgrade() -> None:
    with op.batch_alter_table("code") as batch:
        batch.create_foreign_key(op.f("fk_code_batch_id"), "code_batch", ["batch_id"], ["id"])
        batch.create_index("ix_code_customer_id", ["customer_id"])
    op.create_index("ix_message_customer", "message", ["customer_id", "id"])
    with op.batch_alter_table("enrollment") as batch:
        batch.drop_index("ix_enrollment_journey")
        batch.drop_constraint("uq_enrollment_customer_id_journey_id_entry_key", type_="unique")
        batch.add_column(sa.Column("lease_token", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("lease_until", types.Instant(), nullable=True))
        batch.create_index("ix_enrollment_customer_id", ["customer_id"])
        batch.create_unique_constraint(
            op.f("uq_enrollment_journey_id_customer_id_entry_key"), ["journey_id", "customer_id", "entry_key"]
        )
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE enrollment SET (fillfactor = 45)")
    op.drop_table("claim")
