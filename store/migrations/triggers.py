"""What table definitions cannot express: statements for either database, run at the end of the initial migration."""

from sqlalchemy import Connection

from store import audit

SQLITE: tuple[str, ...] = (*audit.PROTECT["sqlite"],)
POSTGRESQL: tuple[str, ...] = (*audit.PROTECT["postgresql"],)


def create(conn: Connection) -> None:
    """Create triggers and the like in a database that has all tables and none of these yet."""
    for statement in SQLITE if conn.dialect.name == "sqlite" else POSTGRESQL:
        conn.exec_driver_sql(statement)
