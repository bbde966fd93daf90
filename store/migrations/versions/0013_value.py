"""RFM classes and what customers are worth are kept, and how they move."""

import sqlalchemy as sa
from alembic import op

from store import types

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _id() -> sa.Column[int]:
    return sa.Column("id", types.big_id(), autoincrement=True, nullable=False)


def _big(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _small(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger(), nullable=nullable)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, types.Instant(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "customer_value",
        *(_big("customer_id"), _small("recency"), _small("frequency"), _small("monetary"), _text("rfm_group", 32)),
        *(_instant("rfm_since"), sa.Column("orders", sa.Integer(), nullable=False), _big("spent")),
        *(sa.Column("first_month", sa.Integer(), nullable=False), _small("alive", nullable=True)),
        sa.Column("source", sa.String(length=100), server_default="", nullable=False),
        sa.Column("orders_expected", sa.Float(), nullable=True),
        *(_big(name, nullable=True) for name in ("predicted", "lifetime", "brought", "cost", "profit")),
        _instant("valued_at", nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_customer_value_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_value")),
    )
    op.create_index("ix_customer_value_group", "customer_value", ["rfm_group", "customer_id"])
    op.create_index("ix_customer_value_profit", "customer_value", ["profit"])
    op.create_table(
        "rfm_cut",
        *(_id(), _instant("at"), _big("customers")),
        *(sa.Column(name, types.json_type(), nullable=False) for name in ("recency", "frequency", "monetary")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rfm_cut")),
    )
    op.create_index("ix_rfm_cut_at", "rfm_cut", ["at"])
    op.create_table(
        "rfm_move",
        *(_id(), _big("customer_id"), _instant("at"), _text("from_group", 32, nullable=True), _text("to_group", 32)),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_rfm_move_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rfm_move")),
    )
    op.create_index("ix_rfm_move_at", "rfm_move", ["at"])
    op.create_index("ix_rfm_move_customer_id", "rfm_move", ["customer_id"])
    op.create_table(
        "rfm_cell",
        *(_small("recency"), _small("frequency"), _small("monetary"), _text("rfm_group", 32)),
        sa.PrimaryKeyConstraint("recency", "frequency", "monetary", name=op.f("pk_rfm_cell")),
    )
    op.create_table(
        "value_run",
        *(_id(), _text("kind", 16), _text("phase", 16), _instant("asked_at"), _text("asked_by", 200)),
        *(_big("after_id"), _big("done"), _big("total"), _big("changed")),
        *(_instant("lease_until", nullable=True), _instant("ended_at", nullable=True), _text("problem", 500)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_value_run")),
    )
    is_open = sa.text("ended_at IS NULL")
    op.create_index("ix_value_run_open", "value_run", ["id"], sqlite_where=is_open, postgresql_where=is_open)
    op.create_table(
        "value_model",
        *(_id(), _instant("at"), _big("customers"), _big("repeaters")),
        sa.Column("is_sample", sa.Boolean(), nullable=False),
        sa.Column("parameters", types.json_type(), nullable=False),
        sa.Column("holdout", types.json_type(), nullable=False),
        _text("problem", 500),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_value_model")),
    )
    op.create_table(
        "value_summary",
        *(_id(), _instant("at"), _text("kind", 16), _text("name", 100)),
        *(_big("customers"), _big("orders"), _big("spent")),
        *(_big(name, nullable=True) for name in ("predicted", "lifetime", "brought", "cost")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_value_summary")),
        sa.UniqueConstraint("kind", "at", "name", name=op.f("uq_value_summary_kind_at_name")),
    )


def downgrade() -> None:
    for table in ("value_summary", "value_model", "value_run", "rfm_cell", "rfm_move", "rfm_cut", "customer_value"):
        op.drop_table(table)
