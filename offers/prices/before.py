"""Prices before that promise too much: promotions whose list price is above the lowest of the thirty days before."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from offers.prices.history import DAYS, Tag
from offers.prices.lowest import NOWHERE, lowest
from offers.prices.seasons import PublicRules, seasons
from offers.prices.shelf import Shelf, public_rules
from offers.rules.shapes import NOTHING, canonical, loaded
from offers.rules.words import period_of
from store import products, rulesets
from store.db import Connection
from store.products import Product
from wayfare.promotions.words import money

MOST_PRODUCTS = 500
MOST_EACH = 40
SOON = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class HighBefore:
    """A promotion shows a product at `price` instead of `listed`, where the law allows `lowest` as the price before."""

    promotion: str
    sku: str
    name: str
    currency: str
    listed: int
    price: int
    lowest: int
    began: datetime

    def __str__(self) -> str:
        low, high = money(self.lowest), money(self.listed)
        return (
            f"'{self.promotion}' reduces '{self.sku}': name {low} as the price before, the lowest of the {DAYS} days "
            f"before {self.began.isoformat(timespec='minutes')}, and not the list price of {high}"
        )


def high_before(conn: Connection, body: Mapping[str, Any], now: datetime) -> list[HighBefore]:
    """Return what public promotions of a rule set would promise too much, one product a promotion.

    Looks at promotions that hold now or begin within sixty days, and for each at up to forty of five hundred products,
    those first whose price changed of late: one that is not reported may still be too high elsewhere.
    """
    rules = public_rules(canonical(body))
    live = rulesets.live_version(conn, now)
    bodies = {one["key"]: one for one in body["promotions"]}
    before = (loaded(live.body) if live else NOTHING)["promotions"]
    running = {one["key"] for one in before if bodies.get(one["key"]) == one}
    offered = products.products_to_look_at(conn, now - timedelta(days=DAYS), MOST_PRODUCTS)
    starts: dict[datetime, list[str]] = defaultdict(list)
    for one in rules.ruleset.promotions:
        begins, ends = period_of(bodies[one.key])
        start = max(begins or now, now)
        if start < now + SOON and (ends is None or start < ends):
            starts[start].append(one.key)
    found: dict[str, HighBefore] = {}
    for start, keys in sorted(starts.items()):
        for high in _at(conn, rules, start, set(keys), offered, running if start == now else set()):
            found.setdefault(high.promotion, high)
    return [found[key] for key in sorted(found)]


def _at(
    conn: Connection, rules: PublicRules, start: datetime, keys: set[str], offered: list[Product], running: set[str]
) -> Iterable[HighBefore]:
    """Yield what the promotions that begin at an instant promise too much. One that runs unchanged began then."""
    shown = {}
    for product, price, by in _reduced(rules, start, keys, offered):
        shown[product.sku] = (product, price, by)
    fresh = {sku for sku, (_, _, by) in shown.items() if not by & running}
    known = lowest(conn, fresh, start, place=NOWHERE, began=start) if fresh else {}
    if old := shown.keys() - fresh:
        known |= lowest(conn, old, start, place=NOWHERE)
    for sku, (product, price, by) in shown.items():
        law = known[sku]
        listed = product.price or 0
        if law.lowest is not None and law.currency == product.currency and listed > law.lowest:
            for key in sorted(by):
                yield HighBefore(key, sku, product.name, product.currency, listed, price, law.lowest, law.began)


def _reduced(
    rules: PublicRules, start: datetime, keys: set[str], offered: list[Product]
) -> Iterable[tuple[Product, int, set[str]]]:
    """Yield products that these promotions reduce, with the price and the promotions that make it."""
    seen: dict[str, int] = defaultdict(int)
    by_currency = {
        currency: seasons([(start, rules)], currency, NOWHERE, start, start + timedelta.resolution)[0]
        for currency in {one.currency for one in offered}
    }
    for product in offered:
        if all(seen[key] >= MOST_EACH for key in keys):
            return
        tag = Tag(start, product.price, product.currency, product.brand, product.categories)
        made = Shelf(product.sku).shown(tag, by_currency[product.currency])
        by = keys & set(made.promotions)
        if by and any(seen[key] < MOST_EACH for key in by):
            for key in by:
                seen[key] += 1
            yield product, made.price, by
