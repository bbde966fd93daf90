"""Receipts that tills wrote without a network are taken up exactly once, and what disagrees waits for people."""

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
