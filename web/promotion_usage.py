"""What is used of the limits of promotions, for lists: by all customers together, and today."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from offers.rules.book import Item
from store import counters
from store.db import Connection
from web.formats import money, number


@dataclass(frozen=True, slots=True)
class Used:
    """One limit and what is used of it: `percent` is 100 where nothing is left, `reserved` what orders hold of that."""

    words: str
    percent: int
    reserved: str = ""


def used_of(conn: Connection, items: Iterable[Item], now: datetime, zone: str) -> dict[str, list[Used]]:
    """Return what is used of promotions' limits by key; one query. Uses of one customer or code are left out."""
    today = now.astimezone(ZoneInfo(zone)).date().isoformat()
    wanted: dict[str, list[tuple[str, str, int]]] = {}
    for one in items:
        usage = one.body.get("usage") or {}
        limits = (("total", "total"), ("spend", "spend"), ("per_day", f"day:{today}"))
        found = [(name, f"p:{one.key}:{counter}", usage[name]) for name, counter in limits if usage.get(name)]
        if found:
            wanted[one.key] = found
    sums = counters.sums(conn, [name for found in wanted.values() for _, name, _ in found])
    return {
        key: [_used(kind, *sums.get(name, (0, 0)), limit) for kind, name, limit in found]
        for key, found in wanted.items()
    }


def _used(kind: str, used: int, reserved: int, limit: int) -> Used:
    taken = used + reserved
    is_money = kind == "spend"
    held = f"{money(reserved) if is_money else number(reserved)} reserved" if reserved else ""
    if is_money:
        words = f"{money(taken)} of {money(limit)} given"
    else:
        words = f"{number(taken)} of {number(limit)} used" + (" today" if kind == "per_day" else "")
    return Used(words, min(100, 100 * taken // limit), held)
