"""Journeys give certificates, prices and points of the customer's own."""

import sqlalchemy as sa
from alembic import op

from store import points, types

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("certificate", sa.Column("enrollment_id", sa.BigInteger(), nullable=True))
    op.add_column("certificate", sa.Column("node", sa.String(length=64), nullable=True))
    op.add_column("certificate", sa.Column("visit", sa.SmallInteger(), nullable=True))
    given = sa.text("enrollment_id IS NOT NULL")
    op.create_index(
        "uq_certificate_effect",
        "certificate",
        ["enrollment_id", "node", "visit"],
        unique=True,
        sqlite_where=given,
        postgresql_where=given,
    )
    op.create_table(
        "personal_price",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("what", sa.String(length=200), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("percent", sa.String(length=12), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("valid_from", types.Instant(), nullable=False),
        sa.Column("valid_until", types.Instant(), nullable=False),
        sa.Column("enrollment_id", sa.BigInteger(), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("visit", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.CheckConstraint("(price IS NULL) <> (percent IS NULL)", name=op.f("ck_personal_price_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_price")),
        sa.UniqueConstraint(
            *("enrollment_id", "node", "visit", "kind", "what"),
            name=op.f("uq_personal_price_enrollment_id_node_visit_kind_what"),
        ),
    )
    op.create_index("ix_personal_price_customer", "personal_price", ["customer_id", "valid_until"])
    op.create_table(
        "points_account",
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_points_account")),
    )
    op.create_table(
        "points_entry",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_entry")),
        sa.UniqueConstraint("key", name=op.f("uq_points_entry_key")),
    )
    op.create_index("ix_points_entry_customer", "points_entry", ["customer_id", "id"])
    op.create_table(
        "points_lot",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=True),
        sa.CheckConstraint("remaining >= 0 AND remaining <= amount", name=op.f("ck_points_lot_left")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_lot")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_points_lot_entry_id")),
    )
    op.create_index("ix_points_lot_customer", "points_lot", ["customer_id", "expires_at", "id"])
    open_only = sa.text("remaining > 0 AND expires_at IS NOT NULL")
    op.create_index(
        "ix_points_lot_expiry", "points_lot", ["expires_at"], sqlite_where=open_only, postgresql_where=open_only
    )
    points.protect(op.get_bind())


def downgrade() -> None:
    points.unprotect(op.get_bind())
    op.drop_table("points_lot")
    op.drop_table("points_entry")
    op.drop_table("points_account")
    op.drop_table("personal_price")
    op.drop_index("uq_certificate_effect", "certificate")
    op.drop_column("certificate", "visit")
    op.drop_column("certificate", "node")
    op.drop_column("certificate", "enrollment_id")
