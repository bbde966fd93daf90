"""Where receipts come from: the sample, our own confirmed orders, or a table that somebody brought."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from offers.whatif import sample, table
from offers.whatif.receipts import Receipt, chosen, moved
from offers.whatif.spec import Spec
from store import products, what_if
from store.db import Store
from wayfare.errors import InputRefused

PAGE = 500


@dataclass(frozen=True, slots=True)
class Source:
    """Receipts that can be read from any position on. `total` is how many there are, `first` the day of the first."""

    total: int
    first: date | None
    read: Callable[[int], Iterator[Receipt]]

    def receipts(self, spec: Spec, after: int = 0) -> Iterator[tuple[Receipt, bool]]:
        """Yield the receipts behind a position, their dates moved, each with whether it is priced."""
        return chosen(moved(self.read(after), spec, self.first), spec, self.total)


def open_source(store: Store, spec: Spec, file: bytes | None = None) -> Source:
    """Return the receipts that a question is about. Raises InputRefused."""
    if spec.source == "sample":
        return Source(sample.count(spec), sample.first_day(spec), lambda after: sample.receipts(spec, after))
    if spec.source == "file":
        if file is None:
            raise InputRefused("file", "bring a table of receipts", path="file")
        data, found = file, table.read(file, spec.zone)
        first = max(found.first, found.last - timedelta(days=spec.days - 1))
        total = table.count(data, spec, found.last)
        return Source(total, first, lambda after: _known(store, table.receipts(data, spec, found.last, after)))
    since, until = window(spec)
    with store.read() as conn:
        total = what_if.count_orders(conn, since, until)
    first = since.astimezone(ZoneInfo(spec.zone)).date()
    return Source(total, first, lambda after: _known(store, _orders(store, spec, since, until, after)))


def window(spec: Spec) -> tuple[datetime, datetime]:
    """Return the time whose confirmed orders count: `days` of the zone, the last of them as far as `until`."""
    until = datetime.fromisoformat(spec.until)
    local = until.astimezone(ZoneInfo(spec.zone)).date() - timedelta(days=spec.days - 1)
    since = datetime(local.year, local.month, local.day, tzinfo=ZoneInfo(spec.zone))
    return since.astimezone(UTC), until


def _orders(store: Store, spec: Spec, since: datetime, until: datetime, after: int) -> Iterator[Receipt]:
    """Yield orders page by page, each page in a transaction of its own, so that none stays open for long."""
    while True:
        with store.read() as conn:
            rows = what_if.orders(conn, since, until, after=after, limit=PAGE)
        for row in rows:
            yield Receipt(row.id, f"{row.store}/{row.key}" if row.store else row.key, _scaled(row.cart, spec))
        if len(rows) < PAGE:
            return
        after = rows[-1].id


def _scaled(cart: Mapping[str, Any], spec: Spec) -> dict[str, Any]:
    """Return the cart of an order without its customer's key and codes' texts, its prices multiplied."""
    lines = [{**line, "price": spec.priced(line["price"])} for line in cart["lines"]]
    shipping = [{**one, "price": spec.priced(one["price"])} for one in cart.get("shipping") or ()]
    customer = {name: value for name, value in (cart.get("customer") or {}).items() if name != "key"}
    return {
        **cart,
        "lines": lines,
        "shipping": shipping,
        "customer": customer,
        "currency": spec.currency or cart["currency"],
    }


def _known(store: Store, receipts: Iterator[Receipt]) -> Iterator[Receipt]:
    """Yield receipts with what our products know: brand and categories where a line has none, and costs."""
    done = False
    while not done:
        page: list[Receipt] = []
        for one in receipts:
            page.append(one)
            if len(page) == PAGE:
                break
        done = len(page) < PAGE
        skus = {line["sku"] for one in page for line in one.cart["lines"]}
        with store.read() as conn:
            known, costs = products.products_of(conn, skus), what_if.costs(conn, skus)
        for one in page:
            lines = [_filled(line, known) for line in one.cart["lines"]]
            currency = one.cart["currency"]
            mine = {line["sku"] for line in lines}
            paid = {sku: costs[sku][0] for sku in sorted(mine & costs.keys()) if costs[sku][1] == currency}
            yield replace(one, cart={**one.cart, "lines": lines}, costs=paid)


def _filled(line: dict[str, Any], known: Mapping[str, products.Product]) -> dict[str, Any]:
    product = known.get(line["sku"])
    if product is None:
        return line
    found = dict(line)
    if product.brand and not found.get("brand"):
        found["brand"] = product.brand
    if product.categories and not found.get("categories"):
        found["categories"] = list(product.categories)
    return found
