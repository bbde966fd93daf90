"""The peers' tables: customers to read, and the effects to write. No more indexes than exactness needs."""

import psycopg

SETUP = """
DROP SCHEMA IF EXISTS peer CASCADE;
CREATE SCHEMA peer;
CREATE TABLE peer.customer (id bigint PRIMARY KEY, country text NOT NULL, first_name text NOT NULL,
    phone text NOT NULL);
CREATE TABLE peer.position (customer_id bigint PRIMARY KEY, node text NOT NULL, wake_at timestamptz, state text);
CREATE TABLE peer.step (customer_id bigint, node text, port text NOT NULL, at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, node));
CREATE TABLE peer.message (customer_id bigint, node text, status text NOT NULL DEFAULT 'pending',
    variables text NOT NULL, PRIMARY KEY (customer_id, node));
CREATE TABLE peer.code (code text PRIMARY KEY, customer_id bigint NOT NULL UNIQUE);
"""

STEP = "INSERT INTO peer.step (customer_id, node, port) VALUES (%s, %s, %s)"
MESSAGE = "INSERT INTO peer.message (customer_id, node, variables) VALUES (%s, %s, %s)"
CODE = "INSERT INTO peer.code (code, customer_id) VALUES (%s, %s)"
CUSTOMER = "SELECT country, first_name, phone FROM peer.customer WHERE id = %s"


def fill(url: str, customers: int) -> None:
    """Make the tables anew, with so many customers."""
    with psycopg.connect(url) as conn:
        conn.execute(SETUP)
        conn.execute(
            """INSERT INTO peer.customer SELECT n, CASE WHEN n %% 100 < 69 THEN 'UA' ELSE 'PL' END, 'Оксана',
               '+380' || n FROM generate_series(1, %s::int) AS n""",
            (customers,),
        )
        conn.execute("ANALYZE peer.customer")


def check(url: str, customers: int) -> None:
    """Refuse a figure whose effects are not all there."""
    with psycopg.connect(url) as conn:
        for table, each in (("step", 6), ("message", 2), ("code", 1)):
            row = conn.execute(f"SELECT count(*) FROM peer.{table}").fetchone()
            if row != (each * customers,):
                raise SystemExit(f"peer.{table} has {row} rows, expected {each * customers}")


def send_of(country: str) -> tuple[str, str]:
    """Return the port of the split and the node it leads to."""
    return ("ua", "n3") if country == "UA" else ("else", "n4")
