"""Newcomers of the last days, whom the log does not have: they register, and some of them buy within some days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from wayfare.chance import share
from wayfare.cli.demo.calendar import Calendar
from wayfare.cli.demo.events import synthetic, synthetic_purchase

A_DAY = 12
"""How many register on a day, more or less."""

BUYERS = 0.4
_FIRST_NUMBER = 30_000  # beyond all customers of the log
_MOST_A_DAY = 100
_PATIENCE_DAYS = 12  # some buy in the first week, some only after the reminder


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who registers. `first_order` is the purchase that follows, if one does before the demo's now."""

    key: str
    number: int
    at: datetime
    first_order: dict[str, Any] | None

    @property
    def registration(self) -> dict[str, Any]:
        """Return the event of the registration."""
        return synthetic(f"{self.key}-registered", self.key, "customer.registered", self.at, channel="web")


def newcomers(calendar: Calendar) -> Iterator[Newcomer]:
    """Yield everyone who registers in the demo's last days, by day. The same days have the same newcomers."""
    for back in range(calendar.live_days, -1, -1):
        day = calendar.today - timedelta(days=back)
        for place in range(round(A_DAY * (0.6 + 0.8 * share("newcomers", day)))):
            newcomer = _newcomer(calendar, day, place)
            if calendar.live_from < newcomer.at:
                yield newcomer


def _newcomer(calendar: Calendar, day: date, place: int) -> Newcomer:
    key = f"newcomer-{day:%Y%m%d}-{place:02d}"
    at = calendar.moment(day, key, "registers")
    order = None
    if share(key, "buys") < BUYERS:
        buys_on = day + timedelta(days=int(_PATIENCE_DAYS * share(key, "after") ** 2))
        # The same day, the purchase follows the registration.
        when = calendar.moment(buys_on, key, "buys") if buys_on > day else at + timedelta(minutes=20)
        if when <= calendar.now:
            units = 1 + int(3 * share(key, "units") ** 2)
            order = synthetic_purchase(
                f"{key}-order", key, when, units, units * round(900 + 1100 * share(key, "price"))
            )
    return Newcomer(key, _FIRST_NUMBER + day.toordinal() % 365 * _MOST_A_DAY + place, at, order)
