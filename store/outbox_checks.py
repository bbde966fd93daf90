"""What must be known before a message may go: who it is for, what they agreed to, how its journey stands."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from store.bulk import array_literal, id_list, in_ids, raw_cursor
from store.types import json_type

_ADDRESS = {"email": "c.email", "sms": "c.phone", "viber": "c.phone", "whatsapp": "c.phone", "in_app": "c.key"}
_IDENTITY = """(SELECT i.value FROM identity i WHERE i.customer_id = c.id AND i.kind = :channel
    ORDER BY i.id DESC LIMIT 1)"""


@dataclass(frozen=True, slots=True)
class Recipient:
    """The customer behind one message. `consent` is None when they were never asked for this channel and purpose."""

    address: str | None
    zone: str | None
    is_erased: bool
    is_synthetic: bool
    consent: bool | None
    enrollment_status: str | None


@dataclass(frozen=True, slots=True)
class JourneyState:
    """How the journey of a version stands."""

    status: str
    quiet_hours: str
    zone: str


def recipients(conn: Connection, channel: str, ids: Iterable[int]) -> dict[int, Recipient]:
    """Return for each message id its customer as committed now. Every look-up is by a full key."""
    address = _ADDRESS.get(channel, _IDENTITY)
    query = text(
        f"""SELECT m.id, {address}, c.time_zone, c.erased_at IS NOT NULL, c.is_synthetic, co.granted, e.status
        FROM message m JOIN customer c ON c.id = m.customer_id
        LEFT JOIN consent co ON co.customer_id = c.id AND co.channel = m.channel AND co.purpose = m.purpose
        LEFT JOIN enrollment e ON e.id = m.enrollment_id
        WHERE {in_ids(conn, "m.id")}"""
    )
    values = {"ids": id_list(conn, ids)} | ({} if channel in _ADDRESS else {"channel": channel})
    return {
        id: Recipient(address, zone, bool(erased), bool(made_up), None if granted is None else bool(granted), status)
        for id, address, zone, erased, made_up, granted, status in conn.execute(query, values)
    }


def journeys(conn: Connection, version_ids: Collection[int]) -> dict[int, JourneyState]:
    """Return how the journey of each version stands, and keep it so until the transaction ends.

    The lock makes a pause wait for claims under way, so that after it has returned nothing more is claimed.
    """
    if conn.dialect.name == "sqlite":
        window, share = "json_extract(v.graph, '$.quiet_hours'), json_extract(v.graph, '$.window.time_zone')", ""
    else:
        window, share = "v.graph ->> 'quiet_hours', v.graph -> 'window' ->> 'time_zone'", "FOR SHARE OF j"
    query = text(
        f"""SELECT v.id, j.status, {window} FROM journey_version v JOIN journey j ON j.id = v.journey_id
        WHERE {in_ids(conn, "v.id")} ORDER BY j.id {share}"""
    )
    rows = conn.execute(query, {"ids": id_list(conn, sorted(version_ids))})
    return {id: JourneyState(status, quiet or "default", zone or "UTC") for id, status, quiet, zone in rows}


def suppressed(conn: Connection, channel: str, digests: Collection[bytes]) -> set[bytes]:
    """Return which of these address digests nobody may write to on a channel."""
    if not digests:
        return set()
    wanted = list(digests)
    cursor = raw_cursor(conn)
    if conn.dialect.name == "sqlite":
        marks = ", ".join("?" * len(wanted))
        query = f"SELECT address_digest FROM suppression WHERE channel = ? AND address_digest IN ({marks})"
        cursor.execute(query, (channel, *wanted))
    else:
        query = "SELECT address_digest FROM suppression WHERE channel = %s AND address_digest = ANY(%s::bytea[])"
        cursor.execute(query, (channel, array_literal(wanted)))
    return {bytes(row[0]) for row in cursor.fetchall()}


def workspace(conn: Connection) -> dict[str, Any]:
    """Return the settings of the workspace that delivery obeys: quiet_hours and caps, where they are set."""
    query = text("SELECT name, value FROM setting WHERE name IN ('quiet_hours', 'caps')")
    return {row.name: row.value for row in conn.execute(query.columns(value=json_type()))}
