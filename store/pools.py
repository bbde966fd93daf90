"""Pools of codes as people look at them: what is left, counted only as far as it matters."""

from sqlalchemy import Connection, text


def free_codes(conn: Connection, most: int) -> dict[str, int]:
    """Return how many free codes each pool has, counted up to `most`. Served by ix_code_free."""
    rows = conn.execute(
        text(
            """SELECT b.key, (SELECT count(*) FROM (SELECT 1 FROM code c WHERE c.batch_id = b.id AND c.status = 'free'
            LIMIT :most) AS counted) FROM code_batch b WHERE b.uses_pool AND b.voided_at IS NULL"""
        ),
        {"most": most},
    )
    return {row[0]: int(row[1]) for row in rows}
