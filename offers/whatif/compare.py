"""Pricing receipts under two rule sets: in this process, or in several beside it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from offers.live import Rules, quote_with, rules_of
from offers.rules.shapes import Body, canonical
from offers.whatif.crew import ordered
from offers.whatif.receipts import Receipt
from offers.whatif.spec import Spec
from offers.whatif.tally import Tally, count
from wayfare.errors import InputRefused
from wayfare.promotions import QuoteDiffers, parse_cart

CHUNK = 50
"""Receipts that are priced together. How far a run came is only ever noted at the end of a chunk, so that a run that
was cut off counts the same parts as one that was not."""

Part = tuple[int, int, list[Receipt]]  # the position it ends at, how many receipts were seen, those to price


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rule sets, ready to price carts."""

    old: Rules
    new: Rules

    @property
    def is_same(self) -> bool:
        """Whether both are the same rules."""
        return self.old is self.new


def pair_of(old: Body, new: Body) -> Pair:
    """Compile two rule sets in canonical form. Raises InputRefused."""
    first = rules_of(old, "old")
    return Pair(first, first if canonical(old) == canonical(new) else rules_of(new, "new"))


def without(body: Body, key: str) -> Body:
    """Return a rule set without one promotion, and without others' mention of it. Raises InputRefused."""
    left = [one for one in body["promotions"] if one["key"] != key]
    if len(left) == len(body["promotions"]):
        raise InputRefused("promotion", f"there is no promotion '{key}' in these rules", path="without")
    kept = [
        {**one, "never_with": [name for name in one["never_with"] if name != key]} if "never_with" in one else one
        for one in left
    ]
    return {**body, "promotions": kept}


def price(pair: Pair, spec: Spec, receipts: Iterable[Receipt]) -> Tally:
    """Return what comes of receipts under both rule sets. One that cannot be priced is counted, with the reason.

    Limits and budgets over all carts are not counted down, and codes are those that the receipt names.
    """
    tally = Tally()
    for one in receipts:
        try:
            cart = parse_cart(one.cart)
            old = quote_with(pair.old, cart)
            new = old if pair.is_same else quote_with(pair.new, cart)
        except (InputRefused, QuoteDiffers) as error:
            reason = error.code if isinstance(error, InputRefused) else "quote_differs"
            tally.refused[reason] = tally.refused.get(reason, 0) + 1
            continue
        costs = {
            line.id: one.costs[line.sku] * line.quantity
            if line.sku in one.costs
            else spec.cost(line.price * line.quantity)
            for line in cart.lines
        }
        count(tally, one.key, one.cart, old, new, costs)
    return tally


def weigh(
    old: Body,
    new: Body,
    spec: Spec,
    receipts: Iterator[tuple[Receipt, bool]],
    *,
    processes: int = 0,
    tally: Tally | None = None,
    told: Callable[[Tally, int], bool] = lambda tally, position: True,
) -> Tally:
    """Price receipts, each with whether it is wanted, and return the sums, added to `tally`.

    `told` hears after each chunk what was counted and up to which position; False ends the work there. With `processes`
    the pricing happens in so many processes beside this one; the sums are the same.
    """
    whole = tally or Tally()
    for (position, seen, _), part in ordered(_parts(receipts), _price, processes, _prepare, (old, new, spec)):
        part.seen = seen
        whole.merge(part)
        if not told(whole, position):
            break
    return whole


def _parts(receipts: Iterator[tuple[Receipt, bool]]) -> Iterator[Part]:
    """Yield chunks of receipts that are wanted, at most twenty times as many seen."""
    while seen := list(islice(receipts, CHUNK * 20)):
        wanted: list[Receipt] = []
        begun = 0
        for at, (one, is_wanted) in enumerate(seen, 1):
            if is_wanted:
                wanted.append(one)
            if len(wanted) == CHUNK:
                yield one.position, at - begun, wanted
                wanted, begun = [], at
        if begun < len(seen):
            yield seen[-1][0].position, len(seen) - begun, wanted


_ready: tuple[Pair, Spec] | None = None


def _prepare(old: Body, new: Body, spec: Spec) -> None:
    global _ready  # a process is made ready once, and then handed one chunk after the other
    _ready = (pair_of(old, new), spec)


def _price(part: Part) -> Tally:
    assert _ready is not None  # noqa: S101  narrows the type; each process is prepared first
    return price(*_ready, part[2])
