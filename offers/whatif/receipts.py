"""Receipts of the past as carts of the contract, one after the other, from any place on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from offers.whatif.spec import Spec
from wayfare.chance import share


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt. `position` grows along the source; `costs` holds the cost of one unit by SKU where it is known."""

    position: int
    key: str
    cart: Mapping[str, Any]
    costs: Mapping[str, int] = field(default_factory=dict)


def chosen(receipts: Iterable[Receipt], spec: Spec, total: int) -> Iterator[tuple[Receipt, bool]]:
    """Yield each receipt with whether it is priced: all of them, or about `spec.most` of `total` by their hash."""
    part = 1.0 if spec.most is None or not total else spec.most / total
    for one in receipts:
        yield one, part >= 1 or share("what if", one.key) < part


def moved(receipts: Iterable[Receipt], spec: Spec, first: date | None) -> Iterator[Receipt]:
    """Yield receipts with their dates moved as the spec says; `first` is the first day of all of them."""
    weeks = weeks_between(first, spec.begins)
    for one in receipts:
        if not weeks:
            yield one
            continue
        zone = ZoneInfo(spec.zone)
        local = datetime.fromisoformat(one.cart["at"]).astimezone(zone).replace(tzinfo=None) + timedelta(weeks=weeks)
        at = local.replace(tzinfo=zone).isoformat(timespec="seconds")
        yield replace(one, cart={**one.cart, "at": at})


def weeks_between(first: date | None, begins: str | None) -> int:
    """Return by how many whole weeks receipts move: the same weekdays, and none before the day `begins`."""
    if first is None or begins is None:
        return 0
    days = (date.fromisoformat(begins) - first).days
    return -(-days // 7)
