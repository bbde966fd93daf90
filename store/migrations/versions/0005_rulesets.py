"""Rule sets of promotions: drafts, immutable versions, approvals."""

import sqlalchemy as sa
from alembic import op

from store import types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draft_promotion",
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("body", types.json_type(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("updated_at", types.Instant(), nullable=False),
        sa.Column("updated_by", sa.String(length=320), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_draft_promotion")),
    )
    op.create_table(
        "ruleset_version",
        sa.Column("id", types.big_id(), autoincrement=True, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("parent", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("live_from", types.Instant(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("created_by", sa.String(length=320), nullable=False),
        sa.Column("author", sa.String(length=320), nullable=False),
        sa.Column("decided_at", types.Instant(), nullable=True),
        sa.Column("decided_by", sa.String(length=320), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("reasons", types.json_type(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ruleset_version")),
        sa.UniqueConstraint("number", name=op.f("uq_ruleset_version_number")),
    )
    approved = sa.text("status = 'approved'")
    op.create_index(
        "ix_ruleset_version_live",
        "ruleset_version",
        ["live_from", "id"],
        sqlite_where=approved,
        postgresql_where=approved,
    )


def downgrade() -> None:
    op.drop_table("ruleset_version")
    op.drop_table("draft_promotion")
