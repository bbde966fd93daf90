"""The ledger: every movement of certificates' money, in two or more postings that add up to nothing. Append-only.

`certificate:ID` is what its holder may still spend, `held:ID` what a till has set aside. The other accounts say where
money came from and went: `paid` (an order paid for it), `given` (issued by hand), `marketing` (given away by journeys),
`redeemed`, `breakage` (expired).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite

from store.tables import metadata
from wayfare.crashpoints import point

JOURNAL, POSTING = metadata.tables["journal"], metadata.tables["posting"]
TABLES = ("journal", "posting")
_REFUSAL = "the ledger is append-only"


def post(
    conn: Connection,
    key: str,
    kind: str,
    currency: str,
    amounts: Mapping[str, int],
    *,
    now: datetime,
    by: str,
    order: str | None = None,
) -> bool:
    """Write one movement under its key; False when it was written before. ValueError when it does not add up.

    `amounts` are minor units by account. Whoever changes a cached balance does so in the same transaction.
    """
    if sum(amounts.values()) != 0 or not any(amounts.values()):
        raise ValueError(f"the postings of {kind} do not add up to nothing")
    make = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    values = {"key": key, "kind": kind, "at": now, "order_key": order, "by": by[:320]}
    made = conn.execute(
        make(JOURNAL).values(**values).on_conflict_do_nothing(index_elements=["key"]).returning(JOURNAL.c.id)
    ).scalar_one_or_none()
    if made is None:
        return False
    point("ledger.headed")
    rows = [
        {"journal_id": made, "account": account, "currency": currency, "amount": amount}
        for account, amount in amounts.items()
        if amount
    ]
    conn.execute(insert(POSTING), rows)
    return True


def amount_of(conn: Connection, key: str, account: str) -> int | None:
    """Return what the movement of this key did to an account; None when it was never made."""
    query = select(POSTING.c.amount).join(JOURNAL, POSTING.c.journal_id == JOURNAL.c.id)
    found = conn.execute(query.where(JOURNAL.c.key == key, POSTING.c.account == account)).scalar_one_or_none()
    return None if found is None else int(found)


def movements(conn: Connection, certificate_id: int) -> Sequence[tuple[datetime, str, int, str | None, str]]:
    """Return the movements of one certificate's own account, the first one first: at, kind, amount, order, by."""
    rows = conn.execute(
        select(JOURNAL.c.at, JOURNAL.c.kind, POSTING.c.amount, JOURNAL.c.order_key, JOURNAL.c.by)
        .join(POSTING, POSTING.c.journal_id == JOURNAL.c.id)
        .where(POSTING.c.account == f"certificate:{certificate_id}")
        .order_by(POSTING.c.id)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def totals(conn: Connection) -> dict[tuple[str, str], int]:
    """Return the sum by account and currency, all certificates' own accounts as one."""
    rows = conn.execute(
        text(
            """SELECT CASE WHEN account LIKE 'certificate:%' THEN 'certificates'
                WHEN account LIKE 'held:%' THEN 'held' ELSE account END AS name, currency, sum(amount)
            FROM posting GROUP BY 1, 2 ORDER BY 1, 2"""
        )
    )
    return {(row[0], row[1]): int(row[2]) for row in rows}


def protect(conn: Connection) -> None:
    """Make the database itself refuse to change what was posted."""
    if conn.dialect.name == "sqlite":
        for table in TABLES:
            for act in ("UPDATE", "DELETE"):
                conn.exec_driver_sql(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
                )
        return
    conn.exec_driver_sql(
        f"CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
    )
    for table in TABLES:
        conn.exec_driver_sql(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION ledger_refuse()"
        )
        conn.exec_driver_sql(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
        )


def unprotect(conn: Connection) -> None:
    """Take the protection away, on the way back to a database that has no ledger."""
    if conn.dialect.name == "sqlite":
        return  # a trigger goes with its table
    for table in TABLES:
        conn.exec_driver_sql(f"DROP TRIGGER {table}_no_change ON {table}")
        conn.exec_driver_sql(f"DROP TRIGGER {table}_no_truncate ON {table}")
    conn.exec_driver_sql("DROP FUNCTION ledger_refuse()")
