"""The history of prices as the database knows it: of one product, and the lowest price of many at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from offers.prices.history import DAYS, Reference, Stretch, Tag, reference, stretches
from offers.prices.seasons import Place, PublicRules, Season, seasons
from offers.prices.shelf import PUBLIC, Shelf, public_rules
from store import prices, workspace
from store.db import Connection
from store.prices import PastPrice, PricedProduct

PROGRESSIVE = "price_progressive"
NEAR = timedelta(days=DAYS + 40)  # most reductions began within forty days
FAR = timedelta(days=400)
NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class History:
    """What one product cost between two instants."""

    product: PricedProduct
    changes: Sequence[PastPrice]
    stretches: Sequence[Stretch]


def is_progressive(conn: Connection) -> bool:
    """Say whether a reduction that grows step by step counts from its first step."""
    return bool(workspace.read_setting(conn, PROGRESSIVE))


def set_progressive(conn: Connection, value: bool, now: datetime) -> None:
    """Set whether a reduction that grows step by step counts from its first step."""
    workspace.write_setting(conn, PROGRESSIVE, value, now=now)


def lowest(
    conn: Connection, skus: Collection[str], at: datetime, *, place: Place = NOWHERE, began: datetime | None = None
) -> dict[str, Reference]:
    """Return by SKU what the law asks for beside its price at an instant; unknown SKUs are left out.

    The number of statements does not depend on how many SKUs there are. Looks back 70 days, and for reductions that
    began before that 400 days.
    """
    progressive = is_progressive(conn)
    products = prices.priced_products(conn, skus)
    found: dict[str, Reference] = {}
    for back in (NEAR, FAR):
        since = min(began or at, at) - back
        for one in histories(conn, products, since, at + timedelta.resolution, place=place):
            found[one.product.sku] = reference(one.stretches, at, began=began, progressive=progressive)
        early = since + timedelta(days=DAYS)
        products = [one for one in products if one.sku in found and found[one.sku].began < early]
        if not products:
            break
    return found


def histories(
    conn: Connection, products: Sequence[PricedProduct], since: datetime, until: datetime, *, place: Place = NOWHERE
) -> list[History]:
    """Return what products cost between two instants, in three statements at most."""
    changes = prices.past_prices(conn, [one.id for one in products], since)
    versions = _versions(conn, since)
    by_currency: dict[str, list[Season]] = {}
    found = []
    for product in products:
        past = [one for one in changes.get(product.id, ()) if one.at < until]
        shelf, mine = Shelf(product.sku), list[Stretch]()
        for currency in {one.currency for one in past if one.price is not None}:
            if currency not in by_currency:
                by_currency[currency] = seasons(versions, currency, place, since, until)
            mine += stretches(_tags(product, past, currency), by_currency[currency], shelf.shown, since)
        found.append(History(product, past, sorted(mine, key=lambda one: one.start)))
    return found


def _tags(product: PricedProduct, past: Sequence[PastPrice], currency: str) -> list[Tag]:
    """Return a product's tags in one currency. Where nobody noted brand and categories, those of today stand in."""
    tags = []
    for one in past:
        price = one.price if one.currency == currency else None
        if one.categories is None:
            tags.append(Tag(one.at, price, currency, product.brand, product.categories))
        else:
            tags.append(Tag(one.at, price, currency, one.brand, one.categories))
    return tags


def _versions(conn: Connection, since: datetime) -> list[tuple[datetime, PublicRules]]:
    starts = prices.version_starts(conn, since)
    known = {one.digest: PUBLIC.find(one.digest) for one in starts}
    unknown = {one.digest: one.number for one in starts if known[one.digest] is None}
    bodies = prices.version_bodies(conn, set(unknown.values()))
    for digest, number in unknown.items():
        known[digest] = PUBLIC.get(digest, partial(public_rules, bodies[number]))
    return [(one.live_from, rules) for one in starts if (rules := known[one.digest]) is not None]
