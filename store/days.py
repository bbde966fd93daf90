"""Which day it is: counters and limits are kept by the day of the installation's time zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

OPTION = "day_zone"
"""The execution option by which connections of a store know the zone."""


def zone_of_days(conn: Connection) -> ZoneInfo:
    """Return the zone by which this store counts days; UTC unless it was opened with another."""
    return ZoneInfo(str(conn.get_execution_options().get(OPTION, "UTC")))


def day_of(conn: Connection, at: datetime) -> date:
    """Return the day of an instant."""
    return at.astimezone(zone_of_days(conn)).date()


def begin_of(conn: Connection, day: date) -> datetime:
    """Return the first instant of a day, in UTC; where the clock skips midnight, the instant at which it does."""
    return datetime.combine(day, time(), zone_of_days(conn)).astimezone(UTC)


def since(conn: Connection, now: datetime, days: int) -> datetime:
    """Return the first instant of the day that was `days` before today's; 0 is today's midnight."""
    return begin_of(conn, day_of(conn, now) - timedelta(days=days))
