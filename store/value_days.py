"""Local days of many instants at once: RFM and the forecast count days as the installation does."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
from sqlalchemy import Connection

from store.days import begin_of, day_of
from store.numbers import Numbers

_EPOCH = date(1970, 1, 1).toordinal()


def local_days(conn: Connection, seconds: Numbers) -> Numbers:
    """Return for instants in seconds since 1970 the local day of each as a number: 1 is 1 January of year 1."""
    if not len(seconds):
        return seconds
    low, high = (day_of(conn, datetime.fromtimestamp(int(one), UTC)) for one in (seconds.min(), seconds.max()))
    days = [low + timedelta(days=number) for number in range((high - low).days + 1)]
    begins = np.array([int(begin_of(conn, day).timestamp()) for day in days], dtype=np.int64)
    return low.toordinal() + np.searchsorted(begins, seconds, side="right") - 1


def months(days: Numbers) -> Numbers:
    """Return the month of each local day as year * 100 + month."""
    found = (days - _EPOCH).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return (1970 + found // 12) * 100 + found % 12 + 1


def month_of(day: date) -> int:
    """Return the month of one day as year * 100 + month."""
    return day.year * 100 + day.month
