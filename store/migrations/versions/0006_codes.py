"""Families of codes with their rules, certificates and the ledger."""

import sqlalchemy as sa
from alembic import op

from store import ledger, types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "certificate",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("number_digest", sa.LargeBinary(), nullable=False),
        sa.Column("last4", sa.String(length=4), nullable=False),
        sa.Column("secret_digest", sa.LargeBinary(), nullable=True),
        sa.Column("pin_hash", sa.String(length=200), nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("face", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("phone_digest", sa.LargeBinary(), nullable=True),
        sa.Column("order_key", sa.String(length=100), nullable=True),
        sa.Column("line", sa.String(length=100), nullable=True),
        sa.Column("batch", sa.String(length=100), nullable=True),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("activated_at", types.Instant(), nullable=True),
        sa.Column("valid_until", types.Instant(), nullable=True),
        sa.Column("password_digest", sa.LargeBinary(), nullable=True),
        sa.Column("password_until", types.Instant(), nullable=True),
        sa.Column("password_tries", sa.SmallInteger(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("locked_until", types.Instant(), nullable=True),
        sa.CheckConstraint(
            "balance >= 0 AND held >= 0 AND balance + held <= face", name=op.f("ck_certificate_balance")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("number_digest", name=op.f("uq_certificate_number_digest")),
        sa.UniqueConstraint("order_key", "line", name=op.f("uq_certificate_order_key_line")),
    )
    op.create_index("ix_certificate_phone", "certificate", ["phone_digest"], unique=False)
    op.create_index(
        "ix_certificate_valid",
        "certificate",
        ["valid_until"],
        unique=False,
        sqlite_where=sa.text("status = 'active'"),
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_table(
        "certificate_request",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("body", types.json_type(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("created_by", sa.String(length=320), nullable=False),
        sa.Column("decided_at", types.Instant(), nullable=True),
        sa.Column("decided_by", sa.String(length=320), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_request")),
    )
    op.create_table(
        "code_doubt",
        sa.Column("enrollment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("enrollment_id", name=op.f("pk_code_doubt")),
    )
    op.create_table(
        "journal",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("order_key", sa.String(length=100), nullable=True),
        sa.Column("by", sa.String(length=320), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sa.UniqueConstraint("key", name=op.f("uq_journal_key")),
    )
    op.create_table(
        "notice",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("due_at", types.Instant(), nullable=False),
        sa.Column("not_after", types.Instant(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("lease_token", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", types.Instant(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(
        "ix_notice_due",
        "notice",
        ["channel", "due_at"],
        unique=False,
        sqlite_where=sa.text("status IN ('pending', 'sending')"),
        postgresql_where=sa.text("status IN ('pending', 'sending')"),
    )
    op.create_table(
        "certificate_hold",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("certificate_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("captured", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("order_key", sa.String(length=100), nullable=True),
        sa.Column("owner", sa.String(length=320), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=False),
        sa.CheckConstraint(
            "captured >= 0 AND refunded >= 0 AND captured <= amount AND refunded <= captured",
            name=op.f("ck_certificate_hold_sums"),
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_certificate_hold_certificate_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_hold")),
        sa.UniqueConstraint("key", name=op.f("uq_certificate_hold_key")),
    )
    op.create_index(op.f("ix_certificate_hold_certificate_id"), "certificate_hold", ["certificate_id"], unique=False)
    op.create_index(
        "ix_certificate_hold_until",
        "certificate_hold",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("status = 'held'"),
        postgresql_where=sa.text("status = 'held'"),
    )
    op.create_table(
        "posting",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("journal_id", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name=op.f("fk_posting_journal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
    )
    op.create_index(op.f("ix_posting_account"), "posting", ["account"], unique=False)
    op.create_index(op.f("ix_posting_journal_id"), "posting", ["journal_id"], unique=False)
    op.add_column("code", sa.Column("pin_digest", sa.LargeBinary(), nullable=True))
    op.add_column("code", sa.Column("tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("code", sa.Column("uses", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("code", sa.Column("held", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("code", sa.Column("activated_at", types.Instant(), nullable=True))
    op.add_column("code", sa.Column("redeemed_at", types.Instant(), nullable=True))
    op.add_column("code", sa.Column("sealed_text", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_code_free",
        "code",
        ["batch_id", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'free'"),
        postgresql_where=sa.text("status = 'free'"),
    )
    op.add_column("code_batch", sa.Column("kind", sa.String(length=8), server_default="unique", nullable=False))
    op.add_column("code_batch", sa.Column("unlock", sa.String(length=100), nullable=True))
    op.add_column("code_batch", sa.Column("length", sa.SmallInteger(), server_default=sa.text("10"), nullable=False))
    op.add_column("code_batch", sa.Column("bind_phone", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("code_batch", sa.Column("with_pin", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("code_batch", sa.Column("activation", sa.String(length=12), server_default="at_once", nullable=False))
    op.add_column("code_batch", sa.Column("valid_from", types.Instant(), nullable=True))
    op.add_column("code_batch", sa.Column("valid_until", types.Instant(), nullable=True))
    op.add_column("code_batch", sa.Column("valid_days", sa.SmallInteger(), nullable=True))
    op.add_column("code_batch", sa.Column("max_uses", sa.Integer(), server_default=sa.text("1"), nullable=True))
    op.add_column("code_batch", sa.Column("max_uses_customer", sa.Integer(), nullable=True))
    op.add_column("code_batch", sa.Column("partner", sa.String(length=100), nullable=True))
    op.add_column("code_batch", sa.Column("uses_pool", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("code_batch", sa.Column("pool_warn", sa.Integer(), nullable=True))
    op.add_column("code_batch", sa.Column("on_failed_send", sa.String(length=8), server_default="void", nullable=False))
    op.add_column("code_batch", sa.Column("is_test", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("code_batch", sa.Column("offline", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("code_batch", sa.Column("shared_text", sa.String(length=64), nullable=True))
    op.add_column("code_batch", sa.Column("voided_at", types.Instant(), nullable=True))
    op.drop_column("code_batch", "promotion")
    ledger.protect(op.get_bind())


def downgrade() -> None:
    ledger.unprotect(op.get_bind())
    op.drop_table("posting")
    op.drop_table("certificate_hold")
    op.drop_table("notice")
    op.drop_table("journal")
    op.drop_table("code_doubt")
    op.drop_table("certificate_request")
    op.drop_table("certificate")
    op.drop_index("ix_code_free", "code")
    op.drop_column("code_batch", "voided_at")
    op.drop_column("code_batch", "shared_text")
    op.drop_column("code_batch", "offline")
    op.drop_column("code_batch", "is_test")
    op.drop_column("code_batch", "on_failed_send")
    op.drop_column("code_batch", "pool_warn")
    op.drop_column("code_batch", "uses_pool")
    op.drop_column("code_batch", "partner")
    op.drop_column("code_batch", "max_uses_customer")
    op.drop_column("code_batch", "max_uses")
    op.drop_column("code_batch", "valid_days")
    op.drop_column("code_batch", "valid_until")
    op.drop_column("code_batch", "valid_from")
    op.drop_column("code_batch", "activation")
    op.drop_column("code_batch", "with_pin")
    op.drop_column("code_batch", "bind_phone")
    op.drop_column("code_batch", "length")
    op.drop_column("code_batch", "unlock")
    op.drop_column("code_batch", "kind")
    op.drop_column("code", "sealed_text")
    op.drop_column("code", "redeemed_at")
    op.drop_column("code", "activated_at")
    op.drop_column("code", "held")
    op.drop_column("code", "uses")
    op.drop_column("code", "tries")
    op.drop_column("code", "pin_digest")
    op.add_column("code_batch", sa.Column("promotion", sa.String(length=100), nullable=True))
