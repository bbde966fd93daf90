"""Receipts that tills wrote without a network are taken up exactly once, and what disagrees waits for people."""

import sqlalchemy as sa
from alembic import op

from store import types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "till_snapshot",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("store", sa.String(length=100), nullable=False),
        sa.Column("versions", types.json_type(), nullable=False),
        sa.Column("issued_at", types.Instant(), nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_snapshot")),
    )
    op.create_index("ix_till_snapshot_expires_at", "till_snapshot", ["expires_at"], unique=False)
    op.create_table(
        "till_receipt",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("store", sa.String(length=100), nullable=False),
        sa.Column("till", sa.String(length=40), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("snapshot", sa.String(length=32), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("sold_at", types.Instant(), nullable=True),
        sa.Column("received_at", types.Instant(), nullable=False),
        sa.Column("owner", sa.String(length=320), nullable=False),
        sa.Column("redemption_id", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("payable", sa.BigInteger(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=True),
        sa.Column("document", types.json_type(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["redemption_id"], ["redemption.id"], name=op.f("fk_till_receipt_redemption_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_receipt")),
        sa.UniqueConstraint("store", "till", "number", name=op.f("uq_till_receipt_store_till_number")),
    )
    op.create_index("ix_till_receipt_redemption_id", "till_receipt", ["redemption_id"], unique=False)
    op.create_table(
        "receipt_conflict",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("receipt_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("detail", types.json_type(), nullable=False),
        sa.Column("code_id", sa.BigInteger(), nullable=True),
        sa.Column("excess", sa.SmallInteger(), nullable=False),
        sa.Column("settled_at", types.Instant(), nullable=True),
        sa.Column("settled_by", sa.String(length=320), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["till_receipt.id"], name=op.f("fk_receipt_conflict_receipt_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_conflict")),
    )
    op.create_index("ix_receipt_conflict_code_id", "receipt_conflict", ["code_id"], unique=False)
    op.create_index("ix_receipt_conflict_receipt_id", "receipt_conflict", ["receipt_id"], unique=False)
    op.create_index(
        "ix_receipt_conflict_open",
        "receipt_conflict",
        ["receipt_id"],
        unique=False,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )


def downgrade() -> None:
    for name in ("receipt_conflict", "till_receipt", "till_snapshot"):
        op.drop_table(name)
