"""Bonus points: an append-only ledger by customer, what is left of each gain, and balances kept for speed."""

from sqlalchemy import Connection

_REFUSAL = "the ledger of points is append-only"


def protect(conn: Connection) -> None:
    """Make the database itself refuse to change what was written."""
    if conn.dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            conn.exec_driver_sql(
                f"CREATE TRIGGER points_entry_no_{act.lower()} BEFORE {act} ON points_entry "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        return
    conn.exec_driver_sql(
        f"CREATE FUNCTION points_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    conn.exec_driver_sql(
        "CREATE TRIGGER points_entry_no_change BEFORE UPDATE OR DELETE ON points_entry "
        "FOR EACH ROW EXECUTE FUNCTION points_refuse()"
    )
    conn.exec_driver_sql(
        "CREATE TRIGGER points_entry_no_truncate BEFORE TRUNCATE ON points_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION points_refuse()"
    )


def unprotect(conn: Connection) -> None:
    """Take the protection away, on the way back to a database that has no points."""
    if conn.dialect.name == "sqlite":
        return  # a trigger goes with its table
    conn.exec_driver_sql("DROP TRIGGER points_entry_no_change ON points_entry")
    conn.exec_driver_sql("DROP TRIGGER points_entry_no_truncate ON points_entry")
    conn.exec_driver_sql("DROP FUNCTION points_refuse()")
